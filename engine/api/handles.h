// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The structs behind zt_model and zt_session. (zt_frame: pipeline/frame.h.)
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "families/family.h"
#include "pipeline/session.h"

// One per zt_model_open: the weights behind it are shared, the log callback is this opener's own.
// Immutable but for the count.
struct zt_model {
    std::atomic<int> references{1};
    std::shared_ptr<const zt::families::Model> model;
    zt::Log log;
    std::string name, family, sha256, device, precision, identity;  // info points into these
    std::vector<zt_rational> rates;
    zt_model_info info{};
};

struct zt_session {
    zt_session(std::shared_ptr<const zt::families::Model> model, zt::pipeline::Plan plan)
        : session(std::move(model), std::move(plan)) {}

    zt_session_info info{};
    zt::pipeline::Session session;
};
