// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Words around the description that are no part of it: "I want to see ..", names, possessives, corrections.
#include <algorithm>

#include "families/storybook/wish_reader.h"

namespace zt::storybook {

void WishReader::drop(size_t first) {
    wish_.actors.resize(std::min(first, wish_.actors.size()));
    weak_.resize(wish_.actors.size());
    mine_.resize(wish_.actors.size());
    for (Actors* list : {&subjects_, &focus_, &relative_, &last_agents_, &previous_, &with_})
        std::erase_if(*list, [&](size_t a) { return a >= first; });
    if (split_from_ >= first) split_from_ = SIZE_MAX;
    if (denied_actor_ >= first) denied_actor_ = SIZE_MAX;
}

// "My daughter drew a cat", "the kids want to see a fox": the picture is of the cat and the fox.
void WishReader::asks(const Piece& p) {
    close_noun_phrase();
    size_t first = wish_.actors.size();
    const auto may_ask = [&](const ActorWish& a) {
        return (a.subject == lexicon_.known().person || (a.subject < 0 && !a.again)) && a.motion < 0;
    };
    // Behind a comma only one of theirs: "mum, I want ..", but not "a girl, I want her to ..".
    while (first > 0 && (!comma_ || mine_[first - 1] != kNotMine) &&
           std::find(subjects_.begin(), subjects_.end(), first - 1) != subjects_.end() &&
           may_ask(wish_.actors[first - 1]))
        first--;
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
    if (p.chinese && p.text.starts_with("给") && pieces_[k].is(Role::kNoun) &&
        pieces_[k].meaning.value[kSubject] == lexicon_.known().person)
        preposition_ = Role::kFor;
}

// "A fox, no wait, a cat."
void WishReader::taken_back(const Piece& p) {
    correcting_ = false;
    if (wish_.actors.empty()) return;
    note("'" + corrected_by_ + "': '" + p.text + "' is shown instead of what was said before");
    drop(0);
    subjects_.clear(), previous_.clear();
}

// "The brown ball is gone, a black one is left."
void WishReader::gone(size_t i) {
    close_noun_phrase();
    if (denying()) return denied(denial_);
    const auto rest = pieces_.begin() + static_cast<ptrdiff_t>(i);
    const auto end = rest + static_cast<ptrdiff_t>(std::min(2 * kLookAhead, pieces_.size() - i));
    const bool others = std::any_of(rest, end, [](const Piece& p) { return names(p) || p.is(Role::kOne); });
    size_t first = wish_.actors.size();
    while (first > 0 && std::find(subjects_.begin(), subjects_.end(), first - 1) != subjects_.end()) first--;
    if (later_ || !others || first == wish_.actors.size()) return report(pieces_[i].text);
    note(called(wish_.actors[first]) + ": '" + pieces_[i].text + "' is said of it, so it is not shown");
    drop(first);
    verb_ = copula_ = after_verb_ = false;
}

// "Mum, the dog sleeps", "look, dad!", "叔叔你能画..": who is spoken to is not in the picture.
bool WishReader::spoken_to(size_t i) const {
    if (np_.open || preposition_ != Role::kSilent || (after_verb_ && !last_agents_.empty())) return false;
    const auto mark = [](const Piece& p) { return p.kind == Piece::kComma || p.kind == Piece::kStop; };
    const auto calls = [](const Piece& p) {
        return p.is(Role::kSilent) || (p.is(Role::kVerb) && p.meaning.quiet && p.meaning.value[kMotion] < 0);
    };
    size_t first = i, last = i + 1;
    while (first > 0 && calls(pieces_[first - 1])) first--;
    if (first > 0 && !mark(pieces_[first - 1])) return false;
    if (pieces_[last].chinese && (pieces_[last].text.starts_with("你") || pieces_[last].text.starts_with("您")))
        return true;
    const bool looks = calls(pieces_[last]) && !pieces_[last].text.ends_with("s");
    while (last + 1 < pieces_.size() && calls(pieces_[last])) last++;
    if (!mark(pieces_[last])) return false;
    if (last + 1 >= pieces_.size() || (pieces_[last].kind == Piece::kStop && last + 2 >= pieces_.size()))
        return !wish_.actors.empty() &&
               (first < i ||
                std::any_of(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(i), [](const Piece& p) {
                    return p.is(Role::kAsks) || lower(p.text) == "please";
                }));  // "a fox please, mum"
    if (pieces_[last].kind == Piece::kStop && first == i)
        return !pieces_[last + 1].is(Role::kPronoun) && !pieces_[last + 1].is(Role::kPronouns);
    if (looks || first < i) return true;
    // "Mum, dad, a child" are three: a clause is said to somebody.
    for (size_t k = last + 1; k + 1 < pieces_.size() && !mark(pieces_[k]); k++)
        if (pieces_[k].is(Role::kVerb) || pieces_[k].is(Role::kAsks) || pieces_[k].is(Role::kWants) ||
            pieces_[k].is(Role::kCopula))
            return true;
    return false;
}

bool WishReader::skips_name(size_t i) {
    const Piece& p = pieces_[i];
    const bool mark = p.kind == Piece::kComma || p.kind == Piece::kStop;
    const bool ends = mark || p.is(Role::kCopula) || p.is(Role::kOf) || p.is(Role::kPlace) || p.is(Role::kAnd) ||
                      p.is(Role::kRelative);
    const bool more = named_ == 1 ||
                      (p.chinese ? !p.is(Role::kVerb) : p.kind == Piece::kUnknown && before(i).kind == Piece::kUnknown);
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
    while (k > 0 && k + kLookAhead > i &&
           (pieces_[k - 1].is(Role::kArticle) || pieces_[k - 1].is(Role::kCount) || adjectival(pieces_[k - 1]) ||
            content(pieces_[k - 1])))
        k--;
    if (k == 0) return false;
    std::string to_be = lower(pieces_[k - 1].text);
    if (pieces_[k - 1].is(Role::kNot) && pieces_[k - 1].text == "不是")
        return k > 1 && (pieces_[k - 2].text == "我" || pieces_[k - 2].text == "我们");
    if (pieces_[k - 1].is(Role::kNot) && k > 1) to_be = lower(pieces_[--k - 1].text);  // "I am not a painter"
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
    const bool chinese = p.chinese && mark.is(Role::kOf) && preposition_ == Role::kSilent && !after_verb_ &&
                         before(i).text != "有" && (p.meaning.alive || lexicon_.alive(p.meaning.value[kSubject]));
    const bool person = p.meaning.value[kSubject] == lexicon_.known().person;
    if (p.chinese && person && mark.text.starts_with("家")) return true;  // "奶奶家门前"
    if (!english && !chinese) return false;
    if (english && person && (np_.mine || pieces_[i + 2].meaning.value[kStyle] >= 0) &&
        (pieces_[i + 2].is(Role::kWorld) || (pieces_[i + 2].is(Role::kContent) && pieces_[i + 2].meaning.noun)))
        return true;  // "my kid's drawing of"
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
    if (p.chinese || !p.is(Role::kNoun)) return p.chinese && after.is(Role::kSuffix);  // "火锅店"
    const bool told = np_.article != Role::kSilent || np_.count > 0 || preposition_ != Role::kSilent;
    return (told && !after.chinese &&
            ((after.is(Role::kContent) && after.meaning.noun) ||
             (after.is(Role::kUnknownNoun) && !after.meaning.alive))) ||
           (!after.chinese && before(i).kind == Piece::kStop && after.is(Role::kUnknownNoun) && !after.meaning.alive);
}

// "my cat Whiskers": a capital letter right behind somebody.
bool WishReader::is_name(size_t i) const {
    const std::string& text = pieces_[i].text;
    if (pieces_[i].chinese || text.size() < 3 || text[0] < 'A' || text[0] > 'Z' || text[1] < 'a' || text[1] > 'z')
        return false;
    const std::string& whose = before(i).text;
    return before(i).is(Role::kNoun) && !whose.empty() && whose[0] >= 'a' && whose[0] <= 'z';
}

// "My late husband had a green boat": the boat.
void WishReader::owns(size_t i) {
    const Piece& p = pieces_[i];
    close_noun_phrase();
    const bool one = subjects_.size() == 1 && subjects_[0] + 1 == wish_.actors.size();
    const bool person = one && (wish_.actors[subjects_[0]].subject == lexicon_.known().person ||
                                wish_.actors[subjects_[0]].subject < 0);
    const Piece& after = next(i);
    const bool thing = after.is(Role::kCount) || after.is(Role::kArticle) || after.is(Role::kDefinite) ||
                       adjectival(after) || names(after) || after.is(Role::kOne) || content(after);
    if (person && thing && !denying() && (p.is(Role::kWants) ? names(before(i)) : mine_[subjects_[0]] == kMine)) {
        asks(p);
        wishing_ = p.is(Role::kOwns);
        return;
    }
    // "I love elephants: a pink elephant"
    const bool speaker = p.is(Role::kOwns) && wish_.actors.empty() && p.text != "有" &&
                         (!again_ || (again_person_ && !lower(p.text).starts_with("ha")));
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
        if (mine_[a] != kMine || who.subject != lexicon_.known().person || who.motion >= 0 || who.direction >= 0 ||
            who.colour >= 0)
            continue;
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

// "I am riding a horse", "my dog and I", "我在骑马": who speaks is in the picture.
bool WishReader::speaks(size_t i) const {
    const Piece& p = pieces_[i];
    const std::string who = lower(p.text);
    const bool behind_and = before(i).is(Role::kAnd) && i > 1 && names(pieces_[i - 2]);
    const bool begins = before(i).kind == Piece::kStop || before(i).kind == Piece::kComma || behind_and;
    const auto does = [&](size_t k) {
        const Meaning& m = pieces_[k].meaning;
        if (!pieces_[k].is(Role::kVerb) || m.value[kMotion] < 0 || m.weak || m.absent || k + 1 >= pieces_.size())
            return false;
        // "We launch a balloon" is no flight of ours.
        const bool rides = motion_of(m, lexicon_.known().person) < 0,
                   strolls = motion_of(m, lexicon_.value_of(kSubject, "car")) != m.value[kMotion];
        return rides || strolls ||
               !(pieces_[k + 1].is(Role::kArticle) || pieces_[k + 1].is(Role::kDefinite) ||
                 pieces_[k + 1].is(Role::kCount) || names(pieces_[k + 1]) || adjectival(pieces_[k + 1]));
    };
    if (!p.chinese) {
        const bool subject = who == "i" || who == "we", contracted = who == "im" || who == "i'm" || who == "i’m";
        if (who == "me")
            return (begins || lower(before(i).text) == "of") &&
                   ((behind_and && !pieces_[i + 1].is(Role::kAnd)) || pieces_[i + 1].is(Role::kAnd) ||
                    (does(i + 1) && pieces_[i + 1].participle));
        if ((!subject && !contracted) || !begins || i + 1 >= pieces_.size()) return false;
        size_t k = i + 1;
        const bool to_be = contracted || pieces_[k].is(Role::kCopula);
        if (!contracted && to_be) k++;
        while (k + 1 < pieces_.size() && pieces_[k].is(Role::kDecorative)) k++;
        return does(k) && (!to_be || pieces_[k].participle);
    }
    if ((who != "我" && who != "我们" && who != "咱们" && who != "俺") || !begins) return false;
    const bool and_more = next(i).is(Role::kAnd);
    for (size_t k = i + 1; k + 1 < pieces_.size() && k < i + kLookAhead && pieces_[k].kind != Piece::kComma &&
                           pieces_[k].kind != Piece::kStop;
         k++) {
        const Piece& q = pieces_[k];
        if (does(k)) return true;
        if (q.is(Role::kAsks) || q.is(Role::kWants) || q.is(Role::kOwns) || q.is(Role::kVerb) || q.is(Role::kNot) ||
            q.is(Role::kNo))
            return false;
        if (!and_more && !q.is(Role::kSilent) && !q.is(Role::kPlace) && !q.is(Role::kWorld) && !content(q) &&
            !q.is(Role::kDecorative))
            return false;
    }
    return false;
}

void WishReader::speaker(size_t i) {
    Piece person = pieces_[i];
    person.meaning = {};
    const std::string who = lower(person.text);
    person.plural = who == "we" || who == "我们" || who == "咱们";
    note("'" + person.text + "' is shown as a person");
    noun(i, person, lexicon_.known().person, "");
}

// "Ginger the cat", "our cat Ginger": a name, whatever else the word means.
bool WishReader::first_name(size_t i) const {
    const Piece& p = pieces_[i];
    if (p.chinese || i + 2 > pieces_.size()) return false;
    const bool before_kind = i + 2 < pieces_.size() && before(i).kind == Piece::kStop &&
                             lower(pieces_[i + 1].text) == "the" && names(pieces_[i + 2]);
    if (!before_kind && !(is_name(i) && !names(pieces_[i + 1]))) return false;
    const Meaning& m = p.meaning;
    const bool word = p.text.size() > 2 && p.text[0] >= 'A' && p.text[0] <= 'Z' && p.text[1] >= 'a' &&
                      p.text.find(' ') == p.text.npos;
    return word && !p.plural &&
           (p.is(Role::kAdjective) || p.is(Role::kNoun) || p.is(Role::kAdjectiveOrNoun) ||
            (p.is(Role::kWorld) && (m.value[kScene] == lexicon_.known().snow || m.value[kWeather] >= 0 || m.weak)));
}

// "As white as snow", "free as a bird", "和房子一样大": what follows is no part of the picture.
bool WishReader::compares(size_t i) const {
    const Piece& p = pieces_[i];
    if (p.chinese) {
        if (p.text != "和" && p.text != "跟" && p.text != "与" && p.text != "同") return false;
        for (size_t k = i + 2; k + 1 < pieces_.size() && k < i + kLookAhead && pieces_[k].kind != Piece::kComma &&
                               pieces_[k].kind != Piece::kStop;
             k++)
            if (pieces_[k].text.starts_with("一样") || pieces_[k].text == "差不多") return true;
        return false;
    }
    if (lower(p.text) != "as" || i == 0) return false;
    const auto is_as = [&](size_t k) { return k < pieces_.size() && lower(pieces_[k].text) == "as"; };
    if (is_as(i + 2) || (i >= 2 && is_as(i - 2))) return true;
    if ((!adjectival(before(i)) && !before(i).is(Role::kContent) && !names(before(i))) || i + 3 >= pieces_.size() ||
        !pieces_[i + 1].is(Role::kArticle))
        return false;
    return (names(pieces_[i + 2]) || content(pieces_[i + 2])) && !pieces_[i + 3].is(Role::kVerb) &&
           !pieces_[i + 3].is(Role::kCopula);
}

// "坐船", "坐的火车": nobody sits still, nor does the train. "爬树": nobody walks.
bool WishReader::carried(size_t i) const {
    const Piece& p = pieces_[i];
    if (p.text == "爬" && names(pieces_[i + 1])) return true;
    if (p.text != "坐" && p.text != "坐着" && !p.text.starts_with("乘")) return false;
    size_t k = i + 1;
    while (k + 1 < pieces_.size() &&
           (pieces_[k].is(Role::kOf) || pieces_[k].is(Role::kCount) || pieces_[k].is(Role::kArticle) ||
            pieces_[k].is(Role::kDefinite) || adjectival(pieces_[k])))
        k++;
    const int what = pieces_[k].is(Role::kNoun) ? pieces_[k].meaning.value[kSubject] : -1;
    for (const char* vehicle : {"car", "boat", "train", "balloon", "rocket"})
        if (what >= 0 && what == lexicon_.value_of(kSubject, vehicle)) return true;
    return false;
}

}  // namespace zt::storybook
