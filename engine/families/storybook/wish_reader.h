// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The parser of prompts: phrases (phrases.h) become a Wish. For the wish*.cpp files alone.
//
// One pass from left to right, clause by clause; there is no syntax tree. Articles, counts and adjectives are collected
// in a NounPhrase. The noun behind them makes an actor of it: a subject of the clause, or an object when it stands
// behind a verb or a preposition. Verbs and predicates ("is red") then set values of the subjects, or of the noun that
// a relative clause ("that sleeps") belongs to.
//
// In the comments below, "somebody" is an actor, "shown" means that it will be in the clip, and words between quotes
// are examples of a prompt.
#pragma once

#include <cstdint>

#include "families/storybook/phrases.h"
#include "families/storybook/wish.h"

namespace zt::storybook {

inline constexpr size_t kLookAhead = 12;  // pieces of a noun phrase; also what keeps the time linear

inline constexpr size_t kMostNamed = 16;  // actors kept while reading; three of them are shown

inline std::string quoted(const std::string& word) { return "'" + word + "'"; }

inline bool adjectival(const Piece& p) {
    return p.is(Role::kAdjective) || p.is(Role::kAdjectiveOrNoun) || p.is(Role::kDecorative);
}
inline bool content(const Piece& p) { return p.kind == Piece::kUnknown || p.is(Role::kContent) || p.is(Role::kPart); }
inline bool names(const Piece& p) { return p.is(Role::kNoun) || p.is(Role::kUnknownNoun); }
inline bool adverb(const Piece& p) {
    return !names(p) && (p.text.ends_with("ly") || p.text.ends_with("LY") || p.text.ends_with("地"));
}

// Too little said, where the word is not known.
inline bool one_character(const Piece& p) { return p.chinese && p.kind == Piece::kUnknown && p.text.size() <= 3; }

// Chinese prepositions; the others stand behind their noun.
inline bool goes_before(const Piece& p) {
    for (const char* word : {"在", "从", "到", "向", "朝", "往", "穿过", "沿着", "被"})
        if (p.text == word) return true;
    return false;
}

// What stands behind such a verb is where it leads: "飞到花上".
inline bool arrives(const Piece& p) {
    for (const char* end : {"到", "向", "进", "入", "上", "往", "在", " to the", " to a", " to an", " to its",
                            " to his", " to her", " to their"})
        if (p.text.ends_with(end)) return true;
    return false;
}

// A verb with its preposition: "flies around", "飞过".
inline bool passes(const Piece& p) {
    for (const char* end : {" around", " past", " over", " by", " across", " through", "过", "過"})
        if (p.text.ends_with(end)) return true;
    return false;
}

inline std::string lower(std::string word) {
    for (char& c : word)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return word;
}

using Actors = std::vector<size_t>;  // indices of Wish::actors

// A noun that is read: its piece and the piece's place, and whom it names, as in ActorWish.
struct Noun {
    size_t i;
    const Piece& p;
    int subject;
    const std::string& unknown;
};

// Articles, counts and adjectives since the last noun; they belong to the next one, or are a predicate.
struct NounPhrase {
    bool open = false;
    bool behind_noun = false;      // began right behind a noun ("a fox, red")
    Role article = Role::kSilent;  // kArticle, kDefinite, kAnother, or none
    bool one = false;
    bool mine = false;    // "my", "our"
    bool denied = false;  // one of its adjectives is ("not a red fox")
    bool each = false;    // "one black, one white": colours of several
    int count = 0, size = -1, motion = -1;
    const Meaning* deed = nullptr;  // what motion is, for whom it is another
    std::string count_word, size_word;
    std::vector<std::pair<int, std::string>> colours;
    [[nodiscard]] bool said_more() const { return size >= 0 || motion >= 0 || !colours.empty(); }
    [[nodiscard]] bool introduced() const {  // somebody is expected
        return open && (article != Role::kSilent || count > 0 || !colours.empty());
    }
    [[nodiscard]] bool said() const { return size >= 0 || !colours.empty() || count > 0; }
};

// Whether an actor belongs to the person who writes ("my son"), or may be the one who is spoken to ("mum, ..").
inline constexpr char kNotMine = 0, kCalled = 1, kMine = 2;

class WishReader {
public:
    WishReader(const Lexicon& lexicon, Phrases phrases) : lexicon_(lexicon), pieces_(std::move(phrases.pieces)) {
        wish_.notes = std::move(phrases.repairs);
    }
    Wish read();

private:
    // i is the index of a piece. Methods that return bool and are not const return true when they have dealt with the
    // piece; dropped() reports a word as not understood and returns true, to end such a method.
    bool dropped(const std::string& word) {
        report(word);
        return true;
    }

