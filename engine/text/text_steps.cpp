// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See text_steps.h.
#include "text/text_steps.h"

#include <utility>

#include "core/error.h"
#include "text/byte_level.h"
#include "text/unicode.h"

namespace zt::text {
namespace {

std::string replace(const NormalStep& step, std::string_view text, TextBudget& budget) {
    std::string out;
    size_t done = 0;
    for (const auto [start, end] : step.pattern->matches(text, budget)) {
        budget.grow(start - done + step.content.size());
        out.append(text.substr(done, start - done)).append(step.content);
        done = end;
    }
    return out.append(text.substr(done));
}

// Calls use(part, matched) for each non-empty part of the text in order.
template <typename F>
void for_each_part(const SplitPattern& pattern, std::string_view text, TextBudget& budget, F use) {
    size_t done = 0;
    for (const auto [start, end] : pattern.matches(text, budget)) {
        if (done < start) use(text.substr(done, start - done), false);
        use(text.substr(start, end - start), true);
        done = end;
    }
    if (done < text.size()) use(text.substr(done), false);
}

std::string strip(const NormalStep& step, std::string text, TextBudget& budget) {
    size_t start = 0, end = text.size();
    budget.work(end);
    for (size_t at = 0; step.left && at < end; start = at)
        if (!is_white_space(next_code_point(text, at))) break;
    for (size_t before = end; step.right && before > start; end = before)
        if (!is_white_space(previous_code_point(text, before))) break;
    return text.substr(start, end - start);
}

void split_at_white_space(std::string_view text, std::vector<std::string>& out) {
    size_t start = 0;
    for (size_t at = 0; at < text.size();) {
        const size_t before = at;
        if (!is_white_space(next_code_point(text, at))) continue;
        if (start < before) out.emplace_back(text.substr(start, before - start));
        start = at;
    }
    if (start < text.size()) out.emplace_back(text.substr(start));
}

void mark_blanks(const PieceStep& step, std::string_view text, TextBudget& budget, std::vector<std::string>& out) {
    std::string marked;
    for (const char c : text) c == ' ' ? marked += step.mark : marked += c;
    if (step.prepend && !marked.starts_with(step.mark)) marked.insert(0, step.mark);
    budget.grow(marked.size());
    size_t start = 0;
    for (size_t at = 0; step.split && (at = marked.find(step.mark, at)) != std::string::npos; at += step.mark.size()) {
        if (start < at) out.push_back(marked.substr(start, at - start));
        start = at;
    }
    out.push_back(marked.substr(start));
}

void apply(const PieceStep& step, const std::string& piece, TextBudget& budget, std::vector<std::string>& out) {
    switch (step.kind) {
        case PieceStep::Kind::kIsolate:
            for_each_part(*step.pattern, piece, budget, [&](std::string_view part, bool) { out.emplace_back(part); });
            break;
        case PieceStep::Kind::kRemove:
            for_each_part(*step.pattern, piece, budget, [&](std::string_view part, bool matched) {
                if (matched == step.invert) out.emplace_back(part);
            });
            break;
        case PieceStep::Kind::kByteLevel:
            if (step.pattern) {
                for_each_part(*step.pattern, piece, budget,
                              [&](std::string_view part, bool) { out.push_back(to_byte_level(part)); });
            } else {
                out.push_back(to_byte_level(piece));
            }
            break;
        case PieceStep::Kind::kWhitespace: split_at_white_space(piece, out); break;
        case PieceStep::Kind::kMetaspace: mark_blanks(step, piece, budget, out); break;
    }
}

}  // namespace

std::string normalize(const std::vector<NormalStep>& steps, std::string_view text, TextBudget& budget) {
    std::string now(text);
    for (const NormalStep& step : steps) {
        switch (step.kind) {
            case NormalStep::Kind::kNfc:
                if (longest_run_of_marks(now) > kMostMarks)
                    throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected at most " + std::to_string(kMostMarks) +
                                                      " combining marks in a row, got more");
                now = to_nfc(now);
                budget.grow(now.size());
                break;
            case NormalStep::Kind::kLowercase:
                now = to_lower(now);
                budget.grow(now.size());
                break;
            case NormalStep::Kind::kReplace: now = replace(step, now, budget); break;
            case NormalStep::Kind::kStrip: now = strip(step, std::move(now), budget); break;
            case NormalStep::Kind::kCharsmap: now = step.charsmap->normalize(now, budget); break;
        }
    }
    return now;
}

std::vector<std::string> split_into_pieces(const std::vector<PieceStep>& steps, std::string text, TextBudget& budget) {
    std::vector<std::string> pieces;
    if (!text.empty()) pieces.push_back(std::move(text));
    for (const PieceStep& step : steps) {
        std::vector<std::string> next;
        next.reserve(pieces.size());
        for (const std::string& piece : pieces) {
            budget.grow(piece.size());
            apply(step, piece, budget, next);
        }
        pieces = std::move(next);
    }
    return pieces;
}

}  // namespace zt::text
