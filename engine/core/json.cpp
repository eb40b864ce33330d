// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Limits around nlohmann::json's event parser. A first pass over the bytes bounds every token, so
// the parser's own buffers stay small; the adapter bounds depth and count and finds double keys.
#include "core/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/utf8.h"

namespace zt::json {
namespace {

// Longer numbers than any exact double or 64-bit integer written out are noise.
constexpr size_t kMaxNumberBytes = 512;

[[noreturn]] void refuse(const Origin& origin, const std::string& what) {
    throw Error(origin.status, origin.name + ": " + what);
}

bool is_number_byte(char c) noexcept {
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

// Bounds the length of every string and number, and knows nothing else of the grammar. A zero byte
// is refused here because nlohmann takes it for the end of the text.
void check_tokens(std::string_view text, const Limits& limits, const Origin& origin) {
    if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
        refuse(origin, "expected JSON, got a zero byte at " + std::to_string(zero));
    }
    size_t i = 0;
    while (i < text.size()) {
        const size_t start = i;
        if (text[i] == '"') {
            for (++i; i < text.size() && text[i] != '"'; ++i) {
                if (text[i] == '\\') ++i;
            }
            ++i;
            if (i - start > limits.string_bytes) {
                refuse(origin, "expected strings of at most " + std::to_string(limits.string_bytes) +
                                   " bytes, got a longer one at byte " + std::to_string(start));
            }
        } else if (is_number_byte(text[i])) {
            while (i < text.size() && is_number_byte(text[i])) ++i;
            if (i - start > kMaxNumberBytes) {
                refuse(origin, "expected numbers of at most " + std::to_string(kMaxNumberBytes) +
                                   " characters, got a longer one at byte " + std::to_string(start));
            }
        } else {
            ++i;
        }
    }
}

// Passes nlohmann's events on, bounds depth and count, and finds double keys when an object ends.
class Adapter final : public nlohmann::json_sax<nlohmann::json> {
public:
    Adapter(const Limits& limits, const Origin& origin, Events& events)
        : limits_(limits), origin_(origin), events_(events) {}

    bool null() override { return count(), events_.null(), true; }
    bool boolean(bool value) override { return count(), events_.boolean(value), true; }
    bool number_integer(number_integer_t value) override {
        // Comes only for numbers with a minus sign, which zero keeps.
        return count(), events_.number(value == 0 ? -0.0 : static_cast<double>(value)), true;
    }
    bool number_unsigned(number_unsigned_t value) override { return count(), events_.unsigned_integer(value), true; }
    bool number_float(number_float_t value, const string_t& text) override {
        return count(), events_.written_number(value, text), true;
    }
    bool string(string_t& value) override { return count(), events_.string(value), true; }
    bool binary(binary_t&) override { return false; }  // no such thing in JSON text

    bool key(string_t& value) override {
        keys_.push_back({key_text_.size(), value.size()});
        key_text_ += value;
        events_.key(value);
        return true;
    }
    bool start_object(std::size_t) override {
        enter();
        events_.begin_object();
        return true;
    }
    bool end_object() override {
        check_keys(open_.back());
        open_.pop_back();
        events_.end_object();
        return true;
    }
    bool start_array(std::size_t) override {
        enter();
        events_.begin_array();
        return true;
    }
    bool end_array() override {
        open_.pop_back();
        events_.end_array();
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        refuse(origin_, "expected JSON, got a mistake at byte " + std::to_string(position));
    }

private:
    struct Key {
        size_t start, length;
    };

    void count() {
        if (++values_ > limits_.values) {
            refuse(origin_, "expected at most " + std::to_string(limits_.values) + " values, got more");
        }
    }
    void enter() {
        count();
        if (open_.size() >= limits_.depth) {
            refuse(origin_, "expected at most " + std::to_string(limits_.depth) + " nested levels, got more");
        }
        open_.push_back(keys_.size());
    }
    void check_keys(size_t first) {
        const std::string_view text = key_text_;
        const auto name = [text](const Key& key) { return text.substr(key.start, key.length); };
        const auto begin = keys_.begin() + static_cast<ptrdiff_t>(first);
        const size_t text_start = begin == keys_.end() ? text.size() : begin->start;
        std::sort(begin, keys_.end(), [&](const Key& a, const Key& b) { return name(a) < name(b); });
        const auto twice =
            std::adjacent_find(begin, keys_.end(), [&](const Key& a, const Key& b) { return name(a) == name(b); });
        if (twice != keys_.end()) {
            refuse(origin_, "expected each key once, got " + zt::quote(name(*twice)) + " twice");
        }
        keys_.erase(begin, keys_.end());
        key_text_.resize(text_start);
    }

    const Limits& limits_;
    const Origin& origin_;
    Events& events_;
    uint64_t values_ = 0;
    std::vector<size_t> open_;  // per open level: its first entry in keys_
    std::vector<Key> keys_;     // of all open objects, pieces of key_text_
    std::string key_text_;
};

std::string number_text(double value) {
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), end};
}

std::string describe(const Value& value) {
    struct Describe {
        std::string operator()(std::monostate) const { return "null"; }
        std::string operator()(bool b) const { return b ? "true" : "false"; }
        std::string operator()(uint64_t n) const { return std::to_string(n); }
        std::string operator()(double d) const { return number_text(d); }
        std::string operator()(const std::string& s) const { return zt::quote(s); }
        std::string operator()(const Value::Array&) const { return "an array"; }
        std::string operator()(const Value::Object&) const { return "an object"; }
    };
    return std::visit(Describe{}, value.data);
}

