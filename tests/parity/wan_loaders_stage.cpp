// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the engine makes of the files of a Wan model; wan_loaders_test.py writes the files and knows what must come out.
//   PROGRAM parts IN OUT path=... [packed=1] [only=vae] [lora=path:scale|...] and keys of engine_opts
//     -> every tensor of every part that was found, under our names behind "transformer/", "transformer_2/", "vae/",
//        "text_encoder/", "image_encoder/"; "boundary", "flow_shift"; kept [packed matrices of transformer and UMT5]
//   PROGRAM tokens IN OUT path=... -> ids of the lines of UTF-8 in texts [bytes], one list behind the other, and counts
#include <array>
#include <string>
#include <vector>

#include "autoencoders/causal_names.h"
#include "encoders/t5_names.h"
#include "encoders/t5_tokenizer.h"
#include "families/wan/names.h"
#include "families/wan/parts.h"
#include "load/lora.h"
#include "load/part_reader.h"
#include "stage.h"

namespace {

using namespace zt;
using namespace zt::wan;

ModelParts parts_of(const parity::Case& c) {
    load::EngineOptions options;
    for (const load::OptionRow& row : option_rows())
        if (const std::string value = c.option(std::string(row.key)); !value.empty())
            options.emplace_back(row.key, value);
    return find_parts(c.option("path"), options);
}

void parts(parity::Case& c) {
    const ModelParts parts = parts_of(c);
    const bool packed = !c.option("packed").empty();
    int64_t kept = 0;
    const auto give = [&](const std::string& key, const load::PartFile& part, const load::PartNames& names,
                          std::shared_ptr<const load::LoraSet> loras, bool may_pack) {
        if (part.checkpoint == nullptr || (!c.option("only").empty() && c.option("only") != key)) return;
        load::ReaderOptions options;
        options.loras = std::move(loras);
        const load::PartReader reader(part.checkpoint, names, options);
        for (const std::string& name : reader.names()) {
            at::Tensor& out = c.out[key + "/" + name];
            if (!packed || !may_pack || !name.ends_with(".weight") || reader.shape(name).size() != 2) {
                out = reader.dense(name, at::kFloat);
                continue;
            }
            const nn::PackedLinear layer = reader.linear(name.substr(0, name.size() - 7), at::kFloat, true);
            kept += layer.encoding != weights::Encoding::kDense;
            out = layer.dense(at::kFloat);
            for (const nn::LowRank& a : layer.adapters) out = out + (at::mm(a.up, a.down) * a.scale);
        }
    };
    const auto quiet = [](zt_log_level, const std::string&) {};
    for (const bool low : {false, true})
        if (!low || parts.has_experts())
            give(low ? "transformer_2" : "transformer", low ? parts.transformer_2_file : parts.transformer_file,
                 transformer_names(), open_loras(parts, c.option("lora"), low, quiet), true);
    give("vae", parts.vae_file, vae_names(), nullptr, false);
    give("text_encoder", parts.text_encoder, encoders::t5_names(), nullptr, true);
    give("image_encoder", parts.image_encoder, encoders::clip_names(encoders::Tower::kVision), nullptr, true);
    c.out["boundary"] = at::tensor(parts.boundary);
    c.out["flow_shift"] = at::tensor(parts.flow_shift.value_or(0));
    c.out["kept"] = at::tensor(kept);
    c.out["missing"] = at::tensor(static_cast<int64_t>(parts.missing.size()));
    c.out["warnings"] = at::tensor(static_cast<int64_t>(parts.warnings.size()));
    c.out["tokenizer"] = at::tensor(static_cast<int64_t>(!parts.tokenizer.empty()));
}

void tokens(parity::Case& c) {
    // A file of a text encoder may be given as such, to be found by itself.
    std::vector<std::string> warnings;
    const std::string inside = c.option("inside");
    const load::PartFile encoder = inside.empty() ? load::PartFile() : load::open_part(inside);
    const text::UnigramTokenizer tokenizer =
        encoders::open_t5_tokenizer(encoders::find_t5_tokenizer("tokenizer", c.option("path"), encoder, warnings));
    c.out["warnings"] = at::tensor(static_cast<int64_t>(warnings.size()));
    const at::Tensor bytes = c.input("texts");
    const std::string all(static_cast<const char*>(bytes.const_data_ptr()), static_cast<size_t>(bytes.numel()));
    std::vector<int64_t> ids, counts;
    for (size_t at = 0; at < all.size();) {
        const size_t end = std::min(all.find('\n', at), all.size());
        const auto made = tokenizer.encode(std::string_view(all).substr(at, end - at)).ids;
        ids.insert(ids.end(), made.begin(), made.end());
        counts.push_back(static_cast<int64_t>(made.size()));
        at = end + 1;
    }
    c.out["ids"] = at::tensor(ids, at::kLong);
    c.out["counts"] = at::tensor(counts, at::kLong);
}

}  // namespace

int main(int argc, char** argv) { return parity::run(argc, argv, {{"parts", parts}, {"tokens", tokens}}); }
