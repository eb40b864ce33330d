// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is the index of a sharded checkpoint, and once more a config.json of each part. What is
// accepted names files of its own folder only; sizes stay inside their ranges.
#include <string_view>

#include "core/file.h"
#include "encoders/clip_config.h"
#include "encoders/llm_config.h"
#include "encoders/qwen3_vl_config.h"
#include "families/hunyuan_video/config.h"
#include "fuzz.h"
#include "weights/shards.h"

namespace {

using zt::fuzz::require;

template <class Call>
void refuses_cleanly(const Call& call) {
    try {
        call();
    } catch (const zt::Error& error) {
        require(error.status() == ZT_ERROR_WEIGHTS || error.status() == ZT_ERROR_UNSUPPORTED, error.what());
        require(std::string_view(error.what()).find("expected") != std::string_view::npos, error.what());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace zt::encoders;
    using namespace zt::hunyuan_video;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    refuses_cleanly([&] {
        const zt::weights::ShardIndex index = zt::weights::parse_shard_index(text, "index.json");
        for (const auto& [tensor, file] : index.weight_map) require(file < index.files.size(), "a file of the list");
        for (const std::string& file : index.files) require(zt::is_bare_file_name(file), "a name, no path");
    });
    refuses_cleanly([&] {
        const TransformerConfig c = parse_transformer_config(text, "config.json");
        require(c.width() > 0 && c.width() <= 1024 * 1024, "width in range");
    });
    refuses_cleanly([&] { require(parse_vae_config(text, "config.json").block_out.size() == 4, "four stages"); });
    refuses_cleanly([&] { require(parse_llm_config(text, "config.json").head_dim > 0, "heads"); });
    refuses_cleanly([&] { require(parse_qwen3_vl_text_config(text, "config.json").head_dim % 2 == 0, "pairs"); });
    refuses_cleanly([&] {
        const Qwen3VlVisionConfig c = parse_qwen3_vl_vision_config(text, "config.json");
        require(c.hidden % c.heads == 0 && (c.taps.empty() || c.taps.back() < c.layers), "heads and taps");
    });
    refuses_cleanly([&] { require(parse_clip_text_config(text, "config.json").hidden > 0, "width"); });
    refuses_cleanly([&] { require(parse_clip_vision_config(text, "config.json").patch > 0, "patch"); });
    return 0;
}
