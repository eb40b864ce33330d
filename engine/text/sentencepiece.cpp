// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sentencepiece.h. Numbers of fields and types are those of sentencepiece_model.proto.
#include "text/sentencepiece.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "core/utf8.h"
#include "text/unicode.h"
#include "text/unigram_tokenizer.h"

namespace zt::text {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581, a blank

// A field of a message: a number, or bytes.
struct Field {
    uint64_t number = 0, value = 0;
    enum class Kind : uint8_t { kVarint, kFixed64, kBytes, kFixed32 } kind = Kind::kVarint;
    std::string_view bytes;
};

// Reads a message field by field; every length is checked against what is left.
class Message {
public:
    Message(std::string_view bytes, std::string where) : left_(bytes), where_(std::move(where)) {}

    [[noreturn]] void refuse(const std::string& expected, const std::string& got) const {
        zt::refuse(ZT_ERROR_WEIGHTS, where_, expected, got);
    }
    [[nodiscard]] const std::string& where() const { return where_; }
    [[nodiscard]] bool at_end() const { return left_.empty(); }

    Field next() {
        const uint64_t tag = varint();
        Field field;
        field.number = tag >> 3;
        if (field.number == 0) refuse("the number of a field", "0");
        switch (tag & 7) {
            case 0: field.kind = Field::Kind::kVarint, field.value = varint(); break;
            case 1: field.kind = Field::Kind::kFixed64, field.value = fixed(8); break;
            case 2: {
                field.kind = Field::Kind::kBytes;
                const uint64_t length = varint();
                field.bytes = take(length);
                break;
            }
            case 5: field.kind = Field::Kind::kFixed32, field.value = fixed(4); break;
            default: refuse("a field of SentencePiece's model", "wire type " + std::to_string(tag & 7));
        }
        return field;
    }

private:
    std::string_view take(uint64_t bytes) {
        if (bytes > left_.size())
            refuse(std::to_string(bytes) + " bytes", std::to_string(left_.size()) + " (end of the message)");
        const std::string_view taken = left_.substr(0, bytes);
        left_.remove_prefix(bytes);
        return taken;
    }
    uint64_t varint() {
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<uint8_t>(take(1).front());
            value |= uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return value;
        }
        refuse("a number of at most 10 bytes", "a longer one");
    }
    uint64_t fixed(size_t bytes) {
        const std::string_view taken = take(bytes);
        uint64_t value = 0;
        for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<uint8_t>(taken[i]);
        return value;
    }

    std::string_view left_;
    std::string where_;
};

void expect(const Message& in, const Field& field, Field::Kind kind) {
    if (field.kind != kind) in.refuse("field " + std::to_string(field.number) + " of another type", "this one");
}
bool flag_of(const Message& in, const Field& field) {
    expect(in, field, Field::Kind::kVarint);
    return field.value != 0;
}
// A number of 32 bits with a sign, -1 where there is no such token.
int32_t id_of(const Message& in, const Field& field) {
    expect(in, field, Field::Kind::kVarint);
    return static_cast<int32_t>(field.value);
}

using Model = SentencePieceModel;

std::string_view piece_of(const Model& model, size_t i) {
    const auto& p = model.pieces.pieces[i];
    return std::string_view(model.pieces.text).substr(p.start, p.length);
}

void read_piece(Message in, Model& model) {
    std::string_view text;
    double score = 0;
    uint64_t type = 1;
    while (!in.at_end()) {
        const Field field = in.next();
        if (field.number == 1) {
            expect(in, field, Field::Kind::kBytes);
            text = field.bytes;
        } else if (field.number == 2) {
            expect(in, field, Field::Kind::kFixed32);
            score = static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(field.value)));
        } else if (field.number == 3) {
            expect(in, field, Field::Kind::kVarint);
            type = field.value;
        }
    }
    add_piece(model, text, score, type, in.where());
}

