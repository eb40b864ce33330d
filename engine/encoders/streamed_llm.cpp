// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See streamed_llm.h.
#include "encoders/streamed_llm.h"

#include <string>

namespace zt::encoders {
namespace {

// The embeddings, of which rows are read one by one.
struct LlmTable {
    at::Tensor rows;
    template <class F>
    void visit(F&& f) {
        f("embed_tokens.weight", rows);
    }
};

}  // namespace

StreamedLlm::StreamedLlm(const LlmConfig& config, const load::PartReader& reader, at::ScalarType type)
    : used_(used_layers(config)), reader_(reader), type_(type), streamed_([&config, &reader, type](int64_t i) {
          LlmLayer layer = make_llm_layer(config);
          reader.fill(layer, type, true, "layers." + std::to_string(i));
          return layer;
      }) {}

const LlmLayer& StreamedLlm::layer(int64_t i) { return streamed_.take(i, i + 1 < used_ ? i + 1 : -1); }

at::Tensor StreamedLlm::rows(const std::vector<int32_t>& ids) {
    return reader_.rows("embed_tokens.weight", std::vector<int64_t>(ids.begin(), ids.end()), type_);
}

void expect_llm(const LlmConfig& config, const load::PartReader& reader) {
    LlmTable table{at::empty({config.vocab, config.hidden}, at::kMeta)};
    reader.expect(table);
    LlmLayer layer = make_llm_layer(config);
    for (int64_t i = 0; i < used_layers(config); i++) reader.expect(layer, "layers." + std::to_string(i));
}

}  // namespace zt::encoders
