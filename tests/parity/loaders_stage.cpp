// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the loaders make of files; loaders_test.py writes the files and knows what must come out.
//   PROGRAM STAGE IN OUT part=transformer path=... [type=fp32|bf16] [lora=path:scale|...] ...
#include <fstream>
#include <string>
#include <vector>

#include "core/text_number.h"
#include "encoders/clip_text.h"
#include "encoders/clip_vision.h"
#include "encoders/llm.h"
#include "families/hunyuan_video/memory_plan.h"
#include "families/hunyuan_video/parts.h"
#include "families/hunyuan_video/text/projector.h"
#include "load/lora.h"
#include "load/part_reader.h"
#include "stage.h"
#include "weights/decode_tensor.h"

namespace {

using namespace zt;
using namespace zt::encoders;
using namespace zt::hunyuan_video;
using namespace zt::load;

Part part_of(const parity::Case& c) {
    const std::map<std::string, Part> parts = {
        {"transformer", Part::kTransformer}, {"vae", Part::kVae},           {"llm", Part::kLlm},
        {"clip", Part::kClipText},           {"vision", Part::kClipVision}, {"projector", Part::kProjector}};
    return parts.at(c.option("part"));
}

at::ScalarType type_of(const parity::Case& c) {
    return c.option("type", "fp32") == "bf16" ? at::kBFloat16 : at::kFloat;
}
int64_t number(const parity::Case& c, const std::string& name, const std::string& otherwise) {
    return parse_int64(c.option(name, otherwise)).value();
}

PartReader open(const parity::Case& c) {
    ReaderOptions options;
    options.heads = number(c, "heads", "0");
    options.kv_heads = number(c, "kv_heads", "0");
    const auto file = std::make_shared<const weights::Checkpoint>(weights::Checkpoint::open(c.option("path")));
    if (const std::string lora = c.option("lora"); !lora.empty()) {
        TransformerConfig config;
        config.layers = number(c, "layers", "1");
        config.single_layers = number(c, "singles", "2");
        config.refiner_layers = number(c, "refiners", "1");
        options.loras =
            LoraSet::open(parse_lora_option(lora), lora_base(config, *file), [](zt_log_level, const std::string&) {});
    }
    return {file, names_of(part_of(c)), options};
}

// Every tensor under our names.
void dense(parity::Case& c) {
    const PartReader reader = open(c);
    for (const std::string& name : reader.names()) c.out[name] = reader.dense(name, type_of(c));
}

// Matrices as layers that may stay packed, given back as numbers with their adapters.
void packed(parity::Case& c) {
    const PartReader reader = open(c);
    const at::ScalarType type = type_of(c);
    int64_t kept = 0, bytes = 0;
    for (const std::string& name : reader.names()) {
        const bool matrix = name.ends_with(".weight") && reader.shape(name).size() == 2;
        if (!matrix) {
            c.out[name] = reader.dense(name, type);
            continue;
        }
        const nn::PackedLinear layer = reader.linear(name.substr(0, name.size() - 7), type, true);
        kept += layer.encoding != weights::Encoding::kDense;
        bytes += static_cast<int64_t>(layer.weight.nbytes());
        at::Tensor w = layer.dense(type);
        for (const nn::LowRank& a : layer.adapters) w = w + (at::mm(a.up, a.down) * a.scale);
        c.out[name] = w;
        if (layer.encoding != weights::Encoding::kDense && weights::block_shape(layer.encoding).values > 1) {
            // What other devices do must give the same bits.
            const at::Tensor other = weights::decode_blocks_by_tensor_ops(layer.weight, layer.encoding).to(type);
            if (!other.equal(layer.dense(type)))
                throw Error(ZT_ERROR_INTERNAL, name + ": expected tensor operations to decode alike, got others");
        }
    }
    c.out["kept"] = at::tensor(std::vector<int64_t>{kept, bytes});
}

void embedding_rows(parity::Case& c) {
    const at::Tensor ids = c.input("ids");
    const std::vector<int64_t> rows(ids.data_ptr<int64_t>(), ids.data_ptr<int64_t>() + ids.numel());
    c.out["rows"] = open(c).rows("embed_tokens.weight", rows, type_of(c));
}

// Whole structs through fill(), as the model's own code loads them.
void fill(parity::Case& c) {
    const ModelParts parts = find_parts(c.option("path"), {});
    const auto collect = [&](const std::string& prefix, auto& model) {
        model.visit([&](const std::string& name, at::Tensor& t) { c.out[prefix + name] = t; });
    };
    ResidentLlm llm(parts.llm);
    PartReader(parts.text_encoder.checkpoint, names_of(Part::kLlm)).fill(llm, type_of(c), false);
    collect("llm/", llm);
    ClipText clip = make_clip_text(parts.clip_text);
    PartReader(parts.text_encoder_2.checkpoint, names_of(Part::kClipText)).fill(clip, type_of(c), false);
    collect("clip/", clip);
    if (parts.image_encoder.checkpoint == nullptr) return;
    ClipVision vision = make_clip_vision(parts.clip_vision);
    PartReader(parts.image_encoder.checkpoint, names_of(Part::kClipVision)).fill(vision, type_of(c), false);
    collect("vision/", vision);
    Projector projector = make_projector(parts.clip_vision.hidden, parts.llm.hidden);
    PartReader(parts.image_encoder.checkpoint, names_of(Part::kProjector)).fill(projector, type_of(c), false);
    collect("projector/", projector);
}

// The shapes that find_parts reads, as numbers in a fixed order.
void config(parity::Case& c) {
    EngineOptions options;
    for (const OptionRow& row : option_rows())
        if (const std::string value = c.option(std::string(row.key)); !value.empty())
            options.emplace_back(row.key, value);
    const ModelParts p = find_parts(c.option("path"), options);
    const TransformerConfig& t = p.transformer;
    c.out["transformer"] = at::tensor(
        std::vector<double>{static_cast<double>(t.kind), double(t.in_channels), double(t.out_channels), double(t.heads),
                            double(t.head_dim), double(t.layers), double(t.single_layers), double(t.refiner_layers),
                            t.mlp_ratio, double(t.patch), double(t.patch_t), double(t.guidance_embeds),
                            double(t.text_dim), double(t.pooled_dim), t.rope_theta, double(t.rope_axes[0]),
                            double(t.rope_axes[1]), double(t.rope_axes[2])},
        at::kDouble);
    const LlmConfig& l = p.llm;
    c.out["llm"] = at::tensor(
        std::vector<double>{double(l.vocab), double(l.hidden), double(l.intermediate), double(l.layers),
                            double(l.heads), double(l.kv_heads), double(l.head_dim), l.rms_eps, l.rope_theta},
        at::kDouble);
    const ClipConfig &x = p.clip_text, &v = p.clip_vision;
    c.out["clip"] =
        at::tensor(std::vector<double>{double(x.hidden), double(x.intermediate), double(x.layers), double(x.heads),
                                       x.norm_eps, double(x.vocab), double(x.positions), double(x.eos)},
                   at::kDouble);
    c.out["vision"] = at::tensor(std::vector<double>{double(v.hidden), double(v.intermediate), double(v.layers),
                                                     double(v.heads), double(v.image_size), double(v.patch)},
                                 at::kDouble);
    const VaeConfig& a = p.vae;
    c.out["vae"] =
        at::tensor(std::vector<double>{double(a.latent_channels), double(a.block_out[0]), double(a.block_out[1]),
                                       double(a.block_out[2]), double(a.block_out[3]), double(a.layers_per_block),
                                       double(a.norm_groups), a.scaling_factor},
                   at::kDouble);
    c.out["missing"] = at::tensor(static_cast<int64_t>(p.missing.size()));
}

// Peak memory of the process while a whole part is read, beside the bytes that it then has. Pages of
// LibTorch's own files that are first touched meanwhile are not counted: the weights are never mapped.
void memory(parity::Case& c) {
    const PartReader reader = open(c);
    std::ofstream("/proc/self/clear_refs") << '5';  // proc(5): resets the peak
    const int64_t before = parity::status_kib("VmRSS"), code = parity::status_kib("RssFile");
    std::vector<at::Tensor> all;
    int64_t bytes = 0;
    for (const std::string& name : reader.names()) {
        if (name.ends_with(".weight") && reader.shape(name).size() == 2) {
            nn::PackedLinear layer = reader.linear(name.substr(0, name.size() - 7), type_of(c), true);
            all.push_back(layer.weight);
        } else {
            all.push_back(reader.dense(name, type_of(c)));
        }
        bytes += static_cast<int64_t>(all.back().nbytes());
    }
    const int64_t kib = parity::status_kib("VmHWM") - before - (parity::status_kib("RssFile") - code);
    c.out["memory"] = at::tensor(std::vector<int64_t>{bytes, 1024 * kib});
}

}  // namespace

int main(int argc, char** argv) {
    return parity::run(argc, argv,
                       {{"dense", dense},
                        {"packed", packed},
                        {"rows", embedding_rows},
                        {"fill", fill},
                        {"config", config},
                        {"memory", memory}});
}
