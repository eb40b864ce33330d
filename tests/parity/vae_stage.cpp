// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The VAE for vae_test.py and bench/hunyuan_vae.py: stages encode, decode, tile, memory, cancel, bench. Weights come
// under "w.", in the type to compute with; the shape of the model and the tiles as options.
#include <algorithm>
#include <chrono>
#include <ctime>

#include "families/hunyuan_video/vae/tiling.h"
#include "stage.h"

namespace {

using namespace zt;
using hunyuan_video::StreamingDecoder;

int64_t number(const parity::Case& c, const std::string& name, int64_t otherwise) {
    const std::string text = c.option(name);
    return text.empty() ? otherwise : std::stoll(text);
}

hunyuan_video::VaeConfig config(const parity::Case& c) {
    hunyuan_video::VaeConfig config;
    config.block_out.clear();
    const std::string list = c.option("block_out");
    for (size_t at = 0; at < list.size();
         at = list.find(',', at) == std::string::npos ? list.size() : list.find(',', at) + 1)
        config.block_out.push_back(std::stoll(list.substr(at)));
    config.layers_per_block = number(c, "layers", 2);
    config.norm_groups = number(c, "groups", 32);
    return config;
}

hunyuan_video::Tiling tiling(const parity::Case& c) {
    hunyuan_video::Tiling t = hunyuan_video::find_tiling(c.option("tiling", "diffusers"));
    t.size = number(c, "size", t.size);
    t.stride = number(c, "stride", t.stride);
    t.frames = number(c, "frames", t.frames);
    t.frame_stride = number(c, "frame_stride", t.frame_stride);
    return t;
}

template <class Half>
Half loaded(Half half, const parity::Case& c) {
    const weights::Tensors tensors = c.under("w.");
    weights::assign(half, tensors, tensors.begin()->second.scalar_type(), "w");
    if (c.option("prepared", "1") == "1") prepare(half);
    return half;
}

at::Tensor numbers(const std::vector<int64_t>& values) { return at::tensor(values, at::kLong); }

void encode_stage(parity::Case& c) {
    const auto encoder = loaded(hunyuan_video::make_vae_encoder(config(c)), c);
    hunyuan_video::TileRun run;
    run.fused = c.option("fused", "1") == "1";
    c.out["latents"] = hunyuan_video::encode(encoder, c.input("pixels"), tiling(c), run);
}

// Of every "latents<x>": all "frames<x>", how many each call gave and had announced, what the progress said.
void decode_stage(parity::Case& c) {
    const auto decoder = loaded(hunyuan_video::make_vae_decoder(config(c)), c);
    for (const auto& [name, latents] : c.under("latents")) {
        hunyuan_video::TileRun run;
        run.fused = c.option("fused", "1") == "1";
        std::vector<int64_t> progress, yields, announced;
        run.progress = [&](int64_t done, int64_t total) { progress.insert(progress.end(), {done, total}); };
        StreamingDecoder stream(decoder, latents, tiling(c), number(c, "skip", 0));
        std::vector<at::Tensor> batches;
        for (;;) {
            announced.push_back(stream.next_frames());
            const at::Tensor frames = stream.next(run);
            if (!frames.defined()) break;
            yields.push_back(frames.size(0));
            batches.push_back(frames);
        }
        if (!batches.empty()) c.out["frames" + name] = at::cat(batches);
        c.out["yields" + name] = numbers(yields);
        c.out["announced" + name] = numbers(announced);
        c.out["progress" + name] = numbers(progress);
        c.out["total" + name] = numbers({stream.total_frames()});
    }
}

// Single tiles as they come: "frames<x>" of every "latents<x>".
void tile_stage(parity::Case& c) {
    const auto decoder = loaded(hunyuan_video::make_vae_decoder(config(c)), c);
    hunyuan_video::VaePass pass;
    pass.groups = decoder.config.norm_groups;
    pass.fused = c.option("fused", "1") == "1";
    for (const auto& [name, latents] : c.under("latents")) {
        const at::Tensor z = latents.to(decoder.conv_in.weight.scalar_type()) / decoder.config.scaling_factor;
        c.out["frames" + name] = hunyuan_video::decode_tile(decoder, z, pass);
    }
}

// What decoding adds to the memory of the process at most, beside what the plan says.
void memory_stage(parity::Case& c) {
    const auto decoder = loaded(hunyuan_video::make_vae_decoder(config(c)), c);
    const at::Tensor& z = c.input("latents");
    const int64_t before = 1024 * parity::status_kib("VmRSS");
    StreamingDecoder stream(decoder, z, tiling(c));
    while (stream.next().defined()) {
    }
    c.out["peak"] = numbers({1024 * parity::status_kib("VmHWM") - before});
    c.out["plan"] = numbers({hunyuan_video::decode_bytes(tiling(c), decoder.config, z.size(1), z.size(2), z.size(3),
                                                         decoder.conv_in.weight.element_size())});
}

// Seconds of the first frames and of all (wall), of the processor, bytes at the peak; the better of two runs.
void bench_stage(parity::Case& c) {
    const auto decoder = loaded(hunyuan_video::make_vae_decoder(config(c)), c);
    const auto since = [](std::chrono::steady_clock::time_point begin) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    double first = 1e9, all = 1e9, processor = 1e9;
    for (int i = 0; i < 2; i++) {
        const auto begin = std::chrono::steady_clock::now();
        const std::clock_t ticks = std::clock();
        StreamingDecoder stream(decoder, c.input("latents"), tiling(c));
        (void)stream.next();
        first = std::min(first, since(begin));
        while (stream.next().defined()) {
        }
        all = std::min(all, since(begin));
        processor = std::min(processor, static_cast<double>(std::clock() - ticks) / CLOCKS_PER_SEC);
    }
    c.out["figures"] =
        at::tensor({first, all, processor, static_cast<double>(1024 * parity::status_kib("VmHWM"))}, at::kDouble);
}

// A request to stop while the second tile is at work, then the rest: the frames must be those of an
// undisturbed run.
void cancel_stage(parity::Case& c) {
    const auto decoder = loaded(hunyuan_video::make_vae_decoder(config(c)), c);
    StreamingDecoder stream(decoder, c.input("latents"), tiling(c));
    std::vector<at::Tensor> batches{stream.next()};
    Cancel cancel;
    hunyuan_video::TileRun run;
    run.cancel = &cancel;
    run.progress = [&](int64_t done, int64_t) {
        if (done == number(c, "after", 2)) cancel.request();
    };
    int64_t cancelled = 0;
    try {
        for (at::Tensor frames = stream.next(run); frames.defined(); frames = stream.next(run))
            batches.push_back(frames);
    } catch (const Error& e) {
        cancelled = e.status() == ZT_ERROR_CANCELLED;
    }
    for (at::Tensor frames = stream.next(); frames.defined(); frames = stream.next()) batches.push_back(frames);
    c.out["frames"] = at::cat(batches);
    c.out["cancelled"] = numbers({cancelled});
}

}  // namespace

int main(int argc, char** argv) {
    return parity::run(argc, argv,
                       {{"encode", encode_stage},
                        {"decode", decode_stage},
                        {"tile", tile_stage},
                        {"memory", memory_stage},
                        {"cancel", cancel_stage},
                        {"bench", bench_stage}});
}
