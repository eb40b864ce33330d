// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See casting.h.
#include "families/storybook/casting.h"

#include <algorithm>
#include <numeric>

#include "families/storybook/draw.h"

namespace zt::storybook {
namespace {

constexpr size_t kMostActors = 3;

bool has(const std::vector<int>& list, int value) { return std::find(list.begin(), list.end(), value) != list.end(); }

template <class T>
std::vector<int> all_of(const std::vector<T>& list) {
    std::vector<int> all(list.size());
    std::iota(all.begin(), all.end(), 0);
    return all;
}

// One of `allowed` without those excluded; of `all`, when nothing is left. CastResult again from all until it is an
// allowed one, so that what is allowed may change and the answer stays as long as it can.
int pick(int64_t seed, uint64_t purpose, uint64_t which, size_t all, std::vector<int> allowed,
         const std::vector<int>& excluded) {
    std::erase_if(allowed, [&](int value) { return has(excluded, value); });
    if (allowed.empty())
        for (size_t i = 0; i < all; i++)
            if (!has(excluded, static_cast<int>(i))) allowed.push_back(static_cast<int>(i));
    if (allowed.empty()) return 0;  // everything was excluded
    for (uint64_t k = 0; k < 64; k++) {
        const int value = static_cast<int>(even_draw(seed, draw_key(purpose, which, k)) * static_cast<double>(all));
        if (has(allowed, value)) return value;
    }
    return allowed.front();
}

struct Caster {
    const World& world;
    const Wish& wish;
    const int64_t seed;
    const Play* before;
    CastResult out;

    void opened(const char* name) {
        if (std::find(out.open.begin(), out.open.end(), name) == out.open.end()) out.open.emplace_back(name);
    }

    // An attribute of the whole picture.
    int whole(int said, Attribute attribute, uint64_t purpose, const char* name, int Play::*kept, size_t count,
              const std::vector<int>& allowed) {
        const std::vector<int>& excluded = wish.excluded[attribute];
        if (said >= 0) return said;
        if (before != nullptr && !has(excluded, before->*kept)) return before->*kept;
        opened(name);
        return pick(seed, purpose, 0, count, allowed, excluded);
    }

    // Who was there before and is meant again: the same subject, not taken yet; a pronoun means the first.
    const Actor* again(const ActorWish& said, std::vector<const Actor*>& left) const {
        const auto at = std::find_if(left.begin(), left.end(),
                                     [&](const Actor* a) { return said.again || a->subject == said.subject; });
        if (at == left.end()) return nullptr;
        const Actor* found = *at;
        left.erase(at);
        return found;
    }

    void actors() {
        std::vector<ActorWish> wishes = wish.actors;
        if (wishes.empty() && before != nullptr) {
            out.play.actors = before->actors;
            return;
        }
        if (wishes.empty()) wishes.emplace_back(), out.nobody = "?";
        std::vector<const Actor*> left;
        if (before != nullptr)
            for (const Actor& a : before->actors) left.push_back(&a);
        for (const ActorWish& said : wishes)
            for (int n = 0; n < std::max(1, said.count) && out.play.actors.size() < kMostActors; n++) add(said, left);
    }

    void add(const ActorWish& said, std::vector<const Actor*>& left) {
        const Actor* same = again(said, left);
        Actor a;
        a.slot = static_cast<int>(out.play.actors.size());
        const auto slot = static_cast<uint64_t>(a.slot);
        if (same != nullptr) {
            a = *same;
            a.slot = static_cast<int>(slot);
        } else {
            a.subject = said.subject;
        }
        if (a.subject < 0) {
            if (!said.unknown.empty())
                out.nobody = said.unknown;
            else if (out.nobody.empty())
                out.nobody = "?";
            opened("subject");
            std::vector<int> fits;  // subjects at home in the scene that is said
            for (size_t i = 0; i < world.subjects.size(); i++)
                if (wish.scene < 0 || has(world.subjects[i].scenes, wish.scene)) fits.push_back(static_cast<int>(i));
            a.subject = pick(seed, kWho, slot, world.subjects.size(), fits, wish.excluded[kSubject]);
        }
        const SubjectInfo& subject = world.subjects[static_cast<size_t>(a.subject)];
        if (said.colour >= 0) {
            a.colour = said.colour;
        } else if (same == nullptr || has(wish.excluded[kColour], a.colour)) {
            opened("colour");
            a.colour = pick(seed, kWhichColour, slot, world.colours.size(), subject.colours, wish.excluded[kColour]);
        }
        if (said.motion >= 0) {
            a.motion = said.motion;
        } else if (same == nullptr || has(wish.excluded[kMotion], a.motion)) {
            opened("motion");
            a.motion = pick(seed, kWhichMotion, slot, world.motions.size(), subject.motions, wish.excluded[kMotion]);
        }
        if (said.direction >= 0 || same == nullptr || said.motion >= 0) a.direction = said.direction;
        if (said.size >= 0) a.size = said.size;
        out.play.actors.push_back(a);
    }

