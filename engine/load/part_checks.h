// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Is a checkpoint whole? What is missing would not stop a generation, it would make a wrong clip. What the headers
// tell is refused by name; what only values tell becomes a warning. Torch-free, for `zoetrope inspect` too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/part_file.h"
#include "load/part_names.h"
#include "weights/checkpoint.h"

namespace zt::load {

// Throws UNSUPPORTED for numbers packed in a way that is not read here (NF4 and others), naming it and a tensor.
void check_packing(const weights::Checkpoint& file);

// In a file with scales every fp8 matrix must have one; so it must where a mark or a list of layers announces scales.
// Throws WEIGHTS, naming the first without one and how many more there are.
void check_scales(const weights::Checkpoint& file, const PartNames& part);

// Every tensor by its name (ours), all pieces of fused ones; shapes are the loader's to check. Throws WEIGHTS, naming
// the first that is missing and how many more there are.
void check_names(const weights::Checkpoint& file, const PartNames& part, std::span<const std::string> needed);

// The same, and no tensor of the part beyond them; nor any that the names neither place nor ignore. Throws WEIGHTS,
// naming the first.
void check_tensors(const weights::Checkpoint& file, const PartNames& part, std::span<const std::string> needed);

// Nothing in a file without config.json says how many blocks there should be, but its width does where one model of
// that width is in circulation. prefix: "layers.". Throws WEIGHTS where `got` is not `expected`.
void check_published(const weights::Checkpoint& file, const std::string& prefix, int64_t width, int64_t got,
                     int64_t expected);
// The same where config.json says how many.
void check_count(const weights::Checkpoint& file, const std::string& prefix, int64_t got, int64_t expected);

// Adds the tensors of a module of ours; of one with "{}" for so many blocks.
void add_tensors(std::string_view module, int64_t blocks, bool bias, std::vector<std::string>& names);

// Whether two tensors hold the same bytes, type and shape included: all of them up to 256 KiB, of larger ones 64 pieces
// of 4 KiB, evenly spread, so that a table of gigabytes takes no time. Throws IO.
[[nodiscard]] bool same_bytes(const weights::Checkpoint& file, const weights::CheckpointEntry& a,
                              const weights::CheckpointEntry& b);

// Adds sentences about values that no trained model has: matrices of zero bytes as an incomplete download leaves them,
// fp8 numbers that must have had scales. Looks at a few KiB of each matrix (one read of 4 KiB where all is well), so
// that files of 40 GB take a fraction of a second; a hole inside a matrix can be missed. Throws IO.
void warn_of_values(const weights::Checkpoint& file, const PartNames& part, std::vector<std::string>& warnings);
// The same of every part that was found.
[[nodiscard]] std::vector<std::string> warnings_of_values(std::span<const PartRow> parts);

}  // namespace zt::load
