// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a camera looks: from places of the frame to places of the picture. Torch-free.
//
// A picture has no more than its own edges, so whatever moves sideways also goes nearer, by as much as it needs.
#pragma once

#include "families/tableau/moves.h"

namespace zt::tableau {

class CameraPath {
public:
    // move.camera, how much and how fast. seconds: after which a one-way move is nearly over. seed: of hands that
    // shake.
    CameraPath(CameraMove move, float aspect, double seconds, float phase)
        : move_(move), aspect_(aspect), seconds_(seconds), phase_(phase) {}

    // At a moment.
    struct Eye {
        float zoom = 1, x = 0, y = 0, roll = 0;  // enlargement, shift of the middle (picture heights), radians
        float depth_zoom = 0, depth_x = 0;       // more of both for what is near (depth 1) than for what is far (0)
    };
    [[nodiscard]] Eye at(const Clock& clock, double seconds) const;
    [[nodiscard]] const CameraMove& move() const { return move_; }

private:
    CameraMove move_;
    float aspect_;
    double seconds_;
    float phase_;
};

// The place of the picture that is seen at (x, y) of the frame; units of height. depth is looked up where a flat
// picture would be seen.
[[nodiscard]] Vec seen(const CameraPath::Eye& eye, const Map& depth, float aspect, float x, float y);

}  // namespace zt::tableau
