// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Adjectives, verbs, directions, and words for scene, time, weather, camera and style: which actor they belong to.
#include "families/storybook/wish_reader.h"

#include <algorithm>

namespace zt::storybook {

void WishReader::adjective(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    const bool of_noun = noun_ahead(i + 1);
    if (denying()) {
        if (denial_ == Role::kNo && of_noun) return;  // "no red balloon": the noun is denied
        exclude(kColour, m.value[kColour]);
        exclude(kSize, m.value[kSize]);
        if (of_noun) np_.open = np_.denied = true;
        return denied(denial_);
    }
    // "眼睛很大的猫"
    if (size_t k = i; p.chinese && of_noun && (p.text.ends_with("的") || next(i).is(Role::kOf))) {
        while (k > 0 && pieces_[k - 1].is(Role::kDecorative)) k--;
        if (k > 0 && pieces_[k - 1].is(Role::kPart))
            return note("'" + p.text + "' is said of '" + pieces_[k - 1].text + "', which keeps its own look");
    }
    // "Against black", "on white": the backdrop's.
    if (const std::string where = lower(before(i).text); !of_noun && !p.chinese && m.value[kColour] >= 0 &&
                                                         before(i).is(Role::kPlace) && !next(i).is(Role::kThing) &&
                                                         (where == "against" || where == "on" || where == "over")) {
        note("'" + p.text + "' is said of what is behind, which keeps its own look");
        preposition_ = Role::kSilent;
        return;
    }
    if (np_.open && np_.behind_noun && of_noun && joined_) close_noun_phrase();
    if (!np_.open) np_.behind_noun = names(before(i)) && !of_noun;
    np_.open = true;
    if (m.value[kColour] >= 0) np_.colours.emplace_back(m.value[kColour], p.text);
    if (m.value[kSize] >= 0 && m.role == Role::kAdjective && np_.size < 0)
        np_.size = m.value[kSize], np_.size_word = p.text;
    if (m.role == Role::kAdjectiveOrNoun && m.value[kSize] >= 0) np_.size = m.value[kSize], np_.size_word = p.text;
}

void WishReader::verb(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    const int motion = m.value[kMotion];
    if (denying()) {
        exclude(kMotion, motion);
        verb_ = true;
        if (motion < 0) preposition_ = Role::kPlace;  // "does not hold an umbrella"
        return denied(denial_);
    }
    if (is_no_deed(i) || moves_camera(i) || belongs_to_noun(i) || is_of_nobody(i)) return;
    const bool conjoined = before(i).is(Role::kAnd);
    stand_alone();
    close_noun_phrase();
    np_ = np_.said() ? np_ : NounPhrase{};
    preposition_ = Role::kSilent;
    Actors who = agents(conjoined && object_list_ ? 0 : i, p.participle);
    const bool turned = inverted(i);
    if (turned) who.clear(), subjects_.clear();
    if (who.empty() && again_ && !turned) who = again();
    move_others(m, who);
    const bool done =
        std::any_of(who.begin(), who.end(), [&](size_t a) { return motion_of(m, wish_.actors[a].subject) >= 0; });
    if (motion < 0 && !m.quiet && !done) report(p.text);
    if (!m.quiet)
        for (const size_t a : who) mine_[a] = kNotMine;
    last_deed_ = &m;
    thought_ = m.absent;
    last_both_ = m.both;
    last_motion_ = arrives(p) ? -1 : motion;
    if (who.empty()) return keep_for_noun(p, turned);
    move(who, i);
    direct(who, i);
    take_place(m);
    last_agents_ = who;
    last_over_ = passes(p);
    after_verb_ = true, joined_ = comma_ = false;
    if (!relative_.empty() && who == relative_)
        relative_done_ = true;
    else if (who == subjects_ || who == previous_)
        verb_ = true, copula_ = false, object_list_ = false;
    if (who == relative_ && relative_ == subjects_) verb_ = verb_ || !p.participle;
}

// Words of the list of verbs that say no motion of anybody here.
bool WishReader::is_no_deed(size_t i) {
    const Piece& p = pieces_[i];
    if (weather_at_ > 0 && !segment_actor_ && p.text.starts_with("停") && !next(i).is(Role::kOf) && !names(next(i))) {
        weather_ends();
        return true;
    }
    if (wish_.camera == lexicon_.known().follow && p.text == "走") return true;  // "镜头跟着它走"
    // "with white sails"
    if (preposition_ == Role::kWith && !p.chinese && !p.participle && np_.open && !np_.colours.empty() &&
        adjectival(before(i))) {
        belongs(p.text, -1);
        np_ = {}, preposition_ = Role::kSilent;
        return dropped(p.text);
    }
    if (thought_) return dropped(p.text);                                   // "dreams of flying"
    if (p.text == "长" && next(i).is(Role::kPart)) return dropped(p.text);  // "长耳朵"
    if (carried(i)) {
        if (p.text == "爬") report(p.text);
        if (!pieces_[i + 1].is(Role::kOf)) close_noun_phrase(), preposition_ = Role::kPlace, after_verb_ = false;
        return true;
    }
    return false;
}

// "The camera follows": its motion, unless the verb is that of a noun which the camera sees.
bool WishReader::moves_camera(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    const bool of_seen = p.chinese ? i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kOf) && noun_ahead(i + 2)
                                   : p.participle && np_.open && noun_ahead(i + 1);
    if (!camera_ || of_seen) return false;
    if (m.value[kMotion] == lexicon_.known().stand && !m.weak) {
        set(wish_.camera, lexicon_.known().still, "camera", p.text);
    } else if (m.both) {
        set(wish_.camera, lexicon_.known().follow, "camera", p.text);
    } else if (!m.quiet) {
        report(p.text);
    }
    return true;
}

