// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Streams vocabulary and merges out of tokenizer.json; see tokenizer_parts.h.
#include <utility>

#include "core/utf8.h"
#include "text/tokenizer_parts.h"

namespace zt::text {
namespace {

constexpr uint64_t kMaxTreeValues = 1 << 20;  // kMaxAddedTokens with seven fields each, and the rest
constexpr json::Limits kLimits = {
    .bytes = kMaxTokenizerBytes, .depth = 64, .values = 1 << 24, .string_bytes = 64 << 10};

class ModelEvents final : public json::Events {
public:
    ModelEvents(const json::Origin& origin, bool vocabulary_alone) : origin_(origin), alone_(vocabulary_alone) {}

    void null() override {
        in_part("null");
        tree().null();
    }
    void boolean(bool value) override {
        in_part(value ? "true" : "false");
        tree().boolean(value);
    }
    void unsigned_integer(uint64_t value) override {
        if (part_ == Part::kVocabulary) {
            if (value >= kMaxTokenIds) refuse("an integer", std::to_string(value));
            if (raw_.vocabulary.size() >= kMaxTokenIds)
                refuse("at most " + std::to_string(kMaxTokenIds) + " tokens", "more");
            raw_.vocabulary.add(token_, static_cast<int32_t>(value));
            return;
        }
        in_part("a number");
        tree().unsigned_integer(value);
    }
    void number(double value) override {
        in_part(value < 0 ? "a negative number" : "a fraction");
        tree().number(value);
    }
    void string(std::string_view value) override {
        if (part_ == Part::kPair) {
            if (halves_ == 2) refuse("two tokens a pair", "more");
            (halves_++ == 0 ? left_ : right_) = value;
        } else if (part_ == Part::kMerges) {
            check_count();
            if (!value.starts_with("#version") && !add_written_merge(raw_, value))
                refuse("\"left right\"", quote(value));
        } else {
            in_part(quote(value));
            tree().string(value);
        }
    }
    void key(std::string_view value) override {
        if (part_ == Part::kVocabulary) {
            token_ = value;
            if (value.size() > kMaxTokenBytes)
                refuse("at most " + std::to_string(kMaxTokenBytes) + " bytes", std::to_string(value.size()));
            return;
        }
        if (depth_ == 1) top_key_ = value;
        if (depth_ == 2) model_key_ = value;
        tree().key(value);
    }
    void begin_object() override {
        in_part("an object");
        const bool root = alone_ && depth_ == 0;
        if (root || at_model("vocab")) {
            part_ = Part::kVocabulary;
            raw_.has_vocabulary = true;
            tree().null();
        } else {
            tree().begin_object();
        }
        ++depth_;
    }
    void end_object() override {
        --depth_;
        if (part_ == Part::kVocabulary) {
            part_ = Part::kRest;
        } else {
            tree().end_object();
        }
    }
    void begin_array() override {
        if (part_ == Part::kMerges) {
            check_count();
            part_ = Part::kPair;
            halves_ = 0;
        } else {
            in_part("an array");
            if (at_model("merges")) {
                part_ = Part::kMerges;
                raw_.has_merges = true;
                tree().null();
            } else {
                tree().begin_array();
            }
        }
        ++depth_;
    }
    void end_array() override {
        --depth_;
        if (part_ == Part::kPair) {
            if (halves_ != 2) refuse("two tokens a pair", std::to_string(halves_));
            raw_.merge_text.append(left_).append(right_);
            raw_.merges.push_back({static_cast<uint32_t>(left_.size()), static_cast<uint32_t>(right_.size())});
            part_ = Part::kMerges;
        } else if (part_ == Part::kMerges) {
            part_ = Part::kRest;
        } else {
            tree().end_array();
        }
    }
    RawModel take() {
        raw_.rest = tree_.take();
        return std::move(raw_);
    }

private:
    enum class Part { kRest, kVocabulary, kMerges, kPair };

