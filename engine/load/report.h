// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lines of `zoetrope inspect` that all families with weights of their own have: parts, types, sizes, adapters and the
// memory of a clip. Each ends with a newline. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/lora_set.h"
#include "load/memory.h"
#include "load/part_file.h"
#include "ranks/traffic.h"

namespace zt::load {

// "  vae  1,234 parameters  BF16 2.5 GB  path", or "missing". Scales and marks are no parameters.
[[nodiscard]] std::string part_line(const std::string& key, const PartFile& part, const PartNames& names);
// "  tokenizer  path", or "missing".
[[nodiscard]] std::string path_line(const std::string& key, const std::string& path);
// How many tensors of how many become dense.
[[nodiscard]] std::string adapter_line(const std::string& key, const LoraSet& loras);
// A heading and a line for each sentence; nothing where there are none.
[[nodiscard]] std::string sentence_lines(const std::string& heading, const std::vector<std::string>& sentences);
// clip: "1280x720, 129 frames, 50 steps, bf16".
[[nodiscard]] std::string plan_lines(const MemoryPlan& plan, const std::string& clip);
// What each of n ranks, two or more, has in memory and sends, with whole blocks, shares, with two blocks or one in use,
// and streamed ones.
[[nodiscard]] std::string rank_lines(const MemoryPlan& plan, const ranks::PassShape& shape, int n);

}  // namespace zt::load