    // ---- wish_reader.cpp: dispatch by part of speech, clauses ----
    void step(size_t i);
    void noun_or_modifier(size_t i);
    void adjective_or_topic(size_t i);  // 绿的是鱼: a colour alone may be the topic of a sentence
    void adjective_or_noun(size_t i);   // "an orange fox", "an orange"
    void noun_or_verb(size_t i);        // "a rose", "the balloon rose"
    void verb_or_copula(size_t i);      // "turns round", "turns blue"
    void article(size_t i);
    void relative(size_t i);  // "a fox that sleeps"
    void but(size_t i);
    void correct_by(const Piece& p);  // "no, a bear": the next noun replaces the last one
    void thing(size_t i);             // "the background", "the picture"
    void deny(size_t i);              // "not", "no", "without"
    void forget_denial(Role now);
    void camera(size_t i);
    void of();  // Chinese 的
    void silent(size_t i);
    void pause(size_t i);  // the end of a clause: a comma, "but", "while"
    void stop();           // the end of a sentence
    void conjunction(size_t i);
    void preposition(size_t i);
    void pronoun(const Piece& p);
    void stops(size_t i);  // the verb "stop"
    void count(size_t i);
    void one(size_t i);                               // "one", "ones"
    [[nodiscard]] bool comes_behind(size_t i) const;  // whether a count belongs to the noun before it: "fish x3"
    [[nodiscard]] bool shared_ahead(size_t i) const;  // "a red and a blue car": whether the noun is still to come
    [[nodiscard]] bool noun_ahead(size_t i) const;    // whether a noun ends the noun phrase that goes on at i
    [[nodiscard]] const Piece& next(size_t i) const;  // the next piece that is not Role::kSilent
    [[nodiscard]] const Piece& before(size_t i) const;

    // ---- wish_descriptions.cpp: adjectives, verbs, directions, words for scene, time, weather, camera, style ----
    void adjective(size_t i);
    void verb(size_t i);
    bool is_no_deed(size_t i);       // a verb that is no motion here: "with white sails", "dreams of flying"
    bool moves_camera(size_t i);     // "the camera follows"
    bool belongs_to_noun(size_t i);  // "a running fox"
    bool is_of_nobody(size_t i);     // "the moon is rising"
    void move_others(const Meaning& m, const Actors& who);  // "a dog chases a cat": the cat runs, too
    void keep_for_noun(const Piece& p, bool turned);        // the verb comes before its subject
    void move(const Actors& who, size_t i);                 // sets their motion
    void direct(const Actors& who, size_t i);               // sets their direction
    void take_place(const Meaning& m);                      // sets a scene that the verb implies: "shoots into space"
    void world(size_t i);
    bool is_no_world(size_t i);  // "like in a film", "a bear is shaking"
    void exclude_world(const Meaning& m);
    void keep_colours_from(size_t i);  // "a red forest": keeps the adjectives before a place from other nouns
    void show_world(const Piece& p, Attribute attribute, int value);
    void direction(const Piece& p);

    // ---- wish_words.cpp: words that are not in the lexicon, or name what the model cannot show ----
    void unknown(size_t i);
    bool tells_where(size_t i);                         // 城堡前的马
    [[nodiscard]] bool tells_of_noun(size_t i) const;   // it stands in a noun phrase before its noun
    bool describes_noun(size_t i, bool verb_like);      // "a red haired girl"
    [[nodiscard]] bool names_somebody(size_t i) const;  // an actor that the model does not have: "a dragon"
    [[nodiscard]] bool may_be_candidate(size_t i, bool introduced, bool lone) const;  // see candidate_
    void wherever(size_t i);                                       // "its tail is red": no actor is red
    [[nodiscard]] bool inverted(size_t i) const;                   // 飞过一只鸟: the subject follows the verb
    [[nodiscard]] Actors agents(size_t i, bool participle) const;  // who does what the verb says
    void copula(size_t i);

