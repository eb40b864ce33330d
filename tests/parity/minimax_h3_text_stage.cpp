// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The text side of MiniMax-H3 on files and tensors from Python; minimax_h3_text_test.py says what each stage takes and
// gives.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "encoders/llm_config.h"
#include "encoders/qwen3_vl_vision.h"
#include "encoders/qwen_tokenizer.h"
#include "encoders/streamed_llm.h"
#include "families/minimax_h3/text/keyframe.h"
#include "families/minimax_h3/text/prompt_layout.h"
#include "families/minimax_h3/text/text_state.h"
#include "families/minimax_h3/text/used_text.h"
#include "load/part_file.h"
#include "stage.h"

namespace {

using namespace zt;
using namespace zt::minimax_h3;
using parity::Case;

int64_t number(const Case& c, const std::string& name, int64_t otherwise = 0) {
    return std::stoll(c.option(name, std::to_string(otherwise)));
}

at::ScalarType type_of(const Case& c) { return c.option("type") == "bf16" ? at::kBFloat16 : at::kFloat; }

image::Picture picture_of(const at::Tensor& bytes) {
    const at::Tensor t = bytes.to(at::kByte).contiguous();
    const uint8_t* data = t.const_data_ptr<uint8_t>();
    return {t.size(1), t.size(0), {data, data + t.numel()}};
}

at::Tensor bytes_of(const image::Picture& picture) {
    at::Tensor t = at::empty({picture.height, picture.width, 3}, at::kByte);
    std::copy(picture.rgb.begin(), picture.rgb.end(), t.data_ptr<uint8_t>());
    return t;
}

// A text model and a vision tower as they are opened: `model`, a folder or a file; `tower`, where it is another file.
struct Opened {
    load::PartFile text_file, vision_file;
    encoders::LlmConfig text;
    encoders::Qwen3VlVisionConfig vision;
    std::unique_ptr<load::PartReader> text_reader, vision_reader;

