// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the commands reach the engine: loaded when a command needs it, as any host does.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"

extern "C" {
#include "zt_loader.h"
#include "zt_stage.h"
}

namespace zt::cli {

// Throws ZT_ERROR_NOT_FOUND with the loader's sentence.
inline const ZtEngine& load_engine() {
    const char* reason = nullptr;
    const ZtEngine* const engine = zt_loader_get(&reason);
    if (engine == nullptr) throw Error(ZT_ERROR_NOT_FOUND, reason);
    return *engine;
}

// Throws what a call of the engine reported.
inline void check(zt_status status, const zt_error& error) {
    if (status < 0) throw Error(status, error.message);
}

// Give their object back to the engine.
struct CloseModel {
    const ZtEngine* engine;
    void operator()(zt_model* model) const { engine->model_unref(&model); }
};
struct CloseSession {
    const ZtEngine* engine;
    void operator()(zt_session* session) const { engine->session_destroy(&session); }
};
using ModelHandle = std::unique_ptr<zt_model, CloseModel>;
using SessionHandle = std::unique_ptr<zt_session, CloseSession>;

}  // namespace zt::cli
