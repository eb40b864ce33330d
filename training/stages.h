// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The commands of zt-train, one function each; main.cpp has a line of help for each.
#pragma once

#include "settings.h"

namespace zt::training {

void paint_layers(Settings& settings);
void train_layers(Settings& settings);
void export_layers(Settings& settings);
void run_judge(Settings& settings);
void run_fidelity(Settings& settings);
void draw_clips(Settings& settings);
void train_frames(Settings& settings);
void train_dit(Settings& settings);
void sample_dit(Settings& settings);
void ship_weights(Settings& settings);
void train_pictures(Settings& settings);
void judge_pictures(Settings& settings);
void export_pictures(Settings& settings);

}  // namespace zt::training
