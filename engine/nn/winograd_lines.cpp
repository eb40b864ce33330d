// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every line is taken apart into `dilation` sequences of samples that lie so far apart, and a sequence into tiles of
// four outputs: the columns of a matrix product, whose rows are channels. Piece p of the kernel reads the points of the
// tile p places on, so that all pieces use the same points. A thread brings some columns of all channels to their
// points, which then stay in its second cache, and goes through the outputs eight at a time: seven products, then back
// to samples. Between two sequences lie columns that belong to no output.
#include "nn/winograd_lines.h"

#ifdef __x86_64__

#include <ATen/Parallel.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "device/parallel.h"
#include "nn/cpu.h"

// The intrinsics of gcc 12 read a value they call undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace zt::nn {
namespace {

constexpr int64_t kTile = 4, kTaps = 4, kPoints = 7;  // outputs, taps of a piece, points of both
constexpr int64_t kLanes = 16, kVectors = 3, kColumns = kLanes * kVectors, kRows = 8;  // the products of a step
constexpr int64_t kAhead = 6;  // channels that are asked for before they are needed
constexpr std::align_val_t kLine{64};

struct Free {
    void operator()(void* p) const { ::operator delete(p, kLine); }
};
template <class T>
using Array = std::unique_ptr<T[], Free>;
template <class T>
Array<T> make(int64_t n) {
    return Array<T>(static_cast<T*>(::operator new(static_cast<size_t>(n) * sizeof(T), kLine)));
}

// F(4, 4) at 0, 1, -1, 2, -2, 1/2 and infinity: a row of the input's matrix holds the coefficients of the product of
// (x - a) over the other points, the kernel's row is 1, a, a^2, a^3 over that product's value at its point, the
// output's column the powers of a.
// clang-format off
constexpr float kIn[kPoints][kPoints] = {
    {-2, 4, 2.5F, -5, -0.5F, 1, 0}, {0, 2, -2, -4.5F, 0.5F, 1, 0}, {0, -2, 6, -3.5F, -1.5F, 1, 0},
    {0, 1, -1.5F, -2, 1.5F, 1, 0}, {0, -1, 2.5F, 0, -2.5F, 1, 0}, {0, 4, 0, -5, 0, 1, 0}, {0, -2, 4, 2.5F, -5, -0.5F, 1}};
constexpr float kOut[kTile][kPoints] = {
    {1, 1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0.5F, 0}, {0, 1, 1, 4, 4, 0.25F, 0}, {0, 1, -1, 8, -8, 0.125F, 1}};
// clang-format on
constexpr std::array<double, kPoints - 1> kPlaces = {0, 1, -1, 2, -2, 0.5};

// [point][tap]
constexpr std::array<std::array<float, kTaps>, kPoints> kernel_matrix() {
    std::array<std::array<float, kTaps>, kPoints> m{};
    for (size_t i = 0; i < kPlaces.size(); i++) {
        double value = 1;
        for (size_t j = 0; j < kPlaces.size(); j++)
            if (j != i) value *= kPlaces[i] - kPlaces[j];
        double power = 1;
        for (size_t k = 0; k < kTaps; k++, power *= kPlaces[i]) m[i][k] = static_cast<float>(power / value);
    }
    m[kPoints - 1][kTaps - 1] = 1;
    return m;
}
constexpr auto kKernel = kernel_matrix();

struct Job {
    const float *x, *weight, *bias, *plus;
    float *kernel, *result;
    int64_t batch, in, out, taps, dilation, samples;
    int64_t pieces;    // of the kernel
    int64_t tiles;     // of a sequence
    int64_t sequence;  // columns of a sequence: its tiles and what separates it from the next
    int64_t at_once;   // columns of one turn
    [[nodiscard]] int64_t columns() const { return batch * dilation * sequence; }
    // Columns that are brought to their points for a turn, and numbers between two channels of them: an odd number of
    // cache lines, so that channels do not share few places of the cache.
    [[nodiscard]] int64_t points() const { return at_once + pieces - 1; }
    [[nodiscard]] int64_t pitch() const { return (points() + kLanes - 1) / kLanes / 2 * 2 * kLanes + kLanes; }
};

// The kernel of outputs [8 first, 8 end) at the points, in the order in which it is read:
// [out / 8][point][piece][in][8]. A vector holds two inputs of eight outputs.
[[gnu::target("arch=x86-64-v4")]] void order_kernel(const Job& job, int64_t first, int64_t end) {
    const int64_t row = job.in * job.taps, plane = job.in * kRows;
    alignas(64) int32_t places[kLanes];
    for (int64_t i = 0; i < kLanes; i++) places[i] = static_cast<int32_t>(i % kRows * row + i / kRows * job.taps);
    const __m512i at = _mm512_load_si512(places);
    for (int64_t block = first; block < end; block++)
        for (int64_t piece = 0; piece < job.pieces; piece++)
            for (int64_t i = 0; i < job.in; i += kLanes / kRows) {
                const auto mask = static_cast<__mmask16>(i + 1 < job.in ? 0xFFFF : 0xFF);
                const float* const from = job.weight + block * kRows * row + i * job.taps + piece * kTaps;
                float* const to = job.kernel + (block * kPoints * job.pieces + piece) * plane + i * kRows;
                __m512 taps[kTaps];
                for (int64_t k = 0; k < kTaps; k++)
                    taps[k] = piece * kTaps + k < job.taps
                                  ? _mm512_mask_i32gather_ps(_mm512_setzero_ps(), mask, at, from + k, 4)
                                  : _mm512_setzero_ps();
                for (size_t point = 0; point < kPoints; point++) {
                    __m512 sum = _mm512_mul_ps(_mm512_set1_ps(kKernel[point][0]), taps[0]);
                    for (size_t k = 1; k < kTaps; k++)
                        sum = _mm512_fmadd_ps(_mm512_set1_ps(kKernel[point][k]), taps[k], sum);
                    _mm512_mask_storeu_ps(to + static_cast<int64_t>(point) * job.pieces * plane, mask, sum);
                }
            }
}

// Where the columns of a turn lie: `from` [7][pitch] what a tile reads and `to` [4][pitch] what it writes, as places in
// the first channel of a line, counted from the first line's; -1 where there is nothing.
struct Places {
    Array<int32_t> from, to;
    explicit Places(int64_t pitch) : from(make<int32_t>(kPoints * pitch)), to(make<int32_t>(kTile * pitch)) {}
};

void find(const Job& job, int64_t first, Places& places) {
    const int64_t pitch = job.pitch();
    for (int64_t c = 0; c < pitch; c++) {
        const int64_t sequence = (first + c) / job.sequence, tile = (first + c) % job.sequence;
        const int64_t line = sequence / job.dilation, begin = sequence % job.dilation;
        const auto place = [&](int64_t sample, int64_t channels) {
            const int64_t at = begin + job.dilation * sample;
            const bool exists = line < job.batch && sample >= 0 && at < job.samples;
            return static_cast<int32_t>(exists ? line * channels * job.samples + at : -1);
        };
        for (int64_t k = 0; k < kPoints; k++)
            places.from[static_cast<size_t>(k * pitch + c)] = place(tile * kTile - job.taps / 2 + k, job.in);
        for (int64_t k = 0; k < kTile; k++)
            places.to[static_cast<size_t>(k * pitch + c)] = tile < job.tiles ? place(tile * kTile + k, job.out) : -1;
    }
}

// The numbers of 16 places, 0 where there is none.
[[gnu::target("arch=x86-64-v4"), gnu::always_inline]] inline __m512 gather(const float* x, const int32_t* places) {
    const __m512i at = _mm512_loadu_si512(places);
    const __mmask16 there = _mm512_cmpge_epi32_mask(at, _mm512_setzero_si512());
    return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), there, at, x, 4);
}

