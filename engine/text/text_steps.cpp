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

class Growth {
public:
    explicit Growth(size_t bytes) : most_((bytes + 64) * kMostGrowth) {}
    void check(size_t bytes) const {
        if (bytes > most_)
            throw Error(ZT_ERROR_WEIGHTS, "tokenizer.json: expected steps that make a text at most " +
                std::to_string(kMostGrowth) + " times longer, got more");
    }

private:
    size_t most_;
};

std::string replace(const NormalStep& step, std::string_view text, const Growth& growth) {
    std::string out;
    size_t done = 0;
    for (const auto [start, end] : step.pattern->matches(text)) {
        out.append(text.substr(done, start - done)).append(step.content);
        growth.check(out.size());
        done = end;
    }
    return out.append(text.substr(done));
}

// Calls use(part, matched) for each non-empty part of the text in order.
template <typename F>
void for_each_part(const SplitPattern& pattern, std::string_view text, F use) {
    size_t done = 0;
    for (const auto [start, end] : pattern.matches(text)) {
        if (done < start) use(text.substr(done, start - done), false);
        use(text.substr(start, end - start), true);
        done = end;
    }
    if (done < text.size()) use(text.substr(done), false);
}

void apply(const PieceStep& step, std::string piece, std::vector<std::string>& out) {
    switch (step.kind) {
    case PieceStep::Kind::kIsolate:
        for_each_part(*step.pattern, piece, [&](std::string_view part, bool) { out.emplace_back(part); });
        break;
    case PieceStep::Kind::kRemove:
        for_each_part(*step.pattern, piece, [&](std::string_view part, bool matched) {
            if (matched == step.invert) out.emplace_back(part);
        });
        break;
    case PieceStep::Kind::kByteLevel:
        if (step.pattern) {
            for_each_part(*step.pattern, piece, [&](std::string_view part, bool) { out.push_back(to_byte_level(part)); });
        } else {
            out.push_back(to_byte_level(piece));
        }
        break;
    }
}

}  // namespace

std::string normalize(const std::vector<NormalStep>& steps, std::string_view text) {
    const Growth growth(text.size());
    std::string now(text);
    for (const NormalStep& step : steps) {
        switch (step.kind) {
        case NormalStep::Kind::kNfc:
            now = to_nfc(now);
            break;
        case NormalStep::Kind::kLowercase:
            now = to_lower(now);
            break;
        case NormalStep::Kind::kReplace:
            now = replace(step, now, growth);
            break;
        }
        growth.check(now.size());
    }
    return now;
}

std::vector<std::string> split_into_pieces(const std::vector<PieceStep>& steps, std::string text) {
    const Growth growth(text.size());
    std::vector<std::string> pieces;
    if (!text.empty()) pieces.push_back(std::move(text));
    for (const PieceStep& step : steps) {
        std::vector<std::string> next;
        next.reserve(pieces.size());
        size_t bytes = 0;
        for (std::string& piece : pieces) {
            bytes += piece.size();
            apply(step, std::move(piece), next);
        }
        growth.check(bytes);
        pieces = std::move(next);
    }
    return pieces;
}

}  // namespace zt::text
