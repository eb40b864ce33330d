// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a row of phrases becomes a wish; for wish.cpp and wish_reader.cpp alone.
//
// One pass from left to right, clause by clause. What stands before a noun is gathered in a noun phrase; the noun
// makes an actor of it, which is a subject of the clause, or an object (behind a preposition or a verb). Verbs and
// predicates ("is red") go to the subjects, or to whom a relative clause ("that sleeps") is about.
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

// What was said since the last noun that may belong to the next.
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

// Whether somebody is one of who asks ("my son"), or may be called ("mum, ..").
inline constexpr char kNotMine = 0, kCalled = 1, kMine = 2;

class WishReader {
public:
    WishReader(const Lexicon& lexicon, Phrases phrases) : lexicon_(lexicon), pieces_(std::move(phrases.pieces)) {
        wish_.notes = std::move(phrases.repairs);
    }
    Wish read();

private:
    // Those that return bool have dealt with the piece when they return true; dropped() ends them.
    bool dropped(const std::string& word) {
        report(word);
        return true;
    }

    // wish_reader.cpp: clauses
    void step(size_t i);
    void noun_or_modifier(size_t i);
    void adjective_or_topic(size_t i);  // the topic of a sentence may be told by its colour alone
    void adjective_or_noun(size_t i);
    void noun_or_verb(size_t i);
    void verb_or_copula(size_t i);
    void article(size_t i);
    void relative(size_t i);
    void but(size_t i);
    void correct_by(const Piece& p);  // the next noun takes the place of the last
    void thing(size_t i);             // "the background", "the picture"
    void deny(size_t i);
    void forget_denial(Role now);
    void camera(size_t i);
    void of();
    void silent(size_t i);
    void pause(size_t i);  // a comma, "but", "while"
    void stop();
    void conjunction(size_t i);
    void preposition(size_t i);
    void pronoun(const Piece& p);
    void stops(size_t i);
    [[nodiscard]] bool shared_ahead(size_t i) const;
    [[nodiscard]] bool noun_ahead(size_t i) const;    // whether the noun phrase goes on to a noun
    [[nodiscard]] const Piece& next(size_t i) const;  // behind silent ones
    [[nodiscard]] const Piece& before(size_t i) const;
    void count(size_t i);
    void one(size_t i);
    [[nodiscard]] bool comes_behind(size_t i) const;  // a count behind its noun ("fish x3")

    // wish_descriptions.cpp: adjectives, verbs, words of the scene, directions
    void adjective(size_t i);
    void verb(size_t i);
    bool is_no_deed(size_t i);
    bool moves_camera(size_t i);
    bool belongs_to_noun(size_t i);
    bool is_of_nobody(size_t i);
    void move_others(const Meaning& m, const Actors& who);
    void keep_for_noun(const Piece& p, bool turned);
    void move(const Actors& who, size_t i);
    void direct(const Actors& who, size_t i);
    void take_place(const Meaning& m);
    void world(size_t i);
    bool is_no_world(size_t i);
    void exclude_world(const Meaning& m);
    void keep_colours_from(size_t i);
    void show_world(const Piece& p, Attribute attribute, int value);
    void direction(const Piece& p);

    // wish_words.cpp
    void unknown(size_t i);  // a word that the lexicon does not have, or has as what the model cannot show
    [[nodiscard]] bool inverted(size_t i) const;  // who does it is named behind the verb
    [[nodiscard]] Actors agents(size_t i, bool participle) const;
    bool tells_where(size_t i);
    [[nodiscard]] bool tells_of_noun(size_t i) const;
    bool describes_noun(size_t i, bool verb_like);
    [[nodiscard]] bool names_somebody(size_t i) const;
    [[nodiscard]] bool may_be_candidate(size_t i, bool introduced, bool lone) const;
    void copula(size_t i);
    void wherever(size_t i);  // a noun of content: what is said of it is not said of anybody

    // wish_frames.cpp: what is no picture itself
    void asks(const Piece& p);
    void taken_back(const Piece& p);
    void gone(size_t i);
    [[nodiscard]] bool spoken_to(size_t i) const;  // "mum, ..", "look, dad!"
    [[nodiscard]] bool speaks(size_t i) const;     // "I am riding a horse": who speaks is shown
    void speaker(size_t i);
    [[nodiscard]] bool first_name(size_t i) const;  // "Ginger the cat"
    [[nodiscard]] bool compares(size_t i) const;    // "free as a bird"
    [[nodiscard]] bool carried(size_t i) const;     // 坐船, 坐的火车: who sits in it need not sit still
    bool skips_name(size_t i);                      // "called Rocket"
    [[nodiscard]] bool possesses(size_t i) const;
    [[nodiscard]] bool of_speaker(size_t i) const;
    [[nodiscard]] bool owner(size_t i) const;
    [[nodiscard]] bool modifies(size_t i) const;  // "dog" of "a dog collar"
    [[nodiscard]] bool is_name(size_t i) const;
    void owns(size_t i);
    void drop_who_asks();
    void drop(size_t first);  // actors from this one on
    void weather_ends();

