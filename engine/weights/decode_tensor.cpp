// SPDX-License-Identifier: LGPL-2.1-or-later
//
// fp8 by ATen's own types, blocks by gguf_blocks.h or, on other devices, by tensor operations.
#include "weights/decode_tensor.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

#include "core/error.h"
#include "device/parallel.h"
#include "weights/gguf_blocks.h"
#include "weights/nvfp4.h"
#include "weights/turn.h"

namespace zt::weights {
namespace {

[[noreturn]] void fail(const std::string& expected) {
    throw Error(ZT_ERROR_INTERNAL, "decode_tensor: expected " + expected + ", got others");
}

// Blocks at a time: stays in the first-level cache and keeps the buffer small.
constexpr int64_t kValuesAtOnce = 2048;
// What is worth a task of its own.
constexpr int64_t kValuesPerTask = 64 * kValuesAtOnce;

// Whole blocks over the threads: decode(first block, blocks, where the numbers go).
template <class Number, class Decode>
void decode_on_cpu(const at::Tensor& bytes, Encoding encoding, Number* to, const Decode& decode) {
    const BlockShape block = block_shape(encoding);
    const auto* from = static_cast<const std::byte*>(bytes.const_data_ptr());
    const int64_t blocks = bytes.numel() / block.bytes, each = kValuesPerTask / block.values;
    device::parallel((blocks + each - 1) / each, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * each;
        decode(from + first * block.bytes, std::min(end * each, blocks) - first, to + first * block.values);
    });
}

void decode_to_half(Encoding encoding, const std::byte* from, int64_t blocks, at::Half* to) {
    const BlockShape block = block_shape(encoding);
    const int64_t step = kValuesAtOnce / block.values;
    float buffer[kValuesAtOnce];
    for (int64_t done = 0; done < blocks; done += step) {
        const int64_t count = std::min(step, blocks - done), values = count * block.values;
        decode_blocks(encoding, from + done * block.bytes, count, buffer);
        for (int64_t i = 0; i < values; ++i) to[done * block.values + i] = static_cast<at::Half>(buffer[i]);
    }
}

at::Tensor blocks_on_cpu(const at::Tensor& bytes, Encoding encoding, at::IntArrayRef shape, at::ScalarType type) {
    const at::Tensor out = at::empty(shape, bytes.options().dtype(type));
    void* const to = out.mutable_data_ptr();
    const auto plain = [&](const std::byte* from, int64_t blocks, auto* at) {
        decode_blocks(encoding, from, blocks, at);
    };
    switch (type) {
        case at::kFloat: decode_on_cpu(bytes, encoding, static_cast<float*>(to), plain); return out;
        case at::kBFloat16: decode_on_cpu(bytes, encoding, static_cast<Bf16*>(to), plain); return out;
        case at::kHalf:
            decode_on_cpu(bytes, encoding, static_cast<at::Half*>(to),
                          [&](const std::byte* from, int64_t blocks, at::Half* at) {
                              decode_to_half(encoding, from, blocks, at);
                          });
            return out;
        default: return blocks_on_cpu(bytes, encoding, shape, at::kFloat).to(type);
    }
}

// fp8 has 256 values: each is turned once, or once for each row where rows have factors, and then looked up.
// tables [rows or 1, 256], whose numbers have the size of Word.
template <class Word>
void look_up(const at::Tensor& bytes, const at::Tensor& tables, const at::Tensor& out) {
    const int64_t rows = out.size(0), columns = rows > 0 ? out.numel() / rows : 0;
    const int64_t pitch = tables.size(0) == 1 ? 0 : tables.size(1);
    const auto* from = static_cast<const uint8_t*>(bytes.const_data_ptr());
    const auto* values = static_cast<const Word*>(tables.const_data_ptr());
    auto* const to = static_cast<Word*>(out.mutable_data_ptr());
    device::parallel(rows, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row)
            for (int64_t i = row * columns; i < (row + 1) * columns; ++i) to[i] = values[row * pitch + from[i]];
    });
}

