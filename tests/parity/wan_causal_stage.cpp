// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Causal Wan for wan_causal_test.py: the passes of one transformer with a cache, and streams through the C API.
#include <string>
#include <vector>

#include "client.h"
#include "families/wan/transformer/transformer.h"
#include "nn/kv_cache.h"
#include "stage.h"
#include "wan_weights.h"

namespace {

using namespace zt;
using namespace zt::wan;
using namespace zt::parity;

// heads ... as of wan_stage; window, sink in latents, first: position of the first latent; latents, clean [blocks, C,
// 3, h, w], t [1], states [512, text_dim] -> velocity [blocks, C, 3, h, w] of the latents at t, each block behind the
// clean ones before it.
void passes(Case& c) {
    const TransformerConfig config = transformer_of(c);
    const at::ScalarType type = type_of(c);
    const WanTransformer made = transformer_in(c, config, type);
    const at::Tensor &latents = c.input("latents"), &clean = c.input("clean");
    const float now = c.input("t").item<float>(), zero = 0;
    const Times times = embed_times(config, made.embedders, {&now, 1}, type),
                still = embed_times(config, made.embedders, {&zero, 1}, type);
    const at::Tensor context = embed_context(config, made.embedders, c.input("states"), {}, type);
    const int64_t rows = latents.size(3) / TransformerConfig::patch,
                  columns = latents.size(4) / TransformerConfig::patch;
    nn::KvCache cache({config.layers, config.heads, config.head_dim, kBlockLatents * rows * columns,
                       number(c, "window") / kBlockLatents, number(c, "sink") / kBlockLatents},
                      at::TensorOptions(type));
    std::vector<CrossContext> cross;
    std::vector<at::Tensor> velocities;
    for (int64_t i = 0; i < latents.size(0); i++) {
        const Rope rope =
            make_rope(config, number(c, "first") + i * kBlockLatents, kBlockLatents, rows, columns, at::kCPU);
        const auto pass = [&](const Times& at, const at::Tensor& x) {
            return velocity(config, made.ends, made.source(), {at, {}, &context, &cross, &rope, &cache}, x, {});
        };
        static_cast<void>(pass(still, latents[i]));  // what a pass leaves, the next one overwrites
        velocities.push_back(pass(times, latents[i]).to(at::kFloat));
        static_cast<void>(pass(still, clean[i]));
        cache.advance();
    }
    c.out["velocity"] = at::stack(velocities);
}

// Any options of the engine's table; then=TEXT: the prompt that is set once `after` frames are read; most: frames that
// are read; every: of so many frames none is kept but memory is looked at -> frames [n, H, W, 3] u8, shots [n], told
// [1] first frame that obeys, -1: none; memory [most / every, 2] KiB: resident, allocated.
void stream(Case& c) {
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_request request;
    zt_model_params_init(&params);
    zt_request_init(&request);
    const auto ours = [](const std::string& name) {
        return name == "then" || name == "after" || name == "most" || name == "every";
    };
    for (const auto& [name, value] : c.options)
        if (!ours(name)) check(zt_set_option(&params, &request, name.c_str(), value.c_str(), &error), error);
    request.format = ZT_PIXEL_RGB24;
    const int64_t after = number(c, "after", -1), most = number(c, "most", INT64_MAX), every = number(c, "every");
    zt_model* model = nullptr;
    zt_session* session = nullptr;
    check(zt_model_open(&params, &model, &error), error);
    check(zt_session_create(model, &request, &session, &error), error);
    std::vector<at::Tensor> frames;
    std::vector<int64_t> shots;
    std::vector<at::Tensor> memory;
    int64_t told = -1;
    for (int64_t read = 0; read < most; read++) {
        if (read == after) check(zt_session_set_prompt(session, c.option("then").c_str(), &told, &error), error);
        zt_frame* frame = nullptr;
        const zt_status status = zt_session_read(session, -1, &frame, &error);
        check(status, error);
        if (status != ZT_OK) break;
        const zt_frame_info* info = zt_frame_get_info(frame);
        shots.push_back(info->shot);
        if (every == 0) frames.push_back(picture_of(frame));
        if (every > 0 && (read + 1) % every == 0)
            memory.push_back(at::tensor({status_kib("VmRSS"), parity::allocated_kib()}, at::kDouble));
        zt_frame_unref(&frame);
    }
    zt_session_destroy(&session);
    zt_model_unref(&model);
    if (!frames.empty()) c.out["frames"] = at::stack(frames);
    c.out["shots"] = at::tensor(shots);
    c.out["told"] = at::tensor(told).reshape({1});
    if (!memory.empty()) c.out["memory"] = at::stack(memory);
}

}  // namespace

int main(int argc, char** argv) { return zt::parity::run(argc, argv, {{"passes", passes}, {"stream", stream}}); }
