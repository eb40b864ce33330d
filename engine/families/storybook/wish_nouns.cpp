// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Nouns: whether one is an actor of the clip, and whether that actor is new or was named before.
#include "families/storybook/wish_reader.h"

#include <algorithm>

namespace zt::storybook {
namespace {

std::string with_article(const std::string& thing) {
    return (std::string_view("aeiou").find(thing[0]) == std::string_view::npos ? "a " : "an ") + thing;
}

}  // namespace

void WishReader::noun(size_t i, const Piece& p, int subject, const std::string& unknown) {
    const Noun n{i, p, subject, unknown};
    if (correcting_) taken_back(p);
    const Role spared = spared_denial(n);
    if (spared != Role::kSilent) denial_ = Role::kSilent;
    if (stays_off_stage(n)) return;
    end_other_subjects(n);
    if (stays_off_by_grammar(n)) return;
    ActorWish a = described(n);
    if (add_each_colour(a)) return;
    add_shared(a);
    count_and_name(n, a);

    const bool to_be = may_be_predicate();
    if (to_be && stand_in_)
        wish_.actors[subjects_[0]].subject = -1, wish_.actors[subjects_[0]].unknown.clear(), stand_in_ = false;
    const bool predicate =
        to_be && wish_.actors[subjects_[0]].subject < 0 && wish_.actors[subjects_[0]].unknown.empty();
    if (to_be && !predicate && subject >= 0) {  // "the cat is a star"
        report(p.text);
        np_ = {};
        return;
    }
    const size_t actor = whom(n, a, predicate);
    const char theirs = whose(n);
    const bool heading = heads(n, actor);
    np_ = {};
    again_ = false;
    if (actor == wish_.actors.size()) {
        if (actor >= kMostNamed) return report(p.text);
        add(a);
        mine_[actor] = theirs;
        if (wishing_ || heading) wished_ = actor, wishing_ = false;
    } else {
        retell(actor, a);
    }
    place(actor);
    denial_ = spared;
}

// "Don't make the balloon red": it is there, and not red.
Role WishReader::spared_denial(const Noun& n) const {
    const auto& [i, p, subject, unknown] = n;
    const bool caused = p.chinese && (before(i).text.ends_with("让") || before(i).text.ends_with("把"));
    const bool told_of = next(i).is(Role::kVerb) || (next(i).is(Role::kAdjective) && !noun_ahead(i + 1));
    return (denial_ == Role::kNot && np_.article == Role::kDefinite && told_of) || caused ? denial_ : Role::kSilent;
}

bool WishReader::stays_off_stage(const Noun& n) {
    const auto& [i, p, subject, unknown] = n;
    if (pieces_[i].is(Role::kNoun) && denying() && of_speaker(i)) {  // "I am not a painter"
        denied(denial_);
        np_ = {};
        return true;
    }
    if (pieces_[i].is(Role::kNoun) && !denying() && (of_speaker(i) || owner(i))) {
        note("'" + p.text + "' is not shown: only whose, or who speaks");
        np_ = {}, copula_ = copula_ && !of_speaker(i);
        return true;
    }
    // "一个人都没有"
    if (p.chinese && np_.count == 1 && subject >= 0 && next(i).is(Role::kNo) && i + 2 < pieces_.size() &&
        !names(next(i + 1))) {
        size_t k = i + 1;
        while (!pieces_[k].is(Role::kNo)) k++;
        if (pieces_[k + 1].kind >= Piece::kComma && pieces_[k].kind == Piece::kPhrase) {
            exclude(kSubject, subject);
            np_ = {};
            return true;
        }
    }
    if (p.meaning.called && !denying() && spoken_to(i)) {
        note("'" + p.text + "' is spoken to, and not shown");
        np_ = {}, joined_ = false;
        return true;
    }
    // "A dog waits for its owner": who is not there yet.
    if (after_verb_ && !denying() && subject == lexicon_.known().person && !last_agents_.empty() &&
        last_deed_ != nullptr && last_deed_->weak && last_deed_->value[kMotion] == lexicon_.known().stand) {
        note("'" + p.text + "' is waited for, and not shown");
        np_ = {}, after_verb_ = false;
        return true;
    }
    return false;
}

// Where the subject so far was none, or turns into this one.
void WishReader::end_other_subjects(const Noun& n) {
    const Piece& p = n.p;
    if (nobody_ && p.chinese && copula_ && !np_.colours.empty()) {  // "屋顶是红色的房子"
        for (const auto& [value, word] : np_.colours) report(word);
        np_.colours.clear();
        nobody_ = copula_ = false;
    }
    if (becoming_ && copula_) {
        copula_ = becoming_ = false;
        note("'" + p.text + "' is what another turns into: both are shown");
    }
}

bool WishReader::stays_off_by_grammar(const Noun& n) {
    const auto& [i, p, subject, unknown] = n;
    if (denying()) {
        // "not a red fox" denies the colour (see adjective()), "no red balloon" whatever a balloon is.
        if (subject >= 0) exclude(kSubject, subject);
        denied(denial_);
        np_ = {}, preposition_ = Role::kSilent;
        return true;
    }
    if (thought_ || (preposition_ == Role::kFor && (subject < 0 || subject == lexicon_.known().person))) {
        if (subject < 0 && candidate_.empty() && !thought_) candidate_ = p.text;
        report(p.text);
        np_ = {}, preposition_ = Role::kSilent;
        return true;
    }
    if (preposition_ == Role::kLike ||
        (!unknown.empty() &&
         (preposition_ != Role::kSilent || (after_verb_ && !p.meaning.alive && !last_agents_.empty())))) {
        // No actor: what somebody looks like, and where or with what that the model does not have.
        if (preposition_ != Role::kLike) belongs(p.text, -1);
        preposition_ = Role::kSilent;
        report(p.text);
        np_ = {}, after_verb_ = false;
        return true;
    }
    return false;
}

// With what its phrase says of it; notes what of that is not shown.
ActorWish WishReader::described(const Noun& n) {
    const auto& [i, p, subject, unknown] = n;
    const Meaning& m = p.meaning;
    ActorWish a;
    a.subject = subject, a.unknown = unknown;
    a.colour = m.value[kColour], a.size = m.value[kSize];
    if (m.role == Role::kAdjectiveOrNoun) a.colour = -1;
    // "red, yellow and blue balloons"
    if (!p.chinese && p.plural && np_.colours.size() > 1 &&
        (np_.count == 0 || np_.count == static_cast<int>(np_.colours.size())) &&
        (np_.colours.size() > 2 || !lexicon_.alive(subject)))
        np_.each = true;
    if (!np_.colours.empty()) {
        a.colour = np_.colours.front().first;
        for (size_t c = 1; c < np_.colours.size() && !np_.each; c++)
            if (np_.colours[c].first != a.colour)
                note("colours: one is shown, " + quoted(np_.colours.front().second) + ", not " +
                     quoted(np_.colours[c].second));
    }
    if (np_.size >= 0) a.size = np_.size;
    a.motion = np_.deed != nullptr ? motion_of(*np_.deed, subject) : m.role == Role::kNoun ? m.value[kMotion] : -1;
    return a;
}

bool WishReader::add_each_colour(const ActorWish& kind) {
    if (!np_.each || np_.colours.size() <= 1 || static_cast<int>(np_.colours.size()) > kMostActors ||
        wish_.actors.size() + kMostActors >= kMostNamed)
        return false;
    const auto colours = np_.colours;
    ActorWish a = kind;
    a.count = 1, np_ = {};
    for (size_t c = 0; c < colours.size(); c++) {
        a.colour = colours[c].first;
        add(a);
        place(wish_.actors.size() - 1);
        joined_ = true;
    }
    joined_ = false;
    return true;
}

void WishReader::add_shared(const ActorWish& kind) {
    for (const NounPhrase& e : ellipsis_) {
        if (wish_.actors.size() >= kMostNamed) break;
        ActorWish other = kind;
        other.count = 1, other.colour = e.colours.front().first;
        if (e.size >= 0) other.size = e.size;
        add(other);
        place(wish_.actors.size() - 1);
        joined_ = true;
    }
    ellipsis_.clear();
}

void WishReader::count_and_name(const Noun& n, ActorWish& a) {
    const auto& [i, p, subject, unknown] = n;
    const Meaning& m = p.meaning;
    const bool many = p.plural || next(i).text == "们" || next(i).text == "們";
    const int count = np_.count > 0 ? np_.count : m.count > 0 ? m.count : many ? 2 : 1;
    if (count > kMostActors)
        note(quoted(np_.count > 0 ? np_.count_word + (p.chinese ? "" : " ") + p.text : p.text) + ": three are shown");
    a.count = std::min(count, kMostActors);
    if (m.shown_as && subject >= 0)
        note(quoted(p.text) + " is shown as " + with_article(value_name(kSubject, subject)));
}

bool WishReader::may_be_predicate() const {
    return copula_ && !after_verb_ && preposition_ == Role::kSilent && subjects_.size() == 1;
}

size_t WishReader::whom(const Noun& n, const ActorWish& a, bool is_said) {
    const auto& [i, p, subject, unknown] = n;
    const bool fresh = np_.article == Role::kArticle || np_.article == Role::kAnother ||
                       (np_.count > 0 && np_.article != Role::kDefinite) || np_.one;
    // "My son loves trains! A blue train, please."
    if (wished_ < wish_.actors.size() && fresh && !denying() && (comma_ || !joined_)) {
        const ActorWish& kind = wish_.actors[wished_];
        if (kind.subject == subject && kind.unknown == unknown && kind.colour < 0 && kind.size < 0 &&
            (kind.motion < 0 || a.count > 1) && kind.direction < 0) {
            wish_.actors[wished_].count = a.count;
            np_.article = Role::kDefinite, np_.count = 0, np_.one = false;
        }
        wished_ = SIZE_MAX;
    }
    size_t actor = is_said                                     ? subjects_[0]
                   : (fresh && np_.article != Role::kDefinite) ? wish_.actors.size()
                                                               : resolve(a, np_.article == Role::kDefinite);
    // "It flies, the horse."
    if (comma_ && np_.article == Role::kDefinite && wish_.actors.size() == 1 && wish_.actors[0].again &&
        wish_.actors[0].subject < 0)
        actor = 0, wish_.actors[0].again = false;
    if (denied_actor_ < wish_.actors.size() && wish_.actors[denied_actor_].subject == subject &&
        wish_.actors[denied_actor_].unknown == unknown)
        actor = denied_actor_;
    denied_actor_ = np_.denied ? actor : SIZE_MAX;
    return actor;
}

char WishReader::whose(const Noun& n) const {
    const std::string& whose = before(n.i).text;
    const bool bare = n.subject == lexicon_.known().person && np_.article == Role::kSilent && np_.count == 0 &&
                      preposition_ == Role::kSilent;
    const bool mine = (n.subject == lexicon_.known().person && np_.mine) ||
                      (bare && (whose == "我" || whose == "我们" || whose == "俺" || whose == "咱" || whose == "我家"));
    return mine ? kMine : bare && before(n.i).kind == Piece::kStop ? kCalled : kNotMine;
}

// "An ad for a train: a red train"; "cat, two cats".
bool WishReader::heads(const Noun& n, size_t actor) const {
    return n.subject >= 0 && actor == 0 && !n.p.plural && np_.count == 0 && !np_.said_more() &&
           ((!n.p.chinese && np_.article == Role::kSilent && before(n.i).kind == Piece::kStop) ||
            preposition_ == Role::kFor);
}

// Somebody named before is named again: what is said now counts.
void WishReader::retell(size_t actor, const ActorWish& said) {
    ActorWish& old = wish_.actors[actor];
    if (comma_) subjects_.clear();  // "a horse and a tree, the horse sleeps"
    if (old.subject < 0 && old.unknown.empty())
        old.subject = said.subject, old.unknown = said.unknown, old.count = std::max(old.count, said.count);
    if (said.colour >= 0) old.colour = said.colour;
    if (said.size >= 0) old.size = said.size;
    if (said.motion >= 0) old.motion = said.motion;
}

}  // namespace zt::storybook
