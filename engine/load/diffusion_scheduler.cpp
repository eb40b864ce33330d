// SPDX-License-Identifier: LGPL-2.1-or-later
#include "load/diffusion_scheduler.h"

#include <string>

#include "core/error.h"
#include "load/config_json.h"

namespace zt::load {

void check_trailing_abar(const json::Field& root) {
    const auto text = [&](const char* key, const char* value, bool needed) {
        const auto field = root.find(key);
        const bool there = field && !field->is_null();
        if (!there && needed)
            throw Error(ZT_ERROR_WEIGHTS, root.name() + ": " + key + ": expected " + value + ", got none");
        if (there && field->string() != value) field->refuse(value);
    };
    text("prediction_type", "v_prediction", true);
    text("timestep_spacing", "trailing", true);
    text("beta_schedule", "scaled_linear", false);
    const auto number = [&](const char* key, double value) {
        const auto field = root.find(key);
        if (field && !field->is_null() && field->number() != value) field->refuse(std::to_string(value));
    };
    number("num_train_timesteps", 1000), number("beta_start", 0.00085), number("beta_end", 0.012);
    const auto zero = root.find("rescale_betas_zero_snr");
    if (const bool told = zero && !zero->is_null(); !told || !zero->boolean())
        throw Error(ZT_ERROR_UNSUPPORTED,
                    root.name() + ": rescale_betas_zero_snr: expected true, got " + (told ? "false" : "none"));
    demand_flag(root, "set_alpha_to_one", true);
    demand_flag(root, "clip_sample", false);
}

}  // namespace zt::load
