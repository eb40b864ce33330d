// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The main loop of the parser: dispatch by part of speech, commas, sentence ends, conjunctions and prepositions.
#include "families/storybook/wish_reader.h"

#include <algorithm>

namespace zt::storybook {

const Piece& WishReader::next(size_t i) const {
    for (i++; i + 1 < pieces_.size() && (pieces_[i].is(Role::kSilent) || pieces_[i].is(Role::kUnit)); i++)
        if (pieces_[i].text == "们" || pieces_[i].text == "們") break;
    return pieces_[std::min(i, pieces_.size() - 1)];
}

const Piece& WishReader::before(size_t i) const {
    static const Piece start{Piece::kStop, {}, false, false, false, ""};
    return i == 0 ? start : pieces_[i - 1];
}

bool WishReader::noun_ahead(size_t i) const {
    for (size_t k = i; k + 1 < pieces_.size() && k < i + kLookAhead; k++) {
        const Piece &p = pieces_[k], &after = pieces_[k + 1];
        if (names(p) || (p.is(Role::kNounOrVerb) && k > i)) return true;
        if (p.is(Role::kOne) && k > i) return true;
        const auto determines = [](const Piece& d) {
            return d.is(Role::kArticle) || (d.is(Role::kCount) && d.meaning.count == 1);
        };
        const bool behind_list = k > 0 && (pieces_[k - 1].kind == Piece::kComma || pieces_[k - 1].is(Role::kAnd));
        const bool list =
            (p.kind == Piece::kComma || p.is(Role::kAnd)) && !copula_ && k > 0 &&
            (adjectival(pieces_[k - 1]) || pieces_[k - 1].is(Role::kOf)) &&
            (adjectival(after) || (determines(after) && k + 2 < pieces_.size() && adjectival(pieces_[k + 2])));
        if (k > i && behind_list && determines(p) && adjectival(after)) continue;
        const bool motion = p.is(Role::kVerb) && (p.chinese ? after.is(Role::kOf) : p.participle);
        const bool part = p.is(Role::kWorld) && names(after);
        if (!adjectival(p) && !content(p) && !p.is(Role::kOf) && !list && !motion && !part) return false;
        if (content(p) && adverb(p)) return false;
    }
    return false;
}

Wish WishReader::read() {
    for (size_t i = 0; i < pieces_.size(); i++) step(i);
    finish();
    return std::move(wish_);
}

void WishReader::step(size_t i) {
    const Piece& p = pieces_[i];
    if (named_ > 0 && skips_name(i)) return;
    if (p.kind == Piece::kComma) return pause(i);
    if (p.kind == Piece::kStop) return stop();
    if (p.kind == Piece::kUnknown) return unknown(i);
    if (first_name(i)) return report(p.text);
    const Role role = p.meaning.role;
    const bool was_denied = denied_as_ != Role::kSilent;
    switch (role) {
        case Role::kNoun: noun_or_modifier(i); break;
        case Role::kUnknownNoun:
        case Role::kPart:
        case Role::kContent: unknown(i); break;
        case Role::kAdjective: adjective_or_topic(i); break;
        case Role::kAdjectiveOrNoun: adjective_or_noun(i); break;
        case Role::kNounOrVerb: noun_or_verb(i); break;
        case Role::kVerb: verb_or_copula(i); break;
        case Role::kWorld: world(i); break;
        case Role::kDirection: direction(p); break;
        case Role::kCount: count(i); break;
        case Role::kArticle:
        case Role::kDefinite:
        case Role::kAnother: article(i); break;
        case Role::kOne: one(i); break;
        case Role::kPronoun:
        case Role::kPronouns: pronoun(p); break;
        case Role::kRelative: relative(i); break;
        case Role::kAnd:
        case Role::kOr: conjunction(i); break;
        case Role::kBut: but(i); break;
        case Role::kThen: pause(i), later_ = true; break;
        case Role::kAside: close_noun_phrase(), preposition_ = Role::kPlace, aside_ = true; break;
        case Role::kTakenBack: pause(i), correct_by(p); break;
        case Role::kAsks: asks(p); break;
        case Role::kGone: gone(i); break;
        case Role::kOwns:
        case Role::kWants: owns(i); break;
        case Role::kNamed: close_noun_phrase(), named_ = 1; break;
        case Role::kFor: close_noun_phrase(), preposition_ = Role::kFor; break;
        case Role::kThing: thing(i); break;
        case Role::kCopula: copula(i); break;
        case Role::kNot:
        case Role::kNo: deny(i); break;
        case Role::kStop: stops(i); break;
        case Role::kPlace:
        case Role::kOver:
        case Role::kWith:
        case Role::kLike: preposition(i); break;
        case Role::kCamera: camera(i); break;
        case Role::kOf: of(); break;
        case Role::kSilent: silent(i); break;
        case Role::kSuffix:
        case Role::kUnit:
        case Role::kDecorative: break;
    }
    if (was_denied) forget_denial(role);
}

// "without rain or snow": a denial that was spent comes back with "or" (conjunction()) and is else over with the next
// phrase.
void WishReader::forget_denial(Role now) {
    if (!denying() && now != Role::kSilent && now != Role::kOf && now != Role::kOr && now != Role::kAnd)
        denied_as_ = Role::kSilent;
}

void WishReader::noun_or_modifier(size_t i) {
    const Piece& p = pieces_[i];
    if (modifies(i) && !denying())
        report(p.text);
    else
        noun(i, p, p.meaning.value[kSubject], "");
}

void WishReader::adjective_or_topic(size_t i) {
    const Piece& p = pieces_[i];
    // "绿的是鱼"
    const bool topic = p.chinese && !denying() &&
                       ((p.text.ends_with("的") && next(i).is(Role::kCopula)) ||
                        (next(i).is(Role::kOf) && next(i + 1).is(Role::kCopula))) &&
                       preposition_ == Role::kSilent && p.meaning.value[kColour] >= 0;
    adjective(i);
    if (!topic) return;
    joined_ = false;
    noun(i, Piece{Piece::kPhrase, {}, false, false, true, p.text},
         wish_.actors.empty() ? -1 : wish_.actors.back().subject,
         wish_.actors.empty() ? "" : wish_.actors.back().unknown);
    stand_in_ = true;
}

void WishReader::adjective_or_noun(size_t i) {
    const Piece& p = pieces_[i];
    const int subject = p.meaning.value[kSubject];
    if (noun_ahead(i + 1) || (i + 1 < pieces_.size() && content(pieces_[i + 1])) ||
        (subject < 0 && np_.article != Role::kArticle) || copula_)
        adjective(i);
    else if (subject >= 0)
        noun(i, p, subject, "");
    else
        unknown(i);
}

void WishReader::noun_or_verb(size_t i) {
    const Piece& p = pieces_[i];
    const int subject = p.meaning.value[kSubject];
    if (subject < 0 && !np_.open && preposition_ == Role::kSilent && subjects_.empty() && relative_.empty() &&
        !again_ && !names(before(i)))
        report(p.text);  // "autumn, leaves"
    else if (np_.open || preposition_ != Role::kSilent || (subject >= 0 && subjects_.empty()))
        noun(i, p, subject, subject < 0 ? p.text : "");
    else
        verb(i);
}

void WishReader::verb_or_copula(size_t i) {
    const Piece& p = pieces_[i];
    if (!p.chinese && lower(p.text).starts_with("turn") && p.text.find(' ') == p.text.npos &&
        next(i).is(Role::kAdjective) && next(i).meaning.value[kColour] >= 0 && !noun_ahead(i + 1))
        copula(i);  // "a fox that turns blue"
    else
        verb(i);
}

void WishReader::article(size_t i) {
    const Piece& p = pieces_[i];
    if (p.chinese && p.is(Role::kArticle) && names(before(i)) && !verb_ && !after_verb_ && !copula_ &&
        preposition_ == Role::kSilent && noun_ahead(i + 1))
        joined_ = true;  // "一人一狗"
    if (np_.article == Role::kSilent) close_noun_phrase();
    if (preposition_ == Role::kPlace && before(i).is(Role::kArticle) && !p.chinese)
        preposition_ = Role::kSilent;  // "next to her a dog"
    np_.open = true, np_.article = p.meaning.role;
    np_.mine = lower(p.text) == "my" || lower(p.text) == "our" || p.text == "我的";
}

void WishReader::relative(size_t i) {
    const bool that = !names(before(i)) && noun_ahead(i + 1);  // "that fox"
    close_noun_phrase();
    if (that)
        np_.open = true, np_.article = Role::kDefinite;
    else
        relative_ = focus_, relative_done_ = false, copula_ = pieces_[i].text.ends_with("s");  // "that's"
}

void WishReader::but(size_t i) {
    if (!compares(i)) return pause(i);
    const bool first = i + 2 < pieces_.size() && lower(pieces_[i + 2].text) == "as";
    if (!first) close_noun_phrase(), preposition_ = Role::kLike;
}

void WishReader::correct_by(const Piece& p) { correcting_ = true, corrected_by_ = p.text; }

void WishReader::thing(size_t i) {
    const Piece& p = pieces_[i];
    if (np_.open && np_.said_more() && !noun_ahead(i + 1)) belongs(p.text, -1), np_ = {};
    if (preposition_ == Role::kSilent && (next(i).is(Role::kCopula) || p.text.ends_with("是")))
        close_noun_phrase(), nobody_ = true;  // "the background is blue"
}

void WishReader::deny(size_t i) {
    const Piece& p = pieces_[i];
    // "A snowman? No, a bear."
    if ((lower(p.text) == "no" || p.text == "不" || p.text == "不是") && i > 0 && before(i).kind >= Piece::kComma &&
        pieces_[i + 1].kind == Piece::kComma && !wish_.actors.empty())
        return correct_by(p);
    if (np_.said()) close_noun_phrase();
    denial_ = p.meaning.role;
}

void WishReader::camera(size_t i) {
    const Piece& p = pieces_[i];
    if (p.text.find(' ') == p.text.npos && lower(p.text) != "camera" && lower(pieces_[i + 1].text).starts_with("of"))
        return;  // "footage of a drone"
    close_noun_phrase();
    np_ = {}, camera_ = true;
}

void WishReader::of() {
    thought_ = false;
    if (!outer_.open) return;
    outer_.motion = np_.motion;
    np_ = outer_, outer_ = {}, preposition_ = Role::kSilent;
}

void WishReader::silent(size_t i) {
    const Piece& p = pieces_[i];
    if (speaks(i)) speaker(i);
    // "一个气球绑在房子上，一起飞": all of them do.
    if ((p.text == "一起" || p.text == "都") && before(i).kind == Piece::kComma && next(i).is(Role::kVerb) &&
        wish_.actors.size() > 1) {
        Piece all = p;
        all.meaning.role = Role::kPronouns;
        pronoun(all);
    }
}

void WishReader::pause(size_t i) {
    denial_ = denied_as_ = Role::kSilent;
    aside_ = later_ = thought_ = false;
    if (np_.open && !np_.colours.empty() && !copula_ && !np_.behind_noun && i + 1 < pieces_.size() &&
        adjectival(pieces_[i + 1]) && noun_ahead(i + 1))
        return;
    if (shared_ahead(i)) {
        ellipsis_.push_back(np_), np_ = {};
        return;
    }
    outer_ = {}, ellipsis_.clear();
    close_noun_phrase();
    preposition_ = Role::kSilent;
    after_verb_ = camera_ = object_list_ = relative_done_ = false;
    relative_.clear();
    joined_ = comma_ = true;
    full_ = segment_actor_ && segment_place_;
    segment_actor_ = segment_place_ = nobody_ = false;
}

void WishReader::stop() {
    denial_ = denied_as_ = Role::kSilent;
    outer_ = {}, ellipsis_.clear();
    wishing_ = false;
    close_noun_phrase();
    if (!subjects_.empty()) previous_ = subjects_;
    subjects_.clear(), focus_.clear(), relative_.clear(), last_agents_.clear(), with_.clear();
    preposition_ = Role::kSilent;
    verb_ = copula_ = after_verb_ = joined_ = comma_ = camera_ = object_list_ = relative_done_ = false;
    nobody_ = later_ = aside_ = thought_ = full_ = segment_actor_ = segment_place_ = stand_in_ = false;
    weather_at_ = 0;
}

// "a red and a blue car", "一只红的和一只蓝的气球".
bool WishReader::shared_ahead(size_t i) const {
    if (!np_.open || np_.colours.empty() || copula_ || np_.behind_noun || ellipsis_.size() > 2 ||
        i + 2 >= pieces_.size())
        return false;
    const Piece& after = pieces_[i + 1];
    const bool same = (np_.article == Role::kArticle && after.is(Role::kArticle)) ||
                      (np_.count == 1 && after.is(Role::kCount) && after.meaning.count == 1);
    return same && adjectival(pieces_[i + 2]) && noun_ahead(i + 2);
}

void WishReader::conjunction(size_t i) {
    const Piece& after = next(i);
    if (compares(i)) {  // "和房子一样大"
        close_noun_phrase();
        preposition_ = Role::kLike;
        return;
    }
    if (denied_as_ != Role::kSilent) {
        // "no rain or snow", "without rain and snow"; "no rain and a fox" ends it.
        const bool bare =
            after.is(Role::kWorld) || after.is(Role::kNoun) || after.is(Role::kUnknownNoun) || content(after);
        if (pieces_[i].is(Role::kOr) || (denied_as_ == Role::kNo && bare)) {
            denial_ = denied_as_;
            return;
        }
        denied_as_ = Role::kSilent;
    }
    if (np_.open && !np_.colours.empty() && adjectival(after) && (copula_ || noun_ahead(i + 1))) return;
    if (shared_ahead(i)) {
        ellipsis_.push_back(np_), np_ = {};
        return;
    }
    close_noun_phrase();
    if (!relative_.empty() && !after.is(Role::kVerb)) relative_.clear();
    relative_done_ = false;
    if (preposition_ != Role::kSilent && preposition_ != Role::kWith) preposition_ = Role::kSilent;
    after_verb_ = false;
    joined_ = true;
}

void WishReader::preposition(size_t i) {
    const Piece& p = pieces_[i];
    if (p.meaning.role == Role::kPlace) segment_place_ = true;
    if (preposition_ == Role::kLike &&
        p.meaning.role == Role::kPlace) {  // "like in a film"; "like in a forest" is there
        size_t k = i + 1;
        while (k + 1 < pieces_.size() &&
               (pieces_[k].is(Role::kArticle) || pieces_[k].is(Role::kDefinite) || adjectival(pieces_[k])))
            k++;
        if (!pieces_[k].is(Role::kWorld) || pieces_[k].meaning.value[kScene] < 0) return;
    }
    // "像雪一样白": the comparison ends here.
    if (p.chinese && p.meaning.role == Role::kLike && (p.text == "一样" || p.text == "似的" || p.text == "般")) {
        preposition_ = Role::kSilent;
        return;
    }
    if (lower(p.text) == "of a" && wish_.actors.empty() && !before(i).is(Role::kPart) &&
        preposition_ == Role::kSilent) {  // "footage of a ufo"
        close_noun_phrase();
        np_.open = true, np_.article = Role::kArticle, camera_ = false;
        return;
    }
    passive_ = p.text == "被";
    if (p.chinese && p.text == "在" && next(i).is(Role::kVerb)) return;  // "在跑": is running
    if (p.chinese && np_.open && np_.count > 0 && !np_.one) {
        outer_ = np_, np_ = {};
    } else {
        close_noun_phrase();
    }
    if (!p.chinese && i + 1 < pieces_.size() &&
        (pieces_[i + 1].is(Role::kVerb) || pieces_[i + 1].is(Role::kSilent) ||
         (pieces_[i + 1].is(Role::kNounOrVerb) && !subjects_.empty())) &&
        !pieces_[i + 1].participle && lower(p.text).ends_with("to"))
        return;  // "to run"
    // Chinese places stand behind their noun ("树下"), too, or alone ("身旁一只狗").
    const bool alone = before(i).kind == Piece::kComma || before(i).kind == Piece::kStop;
    if (p.chinese &&
        (before(i).is(Role::kNoun) || before(i).is(Role::kWorld) || content(before(i)) ||
         (alone && next(i).is(Role::kCount))) &&
        p.meaning.role == Role::kPlace && !goes_before(p))
        return;
    preposition_ = p.is(Role::kOwns) ? Role::kWith : p.meaning.role;
    if (preposition_ != Role::kWith) after_verb_ = false;
}

void WishReader::pronoun(const Piece& p) {
    close_noun_phrase();
    if (preposition_ != Role::kSilent || after_verb_) {
        preposition_ = Role::kSilent, after_verb_ = false;
        if (!wish_.actors.empty() || aside_) return;
    }
    nobody_ = thought_ = false;
    // "When everybody sleeps" the cat that walks goes on walking.
    if (p.is(Role::kPronouns) && (p.text.ends_with("one") || p.text.ends_with("body") || p.text == "大家") &&
        std::any_of(wish_.actors.begin(), wish_.actors.end(), [](const ActorWish& a) { return a.motion >= 0; })) {
        nobody_ = true;
        return report(p.text);
    }
    segment_actor_ = true;
    np_ = {};
    if (wish_.actors.empty()) {
        again_ = true;
        const std::string who = lower(p.text);
        again_person_ = who == "she" || who == "he" || who == "他" || who == "她";
    }
    if (p.is(Role::kPronouns) && wish_.actors.size() > 1) {
        subjects_.clear();
        for (size_t a = 0; a < wish_.actors.size(); a++) subjects_.push_back(a);
    } else if (!subjects_.empty() || !previous_.empty()) {
        Actors who = !subjects_.empty() ? subjects_ : previous_;
        if (p.is(Role::kPronoun) && who.size() > 1) who = {who.back()};
        subjects_ = who;
    } else if (!wish_.actors.empty()) {
        subjects_ = {wish_.actors.size() - 1};
    }
    focus_ = subjects_;
    relative_.clear();
    verb_ = copula_ = joined_ = comma_ = object_list_ = camera_ = relative_done_ = false;
}

}  // namespace zt::storybook