// ---- Tensor operations: blocks u8 [n, bytes] -> fp32 [n, values] ----

at::Tensor half_of(const at::Tensor& b, int64_t from) {  // [n, 1]
    return b.narrow(1, from, 2).contiguous().view(at::kHalf).to(at::kFloat);
}

// Every byte shifted right by 0, step, 2 step .. and masked: [n, groups * width] -> [n, groups, shifts, width].
at::Tensor fields(const at::Tensor& q, int64_t width, int64_t step, int64_t mask) {
    const at::Tensor shifts = at::arange(0, 8, step, q.options()).view({1, 1, -1, 1});
    return at::bitwise_right_shift(q.reshape({q.size(0), -1, 1, width}), shifts).bitwise_and(mask);
}

at::Tensor low_then_high(const at::Tensor& q, int64_t width) { return fields(q, width, 4, 15); }

struct ScaleMin {
    at::Tensor scale, min;  // [n, 8, 1]
};
ScaleMin scale_min(const at::Tensor& b) {
    const at::Tensor d = half_of(b, 0), dmin = half_of(b, 2);
    const at::Tensor x = b.narrow(1, 4, 4), y = b.narrow(1, 8, 4), z = b.narrow(1, 12, 4);
    const auto high_bits = [](const at::Tensor& t) { return at::bitwise_right_shift(t, 6) * 16; };
    const at::Tensor scale = at::cat({x.bitwise_and(63), z.bitwise_and(15) + high_bits(x)}, 1);
    const at::Tensor min = at::cat({y.bitwise_and(63), at::bitwise_right_shift(z, 4) + high_bits(y)}, 1);
    return {(d * scale.to(at::kFloat)).unsqueeze(2), (dmin * min.to(at::kFloat)).unsqueeze(2)};
}

at::Tensor curve(const at::Tensor& nibbles, const at::Tensor& table) {
    return table.index_select(0, nibbles.flatten().to(at::kLong)).view(nibbles.sizes());
}

at::Tensor decode_small(const at::Tensor& b, Encoding encoding, const at::Tensor& table) {
    const int64_t n = b.size(0);
    const at::Tensor d = half_of(b, 0);
    const auto quants = [&](int64_t from) { return low_then_high(b.narrow(1, from, 16), 16).reshape({n, 32}); };
    const auto with_fifth = [&](int64_t from) {
        return quants(from + 4) + fields(b.narrow(1, from, 4), 1, 1, 1).reshape({n, 32}) * 16;
    };
    switch (encoding) {
        case Encoding::kQ4_0: return d * (quants(2).to(at::kFloat) - 8);
        case Encoding::kQ4_1: return d * quants(4).to(at::kFloat) + half_of(b, 2);
        case Encoding::kQ5_0: return d * (with_fifth(2).to(at::kFloat) - 16);
        case Encoding::kQ5_1: return d * with_fifth(4).to(at::kFloat) + half_of(b, 2);
        case Encoding::kQ8_0: return b.narrow(1, 2, 32).contiguous().view(at::kChar).to(at::kFloat) * d;
        default: return d * curve(quants(2), table);
    }
}

