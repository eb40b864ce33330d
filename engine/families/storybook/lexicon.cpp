// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads lexicon.json:
//   {"version": 1, "values": {ATTRIBUTE: [NAME, ..]}, "alive": "SUBJECT SUBJECT", "natural": {SCENE: "COLOUR COLOUR"},
//    "english": {SECTION: {MEANING: "phrase, phrase"}}, "chinese": {the same}}
// Sections are nouns, others (nouns of what is never shown), verbs, verb_words, adjectives, world, directions, counts,
// grammar, noun_or_verb and adjective_or_noun. A meaning is a list of "attribute=value" ("subject=cat size=small"), or
// what a section has in its place: a number (counts), the name of a role (grammar). Words beside it: "note" (the reader
// says what the word is shown as), "both", "weak", "alive", "called", "quiet", "absent", "of_camera" (see Meaning),
// "no.attribute=value" and "subject.attribute=value" (see Extra). "subject=?" is a subject that the model does not
// have.
//
// English phrases are inflected when they are read: nouns get a plural (-s, -es, -ies) on their last word, verbs -s,
// -ing and a past on their first; irregular forms are written behind | ("goose|geese"). Chinese phrases are taken as
// they are; counts are all pairs of one of "numbers" and one of "classifiers" ("两只"), and "variants" lists
// traditional characters with their simplified forms.
#include "families/storybook/lexicon.h"

#include <algorithm>

#include "core/json.h"
#include "core/utf8.h"
#include "text/inflection.h"
#include "text/word_list.h"