// points [7][in][pitch]
[[gnu::target("arch=x86-64-v4")]] void to_points(const Job& job, const Places& places, int64_t width, float* points) {
    const int64_t pitch = job.pitch(), plane = job.in * pitch;
    for (int64_t channel = 0; channel < job.in; channel++)
        for (int64_t c = 0; c < width + job.pieces - 1; c += kLanes) {
            __m512 in[kPoints];
#pragma GCC unroll 7
            for (int64_t k = 0; k < kPoints; k++)
                in[k] = gather(job.x + channel * job.samples, places.from.get() + k * pitch + c);
#pragma GCC unroll 7
            for (int64_t i = 0; i < kPoints; i++) {
                __m512 sum = _mm512_setzero_ps();
#pragma GCC unroll 7
                for (int64_t k = 0; k < kPoints; k++)
                    if (kIn[i][k] != 0) sum = _mm512_fmadd_ps(_mm512_set1_ps(kIn[i][k]), in[k], sum);
                _mm512_storeu_ps(points + i * plane + channel * pitch + c, sum);
            }
        }
}

// sums [8][width] of one point, from kernel [piece][in][8] and points [in][pitch].
[[gnu::target("arch=x86-64-v4")]] void multiply(const Job& job, const float* kernel, const float* points, float* sums,
                                                int64_t width) {
    const int64_t pitch = job.pitch();
    for (int64_t column = 0; column < width; column += kColumns) {
        __m512 sum[kRows][kVectors];
        for (auto& row : sum)
            for (__m512& v : row) v = _mm512_setzero_ps();
        const float* weights = kernel;
        for (int64_t piece = 0; piece < job.pieces; piece++) {
            const float* from = points + column + piece;
            for (int64_t i = 0; i < job.in; i++, from += pitch, weights += kRows) {
                __m512 x[kVectors];
                for (int64_t v = 0; v < kVectors; v++)
                    _mm_prefetch(reinterpret_cast<const char*>(from + kAhead * pitch + v * kLanes), _MM_HINT_T0);
#pragma GCC unroll 3
                for (int64_t v = 0; v < kVectors; v++) x[v] = _mm512_loadu_ps(from + v * kLanes);
#pragma GCC unroll 8
                for (int64_t row = 0; row < kRows; row++) {
                    const __m512 w = _mm512_set1_ps(weights[row]);
#pragma GCC unroll 3
                    for (int64_t v = 0; v < kVectors; v++) sum[row][v] = _mm512_fmadd_ps(w, x[v], sum[row][v]);
                }
            }
        }
        for (int64_t row = 0; row < kRows; row++)
            for (int64_t v = 0; v < kVectors; v++)
                _mm512_storeu_ps(sums + row * width + column + v * kLanes, sum[row][v]);
    }
}

