// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See context.h.
#pragma once

namespace gloo::transport {

class Device;
class UnboundBuffer {
public:
    virtual ~UnboundBuffer();
};

}  // namespace gloo::transport
