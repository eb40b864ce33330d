// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The stage: a play at a time, as a picture. Any time may be asked for, in any order: nothing is carried
// from frame to frame, so every rate shows the same motion and a clip may go on anywhere. Torch-free.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "families/storybook/casting.h"
#include "families/storybook/compose.h"
#include "families/storybook/layer.h"
#include "families/storybook/pose.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// A play with its layers at hand. Immutable; thread-safe.
class Stage {
public:
    // world and source must outlive it. backdrop: a picture that stands in place of the scene, or nullptr; it is opaque
    // and as large as the picture to be made. tick is called before each decoding. Throws what the source throws.
    Stage(const World& world, Play play, LayerSource& source, LayerPtr backdrop, const std::function<void()>& tick);

    [[nodiscard]] const Play& play() const { return play_; }
    // The picture `seconds` after the play began.
    void draw(Canvas& canvas, double seconds) const;
    // While one play becomes another: `weight` of the way from `from` at its time to this one.
    void draw_change(Canvas& canvas, double seconds, const Stage& from, double from_seconds, double weight) const;

private:
    struct Role {
        Actor actor;
        std::vector<LayerPtr> cells;
        Bearing bearing;
        bool afloat = false;  // behind what lies before the sea
    };
    struct Prop {
        LayerPtr layer;
        double x = 0, y = 0, size = 1, depth = 1, sway = 0, flow = 0, rise = 0, phase = 0, around = 0;
        bool mirrored = false;
        Rgb tint{};
    };
    struct Part {  // of the scene, from far to near
        Item::Kind kind = Item::kRing;
        Prop what;
    };

    void set_heavens(LayerSource& source);
    void set_items(LayerSource& source, const std::function<void()>& tick);
    void set_roles(LayerSource& source, const std::function<void()>& tick);
    [[nodiscard]] std::vector<Prop> make_props(const LayerPtr& layer, const Item& item, uint64_t which,
                                               const Range& flow) const;
    [[nodiscard]] Role make_role(const Actor& actor) const;

    [[nodiscard]] View camera(const View& whole, double seconds) const;
    [[nodiscard]] double panned(double seconds) const;
    [[nodiscard]] Pose pose(const Role& role, double seconds) const {
        return pose_of(world_, role.actor, role.bearing, play_.seed, seconds);
    }
    [[nodiscard]] Placed placed(const Prop& prop, bool heaven, double seconds, double pan) const;
    void draw_scene(Canvas& canvas, const View& view, double seconds, bool afloat) const;
    void draw_actor(Canvas& canvas, const View& view, const Role& role, const Pose& pose, const Rgb& colour,
                    float opacity, double seconds) const;
    void draw_weather(Canvas& canvas, const View& whole, double seconds, float strength) const;
    [[nodiscard]] View whole_view(const Canvas& canvas) const;
    [[nodiscard]] Rgb tint(const Role& role) const {
        return world_.colours[static_cast<size_t>(role.actor.colour)].rgb;
    }

    const World& world_;
    const Play play_;
    LayerPtr backdrop_;
    std::vector<Prop> heavens_;
    std::vector<Part> parts_;
    std::vector<Role> roles_;  // from far to near
    LayerPtr snore_;
};

}  // namespace zt::storybook