    // Scenes that all actors are at home in; else those of the first one.
    [[nodiscard]] std::vector<int> common_scenes() const {
        const auto scenes = [&](const Actor& a) -> const std::vector<int>& {
            return world.subjects[static_cast<size_t>(a.subject)].scenes;
        };
        std::vector<int> common = scenes(out.play.actors.front());
        for (const Actor& a : out.play.actors) std::erase_if(common, [&](int s) { return !has(scenes(a), s); });
        return common.empty() ? scenes(out.play.actors.front()) : common;
    }

    void run() {
        Play& p = out.play;
        p.seed = seed;
        actors();
        p.scene = whole(wish.scene, kScene, kWhichScene, "scene", &Play::scene, world.scenes.size(), common_scenes());
        p.time = whole(wish.time, kTime, kWhichTime, "time", &Play::time, world.times.size(), all_of(world.times));
        p.weather = whole(wish.weather, kWeather, kWhichWeather, "weather", &Play::weather, world.weathers.size(),
                          world.scenes[static_cast<size_t>(p.scene)].weathers);
        p.style =
            whole(wish.style, kStyle, kWhichStyle, "style", &Play::style, world.styles.size(), all_of(world.styles));
        p.camera = whole(wish.camera, kCamera, kWhichCamera, "camera", &Play::camera, world.cameras.size(), cameras());
    }

    // Who goes to one side is followed, else it would leave the picture. Nothing shakes unless it is said.
    [[nodiscard]] std::vector<int> cameras() const {
        std::vector<int> fits;
        const bool leaves = out.play.actors.front().direction == kLeft || out.play.actors.front().direction == kRight;
        for (size_t i = 0; i < world.cameras.size(); i++)
            if (world.cameras[i].x == 0 && (!leaves || world.cameras[i].pan != 0)) fits.push_back(static_cast<int>(i));
        return fits;
    }
};

std::string with_article(const std::string& thing) {
    return (std::string_view("aeiou").find(thing[0]) == std::string_view::npos ? "a " : "an ") + thing;
}

}  // namespace

CastResult cast(const World& world, const Wish& wish, int64_t seed, const Play* before) {
    Caster casting{world, wish, seed, before != nullptr && before->seed == seed ? before : nullptr, {}};
    casting.run();
    return casting.out;
}

std::string tell(const World& world, const Actor& actor) {
    return with_article(world.colours[static_cast<size_t>(actor.colour)].name + " " +
                        world.subjects[static_cast<size_t>(actor.subject)].name);
}

std::string tell(const World& world, const Play& play) {
    std::string text;
    for (const Actor& a : play.actors) {
        text += (text.empty() ? "" : ", ") + tell(world, a) + " (" + world.motions[static_cast<size_t>(a.motion)].name;
        constexpr const char* ways[] = {"left", "right", "near", "far"};
        if (a.direction >= 0) text += std::string(", ") + ways[a.direction];
        if (a.size >= 0) text += a.size == kSmall ? ", small" : ", big";
        text += ")";
    }
    const auto name = [](const auto& list, int at) { return list[static_cast<size_t>(at)].name; };
    return text + "; " + name(world.scenes, play.scene) + ", " + name(world.times, play.time) + ", " +
           name(world.weathers, play.weather) + ", " + name(world.cameras, play.camera) + " camera, " +
           name(world.styles, play.style);
}

}  // namespace zt::storybook
