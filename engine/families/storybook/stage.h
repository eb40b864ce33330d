// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The stage: draws a play at a given time. A frame depends on the play and the time alone, not on the frames before it,
// so motion is the same at every frame rate, and a clip can be continued from any frame. Torch-free.
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

// A play with all its layers and where they stand. Immutable; thread-safe.
class Stage {
public:
    // world and source must outlive it. backdrop: an opaque picture of the frame's size that is shown instead of the
    // scene, or nullptr. alone: nothing but the actors is drawn, on a clear canvas: no scene, no weather. tick is
    // called before each layer is decoded, to poll for a cancel. Throws what the source throws.
    Stage(const World& world, Play play, LayerSource& source, LayerPtr backdrop, bool alone,
          const std::function<void()>& tick);

    [[nodiscard]] const Play& play() const { return play_; }
    // The frame at `seconds` after the play began.
    void draw(Canvas& canvas, double seconds) const;
    // A frame of the transition from another play to this one: weight 0 shows `from` at from_seconds, 1 this one.
    void draw_change(Canvas& canvas, double seconds, const Stage& from, double from_seconds, double weight) const;

private:
    struct StageActor {
        Actor actor;
        std::vector<LayerPtr> cells;
        ActorLayout layout;
        bool afloat = false;  // on the sea: drawn behind the shore
    };
    struct Prop {
        LayerPtr layer;
        double x = 0, y = 0, size = 1, depth = 1, sway = 0, flow = 0, rise = 0, phase = 0, around = 0;
        bool mirrored = false;
        Rgb tint{};
    };
    struct Part {  // one item of the scene, in the order of drawing
        Item::Kind kind = Item::kRing;
        Prop what;
    };

    void set_sky_objects(LayerSource& source);
    void set_items(LayerSource& source, const std::function<void()>& tick);
    void set_actors(LayerSource& source, const std::function<void()>& tick);
    [[nodiscard]] std::vector<Prop> make_props(const LayerPtr& layer, const Item& item, uint64_t which,
                                               const Range& flow) const;
    [[nodiscard]] StageActor make_actor(const Actor& actor) const;

    [[nodiscard]] View camera(const View& whole, double seconds) const;
    [[nodiscard]] double panned(double seconds) const;
    [[nodiscard]] Pose pose(const StageActor& actor, double seconds) const {
        return pose_of(world_, actor.actor, actor.layout, play_.seed, seconds);
    }
    [[nodiscard]] Placed placed(const Prop& prop, bool sky_object, double seconds, double pan) const;
    void draw_scene(Canvas& canvas, const View& view, double seconds, bool afloat) const;
    void draw_actor(Canvas& canvas, const View& view, const StageActor& actor, const Pose& pose, const Rgb& colour,
                    float opacity, double seconds) const;
    void draw_weather(Canvas& canvas, const View& whole, double seconds, float strength) const;
    [[nodiscard]] View whole_view(const Canvas& canvas) const;
    [[nodiscard]] Rgb tint(const StageActor& actor) const {
        return world_.colours[static_cast<size_t>(actor.actor.colour)].rgb;
    }

    const World& world_;
    const Play play_;
    LayerPtr backdrop_;
    const bool alone_;
    std::vector<Prop> sky_objects_;
    std::vector<Part> parts_;
    std::vector<StageActor> actors_;  // from far to near
    LayerPtr snore_;
};

}  // namespace zt::storybook
