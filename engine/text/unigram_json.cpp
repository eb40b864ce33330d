// SPDX-License-Identifier: LGPL-2.1-or-later
//
// tokenizer.json with a unigram model; see tokenizer_parts.h. The vocabulary is read while the JSON is: a
// tree of its 256,000 pairs would take some fifty megabytes. The rest becomes a tree.
#include <cmath>
#include <utility>

#include "core/utf8.h"
#include "text/tokenizer_fields.h"
#include "text/tokenizer_parts.h"
#include "text/unigram_score.h"

namespace zt::text {
namespace {

using json::Field;

constexpr uint64_t kMaxTreeValues = 1 << 20;
// The longest string is the charsmap: the published ones have 0.32 MB.
constexpr json::Limits kLimits = {
    .bytes = kMaxTokenizerBytes, .depth = 64, .values = 1 << 23, .string_bytes = kMaxCharsmapBytes / 3 * 4 + 8};

class UnigramEvents final : public json::Events {
public:
    explicit UnigramEvents(const json::Origin& origin) : origin_(origin) {}

    void null() override {
        in_rest("null");
        tree().null();
    }
    void boolean(bool value) override {
        in_rest(value ? "true" : "false");
        tree().boolean(value);
    }
    void unsigned_integer(uint64_t value) override {
        if (part_ == Part::kPiece) return set_score(static_cast<double>(value));
        in_rest("a number");
        tree().unsigned_integer(value);
    }
    void number(double value) override {
        if (part_ == Part::kPiece) return set_score(value);
        in_rest("a number");
        tree().number(value);
    }
    void written_number(double value, std::string_view text) override {
        if (part_ != Part::kPiece) return number(value);
        const auto score = read_score(text);
        if (!score) refuse("a score that a double can hold", "a larger one");
        set_score(*score);
    }
    void string(std::string_view value) override {
        if (part_ == Part::kPiece) {
            if (values_++ != 0) refuse("a piece and its score", quote(value));
            if (value.size() > kMaxPieceBytes)
                refuse("pieces of at most " + std::to_string(kMaxPieceBytes) + " bytes", std::to_string(value.size()));
            piece_ = value;
            return;
        }
        in_rest(quote(value));
        tree().string(value);
    }
    void key(std::string_view value) override {
        if (depth_ == 1) top_key_ = value;
        if (depth_ == 2) model_key_ = value;
        tree().key(value);
    }
    void begin_object() override {
        in_rest("an object");
        tree().begin_object();
        ++depth_;
    }
    void end_object() override {
        --depth_;
        tree().end_object();
    }
    void begin_array() override {
        if (part_ == Part::kVocabulary) {
            if (pieces_.pieces.size() >= kMaxTokenIds)
                refuse("at most " + std::to_string(kMaxTokenIds) + " pieces", "more");
            part_ = Part::kPiece;
            values_ = 0;
        } else if (part_ == Part::kRest && depth_ == 2 && top_key_ == "model" && model_key_ == "vocab") {
            part_ = Part::kVocabulary;
            has_vocabulary_ = true;
            tree().null();
        } else {
            in_rest("an array");
            tree().begin_array();
        }
        ++depth_;
    }
    void end_array() override {
        --depth_;
        if (part_ == Part::kPiece) {
            if (values_ != 2) refuse("a piece and its score", std::to_string(values_) + " values");
            if (pieces_.text.size() + piece_.size() > kMaxPiecesBytes)
                refuse("at most " + std::to_string(kMaxPiecesBytes) + " bytes of pieces", "more");
            pieces_.add(piece_, score_);
            part_ = Part::kVocabulary;
        } else if (part_ == Part::kVocabulary) {
            part_ = Part::kRest;
        } else {
            tree().end_array();
        }
    }

    [[nodiscard]] bool has_vocabulary() const noexcept { return has_vocabulary_; }
    [[nodiscard]] const UnigramPieces& pieces() const noexcept { return pieces_; }
    [[nodiscard]] json::Value take() { return tree_.take(); }

private:
    enum class Part { kRest, kVocabulary, kPiece };

    [[noreturn]] void refuse(const std::string& expected, const std::string& got) const {
        zt::refuse(origin_.status, origin_.name + ": model: vocab[" + std::to_string(pieces_.pieces.size()) + "]",
                   expected, got);
    }
    void in_rest(const std::string& got) const {
        if (part_ != Part::kRest) refuse("a piece and its score", got);
    }
    void set_score(double value) {
        if (values_++ != 1) refuse("a piece and its score", "a number in another place");
        score_ = value;
    }
    json::TreeBuilder& tree() {
        if (++tree_values_ > 2 * kMaxTreeValues)
            zt::refuse(origin_.status, origin_.name,
                       "at most " + std::to_string(kMaxTreeValues) + " values besides the vocabulary", "more");
        return tree_;
    }

    const json::Origin& origin_;
    json::TreeBuilder tree_;
    UnigramPieces pieces_;
    uint64_t tree_values_ = 0;  // keys and ends counted too
    Part part_ = Part::kRest;
    int depth_ = 0, values_ = 0;
    bool has_vocabulary_ = false;
    std::string top_key_, model_key_, piece_;
    double score_ = 0;
};

UnigramModel read_model(const Field& root, const UnigramEvents& events) {
    const Field field = root.at("model");
    if (const std::string type = text_of(field, "type"); type != "Unigram")
        unsupported(field, "type Unigram", quote(type));
    check_keys(field, {"type", "unk_id", "byte_fallback", "vocab"});
    if (!events.has_vocabulary()) field.at("vocab").refuse("an array of pieces and scores");
    const size_t count = events.pieces().pieces.size();
    if (count == 0) zt::refuse(ZT_ERROR_WEIGHTS, field.name() + ": vocab", "pieces", "none");
    // Without it the reference fails at the first unknown character.
    const auto unknown = find(field, "unk_id");
    if (!unknown) unsupported(field, "an unk_id", "none");
    UnigramRules rules;
    rules.unknown = static_cast<int32_t>(unknown->integer(0, count - 1));
    rules.byte_fallback = flag(field, "byte_fallback", false);
    return {events.pieces(), rules};
}

}  // namespace

UnigramParts read_unigram_json(std::string_view text, const std::string& name) {
    const json::Origin origin{name, ZT_ERROR_WEIGHTS};
    UnigramEvents events(origin);
    json::parse(text, kLimits, origin, events);
    const json::Value rest = events.take();
    const Field root(rest, origin);
    UnigramParts parts;
    parts.model = read_model(root, events);
    read_steps(root,
               {[&](std::string_view token) { return parts.model.id(token); },
                [&](int32_t id) { return parts.model.has_id(id); }},
               parts);
    return parts;
}

}  // namespace zt::text