void write(std::string& out, const Value& value, size_t level) {
    const auto line = [&](size_t depth) { out.append("\n").append(2 * depth, ' '); };
    if (const auto* array = std::get_if<Value::Array>(&value.data)) {
        out += '[';
        for (size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ", ";
            write(out, (*array)[i], level + 1);
        }
        out += ']';
    } else if (const auto* object = std::get_if<Value::Object>(&value.data)) {
        out += '{';
        for (size_t i = 0; i < object->size(); ++i) {
            if (i > 0) out += ',';
            line(level + 1);
            out += to_text((*object)[i].first) + ": ";
            write(out, (*object)[i].second, level + 1);
        }
        if (!object->empty()) line(level);
        out += '}';
    } else if (const auto* string = std::get_if<std::string>(&value.data)) {
        out += to_text(*string);
    } else {
        const auto* number = std::get_if<double>(&value.data);
        if (number != nullptr && !std::isfinite(*number)) {
            throw Error(ZT_ERROR_ARGUMENT, "json: expected finite numbers, got " + number_text(*number));
        }
        out += describe(value);
    }
}

}  // namespace

// By hand: when memory runs out while libstdc++ before 14 copies a std::variant of strings and
// vectors, it destroys an alternative that was never made.
Value::Value(const Value& other) {
    std::visit([&](auto alternative) { data = std::move(alternative); }, other.data);
}

// Pointers to open containers stay valid: only the innermost one grows.
Value* TreeBuilder::put(Value value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (auto* array = std::get_if<Value::Array>(&open_.back()->data)) {
        return &array->emplace_back(std::move(value));
    }
    auto& object = std::get<Value::Object>(open_.back()->data);
    return &object.emplace_back(std::move(key_), std::move(value)).second;
}

void parse(std::string_view text, const Limits& limits, const Origin& origin, Events& events) {
    if (text.size() > limits.bytes) {
        refuse(origin, "expected at most " + std::to_string(limits.bytes) + " bytes of JSON, got " +
                           std::to_string(text.size()));
    }
    // nlohmann skips a byte order mark; JSON has none (RFC 8259 section 8.1).
    if (text.starts_with("\xef\xbb\xbf")) refuse(origin, "expected JSON, got a byte order mark");
    check_tokens(text, limits, origin);
    Adapter adapter(limits, origin, events);
    nlohmann::json::sax_parse(text.begin(), text.end(), &adapter);
}

Value parse_value(std::string_view text, const Limits& limits, const Origin& origin) {
    TreeBuilder builder;
    parse(text, limits, origin, builder);
    return builder.take();
}

std::string to_text(const Value& value) {
    std::string out;
    write(out, value, 0);
    return out;
}

std::string to_text(std::string_view string) {
    std::string out = "\"";
    while (!string.empty()) {
        const size_t length = utf8_sequence_bytes(string, 0);
        if (length == 0) throw Error(ZT_ERROR_ARGUMENT, "json: expected UTF-8, got " + zt::quote(string));
        const char c = string.front();
        if (c == '"' || c == '\\') {
            (out += '\\') += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            constexpr char kDigits[] = "0123456789abcdef";
            ((out += "\\u00") += kDigits[c >> 4]) += kDigits[c & 15];
        } else {
            out += string.substr(0, length);
        }
        string.remove_prefix(length);
    }
    return out += '"';
}

Field Field::at(std::string_view key) const {
    std::optional<Field> field = find(key);
    if (!field) refuse("a key " + zt::quote(key));
    return *std::move(field);
}

std::optional<Field> Field::find(std::string_view key) const {
    const auto* object = std::get_if<Value::Object>(&value_->data);
    if (object == nullptr) refuse("an object");
    for (const auto& [name, value] : *object) {
        if (name == key) return Field(value, {origin_.name + ": " + one_line(key, kShownTextBytes), origin_.status});
    }
    return std::nullopt;
}

std::vector<std::string_view> Field::keys() const {
    const auto* object = std::get_if<Value::Object>(&value_->data);
    if (object == nullptr) refuse("an object");
    std::vector<std::string_view> names;
    names.reserve(object->size());
    for (const auto& [name, value] : *object) names.emplace_back(name);
    return names;
}

size_t Field::size() const {
    const auto* array = std::get_if<Value::Array>(&value_->data);
    if (array == nullptr) refuse("an array");
    return array->size();
}

Field Field::at(size_t index) const {
    if (index >= size()) refuse("at least " + std::to_string(index + 1) + " elements");
    const auto& array = std::get<Value::Array>(value_->data);
    return {array[index], {origin_.name + "[" + std::to_string(index) + "]", origin_.status}};
}

bool Field::boolean() const {
    const auto* b = std::get_if<bool>(&value_->data);
    if (b == nullptr) refuse("true or false");
    return *b;
}

uint64_t Field::integer(uint64_t min, uint64_t max) const {
    const auto* n = std::get_if<uint64_t>(&value_->data);
    if (n == nullptr || *n < min || *n > max) {
        refuse("an integer from " + std::to_string(min) + " to " + std::to_string(max));
    }
    return *n;
}

double Field::number() const {
    if (const auto* n = std::get_if<uint64_t>(&value_->data)) return static_cast<double>(*n);
    const auto* d = std::get_if<double>(&value_->data);
    if (d == nullptr) refuse("a number");
    return *d;
}

const std::string& Field::string() const {
    const auto* s = std::get_if<std::string>(&value_->data);
    if (s == nullptr) refuse("a string");
    return *s;
}

void Field::refuse(const std::string& expected) const {
    json::refuse(origin_, "expected " + expected + ", got " + describe(*value_));
}

void Field::refuse_key(const std::string& expected, std::string_view got) const {
    json::refuse(origin_, "expected " + expected + ", got " + zt::quote(got));
}

}  // namespace zt::json