// "a running fox", "奔跑的狐狸": of the noun behind it. "A sleeping town" sleeps by itself.
bool WishReader::belongs_to_noun(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    const bool after_somebody =
        names(before(i)) || before(i).is(Role::kPronoun) || before(i).is(Role::kPronouns) || copula_;
    const bool before_noun = p.chinese ? i + 1 < pieces_.size() && pieces_[i + 1].is(Role::kOf) && noun_ahead(i + 2)
                                       : p.participle && noun_ahead(i + 1) && (np_.open || !after_somebody);
    if (before_noun && !(p.chinese && preposition_ != Role::kSilent && preposition_ != Role::kPlace)) {
        if (p.chinese) preposition_ = Role::kSilent;
        if (p.chinese && !np_.open && joined_ == false && !subjects_.empty() && verb_) joined_ = true;
        np_.open = true, np_.motion = m.value[kMotion], np_.deed = &m;
        if (m.value[kMotion] < 0 && !m.quiet) report(p.text);
        after_verb_ = false;
        return true;
    }
    const bool of_place = !p.chinese && p.participle && np_.open && next(i).is(Role::kWorld);
    if (of_place) report(p.text);
    return of_place;
}

// "The moon is rising", "云在飘", "the clouds are flying".
bool WishReader::is_of_nobody(size_t i) {
    const Piece& p = pieces_[i];
    const auto does_it = [&](size_t k) { return pieces_[k].is(Role::kContent) && !adverb(pieces_[k]); };
    const bool of_thing = i > 1 && subjects_.empty() && !segment_actor_ && next(i).kind >= Piece::kComma &&
                          (before(i).is(Role::kCopula) || before(i).text == "在") && does_it(i - 2);
    const bool of_sky = of_thing || (!p.chinese && p.participle && i > 1 && before(i).is(Role::kCopula) &&
                                     pieces_[i - 2].is(Role::kWorld) && subjects_.empty());
    if (!nobody_ && !aside_ && !of_sky) return false;
    close_noun_phrase();
    after_verb_ = false;
    return dropped(p.text);
}

// Those who move as well though they are no agents: who is chased, and who goes with somebody.
void WishReader::move_others(const Meaning& m, const Actors& who) {
    if (passive_ && m.both && object_list_)
        for (const size_t a : focus_)
            if (std::find(who.begin(), who.end(), a) == who.end() && wish_.actors[a].motion < 0)
                wish_.actors[a].motion = m.value[kMotion];
    passive_ = false;
    for (const size_t a : with_)
        if (wish_.actors[a].motion < 0) wish_.actors[a].motion = motion_of(m, wish_.actors[a].subject), weak_[a] = true;
}

