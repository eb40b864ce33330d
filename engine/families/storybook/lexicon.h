// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lexicon: English and Chinese phrases and what each means to the model, from lexicon.json. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/phrase_table.h"

namespace zt::json {
class Field;
}

namespace zt::storybook {

enum Attribute { kSubject, kColour, kMotion, kDirection, kSize, kScene, kTime, kWeather, kCamera, kStyle, kAttributes };

// Name of an attribute as the files write it.
[[nodiscard]] const char* attribute_name(Attribute attribute);

// The part of speech of a phrase, as far as the grammar of wish_reader.h needs it.
// clang-format off
enum class Role : uint8_t {
    kNoun,         // names an actor: a subject, or none ("something")
    kUnknownNoun,  // names an actor that the model does not have ("dragon")
    kAdjective,    // colour, size
    kVerb,         // motion
    kWorld,        // scene, time, weather, camera, style
    kDirection,
    kCount,        // how many
    kArticle, kDefinite, kAnother,
    kOne,          // "one": a number before a noun, a noun after an adjective
    kPronoun, kPronouns, kRelative,
    kThen,         // what follows happens later
    kAside,        // "after it had run": what follows happens at another time
    kTakenBack,    // "no wait": what was said before does not hold
    kOwns,         // "had", "loves": who asks, if it is one of theirs ("my husband"); else "with"
    kWants,        // 要: asks when a thing is wanted, else without effect
    kAsks,         // "wants to see": whoever does is not in the picture
    kNamed,        // a name follows
    kGone,         // "is gone": whoever is, is not in the picture
    kFor,          // "for my son"
    kSuffix,       // of Chinese shops and the like: 店
    kThing,        // without effect, but an adjective before it is its own ("white background")
    kPart,         // of a body, or worn: reported, and what is said of it is not said of anybody
    kUnit,         // "seconds", "years", 点: a number before it counts nobody
    kAnd, kOr, kBut,
    kCopula,       // is, are
    kNot, kNo,     // of what follows: "not red", "no rain"
    kStop,         // "stops": whoever does stands still, and what follows is not done
    kPlace, kOver, kWith, kLike,   // prepositions by what they say of the noun behind them
    kCamera,       // the camera as the one that acts
    kOf,           // Chinese 的: makes what stands before it part of the noun behind it
    kSilent,       // without effect and not worth a word
    kDecorative,   // the same, before nouns ("beautiful")
    kContent,      // a real word without effect, which is reported
    kNounOrVerb,       // a verb behind a subject ("the balloon rose"), else a noun ("a rose")
    kAdjectiveOrNoun,  // an adjective before a noun ("an orange fox"), a noun where none follows ("an orange")
};
// clang-format on

// A value of a phrase that holds under a condition only.
struct Extra {
    int subject = -1;  // holds when this subject is shown; -1: when the phrase is denied ("no ..")
    Attribute attribute = kSubject;
    int value = -1;
};

struct Meaning {
    Role role = Role::kSilent;
    std::array<int8_t, kAttributes> value{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    int8_t count = 0;
    bool shown_as = false;  // worth a note: "owl" is shown as a bird
    bool both = false;      // of a verb: its object does the same ("chases")
    bool weak =
        false;  // of a verb: gives way to any other ("looks"); of a time: not said where the scene is space ("stars")
    bool called = false;     // of a noun: may be who is spoken to ("mum, ..")
    bool alive = false;      // of a noun that the model does not have: somebody even as an object
    bool quiet = false;      // of a verb without motion: not worth reporting ("goes")
    bool absent = false;     // of a verb: what follows is only thought of ("dreams of")
    bool noun = false;       // of content: a thing, a place, a time ("a dog collar" is no dog)
    bool of_camera = false;  // of a world phrase: only when the camera is spoken of ("the picture trembles")
    std::vector<Extra> extras;
};

// Indices of values that the grammar refers to by name; -1: the lexicon does not have that value.
struct Known {
    int person = -1, stand = -1, rest = -1, jump = -1, grow = -1, still = -1, follow = -1, snow = -1, space = -1,
        snowfall = -1;
};

// Immutable; thread-safe.
class Lexicon {
public:
    Lexicon() = default;
    // text: a lexicon.json of at most 1 MiB. name: how errors call it. Throws zt::Error(WEIGHTS) on anything but what
    // lexicon.cpp describes; a phrase with two meanings is refused, too.
    Lexicon(std::string_view text, const std::string& name);

    // The values of an attribute, in order.
    [[nodiscard]] const std::vector<std::string>& value_names(Attribute attribute) const { return values_[attribute]; }
    // Index of a value, -1 if the attribute has none of that name.
    [[nodiscard]] int value_of(Attribute attribute, std::string_view name) const;
    [[nodiscard]] const Known& known() const { return known_; }
    [[nodiscard]] bool alive(int subject) const;

    [[nodiscard]] const text::PhraseTable& table() const { return table_; }
    [[nodiscard]] const Meaning& meaning(const text::PhraseEntry& entry) const { return meanings_[entry.meaning]; }
    // True where a thing of the scene has this colour anyway ("a green meadow").
    [[nodiscard]] bool natural(int scene, int colour) const;
    [[nodiscard]] size_t phrases() const { return table_.size(); }

private:
    void read_values(const json::Field& file);
    void read_section(const json::Field& sections, const std::string& key, bool english);
    void read_numbers(const json::Field& sections);
    void read_natural(const json::Field& natural);
    void add(const std::string& phrase, bool plural, bool participle, const std::string& where);
    [[nodiscard]] std::pair<Attribute, int> read_value(const json::Field& section, std::string_view key,
                                                       std::string_view term) const;
    [[nodiscard]] Meaning read_meaning(const json::Field& section, std::string_view key, Role role) const;

    std::array<std::vector<std::string>, kAttributes> values_;
    Known known_;
    std::vector<int> alive_;
    std::vector<Meaning> meanings_;
    text::PhraseTable table_;
    std::vector<std::pair<int, int>> natural_;
};

}  // namespace zt::storybook