    // wish_nouns.cpp: what a noun with its phrase becomes. The first of them runs the others in their order; those
    // that return bool have dealt with the noun when they return true.
    void noun(size_t i, const Piece& p, int subject, const std::string& unknown);
    [[nodiscard]] Role spared_denial(const Noun& n) const;  // a denial that is of what follows the noun
    bool stays_off_stage(const Noun& n);                    // a speaker, an owner, somebody spoken to or waited for
    bool stays_off_by_grammar(const Noun& n);               // behind "no", "like", "dreams of", "for", "with"
    void end_other_subjects(const Noun& n);
    [[nodiscard]] ActorWish described(const Noun& n);
    bool add_each_colour(const ActorWish& kind);  // "red, yellow and blue balloons"
    void add_shared(const ActorWish& kind);       // those of ellipsis_: "a red and a blue car"
    void count_and_name(const Noun& n, ActorWish& a);
    [[nodiscard]] bool may_be_predicate() const;                   // "it is a fox"
    size_t whom(const Noun& n, const ActorWish& a, bool is_said);  // an actor there is, or the number of actors
    [[nodiscard]] char whose(const Noun& n) const;                 // kMine, kCalled, kNotMine
    [[nodiscard]] bool heads(const Noun& n, size_t actor) const;   // a title, told again behind it
    void retell(size_t actor, const ActorWish& said);

    // wish.cpp: actors and values
    [[nodiscard]] const std::string& value_name(Attribute attribute, int value) const {
        return lexicon_.value_names(attribute)[static_cast<size_t>(value)];
    }
    [[nodiscard]] std::string called(const ActorWish& a) const;
    [[nodiscard]] int motion_of(const Meaning& m, int subject) const;
    void add(const ActorWish& a);
    [[nodiscard]] size_t resolve(const ActorWish& wanted,
                                 bool definite) const;  // somebody named before, or the number of actors
    void place(size_t actor);
    size_t split(size_t actor);  // takes one of several; that one's place
    void stand_alone();          // "one is red, the other is blue"
    void close_noun_phrase();    // what stands in it has no noun: a predicate, or left over
    void exclude(Attribute attribute, int value);
    void set(int& to, int value, const std::string& what, const std::string& word);
    void give(const Actors& to, int ActorWish::*what, int value, const char* name, const std::string& word);
    void belongs(const std::string& owner, int scene);  // colours and sizes of what is no actor
    void note(const std::string& text);
    void report(const std::string& word);
    void denied(Role as) { denial_ = Role::kSilent, denied_as_ = as; }
    Actors again();
    void finish();
    [[nodiscard]] bool denying() const { return denial_ != Role::kSilent; }

    const Lexicon& lexicon_;
    std::vector<Piece> pieces_;
    Wish wish_;

    std::vector<NounPhrase> ellipsis_;  // "a red" of "a red and a blue car"
    NounPhrase np_, outer_;  // outer_: what stands before a Chinese clause that belongs to a noun ("两只戴帽子的熊")
    Actors subjects_, focus_, relative_, last_agents_, previous_;
    Role preposition_ = Role::kSilent;
    Role denial_ = Role::kSilent, denied_as_ = Role::kSilent;  // kNot, kNo; what the last "no" was, for "or"
    bool joined_ = false;                                      // "and" or a comma since the last noun or verb
    bool comma_ = false;                                       // it was a comma
    bool verb_ = false, copula_ = false, after_verb_ = false, relative_done_ = false, camera_ = false;
    bool object_list_ = false;                 // the last noun was an object
    bool again_person_ = false;                // that pronoun was "she" or "he"
    bool again_ = false, world_said_ = false;  // a pronoun without anybody before
    int last_motion_ = -1;
    bool last_both_ = false, last_over_ = false;
    size_t denied_actor_ = SIZE_MAX;                    // "not a red fox": whom "a blue one" is then
    int pending_motion_ = -1, pending_direction_ = -1;  // said before anybody was
    const Meaning* pending_deed_ = nullptr;             // what pending_motion_ is, for whom it is another
    size_t split_from_ = SIZE_MAX;
    std::vector<bool> weak_;    // of each actor: its motion gives way
    size_t wished_ = SIZE_MAX;  // "loves trains": what of the kind is shown may be said later
    bool wishing_ = false;      // behind such a verb
    std::vector<char> mine_;    // of each actor: kMine ("my ..") or kCalled, who so far does nothing
    bool becoming_ = false;     // "turns into"
    bool weak_time_ = false;    // said by its stars alone
    std::vector<Extra> scene_extras_;
    bool nobody_ = false;                                   // the subject is no actor ("its tail")
    bool later_ = false, aside_ = false, thought_ = false;  // "then ..", "after it had ..", "dreams of .."
    int named_ = 0;                                         // 1, 2: a name follows; is being read
    bool segment_actor_ = false, segment_place_ = false;    // since the last comma
    bool full_ = false;                                     // "a house on the beach, ..": the next noun begins anew
    bool correcting_ = false;
    std::string corrected_by_;
    bool stand_in_ = false;               // the subject was named by its colour alone ("the green one")
    const Meaning* last_deed_ = nullptr;  // the last verb
    bool passive_ = false;                // 被: the next noun is who does it
    Actors with_;                         // "a man with a dog": who does what he does
    size_t weather_at_ = 0;               // 1 + piece that said the weather
    std::string candidate_;               // an unknown word that may have named somebody ..
    ActorWish candidate_looks_;           // .. and what was said of it
};

}  // namespace zt::storybook
