// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading of a model folder; see model_files.h.
#include "families/storybook/model_files.h"

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "weights/manifest.h"
#include "weights/tensor_store.h"

namespace zt::storybook {
namespace {

constexpr const char *kConfig = "config.json", *kLexicon = "lexicon.json", *kLayers = "layers.safetensors";
constexpr uint64_t kMaxWidth = 1024, kMaxBlocks = 16;  // far above any sensible small model

template <class T>
void same_names(const char* list, const std::vector<std::string>& words, const std::vector<T>& world) {
    bool same = words.size() == world.size();
    for (size_t i = 0; same && i < words.size(); i++) same = words[i] == world[i].name;
    if (!same)
        throw Error(ZT_ERROR_WEIGHTS, std::string("config.json: world: ") + list +
                                          ": expected those of lexicon.json, in the same order, got others");
}

}  // namespace

DecoderConfig read_decoder_config(const json::Field& config) {
    const json::Field layers = config.at("layers");
    DecoderConfig c;
    c.channels = static_cast<int64_t>(layers.at("channels").integer(1, 256));
    const auto three = [&](const char* key, std::vector<int64_t>& out, uint64_t most) {
        const json::Field list = layers.at(key);
        if (list.size() != 3) list.refuse("three numbers");
        out.clear();
        for (size_t i = 0; i < 3; i++) out.push_back(static_cast<int64_t>(list.at(i).integer(1, most)));
    };
    three("decoder", c.widths, kMaxWidth);
    three("blocks", c.blocks, kMaxBlocks);
    for (size_t i = 0; i < 3; i++)
        if (c.widths[i] % 8 != 0) layers.at("decoder").at(i).refuse("a multiple of 8");
    if (layers.at("scale").integer(1, 16) != static_cast<uint64_t>(kScale))
        layers.at("scale").refuse(std::to_string(static_cast<int>(kScale)));
    return c;
}

std::unique_ptr<Weights> load_weights(const std::string& folder, at::ScalarType dtype) {
    const weights::Manifest manifest = weights::read_manifest(folder);
    auto w = std::make_unique<Weights>();
    w->sha256 = manifest.sha256;
    const json::Origin origin{kConfig};
    const json::Value root = json::parse_value(weights::read_verified(manifest, folder, kConfig), {}, origin);
    const json::Field config(root, origin);
    w->world = read_world(config);
    w->lexicon = Lexicon(weights::read_verified(manifest, folder, kLexicon), kLexicon);
    same_names("subjects", w->lexicon.value_names(kSubject), w->world.subjects);
    same_names("colours", w->lexicon.value_names(kColour), w->world.colours);
    same_names("motions", w->lexicon.value_names(kMotion), w->world.motions);
    same_names("scenes", w->lexicon.value_names(kScene), w->world.scenes);
    same_names("times", w->lexicon.value_names(kTime), w->world.times);
    same_names("weathers", w->lexicon.value_names(kWeather), w->world.weathers);
    same_names("cameras", w->lexicon.value_names(kCamera), w->world.cameras);
    same_names("styles", w->lexicon.value_names(kStyle), w->world.styles);

    const weights::SafetensorsFile file = weights::SafetensorsFile::open(folder + "/" + kLayers);
    weights::verify(manifest.at(kLayers), file.file());  // the very bytes that are read next
    weights::Tensors tensors = weights::read_tensors(file), network;
    for (auto at = tensors.lower_bound("decoder."); at != tensors.end() && at->first.starts_with("decoder.");)
        network.insert(tensors.extract(at++));
    Decoder decoder = make_decoder(read_decoder_config(config));
    weights::assign(decoder, network, dtype, kLayers);
    nn::prepare(decoder);
    w->layers = std::make_unique<DecodedLayers>(w->world, std::move(decoder), std::move(tensors), kLayers);
    return w;
}

}  // namespace zt::storybook