at::Tensor decode_large(const at::Tensor& b, Encoding encoding, const at::Tensor& table) {
    const int64_t n = b.size(0);
    const auto part = [&](int64_t from, int64_t bytes) { return b.narrow(1, from, bytes); };
    const auto sixteens = [&](const at::Tensor& t) { return t.to(at::kFloat).reshape({n, 16, 16}); };
    const auto thirty_twos = [&](const at::Tensor& t) { return t.to(at::kFloat).reshape({n, 8, 32}); };
    switch (encoding) {
        case Encoding::kQ2K: {
            const at::Tensor scales = part(0, 16), d = half_of(b, 80), dmin = half_of(b, 82);
            const at::Tensor dl = d * scales.bitwise_and(15).to(at::kFloat),
                             ml = dmin * at::bitwise_right_shift(scales, 4).to(at::kFloat);
            return dl.unsqueeze(2) * sixteens(fields(part(16, 64), 32, 2, 3)) - ml.unsqueeze(2);
        }
        case Encoding::kQ3K: {
            const at::Tensor low4 = low_then_high(part(96, 8), 8).reshape({n, 16}),
                             high2 = fields(part(104, 4), 4, 2, 3).reshape({n, 16});
            const at::Tensor dl = half_of(b, 108) * ((low4 + high2 * 16).to(at::kFloat) - 32);
            const at::Tensor q =
                sixteens(fields(part(32, 64), 32, 2, 3)) + sixteens(fields(part(0, 32), 32, 1, 1)) * 4 - 4;
            return dl.unsqueeze(2) * q;
        }
        case Encoding::kQ4K: {
            const ScaleMin s = scale_min(b);
            return s.scale * thirty_twos(low_then_high(part(16, 128), 32)) - s.min;
        }
        case Encoding::kQ5K: {
            const ScaleMin s = scale_min(b);
            const at::Tensor q =
                thirty_twos(low_then_high(part(48, 128), 32)) + thirty_twos(fields(part(16, 32), 32, 1, 1)) * 16;
            return s.scale * q - s.min;
        }
        case Encoding::kQ6K: {
            const at::Tensor dl = half_of(b, 208) * part(192, 16).contiguous().view(at::kChar).to(at::kFloat);
            const at::Tensor q =
                sixteens(low_then_high(part(0, 128), 64)) + sixteens(fields(part(128, 64), 32, 2, 3)) * 16 - 32;
            return dl.unsqueeze(2) * q;
        }
        default: {
            const at::Tensor low4 = low_then_high(part(4, 4), 1).reshape({n, 8}),
                             high2 = fields(part(2, 2), 1, 2, 3).reshape({n, 8});
            const at::Tensor dl = half_of(b, 0) * ((low4 + high2 * 16).to(at::kFloat) - 32);
            return dl.unsqueeze(2) * curve(low_then_high(part(8, 128), 16), table).reshape({n, 8, 32});
        }
    }
}

at::Tensor fp8_times_scale(const at::Tensor& codes, const at::Tensor& scale, at::ScalarType type) {
    return scale.defined() ? (codes.to(at::kFloat) * scale).to(type) : codes.to(type);
}

at::Tensor decode_fp8(const at::Tensor& bytes, Encoding encoding, at::IntArrayRef shape, const at::Tensor& scale,
                      at::ScalarType type) {
    const at::ScalarType code = encoding == Encoding::kF8E4M3 ? at::kFloat8_e4m3fn : at::kFloat8_e5m2;
    const at::Tensor factor = scale.defined() && scale.dim() == 1 ? scale.unsqueeze(1) : scale;
    const size_t width = c10::elementSize(type);
    if (!bytes.device().is_cpu() || (width != 2 && width != 4))
        return fp8_times_scale(bytes.view(code).view(shape), factor, type);
    const at::Tensor all = at::arange(256, at::kByte).view(code).unsqueeze(0);
    const at::Tensor tables = fp8_times_scale(all, factor, type).contiguous();
    const at::Tensor from = bytes.contiguous(), out = at::empty(shape, bytes.options().dtype(type));
    width == 2 ? look_up<uint16_t>(from, tables, out) : look_up<uint32_t>(from, tables, out);
    return out;
}

// Groups of columns turned back, as turn_groups does.
at::Tensor turned_by_tensor_ops(const at::Tensor& values, int64_t group) {
    at::Tensor x = values;
    double factor = 1;
    for (int64_t apart = 1; apart < group; apart *= 4) {
        factor /= 2;
        const auto four = x.view({values.size(0), -1, 4, apart}).unbind(2);
        const at::Tensor sum = four[0] + four[1], difference = four[0] - four[1], other = four[2] - four[3],
                         together = four[2] + four[3];
        x = at::stack({sum + other, sum - other, difference + together, together - difference}, 2);
    }
    return (x * factor).view(values.sizes());
}

