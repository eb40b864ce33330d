// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading and writing of a model folder; see model_files.h.
#include "families/storybook/model_files.h"

#include <algorithm>

#include "core/file.h"
#include "core/json.h"
#include "weights/manifest.h"
#include "weights/tensor_store.h"

namespace zt::storybook {
namespace {

constexpr const char *kConfig = "config.json", *kVae = "vae.safetensors", *kDenoiser = "denoiser.safetensors";
constexpr uint64_t kMaxWidth = 4096, kMaxBlocks = 64;   // far above any sensible small model

template <size_t n>
void read_widths(const json::Field& field, std::array<int64_t, n>& out, uint64_t most) {
    if (field.size() != n) field.refuse(std::to_string(n) + " numbers");
    for (size_t i = 0; i < n; i++) out[i] = static_cast<int64_t>(field.at(i).integer(1, most));
}

std::vector<std::string> read_strings(const json::Field& list) {
    std::vector<std::string> strings;
    for (size_t i = 0; i < list.size(); i++) strings.push_back(list.at(i).string());
    return strings;
}

std::vector<KnownWords> read_known(const json::Field& list) {
    std::vector<KnownWords> known;
    for (size_t i = 0; i < list.size(); i++) {
        KnownWords attribute{list.at(i).at("attribute").string(), {}, {}};
        const json::Field values = list.at(i).at("values");
        for (size_t v = 0; v < values.size(); v++) {
            attribute.english.push_back(read_strings(values.at(v).at("en")));
            attribute.chinese.push_back(read_strings(values.at(v).at("zh")));
        }
        known.push_back(std::move(attribute));
    }
    return known;
}

ModelFiles read_config(const std::string& folder) {
    const std::string text = read_whole_file(folder + "/" + kConfig, json::Limits{}.bytes);
    const json::Origin origin{kConfig};
    const json::Value root = json::parse_value(text, {}, origin);
    const json::Field config(root, origin);
    ModelFiles files;
    const json::Field vae = config.at("vae");
    files.vae.channels = static_cast<int64_t>(vae.at("channels").integer(1, 256));
    read_widths(vae.at("encoder"), files.vae.encoder, kMaxWidth);
    read_widths(vae.at("decoder"), files.vae.decoder, kMaxWidth);
    read_widths(vae.at("encoder_blocks"), files.vae.encoder_blocks, kMaxBlocks);
    read_widths(vae.at("decoder_blocks"), files.vae.decoder_blocks, kMaxBlocks);
    if (const auto least = vae.find("least_edges")) files.least_edges = static_cast<int64_t>(least->integer(1, 100));
    const json::Field net = config.at("denoiser");
    DenoiserConfig& d = files.denoiser;
    d.channels = files.vae.channels;
    d.width = static_cast<int64_t>(net.at("width").integer(8, kMaxWidth));
    d.heads = static_cast<int64_t>(net.at("heads").integer(1, 64));
    d.layers = static_cast<int64_t>(net.at("layers").integer(1, kMaxBlocks));
    d.attention_every = static_cast<int64_t>(net.at("attention_every").integer(1, kMaxBlocks));
    const json::Field plan = net.at("plan");
    const auto part = [&](const char* name, uint64_t most) { return static_cast<int64_t>(plan.at(name).integer(1, most)); };
    d.plan = {.scenes = part("scenes", kMaxWidth), .codes = part("codes", kMaxWidth), .lens_codes = part("lens_codes", kMaxWidth),
              .puppets = {.acts = part("acts", kMaxWidth), .looks = part("looks", kMaxWidth), .codes = part("puppet_codes", kMaxWidth), .shade = part("shade", kMaxWidth)},
              .mend = part("mend", kMaxWidth), .mend_blocks = part("mend_blocks", kMaxBlocks)};
    if (const auto pictures = net.find("pictures")) d.pictures = pictures->boolean();
    if (d.width % d.heads != 0) net.at("heads").refuse("a divisor of width");
    const json::Field text_field = config.at("text");
    d.text.width = static_cast<int64_t>(text_field.at("width").integer(8, kMaxWidth));
    d.text.heads = static_cast<int64_t>(text_field.at("heads").integer(1, 64));
    d.text.layers = static_cast<int64_t>(text_field.at("layers").integer(1, kMaxBlocks));
    d.text.max_tokens = static_cast<int64_t>(text_field.at("max_tokens").integer(1, 1024));
    if (d.text.width % d.text.heads != 0) text_field.at("heads").refuse("a divisor of width");
    const json::Field list = text_field.at("words");
    files.words = text::WordTokenizer(read_strings(list));
    d.text.vocabulary = static_cast<int64_t>(files.words.words().size());
    if (const auto known = config.find("known")) files.known = read_known(*known);
    return files;
}

template <class Model>
void load_file(Model& model, const weights::Manifest& manifest, const std::string& folder, const char* name, at::ScalarType dtype) {
    const weights::SafetensorsFile file = weights::SafetensorsFile::open(folder + "/" + name);
    const weights::ManifestFile* entry = manifest.find(name);
    if (entry == nullptr) throw Error(ZT_ERROR_WEIGHTS, std::string("manifest.json: files: expected ") + name + ", got none");
    weights::verify(*entry, file.file());   // the very bytes that are read next
    weights::assign(model, weights::read_tensors(file), dtype, name);
}

json::Value number(int64_t v) { return {static_cast<uint64_t>(v)}; }

template <size_t n>
json::Value numbers(const std::array<int64_t, n>& values) {
    json::Value::Array array;
    for (const int64_t v : values) array.push_back(number(v));
    return {array};
}

json::Value strings(const std::vector<std::string>& list) {
    json::Value::Array array;
    for (const std::string& s : list) array.push_back({s});
    return {array};
}

json::Value known_words(const std::vector<KnownWords>& list) {
    json::Value::Array attributes;
    for (const KnownWords& k : list) {
        json::Value::Array values;
        for (size_t i = 0; i < k.english.size(); i++) values.push_back({json::Value::Object{{"en", strings(k.english[i])}, {"zh", strings(k.chinese[i])}}});
        attributes.push_back({json::Value::Object{{"attribute", {k.attribute}}, {"values", {values}}}});
    }
    return {attributes};
}

}  // namespace

Weights load_weights(const std::string& folder, at::ScalarType dtype) {
    const weights::Manifest manifest = weights::read_manifest(folder);
    const weights::ManifestFile* entry = manifest.find(kConfig);
    if (entry == nullptr) throw Error(ZT_ERROR_WEIGHTS, std::string("manifest.json: files: expected ") + kConfig + ", got none");
    weights::verify(*entry, File::open(folder + "/" + kConfig));
    const ModelFiles files = read_config(folder);
    Weights w{make_vae(files.vae), make_denoiser(files.denoiser), files.words, files.known, files.least_edges, manifest.sha256};
    load_file(w.vae, manifest, folder, kVae, dtype);
    load_file(w.denoiser, manifest, folder, kDenoiser, dtype);
    nn::prepare(w.vae);
    nn::prepare(w.denoiser);
    // A standard deviation of zero would divide by zero in encode.
    if (!w.vae.latent_std.gt(0).all().item<bool>())
        throw Error(ZT_ERROR_WEIGHTS, std::string(kVae) + ": tensor \"latent_std\": expected values above 0, got others");
    return w;
}

void write_model_files(const std::string& folder, const ModelFiles& files, const std::string& card) {
    const VaeConfig& v = files.vae;
    const DenoiserConfig& d = files.denoiser;
    json::Value::Object vae{{"channels", number(v.channels)}, {"encoder", numbers(v.encoder)}, {"decoder", numbers(v.decoder)},
                            {"encoder_blocks", numbers(v.encoder_blocks)}, {"decoder_blocks", numbers(v.decoder_blocks)}};
    if (files.least_edges > 0) vae.emplace_back("least_edges", number(files.least_edges));
    const json::Value config{json::Value::Object{
        {"family", {std::string("storybook")}},
        {"vae", {vae}},
        {"denoiser", {json::Value::Object{{"width", number(d.width)}, {"heads", number(d.heads)}, {"layers", number(d.layers)},
                                          {"attention_every", number(d.attention_every)},
                                          {"plan", {json::Value::Object{{"scenes", number(d.plan.scenes)}, {"codes", number(d.plan.codes)}, {"lens_codes", number(d.plan.lens_codes)},
                                                                    {"acts", number(d.plan.puppets.acts)}, {"looks", number(d.plan.puppets.looks)},
                                                                    {"puppet_codes", number(d.plan.puppets.codes)}, {"shade", number(d.plan.puppets.shade)},
                                                                    {"mend", number(d.plan.mend)}, {"mend_blocks", number(d.plan.mend_blocks)}}}},
                                          {"pictures", {d.pictures}}}}},
        {"text", {json::Value::Object{{"width", number(d.text.width)}, {"heads", number(d.text.heads)}, {"layers", number(d.text.layers)},
                                      {"max_tokens", number(d.text.max_tokens)}, {"words", strings(files.words.words())}}}},
        {"known", known_words(files.known)}}};
    AtomicFile out(folder + "/" + kConfig);
    out.write(json::to_text(config) + "\n");
    out.commit();
    weights::write_manifest(folder, {kConfig, kVae, kDenoiser}, {json::Value::Object{{"family", {std::string("storybook")}}, {"card", {card}}}});
}

}  // namespace zt::storybook
