// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clauses: what each phrase does.
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
        const auto determines = [](const Piece& d) { return d.is(Role::kArticle) || (d.is(Role::kCount) && d.meaning.count == 1); };
        const bool behind_list = k > 0 && (pieces_[k - 1].kind == Piece::kComma || pieces_[k - 1].is(Role::kAnd));
        const bool list = (p.kind == Piece::kComma || p.is(Role::kAnd)) && !copula_ && k > 0 && (adjectival(pieces_[k - 1]) || pieces_[k - 1].is(Role::kOf)) && (adjectival(after) || (determines(after) && k + 2 < pieces_.size() && adjectival(pieces_[k + 2])));
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
    const Meaning& m = p.meaning;
    const bool was_denied = denied_as_ != Role::kSilent;
    switch (m.role) {
        case Role::kNoun:
            if (modifies(i) && !denying())
                report(p.text);
            else
                noun(i, p, m.value[kSubject], "");
            break;
        case Role::kUnknownNoun:
        case Role::kPart:
        case Role::kContent: unknown(i); break;
        case Role::kAdjective:
            // "绿的是鱼"
            if (p.chinese && !denying() && ((p.text.ends_with("的") && next(i).is(Role::kCopula)) || (next(i).is(Role::kOf) && next(i + 1).is(Role::kCopula))) && preposition_ == Role::kSilent && m.value[kColour] >= 0) {
                adjective(i);
                joined_ = false;
                noun(i, Piece{Piece::kPhrase, {}, false, false, true, p.text}, wish_.actors.empty() ? -1 : wish_.actors.back().subject, wish_.actors.empty() ? "" : wish_.actors.back().unknown);
                stand_in_ = true;
                break;
            }
            adjective(i);
            break;
        case Role::kAdjectiveOrNoun:
            if (!noun_ahead(i + 1) && !(i + 1 < pieces_.size() && content(pieces_[i + 1])) && (m.value[kSubject] >= 0 || np_.article == Role::kArticle) && !copula_) {
                if (m.value[kSubject] >= 0)
                    noun(i, p, m.value[kSubject], "");
                else
                    unknown(i);
            } else {
                adjective(i);
            }
            break;
        case Role::kNounOrVerb:
            if (m.value[kSubject] < 0 && !np_.open && preposition_ == Role::kSilent && subjects_.empty() && relative_.empty() && !again_ && !names(before(i)))
                report(p.text);   // "autumn, leaves"
            else if (np_.open || preposition_ != Role::kSilent || (m.value[kSubject] >= 0 && subjects_.empty()))
                noun(i, p, m.value[kSubject], m.value[kSubject] < 0 ? p.text : "");
            else
                verb(i);
            break;
        case Role::kVerb:
            if (!p.chinese && lower(p.text).starts_with("turn") && p.text.find(' ') == p.text.npos && next(i).is(Role::kAdjective) && next(i).meaning.value[kColour] >= 0 && !noun_ahead(i + 1))
                copula(i);   // "a fox that turns blue"
            else
                verb(i);
            break;
        case Role::kWorld: world(i); break;
        case Role::kDirection: direction(p); break;
        case Role::kCount:
            count(i);
            break;
        case Role::kArticle:
        case Role::kDefinite:
        case Role::kAnother:
            if (p.chinese && m.role == Role::kArticle && names(before(i)) && !verb_ && !after_verb_ && !copula_ && preposition_ == Role::kSilent && noun_ahead(i + 1)) joined_ = true;   // "一人一狗"
            if (np_.article == Role::kSilent) close_noun_phrase();
            if (preposition_ == Role::kPlace && before(i).is(Role::kArticle) && !p.chinese) preposition_ = Role::kSilent;   // "next to her a dog"
            np_.open = true, np_.article = m.role;
            np_.mine = lower(p.text) == "my" || lower(p.text) == "our" || p.text == "我的";
            break;
        case Role::kOne:
            one(i);
            break;
        case Role::kPronoun:
        case Role::kPronouns: pronoun(p); break;
        case Role::kRelative:
            if (!names(before(i)) && noun_ahead(i + 1)) {   // "that fox"
                close_noun_phrase();
                np_.open = true, np_.article = Role::kDefinite;
                break;
            }
            close_noun_phrase();
            relative_ = focus_, relative_done_ = false, copula_ = p.text.ends_with("s");   // "that's"
            break;
        case Role::kAnd:
        case Role::kOr: conjunction(i); break;
        case Role::kBut:
            if (compares(i)) {
                const bool first = i + 2 < pieces_.size() && lower(pieces_[i + 2].text) == "as";
                if (!first) close_noun_phrase(), preposition_ = Role::kLike;
                break;
            }
            pause(i);
            break;
        case Role::kThen:
            pause(i);
            later_ = true;
            break;
        case Role::kAside:
            close_noun_phrase();
            preposition_ = Role::kPlace, aside_ = true;
            break;
        case Role::kTakenBack:
            pause(i);
            correcting_ = true, corrected_by_ = p.text;
            break;
        case Role::kAsks: asks(p); break;
        case Role::kGone: gone(i); break;
        case Role::kOwns:
        case Role::kWants: owns(i); break;
        case Role::kNamed:
            close_noun_phrase();
            named_ = 1;
            break;
        case Role::kFor:
            close_noun_phrase();
            preposition_ = Role::kFor;
            break;
        case Role::kThing:
            if (np_.open && np_.said_more() && !noun_ahead(i + 1)) belongs(p.text, -1), np_ = {};
            if (preposition_ == Role::kSilent && (next(i).is(Role::kCopula) || p.text.ends_with("是"))) close_noun_phrase(), nobody_ = true;   // "the background is blue"
            break;
        case Role::kCopula: copula(i); break;
        case Role::kNot:
        case Role::kNo:
            // "A snowman? No, a bear."
            if ((lower(p.text) == "no" || p.text == "不" || p.text == "不是") && i > 0 && before(i).kind >= Piece::kComma && pieces_[i + 1].kind == Piece::kComma && !wish_.actors.empty()) {
                correcting_ = true, corrected_by_ = p.text;
                break;
            }
            if (np_.said()) close_noun_phrase();
            denial_ = m.role;
            break;
        case Role::kStop: stops(i); break;
        case Role::kPlace:
        case Role::kOver:
        case Role::kWith:
        case Role::kLike: preposition(i); break;
        case Role::kCamera:
            if (p.text.find(' ') == p.text.npos && lower(p.text) != "camera" && lower(pieces_[i + 1].text).starts_with("of")) break;   // "footage of a drone"
            close_noun_phrase();
            np_ = {}, camera_ = true;
            break;
        case Role::kOf:
            thought_ = false;
            if (outer_.open) {
                outer_.motion = np_.motion;
                np_ = outer_, outer_ = {}, preposition_ = Role::kSilent;
            }
            break;
        case Role::kSilent:
            if (speaks(i)) speaker(i);
            // "一个气球绑在房子上，一起飞": all of them do.
            if ((p.text == "一起" || p.text == "都") && before(i).kind == Piece::kComma && next(i).is(Role::kVerb) && wish_.actors.size() > 1) {
                Piece all = p;
                all.meaning.role = Role::kPronouns;
                pronoun(all);
            }
            break;
        case Role::kSuffix:
        case Role::kUnit:
        case Role::kDecorative: break;
    }
    // "without rain or snow": a denial that was spent comes back with "or" (conjunction()) and is else over with the next phrase.
    if (was_denied && !denying() && m.role != Role::kSilent && m.role != Role::kOf && m.role != Role::kOr && m.role != Role::kAnd) denied_as_ = Role::kSilent;
}

