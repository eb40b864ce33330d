// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is said around a picture and is no part of it: who asks for it, names, whose thing it is, what is taken back.
#include <algorithm>

#include "families/storybook/wish_reader.h"

namespace zt::storybook {

void WishReader::drop(size_t first) {
    wish_.actors.resize(std::min(first, wish_.actors.size()));
    weak_.resize(wish_.actors.size());
    for (Actors* list : {&subjects_, &focus_, &relative_, &last_agents_, &previous_, &with_}) std::erase_if(*list, [&](size_t a) { return a >= first; });
    if (split_from_ >= first) split_from_ = SIZE_MAX;
    if (denied_actor_ >= first) denied_actor_ = SIZE_MAX;
}

// "My daughter drew a cat", "the kids want to see a fox": the picture is of the cat and the fox.
void WishReader::asks(const Piece& p) {
    close_noun_phrase();
    size_t first = wish_.actors.size();
    const auto may_ask = [&](const ActorWish& a) { return (a.subject == lexicon_.known().person || (a.subject < 0 && !a.again)) && a.motion < 0; };
    while (first > 0 && std::find(subjects_.begin(), subjects_.end(), first - 1) != subjects_.end() && may_ask(wish_.actors[first - 1])) first--;
    if (first < wish_.actors.size()) {
        note("'" + p.text + "' is said of who asks, not of whom is shown");
        drop(first);
    }
    np_ = {}, again_ = false;
    verb_ = copula_ = after_verb_ = joined_ = comma_ = false;
    candidate_.clear();
}

// "A fox, no wait, a cat."
void WishReader::taken_back(const Piece& p) {
    correcting_ = false;
    if (wish_.actors.empty()) return;
    note("'" + corrected_by_ + "': '" + p.text + "' is shown instead of what was said before");
    drop(0);
    subjects_.clear(), previous_.clear();
}

bool WishReader::skips_name(size_t i) {
    const Piece& p = pieces_[i];
    const bool mark = p.kind == Piece::kComma || p.kind == Piece::kStop;
    const bool ends = mark || p.is(Role::kCopula) || p.is(Role::kOf) || p.is(Role::kPlace) || p.is(Role::kAnd) || p.is(Role::kRelative);
    const bool more = named_ == 1 || (p.chinese ? !p.is(Role::kVerb) : p.kind == Piece::kUnknown && before(i).kind == Piece::kUnknown);
    if (!ends && more) {
        named_ = 2;
        return true;
    }
    named_ = 0;
    return false;
}

// Whether "s" at i stands for a possessor: what follows is a noun of its own, without an article.
bool WishReader::possesses(size_t i) const {
    if (i + 1 >= pieces_.size()) return false;
    for (size_t k = i + 1; k + 1 < pieces_.size() && k < i + 5; k++) {
        const Piece& p = pieces_[k];
        if (p.is(Role::kPart) || p.is(Role::kNoun) || p.is(Role::kUnknownNoun) || p.is(Role::kThing)) return true;
        if (!p.is(Role::kAdjective) && !p.is(Role::kDecorative)) return false;
    }
    return false;
}

// "The rain stops", "after the rain".
void WishReader::weather_ends() {
    const Meaning& m = pieces_[weather_at_ - 1].meaning;
    exclude(kWeather, m.value[kWeather]);
    if (wish_.weather == m.value[kWeather]) wish_.weather = -1;
    for (const Extra& e : m.extras)
        if (e.subject < 0) exclude(e.attribute, e.value);
    preposition_ = Role::kSilent, np_ = {}, weather_at_ = 0;
}

}  // namespace zt::storybook
