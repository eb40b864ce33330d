// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The autoencoders of MiniMax-H3 on files from Python; minimax_h3_vae_test.py says what each stage takes and gives.
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include "core/text_number.h"
#include "families/minimax_h3/audio_vae/part.h"
#include "families/minimax_h3/audio_vae/plan.h"
#include "families/minimax_h3/video_vae/part.h"
#include "families/minimax_h3/video_vae/stream.h"
#include "load/part_reader.h"
#include "stage.h"

namespace {

using namespace zt;
using namespace zt::minimax_h3;
using parity::Case;

int64_t number(const Case& c, const std::string& name, int64_t otherwise = 0) {
    const std::string text = c.option(name);
    return text.empty() ? otherwise : parse_int64(text).value();
}
double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
at::ScalarType type_of(const std::string& type) {
    return type == "bf16" ? at::kBFloat16 : type == "fp16" ? at::kHalf : at::kFloat;
}

// type: that weights are kept in; products: that they are multiplied in, without it what the engine would take.
VideoVaeDecoder decoder_of(const Case& c) {
    const at::ScalarType kept = type_of(c.option("type", "fp32"));
    const std::string products = c.option("products");
    return load_video_vae_decoder(open_video_vae(c.option("path")), kept,
                                  products.empty() ? type_of_products(kept, at::kCPU) : type_of(products), {});
}

// Every tensor of the part under our names.
void video_weights(Case& c) {
    const VideoVaePart part = open_video_vae(c.option("path"));
    const load::PartReader reader = video_vae_reader(part, {});
    for (const std::string& name : reader.names()) c.out[name] = reader.dense(name, at::kFloat);
    c.out["latents_mean"] = at::tensor(part.config.mean), c.out["latents_std"] = at::tensor(part.config.std);
}

void video_tiles(Case& c) { c.out["frames"] = decode_tiles(decoder_of(c), c.input("latents"), nullptr); }

void video_decode(Case& c) {
    const VideoVaeDecoder decoder = decoder_of(c);
    VideoStream stream(decoder, c.input("latents"));
    VideoDecoding how;
    how.most_tiles = number(c, "tiles");
    std::vector<at::Tensor> frames;
    std::vector<int64_t> counts, told;
    how.progress = [&](int64_t done, int64_t total) { told.push_back(done), told.push_back(total); };
    if (const int64_t tiles = number(c, "cancel_after", -1); tiles >= 0) {
        Cancel cancel;
        VideoDecoding cancelled = how;
        cancelled.cancel = &cancel;
        cancelled.progress = [&](int64_t done, int64_t) {
            if (done > tiles) throw std::runtime_error("went on after a cancel");
            if (done == tiles) cancel.request();
        };
        try {
            (void)stream.next(cancelled);
            throw std::runtime_error("was not cancelled");
        } catch (const Error& e) {
            if (e.status() != ZT_ERROR_CANCELLED) throw;
        }
    }
    for (int64_t next = stream.next_frames(); next > 0; next = stream.next_frames()) {
        frames.push_back(stream.next(how));
        counts.push_back(next);
        if (frames.back().size(0) != next) throw std::runtime_error("another count of frames than was foretold");
    }
    c.out["frames"] = at::cat(frames);
    c.out["counts"] = at::tensor(counts), c.out["told"] = at::tensor(told);
    c.out["total"] = at::tensor(stream.total_frames());
}

// Seconds to the first frames and to all, of the processor, and the peak of the process in bytes, with everything that
// is loaded; figures [4], and after [clips]: the peak behind each clip.
void video_bench(Case& c) {
    const VideoVaeDecoder decoder = decoder_of(c);
    const double wall = seconds(), ticks = static_cast<double>(std::clock());
    VideoStream stream(decoder, c.input("latents"));
    double first = 0;
    std::vector<double> peaks;
    std::vector<at::Tensor> last;  // of the result only so much as comparing needs
    while (stream.next_frames() > 0) {
        last = {stream.next()};
        if (peaks.empty()) first = seconds() - wall;
        peaks.push_back(static_cast<double>(parity::status_kib("VmHWM")) * 1024);
    }
    const double all = seconds() - wall, processor = (static_cast<double>(std::clock()) - ticks) / CLOCKS_PER_SEC;
    c.out["figures"] = at::tensor({first, all, processor, peaks.back()}, at::kDouble);
    c.out["after"] = at::tensor(peaks, at::kDouble);
    c.out["frames"] = last.front();
    const VideoVaeConfig& config = decoder.config;
    const int64_t step = config.spatial_compression();
    VideoDecodingSize size{c.input("latents").size(2) * step, c.input("latents").size(3) * step};
    size.element_bytes = at::elementSize(decoder.compute);
    size.kept_bytes = at::elementSize(decoder.post_quant_weight.scalar_type());
    size.most_tiles = tiles_at_once(config, size.height, size.width, true);
    c.out["foreseen"] = at::tensor({static_cast<double>(video_decoding_bytes(config, size))}, at::kDouble);
}

void video_encode(Case& c) {
    const VideoVaePart part = open_video_vae(c.option("path"));
    const VideoVaeEncoder encoder = load_video_vae_encoder(part, {});
    c.out["moments"] = encode_moments(encoder, c.input("pixels"), nullptr);
    c.out["latent"] = sample_latent(part.config, c.out["moments"], c.input("noise"));
}

// Kernels multiplied, snakes as they are computed with.
void audio_weights(Case& c) {
    AudioVaeDecoder decoder = load_audio_vae_decoder(open_audio_vae(c.option("path")), {});
    decoder.visit([&](const std::string& name, at::Tensor& t) { c.out[name] = t; });
    c.out["filter"] = decoder.filter;
    c.out["latents_mean"] = at::tensor(decoder.config.mean), c.out["latents_std"] = at::tensor(decoder.config.std);
}

// As video_bench: seconds to all samples, of the processor, peak; foreseen.
void audio_bench(Case& c) {
    const AudioVaeDecoder decoder = load_audio_vae_decoder(open_audio_vae(c.option("path")), {});
    const double wall = seconds(), ticks = static_cast<double>(std::clock());
    const double before = static_cast<double>(parity::status_kib("VmRSS")) * 1024;
    c.out["samples"] = decode_audio(decoder, c.input("latents"), nullptr);
    const double processor = (static_cast<double>(std::clock()) - ticks) / CLOCKS_PER_SEC;
    c.out["figures"] = at::tensor(
        {seconds() - wall, processor, static_cast<double>(parity::status_kib("VmHWM")) * 1024, before}, at::kDouble);
    c.out["foreseen"] = at::tensor(static_cast<double>(audio_decoding_bytes(decoder.config, c.input("latents").size(2),
                                                                            c.input("latents").size(0))),
                                   at::kDouble);
}

void audio_decode(Case& c) {
    const AudioVaeDecoder decoder = load_audio_vae_decoder(open_audio_vae(c.option("path")), {});
    c.out["samples"] = decode_audio(decoder, c.input("latents"), nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    return parity::run(argc, argv,
                       {{"video_weights", video_weights},
                        {"video_tiles", video_tiles},
                        {"video_decode", video_decode},
                        {"video_bench", video_bench},
                        {"video_encode", video_encode},
                        {"audio_weights", audio_weights},
                        {"audio_bench", audio_bench},
                        {"audio_decode", audio_decode}});
}
