// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Options and tensors of a case as MiniMax-H3's stages take them.
#pragma once

#include <string>
#include <vector>

#include "core/text_number.h"
#include "families/minimax_h3/transformer/denoiser.h"
#include "load/lora_set.h"
#include "load/part_file.h"
#include "stage.h"

namespace zt::parity {

using namespace zt::minimax_h3;

inline int64_t number(const Case& c, const std::string& name, int64_t otherwise = 0) {
    const std::string text = c.option(name);
    return text.empty() ? otherwise : parse_int64(text).value();
}
inline at::ScalarType type_of(const Case& c) { return c.option("type", "fp32") == "bf16" ? at::kBFloat16 : at::kFloat; }

template <class T>
std::vector<T> list(const at::Tensor& t, at::ScalarType type) {
    const at::Tensor f = t.to(type).contiguous();
    return {f.const_data_ptr<T>(), f.const_data_ptr<T>() + f.numel()};
}
inline std::vector<float> floats(const at::Tensor& t) { return list<float>(t, at::kFloat); }

inline std::vector<Tag> tags_of(const Case& c) {
    std::vector<Tag> tags;
    for (const int64_t tag : list<int64_t>(c.input("tags"), at::kLong)) tags.push_back(static_cast<Tag>(tag));
    return tags;
}
inline std::vector<Anchor> anchors_of(const Case& c) {
    std::vector<Anchor> anchors;
    const std::string text = c.option("anchors");
    if (text.find("first") != text.npos) anchors.push_back(Anchor::kFirst);
    if (text.find("last") != text.npos) anchors.push_back(Anchor::kLast);
    return anchors;
}
inline Geometry geometry_in(const Case& c) {
    check_frames(number(c, "frames"));
    check_canvas(number(c, "width"), number(c, "height"));
    return geometry_of(number(c, "frames"), {number(c, "width"), number(c, "height")});
}

inline void open_file(const Case& c, TransformerFile& file) {
    load::PartFile part = load::open_part(c.option("model"), transformer_names(QkvOrder::kStacked), {}, "transformer");
    file.config = read_transformer_config(part);
    file.checkpoint = part.checkpoint;
    file.order = qkv_order_of(*part.checkpoint, c.option("qkv"));
    file.type = type_of(c);
    const std::string lora = c.option("lora");
    if (!lora.empty()) file.loras = open_loras(*part.checkpoint, file.config, lora, {});
    check_transformer(file);
}

inline std::vector<at::Tensor> keyframes_of(const Case& c) {
    std::vector<at::Tensor> found;
    for (const auto& [name, t] : c.under("keyframe.")) found.push_back(t[0]);  // by name: in packed order
    return found;
}

inline Request request_of(const Case& c) {
    Request r;
    r.states = c.input("states"), r.text = tags_of(c), r.geometry = geometry_in(c), r.anchors = anchors_of(c);
    return r;
}

inline constexpr auto kSilent = [](const char*, int, int) {};

}  // namespace zt::parity
