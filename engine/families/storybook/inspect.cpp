// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The report about a storybook model; see inspect.h.
#include "families/storybook/inspect.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "families/storybook/lexicon.h"
#include "families/storybook/world.h"

namespace zt::storybook {
namespace {

namespace fs = std::filesystem;

constexpr const char *kConfig = "config.json", *kManifest = "manifest.json", *kLexicon = "lexicon.json",
                     *kLayers = "layers.safetensors";

std::string megabytes(uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
    return text;
}

// "run|ran, rush" without the forms behind a word.
std::string plain_words(const std::string& list) {
    std::string text;
    bool form = false;
    for (const char c : list) {
        if (c == '|') form = true;
        if (c == ',') form = false;
        if (!form) text += c;
    }
    return text;
}

// The words of a language that mean just this value.
std::string words_of(const json::Field& language, const std::string& key) {
    std::string text;
    for (const char* section : {"nouns", "adjectives", "verbs", "verb_words", "world", "directions"})
        if (const auto words = language.find(section))
            if (const auto list = words->find(key)) text += (text.empty() ? "" : ", ") + plain_words(list->string());
    return text;
}

}  // namespace

families::Detection detect(const std::string& path) {
    using Fit = families::Detection::Fit;
    std::error_code ignored;
    const auto has = [&](const char* name) { return fs::is_regular_file(fs::path(path) / name, ignored); };
    const char* first_missing = nullptr;
    for (const char* name : {kManifest, kConfig, kLexicon, kLayers})
        if (!has(name) && first_missing == nullptr) first_missing = name;
    if (first_missing == nullptr) return {Fit::kOurs, {}};
    // Other programs have a manifest.json or a config.json too.
    if (!has(kLayers) && !has(kLexicon)) return {};
    return {Fit::kBroken,
            quote(path) + ": expected " + first_missing + ", as in every folder of a storybook model, got none",
            ZT_ERROR_NOT_FOUND};
}

std::string inspect(const std::string& folder) {
    const auto read = [&](const char* name) { return read_whole_file(folder + "/" + name, json::Limits{}.bytes); };
    const std::string lexicon_text = read(kLexicon);
    const json::Value config_value = json::parse_value(read(kConfig), {}, {kConfig}),
                      lexicon_value = json::parse_value(lexicon_text, {}, {kLexicon});
    const Lexicon words(lexicon_text, kLexicon);
    const json::Field config(config_value, {kConfig}), lexicon(lexicon_value, {kLexicon});
    const World world = read_world(config);
    const json::Field layers = config.at("layers");
    const int scale = static_cast<int>(layers.at("scale").integer(1, 16)),
              width = static_cast<int>(world.width) * scale, height = static_cast<int>(world.height) * scale;
    std::string report = "family     storybook, a compositor of learned pictures: nothing is denoised\n";
    report += "clips      " + std::to_string(width) + "x" + std::to_string(height) +
              " or any other size, 24 frames/s, any length, half a second at a time\n";
    report += "rates      those of broadcast, 24000/1001 to 60; motion keeps its speed\n";
    report += "begins     with a sentence, with any picture (it becomes the backdrop), or with the frames of a clip\n";
    report += "pictures   " + std::to_string(world.sprites.size()) + " sprites and " +
              std::to_string(world.rings.size()) + " backdrops in " + std::to_string(world.styles.size()) +
              " styles, 8x8 pixels to " + std::to_string(layers.at("channels").integer(1, 256)) + " numbers\n";
    for (const char* name : {kLayers, kLexicon, kConfig})
        report += "file       " + std::string(name) + ", " + megabytes(File::open(folder + "/" + name).size()) + "\n";
    report += "sentences  English or Chinese, up to three actors; what they leave open the seed decides\n";
    report += "spelling   a word that is none is read as the nearest of these; common words stay what they are\n";
    for (int a = 0; a < kAttributes; a++) {
        const auto attribute = static_cast<Attribute>(a);
        report += std::string("\n") + attribute_name(attribute) + "\n";
        for (const std::string& value : words.value_names(attribute)) {
            const std::string key = std::string(attribute_name(attribute)) + "=" + value;
            report += "    " + value + ": " + words_of(lexicon.at("english"), key) + " / " +
                      words_of(lexicon.at("chinese"), key) + "\n";
        }
    }
    return report;
}

families::Inspector inspector() {
    return {.name = "storybook",
            .built_in = true,
            .plans = false,
            .detect = detect,
            .report = [](const families::InspectRequest& request) { return inspect(request.path); }};
}

}  // namespace zt::storybook