void read_trainer(Message in, Model& model) {
    while (!in.at_end()) {
        const Field field = in.next();
        switch (field.number) {
            case 3:
                expect(in, field, Field::Kind::kVarint);
                if (field.value != 1)
                    zt::refuse(ZT_ERROR_UNSUPPORTED, in.where() + ": model_type", "1 (unigram)",
                               std::to_string(field.value));
                break;
            case 24:  // treat_whitespace_as_suffix
                if (flag_of(in, field))
                    zt::refuse(ZT_ERROR_UNSUPPORTED, in.where(), "white space in front of words", "behind them");
                break;
            case 35: model.byte_fallback = flag_of(in, field); break;
            case 40: model.unknown = id_of(in, field); break;
            case 42: model.end = id_of(in, field); break;
            default: break;  // how it was trained
        }
    }
}

void read_normalizer(Message in, Model& model) {
    while (!in.at_end()) {
        const Field field = in.next();
        switch (field.number) {
            case 2:
                expect(in, field, Field::Kind::kBytes);
                model.charsmap = field.bytes;
                break;
            case 3: model.prefix = flag_of(in, field); break;
            case 4: model.collapse = flag_of(in, field); break;
            case 5:
                if (!flag_of(in, field))
                    zt::refuse(ZT_ERROR_UNSUPPORTED, in.where(), "blanks that become U+2581", "blanks that stay");
                break;
            default: break;  // the name of the table, and the rules that it was made of
        }
    }
}

Model read_message(std::string_view bytes, const std::string& name) {
    Model model;
    Message in(bytes, name);
    while (!in.at_end()) {
        const Field field = in.next();
        if (field.number > 3) continue;  // tests of its own, how ids become text, extensions
        expect(in, field, Field::Kind::kBytes);
        if (field.number == 1)
            read_piece(Message(field.bytes, name + ": pieces[" + std::to_string(model.types.size()) + "]"), model);
        if (field.number == 2) read_trainer(Message(field.bytes, name + ": trainer_spec"), model);
        if (field.number == 3) read_normalizer(Message(field.bytes, name + ": normalizer_spec"), model);
    }
    return model;
}

void add_steps(const Model& model, const std::string& name, UnigramParts& parts) {
    if (!model.charsmap.empty()) {
        NormalStep table;
        table.kind = NormalStep::Kind::kCharsmap;
        table.charsmap =
            std::make_unique<const Charsmap>(Charsmap::from_bytes(model.charsmap, name + ": precompiled_charsmap"));
        parts.normalizer.push_back(std::move(table));
    }
    PieceStep blanks;
    blanks.kind = PieceStep::Kind::kMetaspace;
    blanks.mark = kMark;
    blanks.prepend = model.prefix;
    if (model.extra_ids > 0) {  // blanks vanish with the cut
        PieceStep words;
        words.kind = PieceStep::Kind::kWhitespace;
        parts.splits.push_back(std::move(words));
        blanks.split = true;
        parts.splits.push_back(std::move(blanks));
        return;
    }
    if (model.collapse) {
        NormalStep ends, rows;
        ends.kind = NormalStep::Kind::kStrip;
        ends.right = true;  // those in front become the one that stands there anyway
        ends.left = !model.prefix;
        parts.normalizer.push_back(std::move(ends));
        rows.kind = NormalStep::Kind::kReplace;
        rows.pattern.emplace(" {2,}", name);
        rows.content = " ";
        parts.normalizer.push_back(std::move(rows));
    }
    // A piece across words would be lost if words were cut apart.
    blanks.split = true;
    for (size_t i = 0; i < model.types.size() && blanks.split; ++i) {
        std::string_view piece = piece_of(model, i);
        while (piece.starts_with(kMark)) piece.remove_prefix(kMark.size());
        blanks.split = piece.find(kMark) == piece.npos;
    }
    parts.splits.push_back(std::move(blanks));
}

}  // namespace

