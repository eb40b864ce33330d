// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Counts; the agents of a verb; and words that name no actor of the model: parts of the body, things, subjects that it
// does not have.
#include <algorithm>

#include "families/storybook/wish_reader.h"
#include "text/common_words.h"

namespace zt::storybook {

void WishReader::copula(size_t i) {
    // "the dog's tail"; Chinese has 的 for it.
    if (!pieces_[i].chinese && (pieces_[i].text == "s" || pieces_[i].text == "S") && possesses(i)) {
        close_noun_phrase();
        return;
    }
    stand_alone();
    close_noun_phrase();
    copula_ = true, after_verb_ = false;
    const std::string& text = pieces_[i].text;
    becoming_ = text.starts_with("变") || text.starts_with("成") || text.ends_with("into") ||
                lower(text).starts_with("becom") || lower(text).starts_with("becam");
}

void WishReader::wherever(size_t i) {
    const Piece& p = pieces_[i];
    if (preposition_ != Role::kSilent || after_verb_ || thought_ || camera_) return;
    const bool told = np_.open && np_.article != Role::kSilent;
    const bool copula_ahead = next(i).is(Role::kCopula);
    const bool owned = before(i).is(Role::kCopula) || (p.chinese && before(i).is(Role::kOf) && !np_.said());
    if (told || copula_ahead || (owned && !copula_ && p.is(Role::kPart))) nobody_ = true;
}

void WishReader::stops(size_t i) {
    if (denying()) return denied(denial_);  // "never stops"
    close_noun_phrase();
    if (weather_at_ > 0 && !segment_actor_) return weather_ends();
    if (later_ && !subjects_.empty() && wish_.actors[subjects_[0]].motion >= 0)
        return note("motion of " + called(wish_.actors[subjects_[0]]) + ": '" + pieces_[i].text +
                    "' comes later and is not shown");
    const Piece& after = next(i);
    if (!after.is(Role::kWorld)) {
        const Actors who = !relative_.empty() ? relative_ : !subjects_.empty() ? subjects_ : previous_;
        for (const size_t a : who) wish_.actors[a].motion = lexicon_.known().stand, weak_[a] = true;
        if (who.empty()) pending_motion_ = lexicon_.known().stand;
        verb_ = true;
    }
    if (after.is(Role::kWorld) || after.is(Role::kVerb)) denial_ = Role::kNot;
}

void WishReader::unknown(size_t i) {
    const Piece& p = pieces_[i];
    const bool listed = p.is(Role::kUnknownNoun), plain = p.kind == Piece::kUnknown;
    if (is_name(i) || modifies(i)) return report(p.text);
    if (lower(p.text) == "x" && pieces_[i + 1].is(Role::kCount)) return;  // "fish x 3"
    if (listed && copula_ && becoming_ && !denying()) return noun(i, p, -1, p.text);
    if (tells_where(i)) return;
    if (denying()) {
        // Nothing that the model does not have is ever shown: obeyed.
        const bool without = p.chinese && i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kOf);  // "没有尾巴的猫"
        if (!tells_of_noun(i) || without) denied(denial_), np_ = {}, preposition_ = Role::kSilent;
        return;
    }
    const bool verb_like = plain && !p.chinese && !np_.open && !subjects_.empty() && !verb_ && !copula_ && !joined_ &&
                           preposition_ == Role::kSilent && !adverb(p);
    if (describes_noun(i, verb_like)) return;
    if (p.is(Role::kPart) || p.is(Role::kContent)) wherever(i);
    if (p.chinese && !listed && np_.open && np_.count > 0 && subjects_.empty()) pending_motion_ = -1;  // "飘着一朵白云"
    if (names_somebody(i)) return noun(i, p, -1, p.text);
    // "粉色的云" and no more is what is asked for.
    const bool lone = !np_.colours.empty() && wish_.actors.empty() && next(i).kind == Piece::kStop &&
                      std::all_of(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(i), [](const Piece& q) {
                          return adjectival(q) || q.is(Role::kOf) || q.is(Role::kArticle);
                      });
    const bool introduced = np_.introduced();
    if (np_.open && !lone) {
        if (np_.behind_noun)
            close_noun_phrase();
        else
            belongs(p.text, -1);
    }
    if (may_be_candidate(i, introduced, lone)) {
        candidate_ = p.text, candidate_looks_ = {};
        if (!np_.colours.empty()) candidate_looks_.colour = np_.colours.front().first;
        candidate_looks_.motion = np_.motion, candidate_looks_.size = np_.size,
        candidate_looks_.count = std::clamp(np_.count, 1, 3);
        if (np_.count > kMostActors) candidate_looks_.count = 1;
    }
    report(p.text);
    if (!adverb(p)) np_ = {}, preposition_ = Role::kSilent;
    if (verb_like) verb_ = true, after_verb_ = true, last_agents_ = subjects_, last_motion_ = -1, last_both_ = false;
}

