// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A wish on one line: actors ("fox red run x2", "<dragon>" for an unknown one, "any" without a subject, "again" for a
// pronoun) joined by " + "; behind " / " the world; " -rain" what is excluded; " ?slowly" what was not understood; "
// #..." the notes.
#pragma once

#include <cstdlib>
#include <string>

#include "core/file.h"
#include "core/json.h"
#include "families/storybook/wish.h"

namespace zt::storybook_test {

using namespace zt::storybook;

inline std::string lexicon_text() {
    const char* source = std::getenv("ZT_TEST_SOURCE");
    return read_whole_file(std::string(source ? source : ".") + "/training/world/lexicon.json", json::Limits{}.bytes);
}

inline const Lexicon& lexicon() {
    static const Lexicon words(lexicon_text(), "lexicon.json");
    return words;
}

inline Wish wish(std::string_view sentence) { return read_sentence(lexicon(), sentence); }

inline std::string describe(const Wish& w) {
    std::string out;
    const auto add = [&](Attribute a, int v) {
        if (v >= 0)
            out += (out.empty() || out.back() == ' ' ? "" : " ") + lexicon().value_names(a)[static_cast<size_t>(v)];
    };
    for (const ActorWish& a : w.actors) {
        if (!out.empty()) out += " + ";
        if (a.again)
            out += "again";
        else if (a.subject < 0)
            out += a.unknown.empty() ? "any" : "<" + a.unknown + ">";
        add(kSubject, a.subject), add(kColour, a.colour), add(kMotion, a.motion), add(kDirection, a.direction),
            add(kSize, a.size);
        if (a.count != 1) out += " x" + std::to_string(a.count);
    }
    if (w.scene >= 0 || w.time >= 0 || w.weather >= 0 || w.camera >= 0 || w.style >= 0) out += " / ";
    add(kScene, w.scene), add(kTime, w.time), add(kWeather, w.weather), add(kCamera, w.camera), add(kStyle, w.style);
    for (int a = 0; a < kAttributes; a++)
        for (const int v : w.excluded[static_cast<size_t>(a)])
            out += " -" + lexicon().value_names(static_cast<Attribute>(a))[static_cast<size_t>(v)];
    for (const std::string& word : w.not_understood) out += " ?" + word;
    for (const std::string& line : w.notes) out += " #" + line;
    return out;
}

}  // namespace zt::storybook_test