// Rows in `type` (fp32, bf16, fp16). make(row, column, count, to) computes some numbers of one, fp32.
template <class Make>
at::Tensor rows_on_cpu(int64_t rows, int64_t columns, at::ScalarType type, const Make& make) {
    static_assert(kValuesAtOnce % 1024 == 0, "whole groups");
    at::Tensor out = at::empty({rows, columns}, type);
    const auto fill = [&](auto* to) {
        using Number = std::remove_pointer_t<decltype(to)>;
        device::parallel(rows, [&, to](int64_t begin, int64_t end) {
            float some[kValuesAtOnce];
            for (int64_t at = begin * columns; at < end * columns;) {
                const int64_t column = at % columns, count = std::min(kValuesAtOnce, columns - column);
                make(at / columns, column, count, some);
                for (int64_t j = 0; j < count; ++j) to[at + j] = static_cast<Number>(some[j]);
                at += count;
            }
        });
    };
    if (type == at::kFloat) fill(out.mutable_data_ptr<float>());
    if (type == at::kBFloat16) fill(out.mutable_data_ptr<at::BFloat16>());
    if (type == at::kHalf) fill(out.mutable_data_ptr<at::Half>());
    return out;
}

// One factor for each row, fp32; 1 where there is none.
at::Tensor row_factors(const at::Tensor& scale, int64_t rows, at::Device device) {
    const at::Tensor given = scale.defined() ? scale.to(at::kFloat) : at::ones({}, at::TensorOptions(device));
    if (given.dim() != 0 && given.numel() != rows) fail("one factor or one for each row");
    return (given.dim() == 0 ? given.expand({rows}) : given).contiguous();
}

// In fp32: code times factor, then turned.
at::Tensor decode_int8(const at::Tensor& bytes, Encoding encoding, at::IntArrayRef shape, const at::Tensor& scale,
                       at::ScalarType type) {
    const int64_t group = block_shape(encoding).values, rows = shape[0];
    const at::Tensor codes = bytes.contiguous().view(at::kChar).view({rows, -1});
    const int64_t columns = codes.size(1);
    if (columns % group != 0) fail("rows of whole groups");
    const at::Tensor factors = row_factors(scale, rows, bytes.device());
    if (!bytes.device().is_cpu()) {
        const at::Tensor values = codes.to(at::kFloat) * factors.unsqueeze(1);
        return (group > 1 ? turned_by_tensor_ops(values, group) : values).view(shape).to(type);
    }
    const int8_t* from = codes.const_data_ptr<int8_t>();
    const float* factor = factors.const_data_ptr<float>();
    return rows_on_cpu(rows, columns, type,
                       [=](int64_t i, int64_t column, int64_t count, float* to) {
                           const int8_t* some = from + i * columns + column;
                           for (int64_t j = 0; j < count; ++j) to[j] = static_cast<float>(some[j]) * factor[i];
                           if (group > 1) turn_groups(to, count, group);
                       })
        .view(shape);
}

at::Tensor nvfp4_by_tensor_ops(const at::Tensor& bytes, const at::Tensor& factors) {
    const int64_t rows = bytes.size(0);
    const at::Tensor b = bytes.reshape({rows, -1, kNvfp4Bytes});
    const at::Tensor scales = b.narrow(2, 0, 1).contiguous().view(at::kFloat8_e4m3fn).to(at::kFloat);
    const at::Tensor both = b.narrow(2, 1, kNvfp4Bytes - 1);
    const at::Tensor codes = at::stack({at::bitwise_right_shift(both, 4), both.bitwise_and(15)}, 3).flatten(2);
    const at::Tensor size = codes.bitwise_and(7).to(at::kFloat);
    // 0, 1, 2, 3 are halves; 4, 5, 6, 7 stand for 2, 3, 4, 6.
    const at::Tensor large = (size - 2) + (size - 6).clamp_min(0);
    const at::Tensor value = at::where(size < 4, size * 0.5, large);
    return at::where(codes >= 8, -value, value) * (factors.view({rows, 1, 1}) * scales);
}

