// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See modulation.h.
#include "nn/modulation.h"

#include <limits>

namespace zt::nn {
namespace {

// Calls f(begin, end, vectors) for the runs of [begin, end) that share vectors.
template <class F>
void by_run(const Modulation& m, int64_t begin, int64_t end, const F& f) {
    for (const Modulation::Run& run : m.runs) {
        const int64_t to = std::min(run.end, end);
        if (to <= begin) continue;
        f(begin, to, run.vectors);
        begin = to;
        if (begin == end) return;
    }
}

}  // namespace

Modulation modulation_of(const at::Tensor& rows, const at::Tensor& clean, int64_t count, int64_t clean_tokens) {
    Modulation m;
    if (clean.defined()) m.runs.push_back({clean_tokens, clean.reshape({-1}).chunk(count)});
    m.runs.push_back({std::numeric_limits<int64_t>::max(), rows.reshape({-1}).chunk(count)});
    return m;
}

at::Tensor norm_modulated(const at::Tensor& x, int64_t begin, int64_t count, const Modulation& m, size_t shift) {
    at::Tensor out = at::empty({count, x.size(1)}, x.options());
    by_run(m, begin, begin + count, [&](int64_t from, int64_t to, const std::vector<at::Tensor>& v) {
        norm_modulate(x.narrow(0, from, to - from), v[shift], v[shift + 1], out.narrow(0, from - begin, to - from),
                      m.eps);
    });
    return out;
}

at::Tensor rms_modulated(const at::Tensor& x, int64_t begin, int64_t count, const at::Tensor& weight, double eps,
                         const Modulation& m, size_t shift) {
    at::Tensor out = at::empty({count, x.size(1)}, x.options());
    by_run(m, begin, begin + count, [&](int64_t from, int64_t to, const std::vector<at::Tensor>& v) {
        rms_modulate(x.narrow(0, from, to - from), weight, v[shift], v[shift + 1], eps,
                     out.narrow(0, from - begin, to - from), m.rounds);
    });
    return out;
}

void add_gated(const at::Tensor& x, int64_t begin, const at::Tensor& y, const Modulation& m, size_t gate) {
    by_run(m, begin, begin + y.size(0), [&](int64_t from, int64_t to, const std::vector<at::Tensor>& v) {
        add_gated(x.narrow(0, from, to - from), y.narrow(0, from - begin, to - from), v[gate], m.rounds);
    });
}

}  // namespace zt::nn
