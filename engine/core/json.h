// SPDX-License-Identifier: LGPL-2.1-or-later
//
// JSON from strangers, read with limits: bytes, depth, number of values, length of a string; no
// key twice in one object, strict UTF-8, no byte order mark, nothing after the value. Two ways:
// events while it is read (a checkpoint's header of any size in constant memory), or a tree.
// Parsing is nlohmann::json's; the limits are ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"

namespace zt::json {

struct Limits {
    uint64_t bytes = 1 << 20;  // largest real configuration files are some 10 KiB
    uint32_t depth = 64;
    uint64_t values = 200'000;        // a tree of so many values takes about 20 MB
    uint64_t string_bytes = 1 << 20;  // as written, escapes included
};

// Where a text comes from and what its errors are: the start of every message, and the status.
struct Origin {
    std::string name;  // "manifest.json"
    zt_status status = ZT_ERROR_WEIGHTS;
};

// Told what is read, in order. Strings are borrowed until the call returns. A handler refuses by
// throwing zt::Error.
class Events {
public:
    virtual ~Events() = default;
    virtual void null() = 0;
    virtual void boolean(bool value) = 0;
    virtual void unsigned_integer(uint64_t value) = 0;  // no sign, fraction or exponent
    virtual void number(double value) = 0;              // any other number
    // The same with its text, for those that must read it otherwise; only numbers with a fraction, an
    // exponent or more than 64 bits. The decimal point may be the locale's.
    virtual void written_number(double value, std::string_view /*text*/) { number(value); }
    virtual void string(std::string_view value) = 0;
    virtual void key(std::string_view value) = 0;
    virtual void begin_object() = 0;
    virtual void end_object() = 0;
    virtual void begin_array() = 0;
    virtual void end_array() = 0;
};

void parse(std::string_view text, const Limits& limits, const Origin& origin, Events& events);

// A value, owned. Integers without sign, fraction or exponent keep their 64 bits.
struct Value {
    using Array = std::vector<Value>;
    using Object = std::vector<std::pair<std::string, Value>>;  // in the order of the file
    using Data = std::variant<std::monostate, bool, uint64_t, double, std::string, Array, Object>;

    Value() = default;
    Value(Data value) noexcept : data(std::move(value)) {}
    Value(const Value& other);
    Value(Value&&) = default;
    Value& operator=(Value other) noexcept { return data = std::move(other.data), *this; }

    Data data;
};

// Makes a tree of the events; take() it when they are over. Also for handlers that pass on what they
// do not want themselves.
class TreeBuilder final : public Events {
public:
    void null() override { put(Value()); }
    void boolean(bool value) override { put(Value(value)); }
    void unsigned_integer(uint64_t value) override { put(Value(value)); }
    void number(double value) override { put(Value(value)); }
    void string(std::string_view value) override { put(Value(std::string(value))); }
    void key(std::string_view value) override { key_ = value; }
    void begin_object() override { open_.push_back(put(Value(Value::Object{}))); }
    void end_object() override { open_.pop_back(); }
    void begin_array() override { open_.push_back(put(Value(Value::Array{}))); }
    void end_array() override { open_.pop_back(); }
    [[nodiscard]] Value take() { return std::move(root_); }

private:
    Value* put(Value value);

    Value root_;
    std::vector<Value*> open_;
    std::string key_;
};

[[nodiscard]] Value parse_value(std::string_view text, const Limits& limits, const Origin& origin);

// As JSON text, two blanks per level; doubles in their shortest exact form.
[[nodiscard]] std::string to_text(const Value& value);
// One string as JSON text, quotes included; bytes that are not UTF-8 throw ZT_ERROR_ARGUMENT.
[[nodiscard]] std::string to_text(std::string_view string);

// A value together with where it stands, so that a reader can say what it expected:
// "config.json: vae: channels: expected an integer from 1 to 64, got "many"". Borrows the value.
class Field {
public:
    Field(const Value& value, Origin origin) : value_(&value), origin_(std::move(origin)) {}

    // Members of an object: at() throws when the key is missing; keys() is in the file's order.
    [[nodiscard]] Field at(std::string_view key) const;
    [[nodiscard]] std::optional<Field> find(std::string_view key) const;
    [[nodiscard]] std::vector<std::string_view> keys() const;
    // Elements of an array.
    [[nodiscard]] size_t size() const;
    [[nodiscard]] Field at(size_t index) const;

    [[nodiscard]] bool boolean() const;
    [[nodiscard]] uint64_t integer(uint64_t min, uint64_t max) const;
    [[nodiscard]] double number() const;
    [[nodiscard]] const std::string& string() const;
    [[nodiscard]] const Value& value() const noexcept { return *value_; }
    [[nodiscard]] bool is_null() const noexcept { return std::holds_alternative<std::monostate>(value_->data); }
    // Where it stands: the start of its messages.
    [[nodiscard]] const std::string& name() const noexcept { return origin_.name; }
    // "... expected <expected>, got <this value>", and the same about one of its keys.
    [[noreturn]] void refuse(const std::string& expected) const;
    [[noreturn]] void refuse_key(const std::string& expected, std::string_view got) const;

private:
    const Value* value_;
    Origin origin_;
};

}  // namespace zt::json
