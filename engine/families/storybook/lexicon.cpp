// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads lexicon.json:
//   {"version": 1, "values": {ATTRIBUTE: [NAME, ..]}, "alive": "SUBJECT SUBJECT", "natural": {SCENE: "COLOUR COLOUR"},
//    "english": {SECTION: {MEANING: "phrase, phrase"}}, "chinese": {the same}}
// Sections are nouns, others (nouns of what is never shown), verbs, verb_words, adjectives, world, directions, counts, grammar,
// noun_or_verb and adjective_or_noun. A meaning is a list of "attribute=value" ("subject=cat size=small"), or what a section has in its
// place: a number (counts), the name of a role (grammar). Words beside it: "note" (the reader says what the
// word is shown as), "both", "weak", "alive", "called", "quiet", "absent", "of_camera" (see Meaning), "no.attribute=value" and "subject.attribute=value" (see Extra). "subject=?"
// is a subject that the model does not have.
//
// English nouns get their plural (-s, -es, -ies) in their last word, verbs -s, -ing and their past in their first; forms
// that stand behind | take the place of the plural, or of the past. Chinese phrases stand as they are; there, "numbers"
// times "classifiers" are counts ("两只"), and "variants" lists pairs of a traditional character and its simplified one.
#include "families/storybook/lexicon.h"

#include <algorithm>

#include "core/json.h"
#include "core/utf8.h"
#include "text/common_words.h"

