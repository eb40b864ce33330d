// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See inpaint.h.
#include "families/tableau/inpaint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "families/tableau/cubic.h"

namespace zt::tableau {
namespace {

constexpr int kSide = 192;         // of the small copy, along its longer side
constexpr int kCoarsest = 24;      // levels are halved until their shorter side is below that
constexpr int kReach = 3;          // patches are 7 x 7
constexpr int kMargin = 2;         // between a patch and the hole: whose edge it is is not known so well
constexpr int kRounds = 3;         // of searching and averaging, per level; the coarsest has twice as many
constexpr float kUnlike = 0.1F;    // squared differences of a patch that make it count less by e
constexpr float kInwards = 0.75F;  // a patch one step farther from what is kept counts so much less: the edge says what
                                   // the middle is, not it the edge
constexpr float kAside = 0.1F;     // what a patch from the other side of the picture costs
constexpr float kLevel =
    0.35F;  // what a patch from another height costs: the ground is alike along a row, and changes with distance

struct Cell {
    int x = 0, y = 0;
};

// One size of the small copy.
struct Level {
    int width = 0, height = 0;
    Texture picture;
    std::vector<uint8_t> hole;    // 1: to be filled
    std::vector<uint8_t> source;  // 1: the patch about it is whole and kept
    std::vector<Cell> from;       // of targets: the patch that fits
    std::vector<float> cost;
    std::vector<float> trust;  // the nearer to what is kept, the more
    [[nodiscard]] size_t at(int x, int y) const {
        return static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
    }
};

// Deterministic: a picture's fill must not change from run to run.
class Dice {
public:
    int below(int n) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<int>((state_ >> 33) % static_cast<uint64_t>(n));
    }

private:
    uint64_t state_ = 1;
};

void find_sources(Level& l) {
    l.source.assign(l.hole.size(), 0);
    constexpr int kFrom = kReach + kMargin;
    for (int y = kReach; y < l.height - kReach; y++)
        for (int x = kReach; x < l.width - kReach; x++) {
            bool kept = true;
            for (int v = std::max(-kFrom, -y); v <= std::min(kFrom, l.height - 1 - y) && kept; v++)
                for (int u = std::max(-kFrom, -x); u <= std::min(kFrom, l.width - 1 - x) && kept; u++)
                    kept = l.hole[l.at(x + u, y + v)] == 0;
            l.source[l.at(x, y)] = kept ? 1 : 0;
        }
}

bool any_source(const Level& l) { return std::count(l.source.begin(), l.source.end(), 1) >= 16; }

Level half_of(const Level& fine) {
    Level l;
    l.width = (fine.width + 1) / 2, l.height = (fine.height + 1) / 2;
    const size_t count = static_cast<size_t>(l.width) * static_cast<size_t>(l.height);
    l.picture = {l.width, l.height, std::vector<float>(4 * count)};
    l.hole.assign(count, 0);
    for (int y = 0; y < l.height; y++)
        for (int x = 0; x < l.width; x++) {
            float n = 0;
            for (int k = 0; k < 4; k++) {
                const int u = std::min(2 * x + k % 2, fine.width - 1), v = std::min(2 * y + k / 2, fine.height - 1);
                if (fine.hole[fine.at(u, v)] != 0) {
                    l.hole[l.at(x, y)] = 1;
                    continue;
                }
                for (size_t c = 0; c < 3; c++)
                    l.picture.pixels[4 * l.at(x, y) + c] += fine.picture.pixels[4 * fine.at(u, v) + c];
                n++;
            }
            for (size_t c = 0; c < 3 && n > 0; c++) l.picture.pixels[4 * l.at(x, y) + c] /= n;
        }
    find_sources(l);
    return l;
}

// How unlike the patches about two places are; stops at `most`. Outside the picture there is nothing to compare.
float unlike(const Level& l, Cell target, Cell source, float most) {
    const float far = static_cast<float>(source.y - target.y) / static_cast<float>(l.height),
                aside = static_cast<float>(source.x - target.x) / static_cast<float>(l.width);
    float sum = kLevel * far * far + kAside * aside * aside;
    const int left = std::max(-kReach, -target.x), right = std::min(kReach, l.width - 1 - target.x);
    for (int v = std::max(-kReach, -target.y); v <= std::min(kReach, l.height - 1 - target.y) && sum < most; v++) {
        const float* a = l.picture.pixels.data() + 4 * l.at(target.x + left, target.y + v);
        const float* b = l.picture.pixels.data() + 4 * l.at(source.x + left, source.y + v);
        Four row{};
        for (int i = 0; i < 4 * (right - left + 1); i += 4) {
            Four p, q;
            std::memcpy(&p, a + i, sizeof p), std::memcpy(&q, b + i, sizeof q);
            row += (p - q) * (p - q);
        }
        sum += row[0] + row[1] + row[2];
    }
    return sum;
}

bool is_target(const Level& l, int x, int y) {
    for (int v = std::max(0, y - kReach); v <= std::min(l.height - 1, y + kReach); v++)
        for (int u = std::max(0, x - kReach); u <= std::min(l.width - 1, x + kReach); u++)
            if (l.hole[l.at(u, v)] != 0) return true;
    return false;
}

void search(Level& l, const std::vector<Cell>& targets, Dice& dice, bool backwards) {
    const auto attempt = [&](Cell t, int x, int y) {
        if (x < 0 || y < 0 || x >= l.width || y >= l.height || l.source[l.at(x, y)] == 0) return;
        const size_t i = l.at(t.x, t.y);
        const float cost = unlike(l, t, {x, y}, l.cost[i]);
        if (cost < l.cost[i]) l.cost[i] = cost, l.from[i] = {x, y};
    };
    const int step = backwards ? 1 : -1;
    const auto one = [&](Cell t) {
        const size_t i = l.at(t.x, t.y);
        for (const Cell beside :
             {Cell{t.x + step, t.y}, Cell{t.x, t.y + step}}) {  // what fits beside fits here, one further
            if (beside.x < 0 || beside.y < 0 || beside.x >= l.width || beside.y >= l.height) continue;
            const size_t j = l.at(beside.x, beside.y);
            if (l.cost[j] < 0) continue;
            attempt(t, l.from[j].x - beside.x + t.x, l.from[j].y - beside.y + t.y);
        }
        for (int reach = std::max(l.width, l.height); reach >= 1; reach /= 2)
            attempt(t, l.from[i].x - reach + dice.below(2 * reach + 1),
                    l.from[i].y - reach + dice.below(2 * reach + 1));
    };
    if (backwards)
        std::for_each(targets.rbegin(), targets.rend(), one);
    else
        std::for_each(targets.begin(), targets.end(), one);
}

// Every place of the hole becomes the mean of what the patches over it hold there; those that fit well count more.
void average(Level& l, const std::vector<Cell>& targets) {
    std::vector<float> sums(4 * l.hole.size());
    for (const Cell t : targets) {
        const size_t i = l.at(t.x, t.y);
        const float weight = l.trust[i] * (std::exp(-l.cost[i] / kUnlike) + 1e-5F);
        for (int v = -kReach; v <= kReach; v++)
            for (int u = -kReach; u <= kReach; u++) {
                const int x = t.x + u, y = t.y + v;
                if (x < 0 || y < 0 || x >= l.width || y >= l.height || l.hole[l.at(x, y)] == 0) continue;
                float* to = sums.data() + 4 * l.at(x, y);
                const float* p = l.picture.pixels.data() + 4 * l.at(l.from[i].x + u, l.from[i].y + v);
                for (int c = 0; c < 3; c++) to[c] += weight * p[c];
                to[3] += weight;
            }
    }
    for (size_t i = 0; i < l.hole.size(); i++)
        if (l.hole[i] != 0 && sums[4 * i + 3] > 0)
            for (size_t c = 0; c < 3; c++) l.picture.pixels[4 * i + c] = sums[4 * i + c] / sums[4 * i + 3];
}

// Steps from the nearest kept place, sideways or up and down: two sweeps.
void find_trust(Level& l) {
    std::vector<int> steps(l.hole.size());
    const auto least = [&](int x, int y, int step) {
        int& own = steps[l.at(x, y)];
        const int u = x + step, v = y + step;
        if (u >= 0 && u < l.width) own = std::min(own, steps[l.at(u, y)] + 1);
        if (v >= 0 && v < l.height) own = std::min(own, steps[l.at(x, v)] + 1);
    };
    for (size_t i = 0; i < steps.size(); i++) steps[i] = l.hole[i] != 0 ? l.width + l.height : 0;
    for (int y = 0; y < l.height; y++)
        for (int x = 0; x < l.width; x++) least(x, y, -1);
    for (int y = l.height - 1; y >= 0; y--)
        for (int x = l.width - 1; x >= 0; x--) least(x, y, 1);
    l.trust.resize(steps.size());
    for (size_t i = 0; i < steps.size(); i++)
        l.trust[i] = std::max(std::pow(kInwards, static_cast<float>(steps[i])), 1e-12F);
}

void refine(Level& l, const Level* coarser, Dice& dice) {
    std::vector<Cell> targets, sources;
    for (int y = 0; y < l.height; y++)
        for (int x = 0; x < l.width; x++) {
            if (l.source[l.at(x, y)] != 0) sources.push_back({x, y});
            if (is_target(l, x, y)) targets.push_back({x, y});
        }
    find_trust(l);
    l.from.assign(l.hole.size(), {});
    l.cost.assign(l.hole.size(), -1);  // no target
    const auto by_chance = [&] { return sources[static_cast<size_t>(dice.below(static_cast<int>(sources.size())))]; };
    for (const Cell t : targets) {
        Cell from = by_chance();
        if (coarser != nullptr) {
            const size_t i = coarser->at(t.x / 2, t.y / 2);
            const Cell there = coarser->from[i];
            const Cell here{std::clamp(2 * there.x + t.x % 2, 0, l.width - 1),
                            std::clamp(2 * there.y + t.y % 2, 0, l.height - 1)};
            if (coarser->cost[i] >= 0 && l.source[l.at(here.x, here.y)] != 0) from = here;
        }
        l.from[l.at(t.x, t.y)] = from;
    }
    if (coarser != nullptr) {  // the hole as the coarser level filled it, sharpened by the patches' own pixels
        for (const Cell t : targets) l.cost[l.at(t.x, t.y)] = 0;
        average(l, targets);
    }
    const int rounds = coarser == nullptr ? 2 * kRounds : kRounds;
    for (int round = 0; round < rounds; round++) {
        for (const Cell t : targets)
            l.cost[l.at(t.x, t.y)] = unlike(l, t, l.from[l.at(t.x, t.y)], std::numeric_limits<float>::max());
        for (int pass = 0; pass < 2; pass++) search(l, targets, dice, pass == 1);
        average(l, targets);
    }
}

// The picture at most kSide values a side; a value of which any pixel is not kept belongs to the hole.
Level small_copy(const Texture& t, const std::vector<uint8_t>& keep) {
    const float scale = std::min(1.F, static_cast<float>(kSide) / static_cast<float>(std::max(t.width, t.height)));
    const auto side = [&](int n) { return std::max(1, static_cast<int>(std::lround(static_cast<float>(n) * scale))); };
    Level l;
    l.width = side(t.width), l.height = side(t.height);
    const size_t count = static_cast<size_t>(l.width) * static_cast<size_t>(l.height);
    l.picture = {l.width, l.height, std::vector<float>(4 * count)};
    l.hole.assign(count, 0);
    std::vector<float> kept(count);
    for (int y = 0; y < t.height; y++)
        for (int x = 0; x < t.width; x++) {
            const size_t i = static_cast<size_t>(y) * static_cast<size_t>(t.width) + static_cast<size_t>(x);
            const size_t j = l.at(static_cast<int>(static_cast<int64_t>(x) * l.width / t.width),
                                  static_cast<int>(static_cast<int64_t>(y) * l.height / t.height));
            if (keep[i] < 255) {
                l.hole[j] = 1;
                continue;
            }
            for (size_t c = 0; c < 3; c++) l.picture.pixels[4 * j + c] += t.pixels[4 * i + c];
            kept[j]++;
        }
    for (size_t j = 0; j < count; j++)
        for (size_t c = 0; c < 3; c++) l.picture.pixels[4 * j + c] /= std::max(1.F, kept[j]);
    find_sources(l);
    return l;
}

// Fills a small copy, coarse to fine.
Level filled(Level small) {
    std::vector<Level> levels(1, std::move(small));
    while (std::min(levels.back().width, levels.back().height) >= 2 * kCoarsest) {
        Level next = half_of(levels.back());
        if (!any_source(next)) break;
        levels.push_back(std::move(next));
    }
    Dice dice;
    Level& first = levels.back();
    std::vector<uint8_t> known(first.hole.size());
    for (size_t i = 0; i < known.size(); i++) known[i] = first.hole[i] != 0 ? 0 : 255;
    fill_in(first.picture, known);
    refine(first, nullptr, dice);
    for (size_t i = levels.size() - 1; i-- > 0;) refine(levels[i], &levels[i + 1], dice);
    return std::move(levels.front());
}

// At full size: the pixels of the patches, from one value's over to the next one's, as bright and coloured as the small
// copy is there.
void copy_patches(Texture& t, const std::vector<uint8_t>& keep, const Level& l) {
    const float cell_x = static_cast<float>(t.width) / static_cast<float>(l.width),
                cell_y = static_cast<float>(t.height) / static_cast<float>(l.height);
    const auto wide = static_cast<size_t>(t.width);
    // Patches come from what is kept, which stays as it is while the hole is written.
    const auto full = [&](float x, float y) {
        return t.pixels.data() +
               4 * (static_cast<size_t>(std::clamp(static_cast<int>(std::lround(y)), 0, t.height - 1)) * wide +
                    static_cast<size_t>(std::clamp(static_cast<int>(std::lround(x)), 0, t.width - 1)));
    };
    for (int y = 0; y < t.height; y++)
        for (int x = 0; x < t.width; x++) {
            const size_t i = static_cast<size_t>(y) * wide + static_cast<size_t>(x);
            if (keep[i] == 255) continue;
            const float u = (static_cast<float>(x) + 0.5F) / cell_x - 0.5F,
                        v = (static_cast<float>(y) + 0.5F) / cell_y - 0.5F;
            const int x0 = static_cast<int>(std::floor(u)), y0 = static_cast<int>(std::floor(v));
            const float s = u - static_cast<float>(x0), w = v - static_cast<float>(y0);
            float sum[4] = {};
            for (int k = 0; k < 4; k++) {
                const Cell at{std::clamp(x0 + k % 2, 0, l.width - 1), std::clamp(y0 + k / 2, 0, l.height - 1)};
                const float weight = (k % 2 != 0 ? s : 1 - s) * (k / 2 != 0 ? w : 1 - w);
                const size_t j = l.at(at.x, at.y);
                if (l.cost[j] < 0 || weight <= 0) continue;
                const Cell from = l.from[j];
                const float* p = full(static_cast<float>(x) + static_cast<float>(from.x - at.x) * cell_x,
                                      static_cast<float>(y) + static_cast<float>(from.y - at.y) * cell_y);
                const float *is = l.picture.pixels.data() + 4 * j,
                            *was = l.picture.pixels.data() + 4 * l.at(from.x, from.y);
                for (size_t c = 0; c < 3; c++) sum[c] += weight * (p[c] + is[c] - was[c]);
                sum[3] += weight;
            }
            if (sum[3] <= 0) continue;
            const float known = static_cast<float>(keep[i]) / 255.F;
            for (size_t c = 0; c < 3; c++)
                t.pixels[4 * i + c] = std::clamp(sum[c] / sum[3], 0.F, 1.F) * (1 - known) + known * t.pixels[4 * i + c];
        }
}

}  // namespace

void inpaint(Texture& t, const std::vector<uint8_t>& keep) {
    Level small = small_copy(t, keep);
    if (any_source(small))
        copy_patches(t, keep, filled(std::move(small)));
    else
        fill_in(t, keep);
}

}  // namespace zt::tableau