// Nobody has been named who could do it: who comes next will.
void WishReader::keep_for_noun(const Piece& p, bool turned) {
    const Meaning& m = p.meaning;
    if (m.value[kMotion] >= 0) pending_motion_ = m.value[kMotion], pending_deed_ = &m;
    if (m.value[kDirection] >= 0) pending_direction_ = m.value[kDirection];
    if (arrives(p) && !turned) preposition_ = Role::kPlace;  // "站在树下的猫"
    after_verb_ = true, last_agents_.clear();
}

void WishReader::move(const Actors& who, size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    const int motion = m.value[kMotion];
    for (const size_t a : who) {
        int own = motion_of(m, wish_.actors[a].subject);
        // Whoever rides a horse does not run, whoever "rides into the sunset" does.
        const Piece& after = next(i);
        if (own < 0 && !p.chinese && wish_.actors[a].subject == lexicon_.known().person &&
            (after.is(Role::kPlace) || after.is(Role::kOver) || after.is(Role::kDirection) ||
             after.kind == Piece::kStop))
            own = motion;
        if ((m.weak || motion < 0) && wish_.actors[a].motion >= 0) continue;
        if (own < 0) continue;
        if (weak_[a]) wish_.actors[a].motion = -1;
        if (wish_.actors.size() == 1) std::erase(wish_.excluded[kMotion], own);  // "it can't fly, but I want it to fly"
        give({a}, &ActorWish::motion, own, "motion", p.text);
        weak_[a] = m.weak;
    }
}

void WishReader::direct(const Actors& who, size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    if (m.value[kDirection] >= 0) give(who, &ActorWish::direction, m.value[kDirection], "direction", p.text);
    // "飞向右边"
    if (p.chinese && i + 1 < pieces_.size() &&
        (p.text.ends_with("向") || p.text.ends_with("往") || p.text.ends_with("到") || m.value[kMotion] >= 0))
        if (const text::PhraseEntry* to = lexicon_.table().find("向" + pieces_[i + 1].text);
            to != nullptr && lexicon_.meaning(*to).role == Role::kDirection) {
            give(who, &ActorWish::direction, lexicon_.meaning(*to).value[kDirection], "direction", pieces_[i + 1].text);
            pieces_[i + 1].kind = Piece::kPhrase, pieces_[i + 1].meaning = {};
        }
}

// "Shoots into space": where the deed takes place, unless that was said.
void WishReader::take_place(const Meaning& m) {
    for (int a = kScene; a <= kWeather; a++) {
        int* const slots[] = {&wish_.scene, &wish_.time, &wish_.weather};
        if (const int value = m.value[static_cast<size_t>(a)]; value >= 0 && *slots[a - kScene] < 0)
            *slots[a - kScene] = value;
    }
}

void WishReader::world(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    if (is_no_world(i)) return;
    const bool styled = m.value[kStyle] >= 0 && preposition_ != Role::kSilent && !denying() && i + 2 < pieces_.size() &&
                        (names(pieces_[i + 1]) || (pieces_[i + 1].is(Role::kOf) && names(pieces_[i + 2])));
    if (styled) {  // "around a paper flower"
        set(wish_.style, m.value[kStyle], attribute_name(kStyle), p.text);
        return;
    }
    if (m.value[kTime] >= 0) weak_time_ = m.weak && (weak_time_ || wish_.time < 0);
    if (m.value[kScene] >= 0) segment_place_ = true;
    if (m.value[kWeather] >= 0 || (m.value[kScene] >= 0 && !m.extras.empty())) weather_at_ = i + 1;
    if (aside_ && m.value[kWeather] >= 0) return weather_ends();
    world_said_ = true;
    if (denying()) return exclude_world(m);
    keep_colours_from(i);
    for (int a = kScene; a <= kStyle; a++)
        if (const int value = m.value[static_cast<size_t>(a)]; value >= 0)
            show_world(p, static_cast<Attribute>(a), value);
    preposition_ = Role::kSilent;
    after_verb_ = object_list_ = false;
}

