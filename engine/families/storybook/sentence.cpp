// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Words to features, and the question who is shown.
#include "families/storybook/sentence.h"

#include <algorithm>

#include "core/utf8.h"

namespace zt::storybook {
namespace {

constexpr const char *kSubject = "subject", *kColour = "colour";   // attributes of config.json's "known"

const KnownWords* known(const Weights& w, const char* attribute) {
    for (const KnownWords& k : w.known)
        if (k.attribute == attribute) return &k;
    return nullptr;
}

std::vector<int64_t> ids_of(const Weights& w, const std::string& phrase) { return w.words.encode(phrase, static_cast<size_t>(w.denoiser.config.text.max_tokens)).ids; }

bool names_one(const Weights& w, const std::vector<int64_t>& ids, const KnownWords& k) {
    for (const auto* language : {&k.english, &k.chinese})
        for (const auto& value : *language)
            for (const std::string& phrase : value)
                if (const auto wanted = ids_of(w, phrase); !wanted.empty() && std::search(ids.begin(), ids.end(), wanted.begin(), wanted.end()) != ids.end()) return true;
    return false;
}

// The plain English word of each value.
std::vector<std::string> names(const KnownWords& k) {
    std::vector<std::string> list;
    for (const auto& value : k.english)
        if (!value.empty()) list.push_back(value.front());
    return list;
}

std::string with_article(const std::string& thing) {
    return (std::string_view("aeiou").find(thing[0]) == std::string_view::npos ? "a " : "an ") + thing;
}

}  // namespace

std::vector<int64_t> layout_ids(const text::WordTokenizer& words) {
    std::vector<int64_t> ids;
    for (int i = 0;; i++) {
        const int64_t id = words.id_of("<layout " + std::to_string(i) + ">");
        if (id == 0) return ids;
        ids.push_back(id);
    }
}

at::Tensor sentence_feature(const Weights& w, std::vector<int64_t> ids, std::optional<int64_t> layout) {
    if (layout) ids.push_back(*layout);
    at::Tensor padded = at::zeros({1, w.denoiser.config.text.max_tokens}, at::kLong);
    for (size_t i = 0; i < ids.size(); i++) padded[0][static_cast<int64_t>(i)] = ids[i];
    return forward(w.denoiser.text, padded);
}

std::string shown_subject(const Weights& w, const std::vector<int64_t>& ids, std::optional<int64_t> layout) {
    const auto decide = [&](const std::string& before) {
        std::vector<int64_t> all = ids_of(w, before);
        all.insert(all.end(), ids.begin(), ids.end());
        all.resize(std::min(all.size(), static_cast<size_t>(w.denoiser.config.text.max_tokens - 1)));
        return cues(w.denoiser.plan, sentence_feature(w, std::move(all), layout));
    };
    const Cues said = decide("");
    const at::Tensor places = said.acts[0].nonzero();   // the first act is of nobody
    if (places.size(0) == 0) return "nobody";
    const int64_t place = places[0].item<int64_t>();
    const auto first = [&](const char* attribute, const std::string& after, at::Tensor Cues::*what) -> std::string {
        if (const KnownWords* k = known(w, attribute))
            for (const std::string& name : names(*k))
                if ((decide(name + after).*what)[0][place].equal((said.*what)[0][place])) return name;
        return "";
    };
    const std::string subject = first(kSubject, "", &Cues::acts);
    if (subject.empty()) return "";
    const std::string colour = first(kColour, " " + subject, &Cues::looks);
    return with_article(colour.empty() ? subject : colour + " " + subject);
}

void report_shown(const Weights& w, const std::string& prompt, const std::vector<int64_t>& ids, std::optional<int64_t> layout, const Log& log) {
    const KnownWords* subjects = known(w, kSubject);
    if (subjects == nullptr || names_one(w, ids, *subjects)) return;
    const std::string shown = shown_subject(w, ids, layout);
    std::string list;
    for (const std::string& name : names(*subjects)) list += (list.empty() ? "" : ", ") + name;
    log(ZT_LOG_WARNING, "prompt: no subject that this model knows in " + quote(prompt) + "; shown is " + (shown.empty() ? "what it makes of the rest" : shown) + " (subjects: " + list + ")");
}

}  // namespace zt::storybook
