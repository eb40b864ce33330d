// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See winograd_frames.h. Sums go frame by frame and within a frame channel by channel, whatever the number of threads.
#include "nn/winograd_frames.h"

#include "nn/cpu.h"

#ifdef __x86_64__

#include <ATen/Parallel.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <utility>

#include "device/parallel.h"
#include "nn/winograd_tiles.h"

// The intrinsics of gcc 12 read a value they call undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace zt::nn {
namespace {

using namespace winograd_tiles;

using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int64_t kLanes = 16, kColumns = 32, kRows = 14;  // the products of a step: 14 tiles, 32 outputs
constexpr std::align_val_t kLine{64};

struct Free {
    void operator()(float* p) const { ::operator delete(p, kLine); }
};
using Numbers = std::unique_ptr<float[], Free>;
Numbers numbers(int64_t n) { return Numbers(static_cast<float*>(::operator new(static_cast<size_t>(n) * 4, kLine))); }

struct Frame {
    const void* data;
    bool half;
};

struct Job {
    std::vector<Frame> frames;
    int64_t height, width, enlarge, in, out;  // of the result
    const float *kernel, *bias;
    float* result;
    int64_t tile_columns, tiles;
    int64_t at_once;  // tiles of one turn
    // Numbers between two tiles' points: rows that lie a power of two apart would share few places of the cache.
    [[nodiscard]] int64_t in_pitch() const { return in + kLanes; }
    [[nodiscard]] int64_t out_pitch() const { return out + kLanes; }
};

// The numbers of 16 channels at one place.
template <class T>
[[gnu::target("arch=x86-64-v4"), gnu::always_inline]] inline Lanes load(const T* p) {
    if constexpr (sizeof(T) == 2)
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    else
        return _mm512_loadu_ps(p);
}

// Tiles [first, first + count) of a frame at the 30 points: points [30][at_once][in_pitch].
template <class T>
[[gnu::target("arch=x86-64-v4")]] void to_points(const Job& job, const T* frame, int64_t first, int64_t count,
                                                 const T* zeros, float* points) {
    const int64_t width = job.width / job.enlarge, pitch = job.in_pitch(), plane = job.at_once * pitch;
    for (int64_t tile = first; tile < first + count; tile++) {
        const T* from[kPoints];
        const int64_t top = tile / job.tile_columns * kTileRows - 1, left = tile % job.tile_columns * kTileColumns - 1;
        for (int64_t i = 0; i < kPoints; i++) {
            const int64_t y = top + i / 6, x = left + i % 6;
            const bool inside = y >= 0 && y < job.height && x >= 0 && x < job.width;
            from[i] = inside ? frame + (y / job.enlarge * width + x / job.enlarge) * job.in : zeros;
        }
        float* const to = points + (tile - first) * pitch;
        for (int64_t c = 0; c < job.in; c += kLanes) {
            Lanes in[kPoints], out[kPoints];
            for (int64_t i = 0; i < kPoints; i++) in[i] = load(from[i] + c);
            both_ways<kInRows, kInColumns>(in, out);
            for (int64_t i = 0; i < kPoints; i++) *reinterpret_cast<Lanes*>(to + i * plane + c) = out[i];
        }
    }
}

// sums [rows][kColumns] (+)= points [rows][in] kernel [in][kColumns]; reads on at `next`, the kernel of the next call,
// so that it is near by then.
template <int rows>
[[gnu::target("arch=x86-64-v4")]] void products(const Job& job, const float* points, const float* kernel,
                                                const float* next, float* sums, bool add) {
    __m512 sum[rows][2];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++)
            sum[i][j] = add ? _mm512_loadu_ps(sums + i * job.out_pitch() + j * kLanes) : _mm512_setzero_ps();
    const int64_t pitch = job.in_pitch();
    for (int64_t k = 0; k < job.in; k++) {
        const __m512 left = _mm512_loadu_ps(kernel + k * job.out),
                     right = _mm512_loadu_ps(kernel + k * job.out + kLanes);
        if (next != nullptr) {
            _mm_prefetch(next + k * job.out, _MM_HINT_T1);
            _mm_prefetch(next + k * job.out + kLanes, _MM_HINT_T1);
        }
#pragma GCC unroll 14
        for (int i = 0; i < rows; i++) {
            const __m512 x = _mm512_set1_ps(points[i * pitch + k]);
            sum[i][0] = _mm512_fmadd_ps(x, left, sum[i][0]);
            sum[i][1] = _mm512_fmadd_ps(x, right, sum[i][1]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < 2; j++) _mm512_storeu_ps(sums + i * job.out_pitch() + j * kLanes, sum[i][j]);
}

// By the number of rows.
using Products = void (*)(const Job&, const float*, const float*, const float*, float*, bool);
template <size_t... rows>
constexpr std::array<Products, sizeof...(rows) + 1> products_table(std::index_sequence<rows...>) {
    return {nullptr, products<static_cast<int>(rows) + 1>...};
}
constexpr auto kProducts = products_table(std::make_index_sequence<kRows>{});

// All products of one frame for `count` tiles.
void multiply(const Job& job, int64_t frame, int64_t count, const float* points, float* sums) {
    const int64_t depth = static_cast<int64_t>(job.frames.size()) * job.in, panels = job.out / kColumns;
    for (int64_t turn = 0; turn < kPoints * panels; turn++) {
        const int64_t point = turn / panels, column = turn % panels * kColumns;
        const auto place = [&](int64_t t) {
            return job.kernel + (t / panels * depth + frame * job.in) * job.out + t % panels * kColumns;
        };
        const float* next = turn + 1 < kPoints * panels ? place(turn + 1) : nullptr;
        for (int64_t row = 0; row < count; row += kRows, next = nullptr) {
            const int64_t tile = point * job.at_once + row;
            kProducts[static_cast<size_t>(std::min(kRows, count - row))](
                job, points + tile * job.in_pitch(), place(turn), next, sums + tile * job.out_pitch() + column,
                frame > 0);
        }
    }
}

// The sums of tiles [first, first + count) back to the result.
[[gnu::target("arch=x86-64-v4")]] void to_result(const Job& job, int64_t first, int64_t count, const float* sums) {
    const int64_t plane = job.at_once * job.out_pitch();
    for (int64_t tile = first; tile < first + count; tile++) {
        const int64_t top = tile / job.tile_columns * kTileRows, left = tile % job.tile_columns * kTileColumns;
        const float* const from = sums + (tile - first) * job.out_pitch();
        for (int64_t c = 0; c < job.out; c += kLanes) {
            Lanes in[kPoints], out[kTileRows * kTileColumns];
            for (int64_t i = 0; i < kPoints; i++) in[i] = load(from + i * plane + c);
            both_ways<kOutRows, kOutColumns>(in, out);
            const Lanes bias = load(job.bias + c);
            for (int64_t y = top; y < std::min(top + kTileRows, job.height); y++)
                for (int64_t x = left; x < std::min(left + kTileColumns, job.width); x++)
                    *reinterpret_cast<Lanes*>(job.result + (y * job.width + x) * job.out + c) =
                        out[(y - top) * kTileColumns + x - left] + bias;
        }
    }
}

void run(const Job& job, int64_t first_turn, int64_t end_turn) {
    const Numbers points = numbers(kPoints * job.at_once * job.in_pitch()),
                  sums = numbers(kPoints * job.at_once * job.out_pitch());
    const std::vector<float> zeros(static_cast<size_t>(job.in));  // all bits zero: as fp16 too
    for (int64_t turn = first_turn; turn < end_turn; turn++) {
        const int64_t first = turn * job.at_once, count = std::min(job.at_once, job.tiles - first);
        for (size_t f = 0; f < job.frames.size(); f++) {
            const Frame& frame = job.frames[f];
            if (frame.half)
                to_points(job, static_cast<const uint16_t*>(frame.data), first, count,
                          reinterpret_cast<const uint16_t*>(zeros.data()), points.get());
            else
                to_points(job, static_cast<const float*>(frame.data), first, count, zeros.data(), points.get());
            multiply(job, static_cast<int64_t>(f), count, points.get(), sums.get());
        }
        to_result(job, first, count, sums.get());
    }
}

// So many that points and sums stay in a cache of 2 MiB; of wide kernels more, for each turn reads all of the kernel.
int64_t tiles_at_once(int64_t in, int64_t out) {
    constexpr int64_t kBytes = int64_t{3} << 19;
    const int64_t fit = kBytes / (kPoints * 4 * (in + out)) / kRows * kRows;
    return std::clamp<int64_t>(fit, in + out < 512 ? 2 * kRows : 4 * kRows, 8 * kRows);
}

}  // namespace

bool winograd_frames_suit(const std::vector<at::Tensor>& frames, const at::Tensor& weight) {
    if (!has_avx512() || !weight.device().is_cpu() || weight.scalar_type() != at::kFloat) return false;
    for (const at::Tensor& frame : frames)
        if ((frame.scalar_type() != at::kFloat && frame.scalar_type() != at::kHalf) || !frame.is_contiguous())
            return false;
    return frames[0].size(2) % kLanes == 0 && weight.size(0) % kColumns == 0;
}

at::Tensor winograd_frames(const std::vector<at::Tensor>& frames, int64_t enlarge, const at::Tensor& kernel,
                           const at::Tensor& bias) {
    Job job;
    for (const at::Tensor& frame : frames)
        job.frames.push_back({frame.const_data_ptr(), frame.scalar_type() == at::kHalf});
    job.height = enlarge * frames[0].size(0), job.width = enlarge * frames[0].size(1), job.enlarge = enlarge;
    job.in = frames[0].size(2), job.out = kernel.size(2);
    const at::Tensor k = kernel.contiguous(), b = bias.contiguous();
    const at::Tensor result = at::empty({job.height, job.width, job.out}, kernel.options());
    job.kernel = k.const_data_ptr<float>(), job.bias = b.const_data_ptr<float>();
    job.result = result.mutable_data_ptr<float>();
    job.tile_columns = (job.width + kTileColumns - 1) / kTileColumns;
    job.tiles = (job.height + kTileRows - 1) / kTileRows * job.tile_columns;
    const int64_t threads = std::max(1, at::get_num_threads()), share = (job.tiles + threads - 1) / threads;
    job.at_once = std::min(tiles_at_once(job.in, job.out), share);
    device::parallel((job.tiles + job.at_once - 1) / job.at_once,
                     [&](int64_t begin, int64_t end) { run(job, begin, end); });
    return result;
}

}  // namespace zt::nn

#else

#include "core/error.h"

namespace zt::nn {

bool winograd_frames_suit(const std::vector<at::Tensor>&, const at::Tensor&) { return false; }
at::Tensor winograd_frames(const std::vector<at::Tensor>&, int64_t, const at::Tensor&, const at::Tensor&) {
    throw Error(ZT_ERROR_INTERNAL, "winograd_frames: expected a processor with 512-bit vectors, got another");
}

}  // namespace zt::nn

#endif