    [[noreturn]] void refuse(const std::string& expected, const std::string& got) const {
        std::string where = origin_.name + (alone_ ? "" : ": model");
        if (part_ == Part::kVocabulary) where += (alone_ ? ": " : ": vocab: ") + quote(token_);
        if (part_ == Part::kMerges || part_ == Part::kPair)
            where += ": merges[" + std::to_string(raw_.merges.size()) + "]";
        throw Error(origin_.status, where + ": expected " + expected + ", got " + got);
    }
    // A value that does not belong into the vocabulary or the merges.
    void in_part(const std::string& got) const {
        if (part_ == Part::kVocabulary) refuse("an integer from 0 to " + std::to_string(kMaxTokenIds - 1), got);
        if (part_ == Part::kMerges || part_ == Part::kPair) refuse("a pair of tokens", got);
    }
    void check_count() const {
        if (raw_.merges.size() >= kMaxMerges) refuse("at most " + std::to_string(kMaxMerges) + " merges", "more");
    }
    [[nodiscard]] bool at_model(std::string_view key) const {
        return !alone_ && depth_ == 2 && top_key_ == "model" && model_key_ == key;
    }
    json::TreeBuilder& tree() {
        if (++tree_values_ > 2 * kMaxTreeValues) {
            throw Error(origin_.status, origin_.name + ": expected at most " + std::to_string(kMaxTreeValues) +
                                            " values besides vocabulary and merges, got more");
        }
        return tree_;
    }

    const json::Origin& origin_;
    const bool alone_;
    RawModel raw_;
    json::TreeBuilder tree_;
    uint64_t tree_values_ = 0;  // keys and ends counted too
    Part part_ = Part::kRest;
    int depth_ = 0;
    std::string top_key_, model_key_, token_, left_, right_;
    int halves_ = 0;
};

}  // namespace

RawModel read_raw_model(std::string_view text, const json::Origin& origin) {
    ModelEvents events(origin, false);
    json::parse(text, kLimits, origin, events);
    return events.take();
}

RawModel read_raw_vocabulary(std::string_view text, const json::Origin& origin) {
    ModelEvents events(origin, true);
    json::parse(text, kLimits, origin, events);
    RawModel raw = events.take();
    if (!raw.has_vocabulary)
        throw Error(origin.status, origin.name + ": expected an object of tokens and ids, got another value");
    return raw;
}

bool add_written_merge(RawModel& raw, std::string_view pair) {
    const size_t blank = pair.find(' ');
    if (blank == std::string_view::npos || pair.find(' ', blank + 1) != std::string_view::npos) return false;
    raw.merge_text.append(pair.substr(0, blank)).append(pair.substr(blank + 1));
    raw.merges.push_back({static_cast<uint32_t>(blank), static_cast<uint32_t>(pair.size() - blank - 1)});
    return true;
}

BpeModel make_model(RawModel raw, BpeRules rules, const std::string& unknown_token, const std::string& name) {
    if (const auto wrong = raw.vocabulary.finish()) throw Error(ZT_ERROR_WEIGHTS, name + ": vocab: " + *wrong);
    const auto id_of = [&](std::string_view token, const std::string& where) {
        const auto id = raw.vocabulary.id(token);
        if (!id) throw Error(ZT_ERROR_WEIGHTS, where + ": expected tokens of the vocabulary, got " + quote(token));
        return *id;
    };
    if (!unknown_token.empty()) rules.unknown = id_of(unknown_token, name + ": unk_token");
    std::vector<Merge> merges;
    merges.reserve(raw.merges.size());
    size_t at = 0;
    const std::string_view all = raw.merge_text;
    for (const auto [left, right] : raw.merges) {
        const auto id = [&](size_t start, size_t length) {
            const auto found = raw.vocabulary.id(all.substr(start, length));
            return found ? *found
                         : id_of(all.substr(start, length), name + ": merges[" + std::to_string(merges.size()) + "]");
        };
        merges.push_back(
            {id(at, left), id(at + left, right), id(at, left + right), static_cast<uint32_t>(merges.size())});
        at += left + right;
    }
    return {std::move(raw.vocabulary), std::move(merges), std::move(rules)};
}

}  // namespace zt::text