namespace zt::storybook {
namespace {

using Strings = std::vector<std::string>;

constexpr const char* kAttributeNames[kAttributes] = {"subject", "colour", "motion", "direction", "size", "scene", "time", "weather", "camera", "style"};

constexpr std::pair<std::string_view, Role> kGrammar[] = {
    {"article", Role::kArticle}, {"definite", Role::kDefinite}, {"another", Role::kAnother}, {"one", Role::kOne}, {"pronoun", Role::kPronoun},
    {"pronouns", Role::kPronouns}, {"relative", Role::kRelative}, {"and", Role::kAnd}, {"or", Role::kOr}, {"but", Role::kBut}, {"copula", Role::kCopula},
    {"not", Role::kNot}, {"no", Role::kNo}, {"stop", Role::kStop}, {"place", Role::kPlace}, {"over", Role::kOver}, {"with", Role::kWith}, {"like", Role::kLike},
    {"camera", Role::kCamera}, {"then", Role::kThen}, {"aside", Role::kAside}, {"taken_back", Role::kTakenBack}, {"asks", Role::kAsks}, {"owns", Role::kOwns}, {"wants", Role::kWants},
    {"named", Role::kNamed}, {"gone", Role::kGone}, {"for", Role::kFor}, {"suffix", Role::kSuffix}, {"thing", Role::kThing}, {"part", Role::kPart}, {"unit", Role::kUnit}, {"of", Role::kOf}, {"silent", Role::kSilent}, {"decorative", Role::kDecorative}, {"content", Role::kContent}};

constexpr std::pair<std::string_view, Role> kSections[] = {
    {"nouns", Role::kNoun}, {"verbs", Role::kVerb}, {"verb_words", Role::kVerb}, {"adjectives", Role::kAdjective}, {"world", Role::kWorld},
    {"directions", Role::kDirection}, {"counts", Role::kCount}, {"noun_or_verb", Role::kNounOrVerb}, {"others", Role::kContent}, {"adjective_or_noun", Role::kAdjectiveOrNoun}};

constexpr size_t kMostWords = 10, kMostBytes = 64;   // of a phrase
constexpr size_t kFewestLetters = 5;                 // of a word that is read as one without effect
constexpr size_t kMostValues = 100;                  // of an attribute: a Meaning holds eight bits

template <size_t n>
std::optional<Role> role_of(const std::pair<std::string_view, Role> (&table)[n], std::string_view name) {
    for (const auto& [key, role] : table)
        if (key == name) return role;
    return std::nullopt;
}

Strings split(std::string_view text, char at) {
    Strings parts;
    while (!text.empty()) {
        const size_t end = std::min(text.find(at), text.size());
        std::string_view part = text.substr(0, end);
        while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
        while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
        if (!part.empty()) parts.emplace_back(part);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

int read_count(const json::Field& section, std::string_view text) {
    int count = 0;
    for (const char c : text) count = c >= '0' && c <= '9' && count < 100 ? count * 10 + (c - '0') : 1000;
    if (count < 1 || count > 99) section.refuse_key("a number from 1 to 99", text);
    return count;
}

bool vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

// -s of nouns and of verbs.
std::string with_s(const std::string& word) {
    const size_t n = word.size();
    if (n > 1 && word.back() == 'y' && !vowel(word[n - 2])) return word.substr(0, n - 1) + "ies";
    for (const char* end : {"s", "x", "z", "ch", "sh", "do", "go"})
        if (word.ends_with(end)) return word + "es";
    return word + "s";
}

// Before -ing and -ed: the last letter of "run" and "stop" doubles, the e of "dance" goes.
std::string before_ending(const std::string& word, bool ing) {
    const size_t n = word.size();
    if (ing && word.ends_with("ie")) return word.substr(0, n - 2) + "y";
    if (word.back() == 'e' && !(ing && (word.ends_with("ee") || word.ends_with("oe")))) return word.substr(0, n - 1);
    if (!ing && n > 1 && word.back() == 'y' && !vowel(word[n - 2])) return word.substr(0, n - 1) + "i";
    const bool one_vowel = std::count_if(word.begin(), word.end(), vowel) == 1;
    if (n >= 3 && one_vowel && !vowel(word[n - 1]) && vowel(word[n - 2]) && !vowel(word[n - 3]) && std::string_view("wxy").find(word.back()) == std::string_view::npos)
        return word + word.back();
    return word;
}

// Every letter once where it stands more than once in a row.
std::string single_letters(std::string word) {
    word.erase(std::unique(word.begin(), word.end()), word.end());
    return word;
}

struct Form {
    std::string phrase;
    bool plural = false, participle = false;
};

// item: "mouse|mice", "run|ran", "take a nap|took a nap".
std::vector<Form> forms_of(const std::string& item, bool noun, bool verb) {
    const Strings parts = split(item, '|');
    const std::string& base = parts.front();
    std::vector<Form> forms{{base}};
    if (noun) {
        if (parts.size() == 1) {
            const size_t last = base.rfind(' ') + 1;
            forms.push_back({base.substr(0, last) + with_s(base.substr(last)), true});
        }
        for (size_t i = 1; i < parts.size(); i++) forms.push_back({parts[i], parts[i] != base});
    } else if (verb) {
        const size_t end = std::min(base.find(' '), base.size());
        const std::string word = base.substr(0, end), rest = base.substr(end);
        forms.push_back({with_s(word) + rest});
        forms.push_back({before_ending(word, true) + "ing" + rest, false, true});
        if (parts.size() == 1) forms.push_back({before_ending(word, false) + "ed" + rest});
        for (size_t i = 1; i < parts.size(); i++) forms.push_back({parts[i], false, parts[i].substr(0, parts[i].find(' ')).ends_with("ing")});
    }
    return forms;
}

bool chinese_character(std::string_view c) { return c >= "\xE2\xBA\x80"; }

// A phrase as the reader looks it up: of words one blank apart; of characters without.
size_t pieces(std::string_view phrase, std::string& first) {
    size_t n = 0;
    if (static_cast<unsigned char>(phrase[0]) < 0x80) {
        n = static_cast<size_t>(std::count(phrase.begin(), phrase.end(), ' ')) + 1;
        first = phrase.substr(0, phrase.find(' '));
        return n;
    }
    for (size_t i = 0; i < phrase.size(); n++) i += std::max<size_t>(1, utf8_sequence_bytes(phrase, i));
    first = phrase.substr(0, utf8_sequence_bytes(phrase, 0));
    return n;
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
        if (list.size() == 0 || list.size() > kMostValues) list.refuse("1 to " + std::to_string(kMostValues) + " names");
        for (size_t i = 0; i < list.size(); i++) {
            const json::Field item = list.at(i);
            const std::string& name = item.string();
            if (name.empty() || name.size() > kMostBytes || name.find_first_of(" .,=?") != name.npos || value_of(static_cast<Attribute>(a), name) >= 0) item.refuse("a name of its own, without blanks and signs");
            values_[static_cast<size_t>(a)].push_back(name);
        }
    }
    const json::Field alive = file.at("alive");
    for (const std::string& name : split(alive.string(), ' ')) {
        alive_.push_back(value_of(kSubject, name));
        if (alive_.back() < 0) alive.refuse("names of subjects");
    }
    known_ = {value_of(kSubject, "person"), value_of(kMotion, "stand"), value_of(kMotion, "rest"), value_of(kMotion, "jump"), value_of(kMotion, "grow"), value_of(kCamera, "static"), value_of(kCamera, "follow"), value_of(kScene, "snow"), value_of(kScene, "space"), value_of(kWeather, "snowfall")};
}

// "attribute=value", value a name or "?" (-1).
std::pair<Attribute, int> Lexicon::read_value(const json::Field& section, std::string_view key, std::string_view term) const {
    const size_t equals = term.find('=');
    for (int a = 0; a < kAttributes; a++) {
        const auto attribute = static_cast<Attribute>(a);
        if (equals == term.npos || term.substr(0, equals) != kAttributeNames[a]) continue;
        const int value = value_of(attribute, term.substr(equals + 1));
        if (value >= 0 || ((attribute == kSubject || attribute == kMotion) && term.substr(equals + 1) == "?")) return {attribute, value};
    }
    section.refuse_key("attribute=value of this model", key);
}

Meaning Lexicon::read_meaning(const json::Field& section, std::string_view key, Role role) const {
    Meaning m;
    m.role = role;
    if (role == Role::kCount) return m.count = static_cast<int8_t>(read_count(section, key)), m;
    for (const std::string& term : split(key, ' ')) {
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

void Lexicon::add(const std::string& phrase, Entry entry, const std::string& where) {
    std::string first;
    const bool words = !phrase.empty() && static_cast<unsigned char>(phrase[0]) < 0x80;
    const size_t n = phrase.empty() ? 0 : pieces(phrase, first);
    const bool clean = std::all_of(phrase.begin(), phrase.end(), [&](char c) { return !words || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ' '; });
    if (n == 0 || n > kMostWords || phrase.size() > kMostBytes || !clean || first.empty() || phrase.find("  ") != phrase.npos)
        throw Error(ZT_ERROR_WEIGHTS, where + ": expected phrases of at most " + std::to_string(kMostWords) + " words in lower case without signs, got " + quote(phrase));
    const auto [found, fresh] = entries_.emplace(phrase, entry);
    if (!fresh && found->second.meaning != entry.meaning) {
        // "rose" and "fly" are both, by what stands before them.
        if (meanings_[found->second.meaning].role == Role::kNounOrVerb) return;
        throw Error(ZT_ERROR_WEIGHTS, where + ": expected one meaning of each phrase, got another one of " + quote(phrase));
    }
    size_t& longest = longest_[first];
    longest = std::max(longest, n);
}

Lexicon::Lexicon(std::string_view text, const std::string& name) {
    const json::Origin origin{name};
    const json::Value root = json::parse_value(text, {}, origin);
    const json::Field file(root, origin);
    (void)file.at("version").integer(1, 1);
    read_values(file);
    for (const std::string_view language : {"english", "chinese"}) {
        const bool english = language == "english";
        const json::Field sections = file.at(language);
        Strings order{"noun_or_verb"};   // first: it wins over the forms of verbs
        for (const std::string_view key : sections.keys())
            if (key != order.front()) order.emplace_back(key);
        for (const std::string& key : order) {
            const auto section = sections.find(key);
            if (!section || key == "variants" || key == "numbers" || key == "classifiers") continue;
            const auto role = role_of(kSections, key);
            if (!role && key != "grammar") sections.refuse_key("a section of a lexicon", key);
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
                for (const std::string& item : split(list.string(), ','))
                    for (const Form& form : forms_of(item, english && (key == "nouns" || key == "others" || key == "noun_or_verb" || key == "adjective_or_noun"), english && key == "verbs"))
                        add(form.phrase, {static_cast<uint32_t>(meanings_.size() - 1), form.plural, form.participle}, list.name());
            }
        }
        if (const auto numbers = sections.find("numbers")) {
            const Strings classifiers = split(sections.at("classifiers").string(), ' ');
            for (const std::string_view number : numbers->keys()) {
                meanings_.push_back(read_meaning(*numbers, number, Role::kCount));
                const json::Field list = numbers->at(number);
                for (const std::string& digit : split(list.string(), ' '))
                    for (const std::string& classifier : classifiers)
                        if (static_cast<unsigned char>(digit[0]) >= 0x80) add(digit + classifier, {static_cast<uint32_t>(meanings_.size() - 1)}, list.name());
            }
        }
        if (const auto variants = sections.find("variants"))
            for (const std::string& pair : split(variants->string(), ' ')) {
                const size_t half = utf8_sequence_bytes(pair, 0);
                if (half == 0 || half * 2 != pair.size() || !chinese_character(pair)) variants->refuse("pairs of characters");
                variants_.emplace(pair.substr(0, half), pair.substr(half));
            }
    }
    const json::Field natural = file.at("natural");
    for (const std::string_view scene : natural.keys())
        for (const std::string& colour : split(natural.at(scene).string(), ' ')) {
            const std::pair<int, int> pair{value_of(kScene, scene), value_of(kColour, colour)};
            if (pair.first < 0 || pair.second < 0) natural.refuse_key("scenes with their colours", scene);
            natural_.push_back(pair);
        }
    // Sorted, so that what a misspelt word is read as does not hang on the order of a hash table.
    const auto words_of = [&](bool all) {
        Strings words;
        for (const auto& [phrase, entry] : entries_) {
            const Meaning& m = meanings_[entry.meaning];
            const bool effective = std::any_of(m.value.begin(), m.value.end(), [](int8_t v) { return v >= 0; }) || m.count > 0 || m.role == Role::kNoun || m.role == Role::kUnknownNoun;
            if (static_cast<unsigned char>(phrase[0]) < 0x80 && (all || effective))
                for (std::string& word : split(phrase, ' ')) words.push_back(std::move(word));
        }
        std::sort(words.begin(), words.end());
        words.erase(std::unique(words.begin(), words.end()), words.end());
        return text::Spelling(std::move(words));
    };
    spelling_ = words_of(true), effective_ = words_of(false);
    for (const text::Spelling* words : {&effective_, &spelling_})
        for (const std::string& word : words->words()) {
            const auto [found, fresh] = single_.emplace(single_letters(word), word);
            if (!fresh && found->second.size() > word.size()) found->second = word;
        }
}

std::string Lexicon::repaired(const std::string& word) const {
    const std::string first = effective_.nearest_word(word);
    if (!first.empty() || word.size() < kFewestLetters - 1) return first;
    // "rabitt", "sooo": letters that stand once too often, or too rarely.
    if (const auto found = single_.find(single_letters(word)); found != single_.end() && !text::common_word(word) && (word.size() >= kFewestLetters || found->second.size() + 2 <= word.size())) return found->second;
    return word.size() >= kFewestLetters ? spelling_.nearest_word(word) : first;
}

const Entry* Lexicon::find(std::string_view phrase) const {
    const auto found = entries_.find(std::string(phrase));
    return found == entries_.end() ? nullptr : &found->second;
}

size_t Lexicon::longest(std::string_view first) const {
    const auto found = longest_.find(std::string(first));
    return found == longest_.end() ? 0 : found->second;
}

std::string_view Lexicon::simplified(std::string_view character) const {
    const auto found = variants_.find(std::string(character));
    return found == variants_.end() ? character : std::string_view(found->second);
}

bool Lexicon::natural(int scene, int colour) const { return std::find(natural_.begin(), natural_.end(), std::pair<int, int>{scene, colour}) != natural_.end(); }

}  // namespace zt::storybook
