// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is said around a picture and is no part of it: who asks for it, names, whose thing it is, what is taken back.
#include <algorithm>

#include "families/storybook/wish_reader.h"

namespace zt::storybook {

void WishReader::drop(size_t first) {
    wish_.actors.resize(std::min(first, wish_.actors.size()));
    weak_.resize(wish_.actors.size());
    mine_.resize(wish_.actors.size());
    for (Actors* list : {&subjects_, &focus_, &relative_, &last_agents_, &previous_, &with_}) std::erase_if(*list, [&](size_t a) { return a >= first; });
    if (split_from_ >= first) split_from_ = SIZE_MAX;
    if (denied_actor_ >= first) denied_actor_ = SIZE_MAX;
}

// "My daughter drew a cat", "the kids want to see a fox": the picture is of the cat and the fox.
void WishReader::asks(const Piece& p) {
    close_noun_phrase();
    size_t first = wish_.actors.size();
    const auto may_ask = [&](const ActorWish& a) { return (a.subject == lexicon_.known().person || (a.subject < 0 && !a.again)) && a.motion < 0; };
    // Behind a comma only one of theirs: "mum, I want ..", but not "a girl, I want her to ..".
    while (first > 0 && (!comma_ || mine_[first - 1] != kNotMine) && std::find(subjects_.begin(), subjects_.end(), first - 1) != subjects_.end() && may_ask(wish_.actors[first - 1])) first--;
    if (first < wish_.actors.size()) {
        note("'" + p.text + "' is said of who asks, not of whom is shown");
        drop(first);
    }
    np_ = {}, again_ = false;
    verb_ = copula_ = after_verb_ = joined_ = comma_ = false;
    candidate_.clear();
    // "给我孙女做": for her.
    const size_t i = static_cast<size_t>(&p - pieces_.data());
    size_t k = i + 1;
    while (k + 1 < pieces_.size() && (pieces_[k].is(Role::kDecorative) || pieces_[k].is(Role::kSilent))) k++;
    if (p.chinese && p.text.starts_with("给") && pieces_[k].is(Role::kNoun) && pieces_[k].meaning.value[kSubject] == lexicon_.known().person) preposition_ = Role::kFor;
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

// "When I was a girl", "I'm a teacher": who speaks.
bool WishReader::of_speaker(size_t i) const {
    size_t k = i;
    while (k > 0 && k + kLookAhead > i && (pieces_[k - 1].is(Role::kArticle) || pieces_[k - 1].is(Role::kCount) || adjectival(pieces_[k - 1]) || content(pieces_[k - 1]))) k--;
    if (k == 0) return false;
    const std::string to_be = lower(pieces_[k - 1].text);
    if (to_be == "im" || to_be == "i'm" || to_be == "i’m") return true;
    if (!pieces_[k - 1].is(Role::kCopula) || k < 2) return false;
    const std::string who = lower(pieces_[k - 2].text);
    return who == "i" || who == "we" || who == "我" || who == "我们";
}

// "the girl's cat", "女孩的猫": the cat alone.
bool WishReader::owner(size_t i) const {
    if (i + 2 >= pieces_.size()) return false;
    const Piece &p = pieces_[i], &mark = pieces_[i + 1];
    const bool english = !p.chinese && mark.is(Role::kCopula) && (mark.text == "s" || mark.text == "S");
    const bool chinese = p.chinese && mark.is(Role::kOf) && preposition_ == Role::kSilent && !after_verb_ && before(i).text != "有" && (p.meaning.alive || lexicon_.alive(p.meaning.value[kSubject]));
    const bool person = p.meaning.value[kSubject] == lexicon_.known().person;
    if (p.chinese && person && mark.text.starts_with("家")) return true;   // "奶奶家门前"
    if (!english && !chinese) return false;
    if (english && person && np_.mine && (pieces_[i + 2].is(Role::kWorld) || (pieces_[i + 2].is(Role::kContent) && pieces_[i + 2].meaning.noun))) return true;   // "my kid's drawing of"
    for (size_t k = i + 2; k + 1 < pieces_.size() && k < i + 6; k++) {
        if (names(pieces_[k])) return !modifies(k);
        if (!adjectival(pieces_[k]) && pieces_[k].kind != Piece::kUnknown) return false;
    }
    return false;
}

bool WishReader::modifies(size_t i) const {
    const Piece& p = pieces_[i];
    if (p.plural || i + 1 >= pieces_.size() || !names(p)) return false;
    const Piece& after = pieces_[i + 1];
    if (p.chinese || !p.is(Role::kNoun)) return p.chinese && after.is(Role::kSuffix);   // "火锅店"
    const bool told = np_.article != Role::kSilent || np_.count > 0 || preposition_ != Role::kSilent;
    return (told && !after.chinese && ((after.is(Role::kContent) && after.meaning.noun) || (after.is(Role::kUnknownNoun) && !after.meaning.alive))) || (!after.chinese && before(i).kind == Piece::kStop && after.is(Role::kUnknownNoun) && !after.meaning.alive);
}

// "my cat Whiskers": a capital letter right behind somebody.
bool WishReader::is_name(size_t i) const {
    const std::string& text = pieces_[i].text;
    if (pieces_[i].chinese || text.size() < 3 || text[0] < 'A' || text[0] > 'Z' || text[1] < 'a' || text[1] > 'z') return false;
    const std::string& whose = before(i).text;
    return before(i).is(Role::kNoun) && !whose.empty() && whose[0] >= 'a' && whose[0] <= 'z';
}

// "My late husband had a green boat": the boat.
void WishReader::owns(size_t i) {
    const Piece& p = pieces_[i];
    close_noun_phrase();
    const bool one = subjects_.size() == 1 && subjects_[0] + 1 == wish_.actors.size();
    const bool person = one && (wish_.actors[subjects_[0]].subject == lexicon_.known().person || wish_.actors[subjects_[0]].subject < 0);
    const Piece& after = next(i);
    const bool thing = after.is(Role::kCount) || after.is(Role::kArticle) || after.is(Role::kDefinite) || adjectival(after) || names(after) || after.is(Role::kOne) || content(after);
    if (person && thing && !denying() && (p.is(Role::kWants) ? names(before(i)) : mine_[subjects_[0]] == kMine)) {
        asks(p);
        wishing_ = p.is(Role::kOwns);
        return;
    }
    // "I love elephants: a pink elephant"
    const bool speaker = p.is(Role::kOwns) && wish_.actors.empty() && p.text != "有" && (!again_ || (again_person_ && !lower(p.text).starts_with("ha")));
    if (speaker && thing && !denying()) {
        asks(p);
        wishing_ = true;
        return;
    }
    if (p.is(Role::kOwns) && !p.chinese) preposition(i);
}

// "Make my kid a film of a fox".
void WishReader::drop_who_asks() {
    for (size_t a = wish_.actors.size(); a-- > 0 && wish_.actors.size() > 1;) {
        const ActorWish& who = wish_.actors[a];
        if (mine_[a] != kMine || who.subject != lexicon_.known().person || who.motion >= 0 || who.direction >= 0 || who.colour >= 0) continue;
        note("who asks, or is asked for, is not shown");
        wish_.actors.erase(wish_.actors.begin() + static_cast<ptrdiff_t>(a));
        mine_.erase(mine_.begin() + static_cast<ptrdiff_t>(a));
    }
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