void add_piece(SentencePieceModel& model, std::string_view text, double score, uint64_t type,
               const std::string& where) {
    const auto refuse = [&](const std::string& expected, const std::string& got) {
        zt::refuse(ZT_ERROR_WEIGHTS, where, expected, got);
    };
    if (type < 1 || type > static_cast<uint64_t>(PieceType::kByte)) refuse("type: 1 to 6", std::to_string(type));
    if (text.size() > kMaxPieceBytes)
        refuse("a piece of at most " + std::to_string(kMaxPieceBytes) + " bytes", std::to_string(text.size()));
    if (!is_valid_utf8(text)) refuse("a piece in UTF-8", quote(text));
    if (!std::isfinite(score)) refuse("a finite score", "another");
    if (model.types.size() >= kMaxTokenIds) refuse("at most " + std::to_string(kMaxTokenIds) + " pieces", "more");
    if (model.pieces.text.size() + text.size() > kMaxPiecesBytes)
        refuse("at most " + std::to_string(kMaxPiecesBytes) + " bytes of pieces", "more");
    model.pieces.add(text, score);
    model.types.push_back(static_cast<PieceType>(type));
}

UnigramParts sentencepiece_parts(const SentencePieceModel& model, const std::string& name) {
    const auto check_id = [&](const char* what, int32_t id) {
        if (id < 0 || static_cast<size_t>(id) >= model.types.size())
            zt::refuse(ZT_ERROR_WEIGHTS, name, std::string(what) + " of a piece", std::to_string(id));
    };
    if (model.types.empty()) zt::refuse(ZT_ERROR_WEIGHTS, name, "a SentencePiece model with pieces", "none");
    check_id("unk_id", model.unknown);
    check_id("eos_id", model.end);
    UnigramParts parts;
    parts.model = UnigramModel(model.pieces, {.unknown = model.unknown, .byte_fallback = model.byte_fallback});
    add_steps(model, name, parts);
    std::vector<AddedToken> first;
    size_t added_bytes = 0;
    for (size_t i = 0; i < model.types.size(); ++i) {
        const PieceType type = model.types[i];
        const std::string_view piece = piece_of(model, i);
        const bool special =
            type == PieceType::kControl || type == PieceType::kUnknown || type == PieceType::kUserDefined;
        if (!special || piece.empty()) continue;
        added_bytes += piece.size();
        if (first.size() >= kMaxAddedTokens || added_bytes > kMaxAddedTokensBytes)
            zt::refuse(ZT_ERROR_WEIGHTS, name, "at most " + std::to_string(kMaxAddedTokens) + " special pieces",
                       "more");
        AddedToken token;
        token.content = piece;
        token.id = static_cast<int32_t>(i);
        first.push_back(std::move(token));
        parts.added.add(piece, static_cast<int32_t>(i));
    }
    const auto count = static_cast<int32_t>(model.types.size());
    for (int32_t n = 0; n < model.extra_ids && !parts.model.id("<extra_id_0>"); ++n) {
        AddedToken token;
        token.content = "<extra_id_" + std::to_string(n) + ">";
        token.id = count + model.extra_ids - 1 - n;
        parts.added.add(token.content, token.id);
        first.push_back(std::move(token));
    }
    if (const auto wrong = parts.added.finish())
        zt::refuse(ZT_ERROR_WEIGHTS, name, "special pieces that differ", *wrong);
    parts.first = AddedTokens(std::move(first));
    parts.after = {model.end};
    return parts;
}

UnigramParts read_sentencepiece(std::string_view bytes, const std::string& name, int32_t extra_ids) {
    if (bytes.size() > kMaxSentencePieceBytes)
        zt::refuse(ZT_ERROR_WEIGHTS, name, "at most " + std::to_string(kMaxSentencePieceBytes) + " bytes",
                   std::to_string(bytes.size()));
    SentencePieceModel model = read_message(bytes, name);
    model.extra_ids = extra_ids;
    return sentencepiece_parts(model, name);
}

}  // namespace zt::text
