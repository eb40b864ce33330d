// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See phrases.h.
#include "phrases.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "core/error.h"
#include "core/text_number.h"

namespace zt::training {
namespace {

using compositor::ActorWish;
using compositor::Attribute;
using compositor::Wish;

int attribute_of(const std::string& key) {
    for (int a = 0; a < compositor::kAttributes; a++)
        if (key == compositor::attribute_name(static_cast<Attribute>(a))) return a;
    return -1;
}

bool of_actor(const std::string& key) {
    constexpr std::array<std::string_view, 6> keys{"subject", "colour", "motion", "direction", "size", "count"};
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// What a wish has, as a label would write it.
struct Reading {
    const compositor::Lexicon& lexicon;
    const Wish& wish;

    [[nodiscard]] std::string named(Attribute attribute, int value) const {
        return value < 0 ? "nothing" : lexicon.value_names(attribute)[static_cast<size_t>(value)];
    }
    [[nodiscard]] std::string got(const ActorWish& a, const std::string& key) const {
        if (key == "subject") return !a.unknown.empty() ? "?" : named(compositor::kSubject, a.subject);
        if (key == "colour") return named(compositor::kColour, a.colour);
        if (key == "motion") return named(compositor::kMotion, a.motion);
        if (key == "direction") return named(compositor::kDirection, a.direction);
        if (key == "size") return named(compositor::kSize, a.size);
        return std::to_string(a.count);
    }
    [[nodiscard]] std::string got(const std::string& key) const {
        if (key == "scene") return named(compositor::kScene, wish.scene);
        if (key == "time") return named(compositor::kTime, wish.time);
        if (key == "weather") return named(compositor::kWeather, wish.weather);
        if (key == "camera") return named(compositor::kCamera, wish.camera);
        return named(compositor::kStyle, wish.style);
    }
    [[nodiscard]] bool denies(const Label& label) const {
        const int attribute = attribute_of(label.key);
        if (attribute < 0) return false;
        const auto& excluded = wish.excluded[static_cast<size_t>(attribute)];
        return std::any_of(excluded.begin(), excluded.end(),
                           [&](int v) { return named(static_cast<Attribute>(attribute), v) == label.value; });
    }
};

std::string plain(const std::string& value) { return value.starts_with("?") ? "?" : value; }

}  // namespace

std::vector<Phrase> read_phrases(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw Error(ZT_ERROR_NOT_FOUND, file + ": expected sentences with labels, got no such file");
    std::vector<Phrase> phrases;
    std::string line;
    for (int number = 1; std::getline(in, line); number++) {
        const auto refuse = [&](const std::string& what) {
            throw Error(ZT_ERROR_ARGUMENT,
                        file + ": line " + std::to_string(number) + ": expected " + what + ", got another text");
        };
        const size_t tab = line.find('\t');
        if (tab == std::string::npos) refuse("a sentence, a tab and labels");
        Phrase p{line.substr(0, tab), {}};
        std::istringstream labels(line.substr(tab + 1));
        for (std::string token; labels >> token;) {
            Label l;
            if (token.starts_with('?')) l.optional = true, token.erase(0, 1);
            if (token.starts_with("not.")) l.denied = true, token.erase(0, 4);
            if (token.size() > 2 && token[1] == '.' && token[0] >= '1' && token[0] <= '9')
                l.actor = token[0] - '0', token.erase(0, 2);
            const size_t equal = token.find('=');
            if (equal == std::string::npos) refuse("key=value");
            l.key = token.substr(0, equal), l.value = token.substr(equal + 1);
            if (l.key != "count" && attribute_of(l.key) < 0) refuse("a known key");
            if (l.actor == 0 && of_actor(l.key)) l.actor = 1;
            p.labels.push_back(std::move(l));
        }
        phrases.push_back(std::move(p));
    }
    return phrases;
}

Verdict compare(const compositor::Lexicon& lexicon, const Phrase& phrase, const Wish& wish) {
    const Reading reading{lexicon, wish};
    Verdict v;
    v.told = !wish.notes.empty() || !wish.not_understood.empty();
    const auto judge = [&](const Label& l, bool met, const std::string& instead) {
        if (l.optional) return;
        v.keys.push_back(l.denied ? "not" : l.key), v.met.push_back(met);
        if (!met)
            v.wrong.push_back((l.actor > 1 ? std::to_string(l.actor) + "." : "") + (l.denied ? "not." : "") + l.key +
                              ": expected " + l.value + ", got " + instead);
    };
    int expected_actors = 0, possible_actors = 0;
    for (const Label& l : phrase.labels) {
        if (l.denied) continue;
        if (l.key == "subject") (l.optional ? possible_actors : expected_actors)++;
    }
    for (const Label& l : phrase.labels) {
        if (l.denied) {
            bool shown = reading.got(l.key) == l.value && !of_actor(l.key);
            for (const ActorWish& a : wish.actors)
                shown = shown || (of_actor(l.key) && reading.got(a, l.key) == l.value);
            // What says another value says enough: "not red, white".
            const bool other = std::any_of(phrase.labels.begin(), phrase.labels.end(),
                                           [&](const Label& o) { return !o.denied && !o.optional && o.key == l.key; });
            judge(l, !shown && (reading.denies(l) || other), shown ? "it" : "nothing excluded");
        } else if (of_actor(l.key)) {
            const auto at = static_cast<size_t>(l.actor - 1);
            const std::string value = at < wish.actors.size() ? reading.got(wish.actors[at], l.key) : "no such actor";
            // A witch may be shown as a person, if the log says so.
            judge(l, value == plain(l.value) || (l.value.starts_with("?") && !wish.notes.empty()), value);
        } else {
            judge(l, reading.got(l.key) == l.value, reading.got(l.key));
        }
    }
    // What nobody said.
    const auto said = [&](int actor, const std::string& key) {
        return std::any_of(phrase.labels.begin(), phrase.labels.end(), [&](const Label& l) {
            return !l.denied && l.key == key && (l.actor == actor || actor < 0);
        });
    };
    for (const char* key : {"scene", "time", "weather", "camera", "style"})
        if (!said(-1, key) && reading.got(key) != "nothing")
            v.wrong.push_back(std::string(key) + ": expected nothing, got " + reading.got(key));
    for (size_t i = 0; i < wish.actors.size(); i++)
        for (const char* key : {"colour", "motion", "direction", "size"})
            // Whom somebody jumps over may be said to stand.
            if (!said(static_cast<int>(i) + 1, key) && reading.got(wish.actors[i], key) != "nothing" &&
                !(i > 0 && reading.got(wish.actors[i], key) == "stand"))
                v.wrong.push_back((i > 0 ? std::to_string(i + 1) + "." : "") + key + ": expected nothing, got " +
                                  reading.got(wish.actors[i], key));
    const int actors = static_cast<int>(wish.actors.size());
    if (actors > std::max(1, expected_actors + possible_actors))
        v.wrong.push_back("actors: expected " + std::to_string(expected_actors) + ", got " + std::to_string(actors));
    return v;
}

}  // namespace zt::training
