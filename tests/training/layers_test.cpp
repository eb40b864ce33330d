// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The painted layers of the world: all are there, lie in their boxes, and rings go round.
#include <gtest/gtest.h>

#include <set>

#include "world/layers.h"

namespace {

using namespace zt::world;

bool empty(const float* pixel) {
    return std::all_of(pixel, pixel + kChannels, [](float v) { return v == 0.f; });
}

double covered(const Layer& layer) {
    double sum = 0;
    for (size_t i = 5; i < layer.data.size(); i += kChannels) sum += layer.data[i];
    return sum;
}

void expect_sound(const Layer& layer, const std::string& name) {
    EXPECT_EQ(layer.width, layer.box.width * kScale) << name;
    for (size_t i = 0; i < layer.data.size(); i += kChannels) {
        const float* p = &layer.data[i];
        for (int k = 0; k < kChannels; k++)
            ASSERT_TRUE(p[k] >= 0.f && p[k] <= 1.001f) << name << ": channel " << k << " is " << p[k];
        // Premultiplied: no colour without coverage, whatever the tint.
        for (int k = 0; k < 3; k++) ASSERT_LE(p[k] + p[3] + p[4], p[5] + 0.001f) << name << ": channel " << k;
    }
}

TEST(Layers, EveryNameOfTheWorldIsPaintedInEveryStyleWithEmptyMargins) {
    const std::set<std::string> wanted{"fox",        "cat",        "rabbit",   "bird",     "fish",      "car",
                                       "boat",       "balloon",    "dog",      "elephant", "butterfly", "rocket",
                                       "horse",      "tree",       "train",    "person",   "bear",      "flower",
                                       "house",      "ball",       "cloud",    "sun",      "moon",      "evening_sun",
                                       "star",       "pine",       "mountain", "palm",     "shell",     "building_a",
                                       "building_b", "building_c", "barn",     "daisy",    "cactus",    "pyramid",
                                       "seaweed",    "coral",      "bubble",   "planet",   "zzz"};
    EXPECT_EQ(std::set<std::string>(sprite_names().begin(), sprite_names().end()), wanted);
    EXPECT_EQ(sprite_names().size(), wanted.size());
    for (int sprite = 0; sprite < static_cast<int>(sprite_names().size()); sprite++) {
        const Box box = sprite_box(sprite);
        for (const int v : {box.left, box.top, box.width, box.height})
            EXPECT_EQ(v % kBlock, 0) << sprite_names()[static_cast<size_t>(sprite)];
        for (int style = 0; style < kStyles; style++)
            for (int cell = 0; cell < sprite_cells(sprite); cell += 3) {
                const Layer layer = paint_sprite(sprite, style, cell);
                const std::string name =
                    sprite_names()[static_cast<size_t>(sprite)] + " " + style_name(style) + " " + std::to_string(cell);
                expect_sound(layer, name);
                EXPECT_GT(covered(layer), 20) << name;
                constexpr int margin = 2 * kScale;
                for (int y = 0; y < layer.height; y++)
                    for (int x = 0; x < layer.width; x++)
                        ASSERT_TRUE(
                            (x >= margin && y >= margin && x < layer.width - margin && y < layer.height - margin) ||
                            empty(layer.at(x, y)))
                            << name << ": " << x << ", " << y;
            }
    }
}

// What moves differs from phase to phase, by no more at the end of the cycle than inside it.
TEST(Layers, SubjectsMoveInACycleAndShutTheirEyes) {
    const auto difference = [](const Layer& a, const Layer& b) {
        double sum = 0;
        for (size_t i = 0; i < a.data.size(); i++) sum += std::abs(a.data[i] - b.data[i]);
        return sum;
    };
    for (int sprite = 0; sprite < static_cast<int>(sprite_names().size()); sprite++) {
        if (sprite_cells(sprite) == 1) continue;
        const std::string& name = sprite_names()[static_cast<size_t>(sprite)];
        std::vector<Layer> cells;
        for (int cell = 0; cell < sprite_cells(sprite); cell++) cells.push_back(paint_sprite(sprite, kPaper, cell));
        double most = 0;
        for (size_t k = 0; k < 7; k++) {
            EXPECT_GT(difference(cells[k], cells[k + 1]), 10) << name << ": " << k;
            most = std::max(most, difference(cells[k], cells[k + 1]));
        }
        EXPECT_LE(difference(cells[7], cells[0]), 1.3 * most) << name;
        const std::set<std::string> eyeless{"car", "boat", "balloon", "tree", "ball"};
        EXPECT_TRUE(eyeless.contains(name) || difference(cells[8], cells[9]) > 10) << name;
    }
}

TEST(Layers, RingsGoRound) {
    EXPECT_EQ(ring_names().size(), 17u);
    for (int ring = 0; ring < static_cast<int>(ring_names().size()); ring++) {
        const std::string& name = ring_names()[static_cast<size_t>(ring)];
        const Box box = ring_box(ring);
        EXPECT_EQ(box.width, kRingWidth) << name;
        EXPECT_EQ(box.top % kBlock + box.height % kBlock, 0) << name;
        EXPECT_LE(box.top + box.height, kStageHeight) << name;
        for (int style = 0; style < kStyles; style++) {
            const Layer whole = paint_ring(ring, style), turned = paint_ring(ring, style, 100);
            expect_sound(whole, name);
            EXPECT_GT(covered(whole), 200) << name;
            float most = 0;
            for (int y = 0; y < whole.height; y++)
                for (int x = 0; x < whole.width; x++)
                    for (int k = 0; k < kChannels; k++)
                        most = std::max(
                            most, std::abs(turned.at(x, y)[k] - whole.at((x + 100 * kScale) % whole.width, y)[k]));
            EXPECT_LT(most, 0.01f) << name << " " << style_name(style);
            // Nothing is cut off above it, except the light that falls from the surface of the sea.
            if (name == "underwater.shafts") continue;
            for (int x = 0; x < whole.width; x++)
                ASSERT_TRUE(empty(whole.at(x, 0))) << name << " " << style_name(style) << ": column " << x;
        }
    }
}

}  // namespace