// Words of a scene, a time, a camera .. that say none here.
bool WishReader::is_no_world(size_t i) {
    const Piece& p = pieces_[i];
    const Meaning& m = p.meaning;
    if (m.of_camera && !camera_) return dropped(p.text);
    // "A bear is shaking", "the car zooms": no camera does.
    const std::string deed = lower(p.text);
    if ((deed == "shaking" || deed == "shakes" || deed == "zooming" || deed == "zooms") && !camera_ &&
        !subjects_.empty() && (before(i).is(Role::kCopula) || names(before(i)) || before(i).is(Role::kPronoun)))
        return dropped(p.text);
    const bool towards = p.chinese && m.value[kTime] >= 0 && m.value[kTime] == lexicon_.value_of(kTime, "night") &&
                         before(i).is(Role::kVerb) &&
                         (before(i).text.ends_with("向") || before(i).text.ends_with("到"));  // "飞向月亮"
    if (thought_ || towards ||
        (preposition_ == Role::kLike && (m.value[kScene] >= 0 || m.value[kTime] >= 0 || m.value[kWeather] >= 0))) {
        np_ = {}, preposition_ = Role::kSilent;
        return dropped(p.text);
    }
    return false;
}

void WishReader::exclude_world(const Meaning& m) {
    if (m.weak) return denied(denial_);  // "no stars": it may still be night
    for (int a = kScene; a <= kStyle; a++) exclude(static_cast<Attribute>(a), m.value[static_cast<size_t>(a)]);
    for (const Extra& e : m.extras)
        if (e.subject < 0) exclude(e.attribute, e.value);
    preposition_ = Role::kSilent;
    denied(denial_);
}

// A colour or size said before a place is not the place's: it is left to a noun ahead or behind, or noted.
void WishReader::keep_colours_from(size_t i) {
    const Piece& p = pieces_[i];
    const bool within = p.text.ends_with("里") || p.text.ends_with("上") || p.text.ends_with("中") ||
                        p.text.ends_with("下");  // "红沙漠里的马"
    const bool of_noun =
        preposition_ == Role::kSilent && i + 1 < pieces_.size() &&
        (names(pieces_[i + 1]) || (pieces_[i + 1].is(Role::kOf) && np_.said() && noun_ahead(i + 2) && !within));
    if (!of_noun) {
        if (np_.behind_noun || (copula_ && np_.said() && preposition_ == Role::kSilent && !np_.behind_noun &&
                                np_.article == Role::kSilent && before(i).is(Role::kPlace))) {
            close_noun_phrase();
        } else {
            belongs(p.text, p.meaning.value[kScene]);
        }
        np_ = {};
    }
}

void WishReader::show_world(const Piece& p, Attribute attribute, int value) {
    const Meaning& m = p.meaning;
    int* const slots[] = {&wish_.scene, &wish_.time, &wish_.weather, &wish_.camera, &wish_.style};
    // A forest in the snow, or in winter: the forest, with snow that falls.
    const int snow = lexicon_.known().snow, falls = lexicon_.known().snowfall;
    if (attribute == kScene && wish_.scene >= 0 && wish_.scene != value && (wish_.scene == snow || value == snow)) {
        if (wish_.weather < 0) wish_.weather = falls;
        note("'" + value_name(kScene, value == snow ? wish_.scene : value) +
             "' and 'snow' are two scenes: the first is shown, with falling snow");
        if (value == snow) return;
        wish_.scene = -1;
    }
    set(*slots[attribute - kScene], value, attribute_name(attribute), p.text);
    if (attribute == kScene) {
        scene_extras_.clear();
        for (const Extra& e : m.extras)
            if (e.subject >= 0) scene_extras_.push_back(e);
        if (m.shown_as) note("'" + p.text + "' is shown as " + (value == snow ? "" : "a ") + value_name(kScene, value));
    }
    if (attribute == kCamera) camera_ = true;
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
