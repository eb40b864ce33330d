// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Structure-aware mutants of a small checkpoint: one to three things of a valid file are changed,
// from a dimension off by one to a header in invalid UTF-8. The same seed and index give the same
// bytes on every machine: golden verdicts refer to them.
#pragma once

#include <cstdint>
#include <string>

namespace zt::test {

[[nodiscard]] std::string mutant_checkpoint(uint64_t seed, uint64_t index);
[[nodiscard]] std::string mutant_manifest(uint64_t seed, uint64_t index);

}  // namespace zt::test
