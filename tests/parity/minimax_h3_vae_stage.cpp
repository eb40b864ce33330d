// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The autoencoders of MiniMax-H3 on files from Python; minimax_h3_vae_test.py says what each stage takes and gives.
#include <string>
#include <vector>

#include "core/text_number.h"
#include "families/minimax_h3/audio_vae/part.h"
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
at::ScalarType type_of(const Case& c) {
    const std::string type = c.option("type", "fp32");
    return type == "bf16" ? at::kBFloat16 : type == "fp16" ? at::kHalf : at::kFloat;
}
VideoVaeDecoder decoder_of(const Case& c) {
    return load_video_vae_decoder(open_video_vae(c.option("path")), type_of(c), {});
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
    for (int64_t next = stream.next_frames(); next > 0; next = stream.next_frames()) {
        frames.push_back(stream.next(how));
        counts.push_back(next);
        if (frames.back().size(0) != next) throw std::runtime_error("another count of frames than was foretold");
    }
    c.out["frames"] = at::cat(frames);
    c.out["counts"] = at::tensor(counts), c.out["told"] = at::tensor(told);
    c.out["total"] = at::tensor(stream.total_frames());
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
                        {"video_encode", video_encode},
                        {"audio_weights", audio_weights},
                        {"audio_decode", audio_decode}});
}