// "城堡前的马": a place that the model does not have.
bool WishReader::tells_where(size_t i) {
    const Piece& p = pieces_[i];
    const bool thing = p.kind == Piece::kUnknown || (p.is(Role::kUnknownNoun) && !p.meaning.alive);
    if (!p.chinese || !thing || i + 1 >= pieces_.size() || !pieces_[i + 1].is(Role::kPlace) ||
        goes_before(pieces_[i + 1]))
        return false;
    belongs(p.text, -1);
    np_ = {}, segment_place_ = true;
    return dropped(p.text);
}

// Whether it stands in a noun phrase before its noun.
bool WishReader::tells_of_noun(size_t i) const {
    const bool after_somebody = names(before(i)) || before(i).is(Role::kPronoun) || before(i).is(Role::kPronouns);
    return noun_ahead(i + 1) && !(after_somebody && !np_.open) && !adverb(pieces_[i]);
}

// What somebody has, wears, or is like: noted, and the noun is still to come.
bool WishReader::describes_noun(size_t i, bool verb_like) {
    const Piece& p = pieces_[i];
    const bool of_world = !p.chinese && !p.is(Role::kUnknownNoun) && np_.open && i + 1 < pieces_.size() &&
                          pieces_[i + 1].is(Role::kWorld);  // "an empty street"
    if (of_world) return dropped(p.text);
    if (p.chinese && preposition_ != Role::kSilent && i + 1 < pieces_.size() &&
        pieces_[i + 1].is(Role::kOf)) {  // "戴着红帽子的熊", "在河边的熊"
        belongs(p.text, -1);
        np_ = {};
        if (preposition_ == Role::kWith ||
            (i + 3 < pieces_.size() && names(pieces_[i + 2]) && !pieces_[i + 3].is(Role::kPlace)))
            preposition_ = Role::kSilent;
        return dropped(p.text);
    }
    if (p.chinese && adjectival(before(i)) && i + 1 < pieces_.size() &&
        pieces_[i + 1].is(Role::kOf)) {  // "红屋顶的房子"
        belongs(p.text, -1);
        np_ = {};
        return dropped(p.text);
    }
    if (tells_of_noun(i) && !verb_like) {
        // "a red haired girl"
        if (p.is(Role::kPart) && adjectival(before(i)) && !np_.colours.empty()) {
            note("'" + np_.colours.back().second + "' is said of '" + p.text + "', which keeps its own look");
            np_.colours.pop_back();
        }
        np_.open = true;
        return dropped(p.text);
    }
    return false;
}

// Whether it is an actor though the model does not know it: a dragon, or a word that stands where somebody would.
bool WishReader::names_somebody(size_t i) const {
    const Piece &p = pieces_[i], &after = next(i);
    const bool listed = p.is(Role::kUnknownNoun), plain = p.kind == Piece::kUnknown;
    const bool of = i + 1 < pieces_.size() && (pieces_[i + 1].text == "of" || pieces_[i + 1].text == "OF");
    const bool place = subjects_.empty() || joined_;
    // A common word that is no known creature is worth a word, not somebody.
    const bool somebody = listed || (plain && !one_character(p) && (p.chinese || !text::common_word(lower(p.text))) &&
                                     (wish_.actors.empty() || np_.count == 0));
    const bool bare = plain && subjects_.empty() && previous_.empty() &&
                      (after.is(Role::kVerb) || after.is(Role::kCopula)) && !joined_;
    // "Daddy walking the dog" begins with who does it.
    const bool does = !p.chinese && after.is(Role::kVerb) && after.participle && before(i).kind == Piece::kStop &&
                      i + 2 < pieces_.size() &&
                      (pieces_[i + 2].is(Role::kArticle) || pieces_[i + 2].is(Role::kDefinite));
    if (!of && !adverb(p) && (!camera_ || (np_.introduced() && wish_.camera >= 0)) && preposition_ == Role::kSilent &&
        !(after_verb_ && !last_agents_.empty()) && !copula_ &&
        ((place && (listed || (np_.introduced() && somebody))) || (bare && (somebody || does))))
        return true;
    const bool on_it = p.chinese && listed && p.meaning.alive && i > 1 && before(i).is(Role::kOf) &&
                       pieces_[i - 2].is(Role::kPlace);  // "花上的蜜蜂"
    return listed && preposition_ == Role::kSilent && (after_verb_ || on_it);
}