    // ---- wish_frames.cpp: words around the description ----
    void asks(const Piece& p);                     // "I want to see .."
    void taken_back(const Piece& p);               // "no wait, .."
    void gone(size_t i);                           // ".. is gone"
    [[nodiscard]] bool spoken_to(size_t i) const;  // "mum, ..", "look, dad!"
    [[nodiscard]] bool speaks(size_t i) const;     // "I am riding a horse": the speaker is shown
    void speaker(size_t i);
    [[nodiscard]] bool first_name(size_t i) const;  // "Ginger the cat"
    [[nodiscard]] bool compares(size_t i) const;    // "free as a bird"
    [[nodiscard]] bool carried(size_t i) const;     // 坐船: by boat; nobody sits
    bool skips_name(size_t i);                      // "called Rocket"
    [[nodiscard]] bool possesses(size_t i) const;   // "the dog's ball"
    [[nodiscard]] bool of_speaker(size_t i) const;  // "I am a painter", "my son likes .."
    [[nodiscard]] bool owner(size_t i) const;
    [[nodiscard]] bool modifies(size_t i) const;  // "dog" of "a dog collar"
    [[nodiscard]] bool is_name(size_t i) const;
    void owns(size_t i);
    void drop_who_asks();     // removes actors that turned out to be the writer or the one spoken to
    void drop(size_t first);  // removes actors from this one on
    void weather_ends();      // "it stops raining"

    // ---- wish_nouns.cpp: noun() runs the others in this order ----
    void noun(size_t i, const Piece& p, int subject, const std::string& unknown);
    [[nodiscard]] Role spared_denial(const Noun& n) const;  // "don't make the balloon red" denies the colour only
    bool stays_off_stage(const Noun& n);                    // the speaker, an owner, one who is spoken to or waited for
    void end_other_subjects(const Noun& n);
    bool stays_off_by_grammar(const Noun& n);          // behind "no", "like", "dreams of", "for", "with"
    [[nodiscard]] ActorWish described(const Noun& n);  // the actor with the values of its noun phrase
    bool add_each_colour(const ActorWish& kind);       // "red, yellow and blue balloons"
    void add_shared(const ActorWish& kind);            // "a red and a blue car"
    void count_and_name(const Noun& n, ActorWish& a);
    [[nodiscard]] bool may_be_predicate() const;                   // "it is a fox": a fox, or what "it" is
    size_t whom(const Noun& n, const ActorWish& a, bool is_said);  // index of the actor; actors.size(): a new one
    [[nodiscard]] char whose(const Noun& n) const;                 // kMine, kCalled, kNotMine
    [[nodiscard]] bool heads(const Noun& n, size_t actor) const;   // "An ad for a train: a red train" is one train
    void retell(size_t actor, const ActorWish& said);              // an actor named again gets the new values

    // ---- wish.cpp: actors and values ----
    [[nodiscard]] const std::string& value_name(Attribute attribute, int value) const {
        return lexicon_.value_names(attribute)[static_cast<size_t>(value)];
    }
    [[nodiscard]] std::string called(const ActorWish& a) const;        // for notes: "the fox"
    [[nodiscard]] int motion_of(const Meaning& m, int subject) const;  // a verb may be another motion for a subject
    void add(const ActorWish& a);
    [[nodiscard]] size_t resolve(const ActorWish& wanted, bool definite) const;  // anaphora; actors.size(): nobody
    void place(size_t actor);    // as a subject of the clause, or an object
    size_t split(size_t actor);  // "two cats, one black": takes one out of a group; its index
    void stand_alone();          // "one is red, the other is blue": who "one" is
    void close_noun_phrase();    // it has no noun: gives its adjectives to the subjects
    void exclude(Attribute attribute, int value);
    void set(int& to, int value, const std::string& what, const std::string& word);
    void give(const Actors& to, int ActorWish::*what, int value, const char* name, const std::string& word);
    void belongs(const std::string& owner, int scene);  // notes that adjectives are said of what has its own look
    void note(const std::string& text);
    void report(const std::string& word);                               // as not understood
    void denied(Role as) { denial_ = Role::kSilent, denied_as_ = as; }  // the denial has been used
    Actors again();                                                     // a pronoun with nobody before it
    void finish();
    [[nodiscard]] bool denying() const { return denial_ != Role::kSilent; }