    explicit Opened(const Case& c) {
        const load::PartNames& names = encoders::llm_names(encoders::LlmKind::kQwen3Vl);
        text_file = load::open_part(c.option("model"), names, {}, "text_encoder");
        load::read_config(text_file, "qwen3_vl", text, encoders::parse_qwen3_vl_text_config,
                          encoders::qwen3_vl_text_config_of);
        const encoders::LlmConfig whole = used_text(text, text_file.checkpoint->name());
        text.skip_layers = text.layers - number(c, "layers", kTextLayers);  // 50, or the state behind fewer
        encoders::check_blocks(text, *text_file.checkpoint);
        text_reader = std::make_unique<load::PartReader>(text_file.checkpoint, names);
        encoders::expect_llm(text, *text_reader);
        vision_file = load::open_part(c.option("tower", c.option("model")), encoders::qwen3_vl_vision_names(), {},
                                      "text_encoder");
        if (!encoders::has_qwen3_vl_vision(*vision_file.checkpoint)) return;
        load::read_config(vision_file, "qwen3_vl", vision, encoders::parse_qwen3_vl_vision_config,
                          encoders::qwen3_vl_vision_config_of);
        encoders::check_qwen3_vl_vision(vision, *vision_file.checkpoint);
        vision_reader = std::make_unique<load::PartReader>(vision_file.checkpoint, encoders::qwen3_vl_vision_names());
        encoders::expect_vision(vision, *vision_reader);
        check_tower(whole, vision, vision_file.checkpoint->name());
    }
};

text::BpeTokenizer tokenizer_of(const Case& c) {
    const std::string place = encoders::find_qwen_tokenizer("tokenizer", c.option("tokenizer"), {});
    return encoders::open_qwen_tokenizer(place, prompt_tokens());
}

std::vector<image::Picture> keyframes_of(const Case& c) {
    std::vector<image::Picture> keyframes;
    for (const char* name : {"first", "last"})
        if (c.in.contains(name))
            keyframes.push_back(fit_keyframe(picture_of(c.input(name)), number(c, "width"), number(c, "height"),
                                             keyframes.empty() ? Keyframe::kAnchor : Keyframe::kFollower));
    return keyframes;
}

void state_stage(Case& c) {
    const Opened model(c);
    const text::BpeTokenizer tokenizer = tokenizer_of(c);
    check_tokenizer(tokenizer, model.text.vocab);
    const std::vector<image::Picture> keyframes = keyframes_of(c);
    const TextEncoder encoder{tokenizer,
                              model.text,
                              *model.text_reader,
                              model.vision_reader != nullptr ? &model.vision : nullptr,
                              model.vision_reader.get(),
                              type_of(c)};
    const auto start = std::chrono::steady_clock::now();
    const TextState state = text_state(encoder, c.option("prompt"), keyframes, {});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    c.out["seconds"] = at::tensor({took.count()}, at::kDouble);
    c.out["peak_kib"] = at::tensor({parity::status_kib("VmHWM")}, at::kLong);
    c.out["states"] = state.states.to(at::kFloat);
    std::vector<int64_t> tags;
    for (const Tag tag : state.tags) tags.push_back(static_cast<int64_t>(tag));
    c.out["tags"] = at::tensor(tags, at::kLong);
    const TextLayout layout =
        text_layout(tokenizer, c.option("prompt"), static_cast<int64_t>(keyframes.size()),
                    keyframes.empty() ? 0 : keyframes[0].height / 32, keyframes.empty() ? 0 : keyframes[0].width / 32);
    c.out["ids"] = at::tensor(layout.ids, at::kInt).to(at::kLong);
    std::vector<at::Tensor> axes;
    for (const std::vector<int64_t>& axis :
         encoders::token_positions(static_cast<int64_t>(layout.ids.size()), layout.pictures))
        axes.push_back(at::tensor(axis, at::kLong));
    c.out["positions"] = at::stack(axes);
}

void vision_stage(Case& c) {
    const Opened model(c);
    std::vector<encoders::VisionPatches> pictures;
    for (const image::Picture& keyframe : keyframes_of(c)) pictures.push_back(encoders::vision_patches(keyframe));
    const std::vector<encoders::VisionTokens> seen =
        encoders::read_vision_tokens(model.vision, *model.vision_reader, pictures, type_of(c), {});
    for (size_t i = 0; i < seen.size(); i++) {
        const std::string n = std::to_string(i);
        c.out["pixels." + n] = pictures[i].pixels;
        c.out["tokens." + n] = seen[i].tokens.to(at::kFloat);
        for (size_t tap = 0; tap < seen[i].taps.size(); tap++)
            c.out["tap" + std::to_string(tap) + "." + n] = seen[i].taps[tap].to(at::kFloat);
    }
}

void fit_stage(Case& c) {
    for (int i = 0; c.in.contains("picture." + std::to_string(i)); i++) {
        const std::string n = std::to_string(i);
        c.out["fitted." + n] = bytes_of(
            fit_keyframe(picture_of(c.input("picture." + n)), c.input("size." + n)[0].item<int64_t>(),
                         c.input("size." + n)[1].item<int64_t>(),
                         c.input("size." + n)[2].item<int64_t>() != 0 ? Keyframe::kFollower : Keyframe::kAnchor));
    }
}

// Texts as one u8 tensor with their ends -> ids, the same way.
void tokens_stage(Case& c) {
    const text::BpeTokenizer tokenizer = tokenizer_of(c);
    const at::Tensor& bytes = c.input("bytes");
    const at::Tensor& ends = c.input("ends");
    std::vector<int32_t> ids;
    std::vector<int64_t> id_ends;
    int64_t start = 0;
    for (int64_t i = 0; i < ends.numel(); ++i) {
        const int64_t end = ends.const_data_ptr<int64_t>()[i];
        const std::string_view one(reinterpret_cast<const char*>(bytes.const_data_ptr<uint8_t>()) + start,
                                   static_cast<size_t>(end - start));
        const std::vector<int32_t> made = tokenizer.encode(one, false).ids;
        ids.insert(ids.end(), made.begin(), made.end());
        id_ends.push_back(static_cast<int64_t>(ids.size()));
        start = end;
    }
    c.out["ids"] = at::tensor(ids, at::kInt);
    c.out["ids_ends"] = at::tensor(id_ends, at::kLong);
    c.out["size"] = at::tensor(
        {static_cast<int64_t>(tokenizer.vocabulary_size()), static_cast<int64_t>(tokenizer.id_end())}, at::kLong);
}

}  // namespace

int main(int argc, char** argv) {
    return parity::run(
        argc, argv, {{"state", state_stage}, {"vision", vision_stage}, {"fit", fit_stage}, {"tokens", tokens_stage}});
}