// The sums of eight outputs, [7][8][width], back to samples.
[[gnu::target("arch=x86-64-v4")]] void to_result(const Job& job, const Places& places, int64_t first, int64_t width,
                                                 const float* sums) {
    const int64_t pitch = job.pitch(), plane = kRows * width;
    for (int64_t row = 0; row < kRows; row++) {
        const int64_t channel = (first + row) * job.samples;
        const __m512 bias = _mm512_set1_ps(job.bias != nullptr ? job.bias[first + row] : 0.0F);
        for (int64_t c = 0; c < width; c += kLanes) {
            __m512 in[kPoints];
#pragma GCC unroll 7
            for (int64_t i = 0; i < kPoints; i++) in[i] = _mm512_loadu_ps(sums + i * plane + row * width + c);
#pragma GCC unroll 4
            for (int64_t k = 0; k < kTile; k++) {
                __m512 sum = bias;
#pragma GCC unroll 7
                for (int64_t i = 0; i < kPoints; i++)
                    if (kOut[k][i] != 0) sum = _mm512_fmadd_ps(_mm512_set1_ps(kOut[k][i]), in[i], sum);
                const int32_t* const to = places.to.get() + k * pitch + c;
                if (job.plus != nullptr) sum = _mm512_add_ps(sum, gather(job.plus + channel, to));
                const __m512i at = _mm512_loadu_si512(to);
                const __mmask16 there = _mm512_cmpge_epi32_mask(at, _mm512_setzero_si512());
                _mm512_mask_i32scatter_ps(job.result + channel, there, at, sum, 4);
            }
        }
    }
}

