// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See config.h.
#include "families/minimax_h3/audio_vae/config.h"

#include <functional>
#include <numeric>

#include "core/error.h"
#include "families/minimax_h3/audio_vae/names.h"
#include "families/minimax_h3/latent_statistics.h"
#include "load/config_json.h"
#include "load/shapes.h"

namespace zt::minimax_h3 {
namespace {

constexpr size_t kMostStages = 12;
constexpr uint64_t kMostRate = 16, kMostKernel = 64;
constexpr uint64_t kMostSamples = 1 << 16;  // of a latent

std::vector<int64_t> numbers(const json::Field& list, size_t most_count, uint64_t most) {
    if (list.size() == 0 || list.size() > most_count) list.refuse("1 to " + std::to_string(most_count) + " numbers");
    std::vector<int64_t> out;
    for (size_t i = 0; i < list.size(); i++) out.push_back(static_cast<int64_t>(list.at(i).integer(1, most)));
    return out;
}
void read_list(const json::Field& from, std::string_view key, std::vector<int64_t>& out, size_t most_count,
               uint64_t most) {
    if (const auto list = from.find(key); list && !list->is_null()) out = numbers(*list, most_count, most);
}

void check(const AudioVaeConfig& c, const json::Field& root) {
    if (c.kernels.size() != c.rates.size())
        root.at("decoder_kernel_sizes").refuse(std::to_string(c.rates.size()) + " numbers, one for each rate");
    for (size_t i = 0; i < c.rates.size(); i++)  // so that each sample becomes exactly `rate`
        if (c.kernels[i] < c.rates[i] || (c.kernels[i] - c.rates[i]) % 2 != 0)
            root.at("decoder_kernel_sizes").refuse("each its rate and an even number");
    if (c.decoder_dim % (int64_t{1} << c.rates.size()) != 0)
        root.at("decoder_dim").refuse("a number that can be halved " + std::to_string(c.rates.size()) + " times");
    if (c.samples_per_latent() > static_cast<int64_t>(kMostSamples))
        root.at("decoder_rates").refuse("a product of at most " + std::to_string(kMostSamples));
    for (const int64_t kernel : c.block_kernels)
        if (kernel % 2 == 0) root.at("resblock_kernel_sizes").refuse("odd numbers");
    if (c.dilations.size() != c.block_kernels.size())
        root.at("resblock_dilation_sizes")
            .refuse(std::to_string(c.block_kernels.size()) + " lists, one for each kernel");
}

}  // namespace

int64_t AudioVaeConfig::samples_per_latent() const {
    return std::accumulate(rates.begin(), rates.end(), int64_t{1}, std::multiplies<>());
}
int64_t AudioVaeConfig::channels(size_t stage) const { return decoder_dim >> (stage + 1); }

AudioVaeConfig published_audio_vae() {
    AudioVaeConfig c;
    c.mean = {-0.020211687488382354F, 0.3876466479950502F,   -0.04398279799186767F, -0.28591514936373F,
              0.08179686214561671F,   -0.35782641352446604F, 0.040623809960919084F, -0.01552534501956604F,
              -0.223362481667332F,    0.1821006842509091F,   0.2941778783780663F,   -0.07901167601970885F,
              -0.056815072777201F,    -0.3699028221860095F,  -0.31616315591624855F, 0.5905951377425391F,
              -0.052139568068853864F, 0.013673160263486295F, -0.03691647864630577F, 0.09732660653298163F,
              -0.3394662328788498F,   -0.30685677538541667F, -0.24504598907458763F, -0.034698524462007344F,
              0.02868032184767538F,   -0.21217779266454084F, -0.1678263169941987F,  0.3221287889040614F,
              -0.1223055851554907F,   0.4356604928128464F,   -0.0502599202236253F,  0.3979258376211797F};
    c.std = {1.6895524230479284F, 2.76263727217653F,   1.7945344281264435F, 1.6801681847309828F, 1.6390226546605453F,
             2.7788298348882177F, 1.7659090095747236F, 1.6199757612137327F, 2.6336525640336896F, 1.8539356672817833F,
             2.5056497896915633F, 1.811019237886178F,  1.9579657790720237F, 1.6685498243529284F, 1.4922469314453364F,
             3.298670198067373F,  1.9491804496832168F, 1.8720003270431442F, 1.8334080103291832F, 1.6488070416529093F,
             1.6176957696319716F, 1.9131449234774398F, 1.5695245398428617F, 1.6943659940415912F, 1.8318420762504692F,
             1.5540637421583379F, 1.9344930328968526F, 1.599198216109855F,  1.718045989838149F,  1.6307219190837705F,
             1.8661226051202384F, 1.5613768203168363F};
    return c;
}

AudioVaeConfig parse_audio_vae_config(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    config.check_class("AutoencoderKLMiniMaxH3Audio");
    const json::Field root = config.root();
    AudioVaeConfig c = published_audio_vae();
    load::read(root, "latent_channels", c.latent_channels, load::kMaxWidth);
    load::read(root, "latent_dim", c.latent_dim, load::kMaxWidth);
    load::read(root, "decoder_dim", c.decoder_dim, load::kMaxWidth);
    read_list(root, "decoder_rates", c.rates, kMostStages, kMostRate);
    read_list(root, "decoder_kernel_sizes", c.kernels, kMostStages, kMostKernel);
    read_list(root, "resblock_kernel_sizes", c.block_kernels, kMostAudioBlocks, kMostKernel);
    if (const auto lists = root.find("resblock_dilation_sizes"); lists && !lists->is_null()) {
        c.dilations.clear();
        if (lists->size() > kMostAudioBlocks) lists->refuse("at most " + std::to_string(kMostAudioBlocks) + " lists");
        for (size_t i = 0; i < lists->size(); i++)
            c.dilations.push_back(numbers(lists->at(i), kMostDilations, kMostKernel));
    }
    load::read(root, "sampling_rate", c.sampling_rate, 1'000'000);
    read_statistics(root, c.latent_channels, c.mean, c.std);
    check(c, root);
    return c;
}

AudioVaeConfig parse_original_audio_vae_config(std::string_view metadata_text, const std::string& metadata_name,
                                               std::string_view config_text, const std::string& config_name) {
    const load::ConfigJson metadata(metadata_text, metadata_name), outer(config_text, config_name);
    const json::Field shapes = metadata.root().at("metadata").at("kwargs"), config = outer.root();
    AudioVaeConfig c = published_audio_vae();
    load::demand(shapes, "decoder_type", "bigvgan");
    load::read(shapes, "vae_latent_channels", c.latent_channels, load::kMaxWidth);
    load::read(shapes, "latent_dim", c.latent_dim, load::kMaxWidth);
    load::read(shapes, "decoder_dim", c.decoder_dim, load::kMaxWidth);
    read_list(shapes, "decoder_rates", c.rates, kMostStages, kMostRate);
    c.kernels.clear();  // a rule of the original code: twice the rate, of odd ones one less
    for (const int64_t rate : c.rates) c.kernels.push_back(2 * rate - rate % 2);
    load::read(shapes, "sample_rate", c.sampling_rate, 1'000'000);
    if (const auto count = config.find("latent_channels");
        count && !count->is_null() && count->integer(0, UINT64_MAX) != static_cast<uint64_t>(c.latent_channels))
        count->refuse(std::to_string(c.latent_channels) + ", as " + metadata_name + " has it");
    if (const auto rate = config.find("sample_rate");
        rate && !rate->is_null() && rate->integer(0, UINT64_MAX) != static_cast<uint64_t>(c.sampling_rate))
        rate->refuse(std::to_string(c.sampling_rate) + ", as " + metadata_name + " has it");
    read_statistics(config, c.latent_channels, c.mean, c.std);
    check(c, shapes);
    return c;
}

AudioVaeConfig audio_vae_config_of(const weights::Checkpoint& file) {
    AudioVaeConfig c = published_audio_vae();
    const load::Shapes shapes(file, audio_vae_names());
    if (!shapes.has("dec_in_proj.weight"))
        load::refuse_kind(file, "expected an audio VAE of MiniMax-H3, got none (no tensor \"dec_in_proj.weight\")");
    // Nothing in the shapes tells the dilations.
    const load::Shape& first = shapes.at("dec_in_proj.weight", 3);
    if (first[0] != c.latent_dim || first[1] != c.latent_channels)
        load::refuse_kind(file, "tensor \"dec_in_proj.weight\": expected " + std::to_string(c.latent_dim) + " x " +
                                    std::to_string(c.latent_channels) + ", or a config.json beside the file, got " +
                                    std::to_string(first[0]) + " x " + std::to_string(first[1]));
    read_statistics(file, c.latent_channels, c.mean, c.std);
    return c;
}

}  // namespace zt::minimax_h3