// Whether it may have named somebody, should the sentence name nobody else.
bool WishReader::may_be_candidate(size_t i, bool introduced, bool lone) const {
    const Piece& p = pieces_[i];
    const bool listed = p.is(Role::kUnknownNoun), plain = p.kind == Piece::kUnknown;
    return !p.is(Role::kPart) &&
           ((plain && !one_character(p)) || lone ||
            (!plain && introduced && np_.article != Role::kDefinite &&
             (listed || np_.article == Role::kArticle || np_.count > 0))) &&
           (candidate_.empty() || candidate_ == before(i).text) &&
           (preposition_ == Role::kSilent ||
            (listed && (p.meaning.alive || preposition_ == Role::kFor || preposition_ == Role::kWith))) &&
           subjects_.empty() && !adverb(p);
}

Actors WishReader::agents(size_t i, bool participle) const {
    if (!relative_.empty() && !relative_done_) return relative_;
    const Piece& last = before(i);
    const bool object = object_list_ && focus_.size() == 1 &&
                        std::find(subjects_.begin(), subjects_.end(), focus_[0]) == subjects_.end();
    const bool busy = !subjects_.empty() && std::all_of(subjects_.begin(), subjects_.end(),
                                                        [&](size_t a) { return wish_.actors[a].motion >= 0; });
    // "a tree with birds flying around it"
    const bool lively = object && participle && lexicon_.alive(wish_.actors[focus_[0]].subject) &&
                        std::none_of(subjects_.begin(), subjects_.end(), [&](size_t a) {
                            return lexicon_.alive(wish_.actors[a].subject) || wish_.actors[a].subject < 0;
                        });
    const bool sees = verb_ && last_motion_ < 0 && last_deed_ != nullptr;  // "watches a rocket fly"
    if (object && (busy || sees || lively) && last.is(Role::kNoun) && (participle || !last.chinese)) return focus_;
    if (!subjects_.empty()) return subjects_;
    return previous_;
}

// "头顶飞过一只鸟", "大象旁边站着一只鸟".
bool WishReader::inverted(size_t i) const {
    const Piece &p = pieces_[i], &after = next(i);
    const bool bare =
        p.text.ends_with("着") && (names(after) || (adjectival(after) && noun_ahead(i + 1)));  // "停着蓝色的船"
    if (!p.chinese || p.meaning.both || (!after.is(Role::kCount) && !after.is(Role::kArticle) && !bare)) return false;
    const bool thing = content(before(i)) && !adverb(before(i));
    if (!segment_actor_) return segment_place_ || thing;
    // The noun in front is where: behind it a place, before it no "在".
    if (p.meaning.value[kMotion] < 0 || passes(p) || !before(i).is(Role::kPlace) || goes_before(before(i)))
        return false;
    int nouns = 0;
    for (size_t k = i;
         k-- > 0 && k + kLookAhead > i && pieces_[k].kind != Piece::kComma && pieces_[k].kind != Piece::kStop;) {
        if (goes_before(pieces_[k]) || pieces_[k].is(Role::kVerb)) return false;
        nouns += names(pieces_[k]);
    }
    return nouns == 1;
}