    const Lexicon& lexicon_;
    std::vector<Piece> pieces_;
    Wish wish_;

    // The noun phrase that is read, phrases that wait for its noun ("a red and a blue car"), and the one around a
    // Chinese clause that belongs to a noun (两只戴帽子的熊).
    NounPhrase np_;
    std::vector<NounPhrase> ellipsis_;
    NounPhrase outer_;

    // Actors by their part in the sentence.
    Actors subjects_;     // of the clause
    Actors focus_;        // the last noun
    Actors relative_;     // the noun of a relative clause
    Actors last_agents_;  // of the last verb
    Actors previous_;     // subjects of the sentence before
    Actors with_;         // "a man with a dog": move as the subject does

    // The clause.
    Role preposition_ = Role::kSilent;                    // in force for the next noun
    Role denial_ = Role::kSilent;                         // kNot or kNo, in force
    Role denied_as_ = Role::kSilent;                      // the last one used: "or" brings it back
    bool joined_ = false;                                 // "and" or a comma since the last noun or verb
    bool comma_ = false;                                  // it was a comma
    bool verb_ = false;                                   // the clause has a verb
    bool copula_ = false;                                 // behind "is"
    bool after_verb_ = false;                             // behind a verb: the next noun may be its object
    bool relative_done_ = false;                          // the relative clause has its verb
    bool camera_ = false;                                 // the camera is the subject
    bool object_list_ = false;                            // the last noun was an object
    bool passive_ = false;                                // 被: the next noun is the agent
    bool nobody_ = false;                                 // the subject is no actor ("its tail")
    bool becoming_ = false;                               // behind "turns into"
    bool stand_in_ = false;                               // the subject was named by its colour alone ("the green one")
    bool later_ = false;                                  // behind "then": what comes later is not shown
    bool aside_ = false;                                  // "after it had run": another time, not shown
    bool thought_ = false;                                // behind "dreams of": not shown
    bool segment_actor_ = false, segment_place_ = false;  // since the last comma an actor, a place was named
    bool full_ = false;                                   // both were: the next noun begins a new clause

    // The last verb.
    const Meaning* last_deed_ = nullptr;
    int last_motion_ = -1;
    bool last_both_ = false;  // its object moves, too ("chases")
    bool last_over_ = false;  // its object is passed ("flies over")

    // What waits for an actor.
    int pending_motion_ = -1, pending_direction_ = -1;
    const Meaning* pending_deed_ = nullptr;  // the verb of pending_motion_
    bool again_ = false;                     // a pronoun with nobody before it
    bool again_person_ = false;              // it was "she" or "he"
    std::string candidate_;                  // an unknown word that is the subject if no other is named ..
    ActorWish candidate_looks_;              // .. and its adjectives

    // Of each actor.
    std::vector<bool> weak_;  // its motion was only implied and gives way to any other
    std::vector<char> mine_;  // kMine, kCalled or kNotMine; set to kNotMine once it does something

    // Actors that are spoken of again, as indices; SIZE_MAX: none.
    size_t denied_actor_ = SIZE_MAX;  // "not a red fox, a blue one"
    size_t split_from_ = SIZE_MAX;    // the rest of a group that one was taken from
    size_t wished_ = SIZE_MAX;        // "loves trains": a later train is this one
    bool wishing_ = false;            // behind such a verb

    // The rest of the prompt's state.
    bool world_said_ = false;  // a scene, time, weather, camera or style was named
    bool weak_time_ = false;   // night was named by its stars alone
    size_t weather_at_ = 0;    // 1 + index of the piece that named the weather; 0: none
    std::vector<Extra> scene_extras_;
    int named_ = 0;             // behind "called": 1 a name follows, 2 it is being read
    bool correcting_ = false;   // behind "no, ..": the next noun replaces the last
    std::string corrected_by_;  // the word that said so
};

}  // namespace zt::storybook