// by_column: one more factor for each column, fp32, or undefined.
at::Tensor decode_nvfp4(const at::Tensor& bytes, at::IntArrayRef shape, const at::Tensor& scale, at::ScalarType type,
                        const at::Tensor& by_column) {
    const int64_t rows = shape[0], columns = shape[1];
    if (by_column.defined() && by_column.numel() != columns) fail("a factor for each column");
    const at::Tensor from = bytes.contiguous().view({rows, -1}), factors = row_factors(scale, rows, bytes.device());
    if (!bytes.device().is_cpu()) {
        const at::Tensor values = nvfp4_by_tensor_ops(from, factors).view(shape);
        return (by_column.defined() ? values * by_column : values).to(type);
    }
    const at::Tensor others = by_column.defined() ? by_column.contiguous() : by_column;
    const float* other = others.defined() ? others.const_data_ptr<float>() : nullptr;
    const auto* blocks = static_cast<const std::byte*>(from.const_data_ptr());
    const int64_t row_bytes = from.size(1);
    const float* factor = factors.const_data_ptr<float>();
    return rows_on_cpu(rows, columns, type, [=](int64_t i, int64_t column, int64_t count, float* to) {
        weights::decode_nvfp4(blocks + i * row_bytes + column / kNvfp4Values * kNvfp4Bytes, count / kNvfp4Values,
                              factor[i], to);
        for (int64_t j = 0; other != nullptr && j < count; ++j) to[j] *= other[column + j];
    });
}

bool is_common(at::ScalarType type) { return type == at::kFloat || type == at::kBFloat16 || type == at::kHalf; }

}  // namespace

bool needs_table(Encoding encoding) { return encoding == Encoding::kIQ4NL || encoding == Encoding::kIQ4XS; }

at::Tensor decoding_table(at::Device device) {
    static constexpr float kValues[] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    const at::Tensor table =
        at::empty({std::ssize(kValues)}, at::TensorOptions(at::kFloat).pinned_memory(!device.is_cpu()));
    std::copy(std::begin(kValues), std::end(kValues), table.data_ptr<float>());
    return table.to(device, at::kFloat, /*non_blocking=*/true);
}

at::Tensor decode_blocks_by_tensor_ops(const at::Tensor& bytes, Encoding encoding, const at::Tensor& given) {
    const BlockShape block = block_shape(encoding);
    const at::Tensor b = bytes.reshape({-1, block.bytes});
    const at::Tensor table = needs_table(encoding) && !given.defined() ? decoding_table(bytes.device()) : given;
    const at::Tensor values = block.values == 32 ? decode_small(b, encoding, table) : decode_large(b, encoding, table);
    return values.reshape({bytes.size(0), -1});
}

at::Tensor decode_tensor(const at::Tensor& bytes, Encoding encoding, at::IntArrayRef shape, const at::Tensor& scale,
                         at::ScalarType type, const at::Tensor& table) {
    if (encoding == Encoding::kDense) fail("an encoding");
    const BlockShape block = block_shape(encoding);
    const int64_t values = bytes.numel() / block.bytes * block.values;
    if (values != c10::multiply_integers(shape) || bytes.numel() % block.bytes != 0) fail("bytes that fit the shape");
    if (encoding == Encoding::kNvfp4 || is_int8(encoding)) {
        const at::ScalarType made = is_common(type) ? type : at::kFloat;
        return (encoding == Encoding::kNvfp4 ? decode_nvfp4(bytes, shape, scale, made, table)
                                             : decode_int8(bytes, encoding, shape, scale, made))
            .to(type);
    }
    if (block.values == 1) return decode_fp8(bytes, encoding, shape, scale, type);
    if (!bytes.device().is_cpu()) return decode_blocks_by_tensor_ops(bytes, encoding, table).view(shape).to(type);
    return blocks_on_cpu(bytes.contiguous(), encoding, shape, type);
}

}  // namespace zt::weights
