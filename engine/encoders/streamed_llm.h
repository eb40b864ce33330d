// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An LLM from disk, layer after layer, the next one read while one computes, so that two of them are in memory at a
// time; of the embedding table only the rows that are asked for.
#pragma once

#include <vector>

#include "encoders/llm.h"
#include "load/part_reader.h"
#include "load/read_ahead.h"

namespace zt::encoders {

class StreamedLlm final : public LlmSource {
public:
    // `config` and `reader` must outlive it. type: of the arithmetic; matrices stay as they are packed in the file.
    StreamedLlm(const LlmConfig& config, const load::PartReader& reader, at::ScalarType type);
    const LlmLayer& layer(int64_t i) override;
    at::Tensor rows(const std::vector<int32_t>& ids) override;

private:
    int64_t used_;
    const load::PartReader& reader_;
    at::ScalarType type_;
    load::ReadAhead<LlmLayer> streamed_;
};

// Names and shapes of all that run_llm reads, before anything is. Throws ZT_ERROR_WEIGHTS.
void expect_llm(const LlmConfig& config, const load::PartReader& reader);

}  // namespace zt::encoders
