// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread of a session: from prompt to queued frames. Read worker.cpp from the top.
#pragma once

#include "core/cancel.h"
#include "families/family.h"
#include "pipeline/plan.h"
#include "pipeline/progress.h"
#include "pipeline/queue.h"
#include "pipeline/steering.h"
#include "pipeline/turnstile.h"

namespace zt::pipeline {

// What the worker shares with its session. All parts outlive the thread.
struct WorkerContext {
    const families::Model& model;
    const Plan& plan;
    const Cancel& cancel;
    Steering& steering;
    FrameQueue& queue;
    Progress& progress;
    Turnstile& turnstile;
};

// The thread's whole life; ends the queue with the end, or with what went wrong.
void run_worker(const WorkerContext& context) noexcept;

}  // namespace zt::pipeline