void WishReader::pause(size_t i) {
    denial_ = denied_as_ = Role::kSilent;
    aside_ = later_ = thought_ = false;
    if (np_.open && !np_.colours.empty() && !copula_ && !np_.behind_noun && i + 1 < pieces_.size() && adjectival(pieces_[i + 1]) && noun_ahead(i + 1)) return;
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
    if (!np_.open || np_.colours.empty() || copula_ || np_.behind_noun || ellipsis_.size() > 2 || i + 2 >= pieces_.size()) return false;
    const Piece& after = pieces_[i + 1];
    const bool same = (np_.article == Role::kArticle && after.is(Role::kArticle)) || (np_.count == 1 && after.is(Role::kCount) && after.meaning.count == 1);
    return same && adjectival(pieces_[i + 2]) && noun_ahead(i + 2);
}

void WishReader::conjunction(size_t i) {
    const Piece& after = next(i);
    if (compares(i)) {   // "和房子一样大"
        close_noun_phrase();
        preposition_ = Role::kLike;
        return;
    }
    if (denied_as_ != Role::kSilent) {
        // "no rain or snow", "without rain and snow"; "no rain and a fox" ends it.
        const bool bare = after.is(Role::kWorld) || after.is(Role::kNoun) || after.is(Role::kUnknownNoun) || content(after);
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
    if (preposition_ == Role::kLike && p.meaning.role == Role::kPlace) {   // "like in a film"; "like in a forest" is there
        size_t k = i + 1;
        while (k + 1 < pieces_.size() && (pieces_[k].is(Role::kArticle) || pieces_[k].is(Role::kDefinite) || adjectival(pieces_[k]))) k++;
        if (!pieces_[k].is(Role::kWorld) || pieces_[k].meaning.value[kScene] < 0) return;
    }
    // "像雪一样白": the comparison ends here.
    if (p.chinese && p.meaning.role == Role::kLike && (p.text == "一样" || p.text == "似的" || p.text == "般")) {
        preposition_ = Role::kSilent;
        return;
    }
    if (lower(p.text) == "of a" && wish_.actors.empty() && !before(i).is(Role::kPart) && preposition_ == Role::kSilent) {   // "footage of a ufo"
        close_noun_phrase();
        np_.open = true, np_.article = Role::kArticle, camera_ = false;
        return;
    }
    passive_ = p.text == "被";
    if (p.chinese && p.text == "在" && next(i).is(Role::kVerb)) return;   // "在跑": is running
    if (p.chinese && np_.open && np_.count > 0 && !np_.one) {
        outer_ = np_, np_ = {};
    } else {
        close_noun_phrase();
    }
    if (!p.chinese && i + 1 < pieces_.size() && (pieces_[i + 1].is(Role::kVerb) || pieces_[i + 1].is(Role::kSilent) || (pieces_[i + 1].is(Role::kNounOrVerb) && !subjects_.empty())) && !pieces_[i + 1].participle && lower(p.text).ends_with("to")) return;   // "to run"
    // Chinese places stand behind their noun ("树下"), too, or alone ("身旁一只狗").
    const bool alone = before(i).kind == Piece::kComma || before(i).kind == Piece::kStop;
    if (p.chinese && (before(i).is(Role::kNoun) || before(i).is(Role::kWorld) || content(before(i)) || (alone && next(i).is(Role::kCount))) && p.meaning.role == Role::kPlace && !goes_before(p)) return;
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
    if (p.is(Role::kPronouns) && (p.text.ends_with("one") || p.text.ends_with("body") || p.text == "大家") && std::any_of(wish_.actors.begin(), wish_.actors.end(), [](const ActorWish& a) { return a.motion >= 0; })) {
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

void WishReader::adjective(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    const bool of_noun = noun_ahead(i + 1);
    if (denying()) {
        if (denial_ == Role::kNo && of_noun) return;   // "no red balloon": the noun is denied
        exclude(kColour, m.value[kColour]);
        exclude(kSize, m.value[kSize]);
        if (of_noun) np_.open = np_.denied = true;
        return denied(denial_);
    }
    // "眼睛很大的猫"
    if (size_t k = i; p.chinese && of_noun && (p.text.ends_with("的") || next(i).is(Role::kOf))) {
        while (k > 0 && pieces_[k - 1].is(Role::kDecorative)) k--;
        if (k > 0 && pieces_[k - 1].is(Role::kPart)) return note("'" + p.text + "' is said of '" + pieces_[k - 1].text + "', which keeps its own look");
    }
    // "Against black", "on white": the backdrop's.
    if (const std::string where = lower(before(i).text); !of_noun && !p.chinese && m.value[kColour] >= 0 && before(i).is(Role::kPlace) && !next(i).is(Role::kThing) && (where == "against" || where == "on" || where == "over")) {
        note("'" + p.text + "' is said of what is behind, which keeps its own look");
        preposition_ = Role::kSilent;
        return;
    }
    if (np_.open && np_.behind_noun && of_noun && joined_) close_noun_phrase();
    if (!np_.open) np_.behind_noun = names(before(i)) && !of_noun;
    np_.open = true;
    if (m.value[kColour] >= 0) np_.colours.emplace_back(m.value[kColour], p.text);
    if (m.value[kSize] >= 0 && m.role == Role::kAdjective && np_.size < 0) np_.size = m.value[kSize], np_.size_word = p.text;
    if (m.role == Role::kAdjectiveOrNoun && m.value[kSize] >= 0) np_.size = m.value[kSize], np_.size_word = p.text;
}

void WishReader::verb(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    const int motion = m.value[kMotion];
    if (denying()) {
        exclude(kMotion, motion);
        verb_ = true;
        if (motion < 0) preposition_ = Role::kPlace;   // "does not hold an umbrella"
        return denied(denial_);
    }
    if (weather_at_ > 0 && !segment_actor_ && p.text.starts_with("停") && !next(i).is(Role::kOf) && !names(next(i))) return weather_ends();
    if (wish_.camera == lexicon_.known().follow && p.text == "走") return;   // "镜头跟着它走"
    // "with white sails"
    if (preposition_ == Role::kWith && !p.chinese && !p.participle && np_.open && !np_.colours.empty() && adjectival(before(i))) {
        belongs(p.text, -1);
        np_ = {}, preposition_ = Role::kSilent;
        return report(p.text);
    }
    if (thought_) return report(p.text);   // "dreams of flying"
    if (p.text == "长" && next(i).is(Role::kPart)) return report(p.text);   // "长耳朵"
    if (carried(i)) {
        if (p.text == "爬") report(p.text);
        if (!pieces_[i + 1].is(Role::kOf)) close_noun_phrase(), preposition_ = Role::kPlace, after_verb_ = false;
        return;
    }
    const bool of_seen = p.chinese ? i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kOf) && noun_ahead(i + 2) : p.participle && np_.open && noun_ahead(i + 1);
    if (camera_ && !of_seen) {
        if (motion == lexicon_.known().stand && !m.weak) {
            set(wish_.camera, lexicon_.known().still, "camera", p.text);
        } else if (m.both) {
            set(wish_.camera, lexicon_.known().follow, "camera", p.text);
        } else if (!m.quiet) {
            report(p.text);
        }
        return;
    }
    // "a running fox", "奔跑的狐狸"
    const bool after_somebody = names(before(i)) || before(i).is(Role::kPronoun) || before(i).is(Role::kPronouns) || copula_;
    const bool before_noun = p.chinese ? i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kOf) && noun_ahead(i + 2) : p.participle && noun_ahead(i + 1) && (np_.open || !after_somebody);
    if (before_noun && !(p.chinese && preposition_ != Role::kSilent && preposition_ != Role::kPlace)) {
        if (p.chinese) preposition_ = Role::kSilent;
        if (p.chinese && !np_.open && joined_ == false && !subjects_.empty() && verb_) joined_ = true;
        np_.open = true, np_.motion = motion, np_.deed = &m;
        if (motion < 0 && !m.quiet) report(p.text);
        after_verb_ = false;
        return;
    }
    // "A sleeping town" sleeps by itself.
    const bool of_place = !p.chinese && p.participle && np_.open && next(i).is(Role::kWorld);
    if (of_place) return report(p.text);
    // "The moon is rising": nobody does.
    // "云在飘", "the clouds are flying": nor here.
    const auto does_it = [&](size_t k) { return pieces_[k].is(Role::kContent) && !adverb(pieces_[k]); };
    const bool of_thing = i > 1 && subjects_.empty() && !segment_actor_ && next(i).kind >= Piece::kComma && (before(i).is(Role::kCopula) || before(i).text == "在") && does_it(i - 2);
    const bool of_sky = of_thing || (!p.chinese && p.participle && i > 1 && before(i).is(Role::kCopula) && pieces_[i - 2].is(Role::kWorld) && subjects_.empty());
    if (nobody_ || aside_ || of_sky) {
        close_noun_phrase();
        after_verb_ = false;
        return report(p.text);
    }
    const bool conjoined = before(i).is(Role::kAnd);
    stand_alone();
    close_noun_phrase();
    np_ = np_.said() ? np_ : NounPhrase{};
    preposition_ = Role::kSilent;
    Actors who = agents(conjoined && object_list_ ? 0 : i, p.participle);
    // "头顶飞过一只鸟": who does it is named behind the verb.
    const bool turned = inverted(i);
    if (turned) who.clear(), subjects_.clear();
    if (who.empty() && again_ && !turned) who = again();
    if (passive_ && m.both && object_list_)
        for (const size_t a : focus_)
            if (std::find(who.begin(), who.end(), a) == who.end() && wish_.actors[a].motion < 0) wish_.actors[a].motion = motion;
    passive_ = false;
    const bool done = std::any_of(who.begin(), who.end(), [&](size_t a) { return motion_of(m, wish_.actors[a].subject) >= 0; });
    if (motion < 0 && !m.quiet && !done) report(p.text);
    last_deed_ = &m;
    if (!m.quiet)
        for (const size_t a : who) mine_[a] = kNotMine;
    for (const size_t a : with_)
        if (wish_.actors[a].motion < 0) wish_.actors[a].motion = motion_of(m, wish_.actors[a].subject), weak_[a] = true;
    thought_ = m.absent;
    if (who.empty()) {
        if (motion >= 0) pending_motion_ = motion, pending_deed_ = &m;
        if (m.value[kDirection] >= 0) pending_direction_ = m.value[kDirection];
        if (arrives(p) && !turned) preposition_ = Role::kPlace;   // "站在树下的猫"
        after_verb_ = true, last_agents_.clear(), last_motion_ = arrives(p) ? -1 : motion, last_both_ = m.both;
        return;
    }
    for (const size_t a : who) {
        int own = motion_of(m, wish_.actors[a].subject);
        // Whoever rides a horse does not run, whoever "rides into the sunset" does.
        const Piece& after = next(i);
        if (own < 0 && !p.chinese && wish_.actors[a].subject == lexicon_.known().person && (after.is(Role::kPlace) || after.is(Role::kOver) || after.is(Role::kDirection) || after.kind == Piece::kStop)) own = motion;
        if ((m.weak || motion < 0) && wish_.actors[a].motion >= 0) continue;
        if (own < 0) continue;
        if (weak_[a]) wish_.actors[a].motion = -1;
        if (wish_.actors.size() == 1) std::erase(wish_.excluded[kMotion], own);   // "it can't fly, but I want it to fly"
        give({a}, &ActorWish::motion, own, "motion", p.text);
        weak_[a] = m.weak;
    }
    if (m.value[kDirection] >= 0) give(who, &ActorWish::direction, m.value[kDirection], "direction", p.text);
    // "飞向右边"
    if (p.chinese && i + 1 < pieces_.size() && (p.text.ends_with("向") || p.text.ends_with("往") || p.text.ends_with("到") || motion >= 0))
        if (const text::PhraseEntry* to = lexicon_.table().find("向" + pieces_[i + 1].text); to != nullptr && lexicon_.meaning(*to).role == Role::kDirection) {
            give(who, &ActorWish::direction, lexicon_.meaning(*to).value[kDirection], "direction", pieces_[i + 1].text);
            pieces_[i + 1].kind = Piece::kPhrase, pieces_[i + 1].meaning = {};
        }
    for (int a = kScene; a <= kWeather; a++) {   // "shoots into space"
        int* const slots[] = {&wish_.scene, &wish_.time, &wish_.weather};
        if (const int value = m.value[static_cast<size_t>(a)]; value >= 0 && *slots[a - kScene] < 0) *slots[a - kScene] = value;
    }
    last_agents_ = who;
    last_motion_ = arrives(p) ? -1 : motion, last_both_ = m.both, last_over_ = passes(p);
    after_verb_ = true, joined_ = comma_ = false;
    if (!relative_.empty() && who == relative_)
        relative_done_ = true;
    else if (who == subjects_ || who == previous_)
        verb_ = true, copula_ = false, object_list_ = false;
    if (who == relative_ && relative_ == subjects_) verb_ = verb_ || !p.participle;
}

void WishReader::world(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    if (m.of_camera && !camera_) return report(p.text);
    // "A bear is shaking", "the car zooms": no camera does.
    const std::string deed = lower(p.text);
    if ((deed == "shaking" || deed == "shakes" || deed == "zooming" || deed == "zooms") && !camera_ && !subjects_.empty() && (before(i).is(Role::kCopula) || names(before(i)) || before(i).is(Role::kPronoun))) return report(p.text);
    const bool towards = p.chinese && m.value[kTime] >= 0 && m.value[kTime] == lexicon_.value_of(kTime, "night") && before(i).is(Role::kVerb) && (before(i).text.ends_with("向") || before(i).text.ends_with("到"));   // "飞向月亮"
    if (thought_ || towards || (preposition_ == Role::kLike && (m.value[kScene] >= 0 || m.value[kTime] >= 0 || m.value[kWeather] >= 0))) {
        np_ = {}, preposition_ = Role::kSilent;
        return report(p.text);
    }
    const bool styled = m.value[kStyle] >= 0 && preposition_ != Role::kSilent && !denying() && i + 2 < pieces_.size() && (names(pieces_[i + 1]) || (pieces_[i + 1].is(Role::kOf) && names(pieces_[i + 2])));
    if (styled) {   // "around a paper flower"
        set(wish_.style, m.value[kStyle], attribute_name(kStyle), p.text);
        return;
    }
    if (m.value[kTime] >= 0) weak_time_ = m.weak && (weak_time_ || wish_.time < 0);
    if (m.value[kScene] >= 0) segment_place_ = true;
    if (m.value[kWeather] >= 0 || (m.value[kScene] >= 0 && !m.extras.empty())) weather_at_ = i + 1;
    if (aside_ && m.value[kWeather] >= 0) return weather_ends();
    int* const slots[] = {&wish_.scene, &wish_.time, &wish_.weather, &wish_.camera, &wish_.style};
    world_said_ = true;
    if (denying() && m.weak) return denied(denial_);   // "no stars": it may still be night
    if (denying()) {
        for (int a = kScene; a <= kStyle; a++) exclude(static_cast<Attribute>(a), m.value[static_cast<size_t>(a)]);
        for (const Extra& e : m.extras)
            if (e.subject < 0) exclude(e.attribute, e.value);
        preposition_ = Role::kSilent;
        return denied(denial_);
    }
    const bool within = p.text.ends_with("里") || p.text.ends_with("上") || p.text.ends_with("中") || p.text.ends_with("下");   // "红沙漠里的马"
    const bool of_noun = preposition_ == Role::kSilent && i + 1 < pieces_.size() && (names(pieces_[i + 1]) || (pieces_[i + 1].is(Role::kOf) && np_.said() && noun_ahead(i + 2) && !within));
    if (!of_noun) {
        if (np_.behind_noun || (copula_ && np_.said() && preposition_ == Role::kSilent && !np_.behind_noun && np_.article == Role::kSilent && before(i).is(Role::kPlace))) {
            close_noun_phrase();
        } else {
            belongs(p.text, m.value[kScene]);
        }
        np_ = {};
    }
    for (int a = kScene; a <= kStyle; a++) {
        const int value = m.value[static_cast<size_t>(a)];
        if (value < 0) continue;
        // A forest in the snow, or in winter: the forest, with snow that falls.
        const int snow = lexicon_.known().snow, falls = lexicon_.known().snowfall;
        if (a == kScene && wish_.scene >= 0 && wish_.scene != value && (wish_.scene == snow || value == snow)) {
            if (wish_.weather < 0) wish_.weather = falls;
            note("'" + value_name(kScene, value == snow ? wish_.scene : value) + "' and 'snow' are two scenes: the first is shown, with falling snow");
            if (value == snow) continue;
            wish_.scene = -1;
        }
        set(*slots[a - kScene], value, attribute_name(static_cast<Attribute>(a)), p.text);
        if (a == kScene) {
            scene_extras_.clear();
            for (const Extra& e : m.extras)
                if (e.subject >= 0) scene_extras_.push_back(e);
            if (m.shown_as) note("'" + p.text + "' is shown as " + (value == snow ? "" : "a ") + value_name(kScene, value));
        }
        if (a == kCamera) camera_ = true;
    }
    preposition_ = Role::kSilent;
    after_verb_ = object_list_ = false;
}

void WishReader::direction(const Piece& p) {
    const int value = p.meaning.value[kDirection];
    if (denying()) {
        exclude(kDirection, value);
        return denied(denial_);
    }
    if (camera_ || nobody_) return report(p.text);
    close_noun_phrase();
    preposition_ = Role::kSilent;
    Actors who = !relative_.empty() ? relative_ : !subjects_.empty() ? subjects_ : previous_;
    if (who.empty() && again_) who = again();
    if (who.empty()) {
        pending_direction_ = value;
        return;
    }
    give(who, &ActorWish::direction, value, "direction", p.text);
    after_verb_ = false;
}

}  // namespace zt::storybook
