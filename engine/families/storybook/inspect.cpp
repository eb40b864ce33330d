// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The report about a storybook model; see inspect.h.
#include "families/storybook/inspect.h"

#include <cstdio>
#include <filesystem>

#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "families/storybook/retime.h"

namespace zt::storybook {
namespace {

namespace fs = std::filesystem;

constexpr const char *kConfig = "config.json", *kManifest = "manifest.json", *kFiles[] = {"vae.safetensors", "denoiser.safetensors"};

std::string megabytes(uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
    return text;
}

std::string joined(const json::Field& list) {
    std::string text;
    for (size_t i = 0; i < list.size(); i++) text += (i == 0 ? "" : ", ") + list.at(i).string();
    return text;
}

std::string rates_text() {
    std::string text;
    for (const zt_rational rate : kRates) text += (text.empty() ? "" : ", ") + std::to_string(rate.num) + (rate.den == 1 ? "" : "/" + std::to_string(rate.den));
    return text + "; motion keeps its speed";
}

// One line per value: the plain English word and its synonyms, then the Chinese ones.
std::string words_text(const json::Field& known) {
    std::string text;
    for (size_t i = 0; i < known.size(); i++) {
        const json::Field values = known.at(i).at("values");
        text += known.at(i).at("attribute").string() + "\n";
        for (size_t v = 0; v < values.size(); v++) text += "    " + joined(values.at(v).at("en")) + " / " + joined(values.at(v).at("zh")) + "\n";
    }
    return text;
}

}  // namespace

families::Detection detect(const std::string& path) {
    using Fit = families::Detection::Fit;
    std::error_code ignored;
    const auto has = [&](const char* name) { return fs::is_regular_file(fs::path(path) / name, ignored); };
    const char* first_missing = nullptr;
    for (const char* name : {kManifest, kFiles[0], kFiles[1]})
        if (!has(name) && first_missing == nullptr) first_missing = name;
    if (first_missing == nullptr) return {Fit::kOurs, {}};
    // Other programs have a manifest.json or a vae.safetensors too.
    if (!has(kFiles[1]) && !(has(kManifest) && has(kFiles[0]))) return {};
    return {Fit::kBroken, quote(path) + ": expected " + first_missing + ", as in every folder of a storybook model, got none", ZT_ERROR_NOT_FOUND};
}

std::string inspect(const std::string& folder) {
    const std::string text = read_whole_file(folder + "/" + kConfig, json::Limits{}.bytes);
    const json::Origin origin{kConfig};
    const json::Value root = json::parse_value(text, {}, origin);
    const json::Field config(root, origin);
    const json::Field net = config.at("denoiser"), sentence = config.at("text");
    const auto number = [](const json::Field& field) { return std::to_string(field.integer(0, UINT32_MAX)); };
    const auto pictures = net.find("pictures");
    std::string report = "family     storybook\nclips      256x144, 24 frames/s, any length, 12 frames at a time\nrates      " + rates_text();
    report += std::string("\nbegins     ") + (pictures && pictures->boolean() ? "with a sentence, a picture, or the frames of a clip" : "with a sentence or the frames of a clip");
    report += "\nVAE        8x8 pixels of 4 frames to " + number(config.at("vae").at("channels")) + " channels";
    report += "\ndenoiser   " + number(net.at("layers")) + " layers, " + number(net.at("width")) + " wide\n";
    for (const char* name : kFiles) report += "file       " + std::string(name) + ", " + megabytes(File::open(folder + "/" + name).size()) + "\n";
    report += "sentences  at most " + std::to_string(sentence.at("max_tokens").integer(2, 1024) - 1) + " of " + std::to_string(sentence.at("words").size()) +
              " words, English or Chinese; others have no effect\n";
    report += "spelling   a misspelt word is read as the nearest of these, common English words stay what they are, plurals apart\n";
    // Weights older than the field do not tell.
    if (const auto known = config.find("known")) report += "\n" + words_text(*known);
    return report;
}

}  // namespace zt::storybook
