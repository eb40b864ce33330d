// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See rank_orders.h. One walk over the fields for both ways.
#include "pipeline/rank_orders.h"

#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/sha256.h"

namespace zt::pipeline {
namespace {

class Writer {
public:
    template <class T>
    void number(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void flag(const bool& value) { number(static_cast<uint8_t>(value ? 1 : 0)); }
    void text(const std::string& value) {
        number(static_cast<uint64_t>(value.size()));
        bytes_ += value;
    }
    void samples(const std::shared_ptr<const std::vector<uint8_t>>& value) {
        number(static_cast<uint64_t>(value == nullptr ? 0 : value->size()));
        if (value != nullptr) bytes_.append(value->begin(), value->end());
    }
    template <class T, class Each>
    void maybe(const std::optional<T>& value, const Each& each) {
        flag(value.has_value());
        if (value) each(*value);
    }
    template <class T, class Each>
    void list(const std::vector<T>& all, const Each& each) {
        number(static_cast<uint64_t>(all.size()));
        for (const T& one : all) each(one);
    }
    [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}
    template <class T>
    void number(T& value) {
        std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    }
    void flag(bool& value) {
        uint8_t byte = 0;
        number(byte);
        if (byte > 1) refuse();
        value = byte == 1;
    }
    void text(std::string& value) { value = take(size()); }
    void samples(std::shared_ptr<const std::vector<uint8_t>>& value) {
        const std::string_view bytes = take(size());
        value = bytes.empty() ? nullptr : std::make_shared<const std::vector<uint8_t>>(bytes.begin(), bytes.end());
    }
    template <class T, class Each>
    void maybe(std::optional<T>& value, const Each& each) {
        bool there = false;
        flag(there);
        if (there) each(value.emplace());
    }
    template <class T, class Each>
    void list(std::vector<T>& all, const Each& each) {
        for (uint64_t n = size(), i = 0; i < n; i++) each(all.emplace_back());
    }
    void end() const {
        if (!left_.empty()) refuse();
    }

private:
    [[noreturn]] static void refuse() {
        throw Error(ZT_ERROR_NETWORK, "rank 0: expected an order of this version, got another");
    }
    std::string_view take(uint64_t count) {
        if (count > left_.size()) refuse();
        const std::string_view taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }
    uint64_t size() {  // nothing is longer than what is left
        uint64_t value = 0;
        number(value);
        if (value > left_.size()) refuse();
        return value;
    }
    std::string_view left_;
};

// An order is written where it is constant, and read where it is not.
template <class Order, class Io>
using Walked = std::conditional_t<std::is_same_v<Io, Writer>, const Order, Order>;

template <class Io, class Picture>
void walk_picture(Io& io, Picture& picture) {
    io.number(picture.role), io.number(picture.width), io.number(picture.height);
    io.samples(picture.rgb), io.samples(picture.alpha);
}

template <class Io, class Direction>
void walk_direction(Io& io, Direction& d) {
    [[maybe_unused]] auto& [prompt, negative_prompt, seed, guidance, cut, strength] = d;  // as in walk_clip
    io.text(d.prompt), io.text(d.negative_prompt), io.number(d.seed), io.number(d.guidance), io.flag(d.cut);
    io.number(d.strength);
}

template <class Io>
void walk(Io& io, Walked<OpenOrder, Io>& o) {
    io.number(o.model), io.text(o.name), io.text(o.options.device), io.text(o.options.precision);
    io.number(o.options.memory_bytes), io.text(o.options.lora), io.number(o.threads), io.flag(o.nccl);
    io.list(o.options.engine_opts, [&](auto& option) { io.text(option.first), io.text(option.second); });
}

template <class Io>
void walk(Io& io, Walked<ClipOrder, Io>& o) {
    auto& r = o.request;
    // Does not compile once a field is added: send it, or say here why not. log is each rank's own.
    [[maybe_unused]] auto& [width, height, rate, frames, steps, flow_shift, first, log, images, mask, fit, loop, motion,
                            tempo, shot_frames, morph, sound, cutout] = r;
    io.number(o.model), io.number(o.clip), io.flag(o.fresh_team), io.number(o.done), io.number(o.most);
    walk_direction(io, o.direction);
    io.number(r.width), io.number(r.height), io.number(r.rate), io.number(r.frames), io.number(r.steps);
    io.number(r.flow_shift), io.number(r.fit), io.flag(r.loop), io.number(r.motion), io.number(r.tempo);
    io.number(r.shot_frames), io.flag(r.morph), io.flag(r.sound), io.flag(r.cutout);
    walk_direction(io, r.first);
    io.list(r.images, [&](auto& picture) { walk_picture(io, picture); });
    io.maybe(r.mask, [&](auto& picture) { walk_picture(io, picture); });
}

template <class Io>
void walk(Io& io, Walked<PieceOrder, Io>& o) {
    io.number(o.clip), io.flag(o.fresh_team);
}

template <class Order>
std::string written(const Order& order) {
    Writer writer;
    walk(writer, order);
    return writer.take();
}

template <class Order>
Order read(std::string_view bytes) {
    Reader reader(bytes);
    Order order;
    walk(reader, order);
    reader.end();
    return order;
}

void check_sizes(const families::Picture& picture) {
    const size_t pixels = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
    const bool good = picture.width > 0 && picture.height > 0 && picture.rgb != nullptr &&
                      picture.rgb->size() == 3 * pixels &&
                      (picture.alpha == nullptr || picture.alpha->size() == pixels);
    if (!good) throw Error(ZT_ERROR_NETWORK, "rank 0: expected a picture of its size, got another");
}

}  // namespace

std::string to_bytes(const OpenOrder& order) { return written(order); }
std::string to_bytes(const ClipOrder& order) { return written(order); }
std::string to_bytes(const PieceOrder& order) { return written(order); }

OpenOrder open_order(std::string_view bytes) { return read<OpenOrder>(bytes); }
ClipOrder clip_order(std::string_view bytes) {
    auto order = read<ClipOrder>(bytes);
    for (const families::Picture& picture : order.request.images) check_sizes(picture);
    if (order.request.mask) check_sizes(*order.request.mask);
    return order;
}
PieceOrder piece_order(std::string_view bytes) { return read<PieceOrder>(bytes); }

std::string pack(const std::vector<std::string>& texts) {
    Writer writer;
    writer.list(texts, [&](const std::string& text) { writer.text(text); });
    return writer.take();
}

std::vector<std::string> unpack(std::string_view bytes) {
    Reader reader(bytes);
    std::vector<std::string> texts;
    reader.list(texts, [&](std::string& text) { reader.text(text); });
    reader.end();
    return texts;
}

std::string digest_of(const families::Model& model, const std::string& contents) {
    const families::Limits& limits = model.limits();
    std::string all = contents + "\n" + model.sha256() + "\n" + model.precision();
    for (const int64_t number : {int64_t{limits.width}, int64_t{limits.height}, int64_t{limits.max_width},
                                 int64_t{limits.max_height}, int64_t{limits.size_step}, limits.default_frames,
                                 limits.frames_step, int64_t{limits.default_steps}, int64_t{limits.sample_rate}})
        all += "\n" + std::to_string(number);
    return sha256_hex(all);
}

}  // namespace zt::pipeline
