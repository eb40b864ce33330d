// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The list of actors: adding one, finding the one that was named before, and giving values to actors.
#include "families/storybook/wish.h"

#include <algorithm>

#include "families/storybook/wish_reader.h"

namespace zt::storybook {
namespace {

constexpr size_t kMostLines = 64;  // of each list of a wish: a log must stay readable

}  // namespace

std::string WishReader::called(const ActorWish& a) const {
    return a.subject >= 0       ? "the " + value_name(kSubject, a.subject)
           : !a.unknown.empty() ? quoted(a.unknown)
                                : "the subject";
}

int WishReader::motion_of(const Meaning& m, int subject) const {
    for (const Extra& e : m.extras)
        if (e.attribute == kMotion && e.subject == subject) return e.value;
    return m.value[kMotion];
}

void WishReader::add(const ActorWish& a) {
    wish_.actors.push_back(a);
    weak_.push_back(false);
    mine_.push_back(kNotMine);
}

void WishReader::note(const std::string& text) {
    if (wish_.notes.size() < kMostLines && std::find(wish_.notes.begin(), wish_.notes.end(), text) == wish_.notes.end())
        wish_.notes.push_back(text);
}

void WishReader::report(const std::string& word) {
    auto& list = wish_.not_understood;
    if (!word.empty() && list.size() < kMostLines && std::find(list.begin(), list.end(), word) == list.end())
        list.push_back(word);
}

void WishReader::exclude(Attribute attribute, int value) {
    auto& list = wish_.excluded[attribute];
    if (value >= 0 && std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

void WishReader::set(int& to, int value, const std::string& what, const std::string& word) {
    if (later_ && to >= 0 && to != value) return note(what + ": " + quoted(word) + " comes later and is not shown");
    if (to >= 0 && to != value) note(what + ": the last one said, " + quoted(word) + ", is shown");
    to = value;
}

void WishReader::give(const Actors& to, int ActorWish::*what, int value, const char* attribute,
                      const std::string& word) {
    for (const size_t a : to)
        set(wish_.actors[a].*what, value, std::string(attribute) + " of " + called(wish_.actors[a]), word);
}

void WishReader::belongs(const std::string& owner, int scene) {
    for (const auto& [value, word] : np_.colours)
        if (scene < 0 || !lexicon_.natural(scene, value))
            note(quoted(word) + " is said of " + quoted(owner) + ", which keeps its own look");
    if (np_.size >= 0) note(quoted(np_.size_word) + " is said of " + quoted(owner) + ", which keeps its own look");
}

Actors WishReader::again() {
    ActorWish actor;
    actor.again = true;
    if (again_person_) actor.subject = lexicon_.known().person;
    add(actor);
    again_ = false;
    return subjects_ = focus_ = {wish_.actors.size() - 1};
}

size_t WishReader::resolve(const ActorWish& wanted, bool definite) const {
    const size_t none = wish_.actors.size();
    for (size_t i = none; i-- > 0;) {
        const ActorWish& a = wish_.actors[i];
        // "爸爸抱着宝宝", "a boy and a girl": two.
        const bool beside = !definite && wanted.subject == lexicon_.known().person &&
                            (preposition_ == Role::kWith || (joined_ && !comma_)) &&
                            std::find(subjects_.begin(), subjects_.end(), i) != subjects_.end();
        const bool own_object =
            beside || (after_verb_ && std::find(last_agents_.begin(), last_agents_.end(), i) != last_agents_.end());
        const auto agrees = [](int x, int y) { return x < 0 || y < 0 || x == y; };
        const bool same = wanted.subject >= 0 ? a.subject == wanted.subject
                                              : a.unknown == wanted.unknown && (!a.unknown.empty() || definite);
        if (same && !own_object && agrees(a.colour, wanted.colour) && agrees(a.size, wanted.size) &&
            (wanted.count == a.count || (definite && wanted.count == 1)))
            return i;
    }
    return none;
}

void WishReader::place(size_t actor) {
    ActorWish& a = wish_.actors[actor];
    const auto agent = [&]() -> const ActorWish* {
        const Actors& who = last_agents_.empty() ? subjects_ : last_agents_;
        return who.empty() ? nullptr : &wish_.actors[who.front()];
    };
    const bool free = a.motion < 0;
    if (preposition_ != Role::kSilent || (joined_ && !comma_)) std::fill(mine_.begin(), mine_.end() - 1, kNotMine);
    if (preposition_ != Role::kSilent || (object_list_ && joined_ && !comma_ && !copula_)) {
        if (preposition_ == Role::kWith && after_verb_ && free && lexicon_.alive(a.subject) && agent() != nullptr &&
            agent() != &a)
            a.motion = agent()->motion, weak_[actor] = true;
        if (preposition_ == Role::kWith && !after_verb_ && free && lexicon_.alive(a.subject) && agent() != nullptr &&
            (lexicon_.alive(agent()->subject) || agent()->subject < 0))
            with_.push_back(actor);
        if (preposition_ == Role::kOver && verb_ && free && pending_motion_ < 0)
            a.motion = lexicon_.known().stand, weak_[actor] = true;
        if (preposition_ == Role::kWith && subjects_.empty() && pending_motion_ >= 0)
            a.motion = pending_motion_, subjects_ = {actor}, pending_motion_ = -1;
        object_list_ = true;
    } else if (after_verb_ && !last_agents_.empty()) {
        // A ball that is chased does not run by itself.
        const bool shared =
            (last_both_ && (lexicon_.alive(a.subject) || a.subject < 0 || !lexicon_.alive(agent()->subject))) ||
            (!last_both_ && last_motion_ >= 0 && !last_over_ && last_motion_ != lexicon_.known().stand &&
             last_motion_ != lexicon_.known().rest && last_motion_ != lexicon_.known().jump);
        if (free && shared)
            a.motion = last_deed_ != nullptr ? motion_of(*last_deed_, a.subject) : last_motion_, weak_[actor] = true;
        if (a.motion < 0 && last_over_) a.motion = lexicon_.known().stand, weak_[actor] = true;
        object_list_ = true;
    } else {
        if (verb_ || copula_ || !joined_ || full_) subjects_.clear();
        full_ = false;
        // "Something nice, perhaps a train": the train alone.
        std::erase_if(subjects_, [&](size_t s) {
            const ActorWish& any = wish_.actors[s];
            return s != actor && any.subject < 0 && any.unknown.empty() && !any.again && any.colour < 0 &&
                   any.motion < 0;
        });
        if (std::find(subjects_.begin(), subjects_.end(), actor) == subjects_.end()) subjects_.push_back(actor);
        if (a.motion < 0 && pending_motion_ >= 0)
            a.motion = pending_deed_ != nullptr ? motion_of(*pending_deed_, a.subject) : pending_motion_, verb_ = true;
        if (a.direction < 0 && pending_direction_ >= 0) a.direction = pending_direction_;
        pending_motion_ = pending_direction_ = -1, pending_deed_ = nullptr;
        object_list_ = verb_ = copula_ = false;
    }
    camera_ = camera_ && preposition_ == Role::kOver;  // "镜头围着树转"
    preposition_ = Role::kSilent;
    focus_ = {actor};
    joined_ = comma_ = after_verb_ = relative_done_ = nobody_ = thought_ = false;
    segment_actor_ = true;
    relative_.clear();
}

size_t WishReader::split(size_t actor) {
    ActorWish rest = wish_.actors[actor];
    wish_.actors[actor].count = 1;
    rest.count--;
    add(rest);
    weak_.back() = weak_[actor];
    split_from_ = wish_.actors.size() - 1;
    return actor;
}

void WishReader::stand_alone() {
    if (!np_.open || np_.said_more() || wish_.actors.size() >= kMostNamed) return;
    if (np_.one) {
        bool found = false;
        for (size_t a = wish_.actors.size(); a-- > 0 && !found;)
            if (wish_.actors[a].count > 1) subjects_ = focus_ = {split(a)}, found = true;
        if (!found && split_from_ < wish_.actors.size()) subjects_ = focus_ = {split_from_};
    } else if (np_.article == Role::kAnother && split_from_ < wish_.actors.size()) {
        subjects_ = focus_ = {split_from_};
    } else {
        return;
    }
    verb_ = copula_ = joined_ = object_list_ = false;
    relative_.clear();
    np_ = {};
}

void WishReader::close_noun_phrase() {
    if (!np_.open) return;
    if (nobody_ || (camera_ && copula_)) {
        for (const auto& [value, word] : np_.colours) report(word);
        if (np_.size >= 0) report(np_.size_word);
        np_ = {};
        return;
    }
    if (np_.motion >= 0 && pending_motion_ < 0) pending_motion_ = np_.motion, pending_deed_ = np_.deed;
    Actors to = !relative_.empty() ? relative_ : copula_ ? subjects_ : !focus_.empty() ? focus_ : subjects_;
    if (to.empty() && again_ && np_.said()) to = again();
    if (to.empty()) to = previous_;
    if (np_.article == Role::kAnother && split_from_ < wish_.actors.size() && !copula_) to = {split_from_};
    if (np_.said() && to.empty()) {
        np_.article = Role::kSilent;  // for the next noun
        return;
    }
    if (np_.count > 1 && !np_.one && !copula_ && !np_.colours.empty() && split_from_ < wish_.actors.size())
        to = {split_from_};  // "one black, two white"
    // "two cats, one black and one white": one of them becomes an actor of its own.
    if (np_.one && !np_.colours.empty() && !to.empty() && wish_.actors.size() < kMostNamed) {
        const size_t of = wish_.actors[to.back()].count > 1 ? split(to.back()) : split_from_;
        if (of < wish_.actors.size()) {
            if (of == split_from_ && wish_.actors[of].count > 1) split(of);
            wish_.actors[of].colour = np_.colours.front().first;
            for (Actors* list : {&subjects_, &focus_})
                if (std::find(list->begin(), list->end(), of) != list->end()) list->push_back(split_from_);
            np_ = {};
            return;
        }
    }
    if (!np_.colours.empty()) {
        give(to, &ActorWish::colour, np_.colours.front().first, "colour", np_.colours.front().second);
        for (size_t c = 1; c < np_.colours.size(); c++)
            note("colours: one is shown, " + quoted(np_.colours.front().second) + ", not " +
                 quoted(np_.colours[c].second));
    }
    if (np_.size >= 0) {  // "getting bigger, then small again": what grows has every size
        const auto grows = [&](size_t a) {
            return lexicon_.known().grow >= 0 && wish_.actors[a].motion == lexicon_.known().grow;
        };
        if (std::any_of(to.begin(), to.end(), grows)) note(quoted(np_.size_word) + " is part of how the size changes");
        std::erase_if(to, grows);
        give(to, &ActorWish::size, np_.size, "size", np_.size_word);
    }
    if (np_.said() && !relative_.empty()) relative_done_ = true;
    np_ = {};
}

void WishReader::finish() {
    auto& actors = wish_.actors;
    const auto lone = [&](ActorWish a) { actors.push_back(std::move(a)); };
    if (actors.empty() && !candidate_.empty()) {
        ActorWish a;
        a = candidate_looks_;
        a.unknown = candidate_;
        lone(a);
        std::erase(wish_.not_understood, candidate_);
    }
    if (actors.empty() && (np_.said() || pending_motion_ >= 0 || pending_direction_ >= 0)) lone({});
    if (actors.empty() && again_ && !world_said_) again();
    for (ActorWish& a : actors) {
        if (a.motion < 0 && pending_motion_ >= 0) a.motion = pending_motion_, pending_motion_ = -1;
        if (a.direction < 0 && pending_direction_ >= 0) a.direction = pending_direction_, pending_direction_ = -1;
    }
    if (np_.said() && actors.size() == 1 && !np_.colours.empty() && actors[0].colour < 0)
        actors[0].colour = np_.colours.front().first;
    if (np_.said() && actors.size() == 1 && np_.size >= 0 && actors[0].size < 0) actors[0].size = np_.size;
    for (const Extra& e : scene_extras_)
        if (std::any_of(actors.begin(), actors.end(), [&](const ActorWish& a) { return a.subject == e.subject; }))
            wish_.scene = e.value;
    // "Something with a horse in it."
    mine_.resize(actors.size());
    drop_who_asks();
    if (actors.size() > 1)
        std::erase_if(actors, [](const ActorWish& a) {
            return a.subject < 0 && a.unknown.empty() && !a.again && a.colour < 0 && a.motion < 0 && a.direction < 0 &&
                   a.size < 0;
        });
    if (weak_time_ && wish_.scene == lexicon_.known().space) wish_.time = -1;  // there are stars at any time
    // A stage for three, on which each has one at least.
    int left = kMostActors, waiting = std::min(static_cast<int>(actors.size()), kMostActors);
    for (size_t i = 0; i < actors.size(); i++) {
        waiting = std::max(waiting - 1, 0);
        const int shown = std::min(actors[i].count, left - waiting);
        if (shown < actors[i].count)
            note("three are on the stage at most: " +
                 (shown == 0 ? called(actors[i]) + " is left out" : "fewer of " + called(actors[i]) + " are shown"));
        actors[i].count = shown;
        left -= shown;
    }
    std::erase_if(actors, [](const ActorWish& a) { return a.count == 0; });
}

Wish read_sentence(const Lexicon& lexicon, std::string_view prompt) {
    return WishReader(lexicon, find_phrases(lexicon, prompt)).read();
}

}  // namespace zt::storybook
