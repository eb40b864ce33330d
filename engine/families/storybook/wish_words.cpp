// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Words that name nobody: what is said of things and parts, of whom the model does not know, and of who stops.
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
    becoming_ = text.starts_with("变") || text.starts_with("成") || text.ends_with("into") || lower(text).starts_with("becom") || lower(text).starts_with("becam");
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
    if (denying()) return denied(denial_);   // "never stops"
    close_noun_phrase();
    if (weather_at_ > 0 && !segment_actor_) return weather_ends();
    if (later_ && !subjects_.empty() && wish_.actors[subjects_[0]].motion >= 0) return note("motion of " + called(wish_.actors[subjects_[0]]) + ": '" + pieces_[i].text + "' comes later and is not shown");
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
    const bool after_somebody = names(before(i)) || before(i).is(Role::kPronoun) || before(i).is(Role::kPronouns);
    const bool modifier = noun_ahead(i + 1) && !(after_somebody && !np_.open) && !adverb(p);
    if (is_name(i) || modifies(i)) return report(p.text);
    if (lower(p.text) == "x" && pieces_[i + 1].is(Role::kCount)) return;   // "fish x 3"
    if (listed && copula_ && becoming_ && !denying()) return noun(i, p, -1, p.text);
    // "城堡前的马"
    if (p.chinese && listed && !p.meaning.alive && i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kPlace) && !goes_before(pieces_[i + 1])) {
        belongs(p.text, -1);
        np_ = {}, segment_place_ = true;
        return report(p.text);
    }
    if (denying()) {
        // Nothing that the model does not have is ever shown: obeyed.
        if (!modifier) denied(denial_), np_ = {}, preposition_ = Role::kSilent;
        return;
    }
    const bool verb_like = plain && !p.chinese && !np_.open && !subjects_.empty() && !verb_ && !copula_ && !joined_ && preposition_ == Role::kSilent && !adverb(p);
    const bool of_world = !p.chinese && !listed && np_.open && i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kWorld);   // "an empty street"
    if (of_world) return report(p.text);
    if (p.chinese && preposition_ != Role::kSilent && i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kOf)) {   // "戴着红帽子的熊"
        belongs(p.text, -1);
        np_ = {};
        return report(p.text);
    }
    if (p.chinese && adjectival(before(i)) && i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kOf)) {   // "红屋顶的房子"
        belongs(p.text, -1);
        np_ = {};
        return report(p.text);
    }
    if (modifier && !verb_like) {
        np_.open = true;
        return report(p.text);
    }
    const Piece& after = next(i);
    const bool of = i + 1 < pieces_.size() && (pieces_[i + 1].text == "of" || pieces_[i + 1].text == "OF");
    const bool told = np_.open && (np_.article != Role::kSilent || np_.count > 0 || !np_.colours.empty());
    const bool place = subjects_.empty() || joined_;
    // A common word that is no known creature is worth a word, not somebody.
    const bool somebody = listed || (plain && (p.chinese || !text::common_word(lower(p.text))) && (wish_.actors.empty() || np_.count == 0));
    if (p.is(Role::kPart) || p.is(Role::kContent)) wherever(i);
    if (p.chinese && np_.open && np_.count > 0 && subjects_.empty()) pending_motion_ = -1;   // "飘着一朵白云"
    const bool bare = plain && subjects_.empty() && previous_.empty() && (after.is(Role::kVerb) || after.is(Role::kCopula)) && !joined_;
    if (!of && !adverb(p) && !camera_ && preposition_ == Role::kSilent && !(after_verb_ && !last_agents_.empty()) && !copula_ && ((place && (listed || (told && somebody))) || (bare && somebody))) return noun(i, p, -1, p.text);
    if (listed && preposition_ == Role::kSilent && after_verb_) return noun(i, p, -1, p.text);
    if (np_.open) {
        if (np_.behind_noun)
            close_noun_phrase();
        else
            belongs(p.text, -1);
    }
    if (!p.is(Role::kPart) && (plain || (told && np_.article != Role::kDefinite)) && (candidate_.empty() || candidate_ == before(i).text) && (preposition_ == Role::kSilent || (preposition_ == Role::kFor && listed)) && subjects_.empty() && !adverb(p)) {
        candidate_ = p.text, candidate_looks_ = {};
        if (!np_.colours.empty()) candidate_looks_.colour = np_.colours.front().first;
        candidate_looks_.size = np_.size, candidate_looks_.count = std::clamp(np_.count, 1, 3);
        if (np_.count > kMostActors) candidate_looks_.count = 1;
    }
    report(p.text);
    if (!adverb(p)) np_ = {}, preposition_ = Role::kSilent;
    if (verb_like) verb_ = true, after_verb_ = true, last_agents_ = subjects_, last_motion_ = -1, last_both_ = false;
}

}  // namespace zt::storybook