void run(const Job& job, int64_t first_turn, int64_t end_turn) {
    const int64_t pitch = job.pitch(), plane = job.in * pitch;
    const Array<float> points = make<float>(kPoints * plane), sums = make<float>(kPoints * kRows * job.at_once);
    Places places(pitch);
    for (int64_t turn = first_turn; turn < end_turn; turn++) {
        const int64_t first = turn * job.at_once;
        const int64_t width = std::min(job.at_once, (job.columns() - first + kColumns - 1) / kColumns * kColumns);
        find(job, first, places);
        to_points(job, places, width, points.get());
        const int64_t panel = job.pieces * job.in * kRows;
        for (int64_t row = 0; row < job.out; row += kRows) {
            for (int64_t point = 0; point < kPoints; point++)
                multiply(job, job.kernel + (row / kRows * kPoints + point) * panel, points.get() + point * plane,
                         sums.get() + point * kRows * width, width);
            to_result(job, places, row, width, sums.get());
        }
    }
}

// So many that their points stay in a cache of 2 MiB; of many channels more, for each turn reads all of the kernel.
int64_t columns_at_once(int64_t in, int64_t columns) {
    constexpr int64_t kBytes = int64_t{5} << 18;
    const int64_t threads = std::max(1, at::get_num_threads());
    const int64_t fit = std::max<int64_t>(2, kBytes / (kPoints * 4 * in) / kColumns);
    const int64_t share = (columns + threads * kColumns - 1) / (threads * kColumns);
    return std::min(fit, share) * kColumns;
}

const float* read(const at::Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }

}  // namespace

bool winograd_lines_suit(const at::Tensor& x, const at::Tensor& weight) {
    constexpr int64_t kMost = int64_t{1} << 30;  // places are counted in 32 bits
    return has_avx512() && x.is_cpu() && weight.is_cpu() && x.scalar_type() == at::kFloat &&
           weight.scalar_type() == at::kFloat && x.is_contiguous() && x.numel() > 0 && weight.size(0) % kRows == 0 &&
           weight.size(2) % 2 == 1 && weight.size(2) > 1 &&
           x.size(0) * x.size(2) * std::max(weight.size(0), weight.size(1)) < kMost;
}

at::Tensor winograd_lines(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t dilation,
                          const at::Tensor& plus) {
    const at::Tensor w = weight.contiguous();
    Job job{};
    job.batch = x.size(0), job.in = x.size(1), job.samples = x.size(2);
    job.out = w.size(0), job.taps = w.size(2), job.dilation = dilation;
    job.pieces = (job.taps + kTaps - 1) / kTaps;
    job.tiles = ((job.samples + dilation - 1) / dilation + kTile - 1) / kTile;
    job.sequence = job.tiles + job.pieces - 1;
    job.at_once = columns_at_once(job.in, job.columns());
    const Array<float> kernel = make<float>(job.out * kPoints * job.pieces * job.in);
    const at::Tensor result = at::empty({job.batch, job.out, job.samples}, x.options());
    job.x = read(x), job.weight = read(w), job.bias = read(bias), job.plus = read(plus);
    job.kernel = kernel.get(), job.result = result.mutable_data_ptr<float>();
    device::parallel(job.out / kRows, [&](int64_t begin, int64_t end) { order_kernel(job, begin, end); });
    device::parallel((job.columns() + job.at_once - 1) / job.at_once,
                     [&](int64_t begin, int64_t end) { run(job, begin, end); });
    return result;
}

}  // namespace zt::nn

#else

#include "core/error.h"

namespace zt::nn {

bool winograd_lines_suit(const at::Tensor&, const at::Tensor&) { return false; }
at::Tensor winograd_lines(const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t, const at::Tensor&) {
    throw Error(ZT_ERROR_INTERNAL, "winograd_lines: expected a processor with 512-bit vectors, got another");
}

}  // namespace zt::nn

#endif