namespace zt::storybook {
namespace {

using text::split_list;
using Strings = std::vector<std::string>;

// clang-format off
constexpr const char* kAttributeNames[kAttributes] = {"subject", "colour", "motion", "direction", "size", "scene", "time", "weather", "camera", "style"};

constexpr std::pair<std::string_view, Role> kGrammar[] = {
    {"article", Role::kArticle}, {"definite", Role::kDefinite}, {"another", Role::kAnother}, {"one", Role::kOne}, {"pronoun", Role::kPronoun},
    {"pronouns", Role::kPronouns}, {"relative", Role::kRelative}, {"and", Role::kAnd}, {"or", Role::kOr}, {"but", Role::kBut}, {"copula", Role::kCopula},
    {"not", Role::kNot}, {"no", Role::kNo}, {"stop", Role::kStop}, {"place", Role::kPlace}, {"over", Role::kOver}, {"with", Role::kWith}, {"like", Role::kLike},
    {"camera", Role::kCamera}, {"then", Role::kThen}, {"aside", Role::kAside}, {"taken_back", Role::kTakenBack}, {"asks", Role::kAsks}, {"owns", Role::kOwns}, {"wants", Role::kWants},
    {"named", Role::kNamed}, {"gone", Role::kGone}, {"for", Role::kFor}, {"suffix", Role::kSuffix}, {"thing", Role::kThing}, {"part", Role::kPart}, {"unit", Role::kUnit}, {"of", Role::kOf}, {"silent", Role::kSilent}, {"decorative", Role::kDecorative}, {"content", Role::kContent}};
// clang-format on

constexpr std::pair<std::string_view, Role> kSections[] = {
    {"nouns", Role::kNoun},      {"verbs", Role::kVerb},
    {"verb_words", Role::kVerb}, {"adjectives", Role::kAdjective},
    {"world", Role::kWorld},     {"directions", Role::kDirection},
    {"counts", Role::kCount},    {"noun_or_verb", Role::kNounOrVerb},
    {"others", Role::kContent},  {"adjective_or_noun", Role::kAdjectiveOrNoun}};

constexpr size_t kMostBytes = 64;    // of a name
constexpr size_t kMostValues = 100;  // of an attribute: a Meaning holds eight bits

template <size_t n>
std::optional<Role> role_of(const std::pair<std::string_view, Role> (&table)[n], std::string_view name) {
    for (const auto& [key, role] : table)
        if (key == name) return role;
    return std::nullopt;
}

int read_count(const json::Field& section, std::string_view text) {
    int count = 0;
    for (const char c : text) count = c >= '0' && c <= '9' && count < 100 ? count * 10 + (c - '0') : 1000;
    if (count < 1 || count > 99) section.refuse_key("a number from 1 to 99", text);
    return count;
}

}  // namespace

const char* attribute_name(Attribute attribute) { return kAttributeNames[attribute]; }

int Lexicon::value_of(Attribute attribute, std::string_view name) const {
    const Strings& names = values_[attribute];
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

bool Lexicon::alive(int subject) const { return std::find(alive_.begin(), alive_.end(), subject) != alive_.end(); }

void Lexicon::read_values(const json::Field& file) {
    const json::Field values = file.at("values");
    for (int a = 0; a < kAttributes; a++) {
        const json::Field list = values.at(kAttributeNames[a]);
        if (list.size() == 0 || list.size() > kMostValues)
            list.refuse("1 to " + std::to_string(kMostValues) + " names");
        for (size_t i = 0; i < list.size(); i++) {
            const json::Field item = list.at(i);
            const std::string& name = item.string();
            if (name.empty() || name.size() > kMostBytes || name.find_first_of(" .,=?") != name.npos ||
                value_of(static_cast<Attribute>(a), name) >= 0)
                item.refuse("a name of its own, without blanks and signs");
            values_[static_cast<size_t>(a)].push_back(name);
        }
    }
    const json::Field alive = file.at("alive");
    for (const std::string& name : split_list(alive.string(), ' ')) {
        alive_.push_back(value_of(kSubject, name));
        if (alive_.back() < 0) alive.refuse("names of subjects");
    }
    known_ = {value_of(kSubject, "person"),  value_of(kMotion, "stand"), value_of(kMotion, "rest"),
              value_of(kMotion, "jump"),     value_of(kMotion, "grow"),  value_of(kCamera, "static"),
              value_of(kCamera, "follow"),   value_of(kScene, "snow"),   value_of(kScene, "space"),
              value_of(kWeather, "snowfall")};
}

// "attribute=value", value a name or "?" (-1).
std::pair<Attribute, int> Lexicon::read_value(const json::Field& section, std::string_view key,
                                              std::string_view term) const {
    const size_t equals = term.find('=');
    for (int a = 0; a < kAttributes; a++) {
        const auto attribute = static_cast<Attribute>(a);
        if (equals == term.npos || term.substr(0, equals) != kAttributeNames[a]) continue;
        const int value = value_of(attribute, term.substr(equals + 1));
        if (value >= 0 || ((attribute == kSubject || attribute == kMotion) && term.substr(equals + 1) == "?"))
            return {attribute, value};
    }
    section.refuse_key("attribute=value of this model", key);
}

Meaning Lexicon::read_meaning(const json::Field& section, std::string_view key, Role role) const {
    Meaning m;
    m.role = role;
    if (role == Role::kCount) return m.count = static_cast<int8_t>(read_count(section, key)), m;
    for (const std::string& term : split_list(key, ' ')) {
        const size_t dot = term.find('.');
        if (term == "note") {
            m.shown_as = true;
        } else if (term == "both") {
            m.both = true;
        } else if (term == "weak") {
            m.weak = true;
        } else if (term == "called") {
            m.called = true;
        } else if (term == "alive") {
            m.alive = true;
        } else if (term == "quiet") {
            m.quiet = true;
        } else if (term == "absent") {
            m.absent = true;
        } else if (term == "of_camera") {
            m.of_camera = true;
        } else if (term.starts_with("count=")) {
            m.count = static_cast<int8_t>(read_count(section, std::string_view(term).substr(6)));
        } else if (dot != term.npos) {
            const auto [attribute, value] = read_value(section, key, std::string_view(term).substr(dot + 1));
            const int subject = value_of(kSubject, std::string_view(term).substr(0, dot));
            if (subject < 0 && !term.starts_with("no.")) section.refuse_key("a subject or no before the dot", key);
            m.extras.push_back({subject, attribute, value});
        } else {
            const auto [attribute, value] = read_value(section, key, term);
            m.value[attribute] = static_cast<int8_t>(value);
            if (value < 0 && attribute != kSubject) section.refuse_key("a value that this model has", key);
            if (value < 0 && role == Role::kNoun) m.role = Role::kUnknownNoun;
        }
    }
    return m;
}

Lexicon::Lexicon(std::string_view text, const std::string& name) {
    const json::Origin origin{name};
    const json::Value root = json::parse_value(text, {}, origin);
    const json::Field file(root, origin);
    (void)file.at("version").integer(1, 1);
    read_values(file);
    for (const std::string_view language : {"english", "chinese"}) {
        const json::Field sections = file.at(language);
        Strings order{"noun_or_verb"};  // first: it wins over the forms of verbs
        for (const std::string_view key : sections.keys())
            if (key != order.front()) order.emplace_back(key);
        for (const std::string& key : order)
            if (key != "variants" && key != "numbers" && key != "classifiers")
                read_section(sections, key, language == "english");
        read_numbers(sections);
        if (const auto variants = sections.find("variants"))
            if (!table_.add_variants(variants->string())) variants->refuse("pairs of characters");
    }
    read_natural(file.at("natural"));
    table_.finish([&](uint32_t i) {
        const Meaning& m = meanings_[i];
        return std::any_of(m.value.begin(), m.value.end(), [](int8_t v) { return v >= 0; }) || m.count > 0 ||
               m.role == Role::kNoun || m.role == Role::kUnknownNoun;
    });
}

// A phrase of the meaning that was read last. "rose" and "fly" are both a noun and a verb, by what stands before them.
void Lexicon::add(const std::string& phrase, bool plural, bool participle, const std::string& where) {
    table_.add(phrase, {static_cast<uint32_t>(meanings_.size() - 1), plural, participle}, where,
               [&](uint32_t i) { return meanings_[i].role == Role::kNounOrVerb; });
}

void Lexicon::read_section(const json::Field& sections, const std::string& key, bool english) {
    const auto section = sections.find(key);
    if (!section) return;
    const auto role = role_of(kSections, key);
    if (!role && key != "grammar") sections.refuse_key("a section of a lexicon", key);
    const bool noun = key == "nouns" || key == "others" || key == "noun_or_verb" || key == "adjective_or_noun";
    const text::Inflects how = !english         ? text::Inflects::kNot
                               : noun           ? text::Inflects::kAsNoun
                               : key == "verbs" ? text::Inflects::kAsVerb
                                                : text::Inflects::kNot;
    for (const std::string_view meaning : section->keys()) {
        Meaning m;
        if (role) {
            m = read_meaning(*section, meaning, *role);
            m.noun = key == "others";
        } else if (const auto grammar = role_of(kGrammar, meaning)) {
            m.role = *grammar;
        } else {
            section->refuse_key("a role of words", meaning);
        }
        meanings_.push_back(std::move(m));
        const json::Field list = section->at(meaning);
        for (const std::string& item : split_list(list.string(), ','))
            for (const text::InflectedForm& form : text::inflected(item, how))
                add(form.phrase, form.plural, form.participle, list.name());
    }
}

// Chinese counts: each digit with each classifier.
void Lexicon::read_numbers(const json::Field& sections) {
    const auto numbers = sections.find("numbers");
    if (!numbers) return;
    const Strings classifiers = split_list(sections.at("classifiers").string(), ' ');
    for (const std::string_view number : numbers->keys()) {
        meanings_.push_back(read_meaning(*numbers, number, Role::kCount));
        const json::Field list = numbers->at(number);
        for (const std::string& digit : split_list(list.string(), ' '))
            for (const std::string& classifier : classifiers)
                if (static_cast<unsigned char>(digit[0]) >= 0x80) add(digit + classifier, false, false, list.name());
    }
}

void Lexicon::read_natural(const json::Field& natural) {
    for (const std::string_view scene : natural.keys())
        for (const std::string& colour : split_list(natural.at(scene).string(), ' ')) {
            const std::pair<int, int> pair{value_of(kScene, scene), value_of(kColour, colour)};
            if (pair.first < 0 || pair.second < 0) natural.refuse_key("scenes with their colours", scene);
            natural_.push_back(pair);
        }
}

bool Lexicon::natural(int scene, int colour) const {
    return std::find(natural_.begin(), natural_.end(), std::pair<int, int>{scene, colour}) != natural_.end();
}

}  // namespace zt::storybook
