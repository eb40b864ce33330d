// SPDX-License-Identifier: LGPL-2.1-or-later
//
// encoders_stage.cpp - the LLM, CLIP's text tower and the vision tower on ids and pixels given, and
// all together on prompts.
#include "stage.h"

#include "encoders/clip_vision.h"
#include "families/hunyuan_video/text/projector.h"
#include "families/hunyuan_video/text/text_features.h"

using namespace zt::encoders;
using namespace zt::hunyuan_video;
using zt::parity::Case;

namespace {

int64_t number(const Case& c, const std::string& name, int64_t otherwise = 0) {
    return std::stoll(c.option(name, std::to_string(otherwise)));
}

at::ScalarType type_of(const Case& c) { return c.option("dtype") == "bf16" ? at::kBFloat16 : at::kFloat; }

std::vector<int32_t> ids_of(const at::Tensor& t) {
    const at::Tensor ids = t.to(at::kInt);
    return {ids.data_ptr<int32_t>(), ids.data_ptr<int32_t>() + ids.numel()};
}

// The weights under `prefix` that the model has; the files of the reference hold more.
template <class Model>
void load(Model& model, const Case& c, const std::string& prefix) {
    const zt::weights::Tensors all = c.under(prefix);
    zt::weights::Tensors used;
    model.visit([&](const std::string& name, at::Tensor&) {
        if (all.contains(name)) used.emplace(name, all.at(name));
    });
    zt::weights::assign(model, used, type_of(c), prefix);
}

LlmConfig llm_config(const Case& c) {
    LlmConfig config;
    config.vocab = number(c, "vocab");
    config.hidden = number(c, "hidden", 64);
    config.intermediate = number(c, "intermediate", 160);
    config.layers = number(c, "layers", 4);
    config.heads = number(c, "heads", 4);
    config.kv_heads = number(c, "kv_heads", 2);
    config.head_dim = number(c, "head_dim", config.hidden / config.heads);
    config.rope_theta = static_cast<double>(number(c, "rope_theta", 500000));
    return config;
}

ClipConfig text_config(const Case& c) {
    ClipConfig config;
    config.hidden = 32;
    config.intermediate = 64;
    config.layers = 3;
    config.heads = 4;
    config.vocab = number(c, "clip_vocab");
    config.eos = number(c, "clip_eos", config.vocab - 1);
    return config;
}

ClipConfig vision_config() {
    ClipConfig config;
    config.hidden = 48;
    config.intermediate = 96;
    config.layers = 4;
    config.heads = 4;
    config.image_size = 28;
    config.patch = 7;
    return config;
}

// Embedding rows as a loader gives them that does not keep the table.
RowReader row_reader(const Case& c) {
    return [&c](const std::vector<int32_t>& ids) {
        return at::embedding(c.input("llm.embed_tokens.weight"), at::tensor(ids, at::kInt)).to(type_of(c));
    };
}

struct NamedLayer {
    LlmLayer& layer;
    template <class F>
    void visit(F&& f) {
        layer.visit(f, "");
    }
};

// A source as one that streams from disk: one layer at a time, the last one gone when the next comes.
class OneLayer final : public LlmSource {
public:
    OneLayer(const Case& c, const LlmConfig& config) : case_(c), config_(config) {}
    const LlmLayer& layer(int64_t i) override {
        asked.push_back(i);
        current_ = make_llm_layer(config_);
        NamedLayer named{current_};
        zt::weights::assign(named, case_.under("llm.layers." + std::to_string(i)), type_of(case_), "layer");
        return current_;
    }
    at::Tensor rows(const std::vector<int32_t>& ids) override { return row_reader(case_)(ids); }
    std::vector<int64_t> asked;

private:
    const Case& case_;
    LlmConfig config_;
    LlmLayer current_;
};

// Several sequences of ids, all run in one pass: ids.0, ids.1, ... -> states.0, ..., and which layers
// were asked for.
void run_llm_stage(Case& c) {
    const LlmConfig config = llm_config(c);
    OneLayer llm(c, config);
    std::vector<LlmSequence> sequences;
    for (int i = 0; c.in.contains("ids." + std::to_string(i)); i++)
        sequences.push_back({llm.rows(ids_of(c.input("ids." + std::to_string(i))))});
    const std::vector<at::Tensor> states = run_llm(config, llm, sequences);
    for (size_t i = 0; i < states.size(); i++) c.out["states." + std::to_string(i)] = states[i].to(at::kFloat);
    c.out["asked"] = at::tensor(llm.asked, at::kLong);
}

void run_clip_text(Case& c) {
    ClipText model = make_clip_text(text_config(c));
    load(model, c, "clip.");
    c.out["pooled"] = forward(model, ids_of(c.input("ids"))).to(at::kFloat);
}

// The picture's features and embeddings.
std::pair<at::Tensor, at::Tensor> see(const Case& c, const at::Tensor& pixels) {
    ClipVision tower = make_clip_vision(vision_config());
    load(tower, c, "vision.");
    Projector projector = make_projector(tower.config.hidden, number(c, "hidden", 64));
    load(projector, c, "projector.");
    const at::Tensor features = picture_rows(forward(tower, pixels));
    return {features, forward(projector, features)};
}

void run_vision(Case& c) {
    const auto [features, embeddings] = see(c, c.input("pixels"));
    c.out["features"] = features.to(at::kFloat);
    c.out["embeddings"] = embeddings.to(at::kFloat);
}

// prompt.0, prompt.1, ... with pixels.N where there is a picture -> states.N, pooled.N
void run_text_features(Case& c) {
    const auto kinds = std::map<std::string, Kind>{
        {"t2v", Kind::kTextToVideo}, {"token_replace", Kind::kTokenReplace}, {"latent_concat", Kind::kLatentConcat}};
    const Kind kind = kinds.at(c.option("kind"));
    const LlmConfig config = llm_config(c);
    ResidentLlm llm(config, kind == Kind::kTextToVideo ? row_reader(c) : RowReader());
    load(llm, c, "llm.");
    ClipText clip = make_clip_text(text_config(c));
    load(clip, c, "clip.");
    const auto llm_tokenizer = zt::text::BpeTokenizer::open(c.option("tokenizer"));
    const auto clip_tokenizer = zt::text::BpeTokenizer::open(c.option("tokenizer_2"));
    const PromptTemplate rules = prompt_template(llm_tokenizer, kind);
    std::vector<Prompt> prompts;
    std::vector<std::string> texts;
    for (int i = 0; c.options.contains("prompt." + std::to_string(i)); i++)
        texts.push_back(c.option("prompt." + std::to_string(i)));
    for (size_t i = 0; i < texts.size(); i++) {
        const std::string n = std::to_string(i);
        Prompt prompt{texts[i], {}, 1};
        if (c.in.contains("pixels." + n)) {
            prompt.picture = see(c, c.input("pixels." + n)).second;
            prompt.stride = image_stride(kind, c.option("negative") == n);
        }
        prompts.push_back(prompt);
    }
    const std::vector<TextFeatures> features =
        text_features({llm_tokenizer, clip_tokenizer, rules, config, llm, clip}, prompts);
    for (size_t i = 0; i < features.size(); i++) {
        c.out["states." + std::to_string(i)] = features[i].states.to(at::kFloat);
        c.out["pooled." + std::to_string(i)] = features[i].pooled.to(at::kFloat);
    }
}

}  // namespace

int main(int argc, char** argv) {
    return zt::parity::run(argc, argv,
                           {{"llm", run_llm_stage},
                            {"clip_text", run_clip_text},
                            {"vision", run_vision},
                            {"text_features", run_text_features}});
}
