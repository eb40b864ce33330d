// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The commands of zt-train.
#pragma once

#include "settings.h"

namespace zt::training {

void train_vae(Settings& settings);
void gate(Settings& settings);
void train_puppets(Settings& settings);
void train_denoiser(Settings& settings);
void export_model(Settings& settings);
void unpack_model(Settings& settings);
void run_errors(Settings& settings);
void run_judge(Settings& settings);
void watch(Settings& settings);

}  // namespace zt::training