// "fish x3", "兔子两只", "count: 2".
bool WishReader::comes_behind(size_t i) const {
    if (wish_.actors.empty()) return false;
    const Piece& p = pieces_[i];
    size_t k = i;
    while (k > 0 && pieces_[k - 1].kind == Piece::kComma) k--;
    const Piece& last = before(k);
    const Piece& after = pieces_[std::min(i + 1, pieces_.size() - 1)];
    const std::string key = lower(last.text);
    if (key == "x") return true;
    const bool asked =
        key == "count" || key == "number" || key == "amount" || key == "quantity" || key == "数量" || key == "个数";
    const bool ends = after.kind == Piece::kComma || after.kind == Piece::kStop ||
                      (next(i).kind == Piece::kStop && !after.is(Role::kNoun));
    // "underwater, fish, orange, 3"
    const bool listed = !p.chinese && k < i && ends && after.kind != Piece::kComma && wish_.actors.size() == 1 &&
                        wish_.actors[0].count == 1 && p.meaning.count > 1;
    const bool times =
        !p.chinese && !(p.text[0] >= '0' && p.text[0] <= '9') && p.text.back() >= '0' && p.text.back() <= '9';
    if (times) return names(last) || !noun_ahead(i + 1);
    if (asked) return ends;
    if (listed && (last.is(Role::kNoun) || adjectival(last) || last.is(Role::kWorld) || last.is(Role::kVerb)))
        return true;
    const bool counted =
        p.chinese && k == i && p.text.size() > 3 && !noun_ahead(i + 1) && !after.is(Role::kOne) && p.meaning.count > 1;
    return last.is(Role::kNoun) && wish_.actors.back().count == 1 && p.meaning.count > 1 && (ends || counted);
}

void WishReader::count(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    if (i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kUnit)) return;  // "10 seconds", "3点"
    if (comes_behind(i)) {
        close_noun_phrase();
        if (m.count > kMostActors) note("'" + p.text + "': three are shown");
        wish_.actors.back().count = std::min<int>(m.count, kMostActors);
        return;
    }
    if (i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kCount) && (np_.open ? np_.count : 0) == 0 && !np_.said() &&
        p.chinese == pieces_[i + 1].chinese && p.text.size() <= 3)
        return;  // "3 2 1"
    if (p.chinese && m.count > 1 && m.count <= kMostActors && static_cast<int>(np_.colours.size()) == m.count &&
        !np_.behind_noun)
        np_.each = true;  // "红黄两个气球"
    if (np_.open && np_.said() && !np_.behind_noun && np_.count == 0 && p.chinese && !np_.each) close_noun_phrase();
    if (names(before(i)) && !np_.open && !verb_ && !after_verb_ && !copula_ && preposition_ == Role::kSilent &&
        noun_ahead(i + 1))
        joined_ = true, comma_ = false;  // "一人一狗"
    np_.open = true, np_.count = m.count, np_.count_word = p.text;
    if (p.chinese && m.count == 1 && !noun_ahead(i + 1) && !wish_.actors.empty() &&
        (wish_.actors.back().count > 1 || split_from_ < wish_.actors.size()))
        np_.one = true;
}

void WishReader::one(size_t i) {
    const Piece& p = pieces_[i];
    // "A doggy! A big one": the same.
    if (np_.said_more() && np_.article == Role::kArticle && !wish_.actors.empty() && wish_.actors.back().count == 1 &&
        split_from_ == SIZE_MAX && !copula_ && !denying() &&
        (subjects_.empty() || (comma_ && !before(i).is(Role::kAnd)))) {
        ActorWish& last = wish_.actors.back();
        if ((np_.colours.empty() || last.colour < 0) && (np_.size < 0 || last.size < 0)) {
            if (!np_.colours.empty()) last.colour = np_.colours.front().first;
            if (np_.size >= 0) last.size = np_.size;
            if (np_.motion >= 0 && last.motion < 0) last.motion = np_.motion;
            np_ = {};
            subjects_ = focus_ = {wish_.actors.size() - 1};
            return;
        }
    }
    if (np_.open && !wish_.actors.empty() && (np_.said() || np_.article != Role::kSilent)) {
        const ActorWish& last = wish_.actors.back();
        Piece stand_in = p;
        stand_in.meaning = {};
        stand_in.plural = p.text.ends_with("s");
        const std::string unknown_word = last.unknown;
        // "two dogs, a black one and a white one" are those two.
        if (!copula_ && !verb_ && np_.said() && np_.article != Role::kDefinite &&
            ((comma_ && last.count > 1) || (joined_ && split_from_ + 1 == wish_.actors.size()))) {
            np_.one = true;
            relative_.clear();
            close_noun_phrase();
            joined_ = true;
            return;
        }
        if (np_.article == Role::kSilent) np_.article = Role::kAnother;
        stand_in_ = false;
        const size_t before_it = wish_.actors.size();
        if (np_.article == Role::kDefinite) joined_ = false;
        noun(i, stand_in, last.subject, unknown_word);
        stand_in_ = wish_.actors.size() > before_it;
    } else {
        close_noun_phrase();
        np_.open = true, np_.one = true, np_.count = 1, np_.count_word = p.text;
    }
}

}  // namespace zt::storybook
