// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train judge: how many labels of the test set (phrases.h) a model understands, and how varied its seeds are.
#include <cmath>
#include <cstdio>
#include <map>

#include "phrases.h"
#include "stages.h"
#include "trained_families.h"

namespace zt::training {
namespace {

using namespace compositor;

const families::LogFn kQuiet = [](zt_log_level, const std::string&) {};

void judge_phrases(const Weights& w, const std::string& file, bool list) {
    std::map<std::string, std::pair<int, int>> keys;  // met, asked
    int right = 0, silent = 0, nobody = 0;
    const std::vector<Phrase> phrases = read_phrases(file);
    for (const Phrase& phrase : phrases) {
        const Wish wish = read_sentence(w.lexicon, phrase.sentence);
        const Verdict v = compare(w.lexicon, phrase, wish);
        for (size_t i = 0; i < v.keys.size(); i++) keys[v.keys[i]].first += v.met[i] ? 1 : 0, keys[v.keys[i]].second++;
        right += v.wrong.empty() ? 1 : 0;
        silent += !v.wrong.empty() && !v.told ? 1 : 0;
        nobody += cast(w.world, wish, 0, nullptr).nobody.empty() ? 0 : 1;
        if (!list || v.wrong.empty()) continue;
        std::printf("  %s\n", phrase.sentence.c_str());
        for (const std::string& wrong : v.wrong)
            std::printf("      %s%s\n", wrong.c_str(), v.told ? "" : " (the log says nothing)");
    }
    const auto percent = [](int part, int whole) { return whole == 0 ? 100.0 : 100.0 * part / whole; };
    const int n = static_cast<int>(phrases.size());
    std::printf("%s: %d phrases, all right %.1f %%, wrong without a word in the log %.1f %%, subject drawn %.1f %%\n ",
                file.c_str(), n, percent(right, n), percent(silent, n), percent(nobody, n));
    for (const auto& [key, count] : keys)
        std::printf(" %s %.1f %% of %d;", key.c_str(), percent(count.first, count.second), count.second);
    std::printf("\n");
}

// How often two seeds differ in what the prompt leaves open, and by how much their first pictures differ.
void judge_seeds(const Weights& w, const std::string& prompt, int seeds) {
    std::vector<Play> plays;
    std::vector<Canvas> frames;
    for (int64_t seed = 0; seed < seeds; seed++) {
        plays.push_back(understand(w, prompt, seed, nullptr, kQuiet).play);
        const Stage stage(w.world, plays.back(), *w.layers, nullptr, false, [] {});
        frames.emplace_back(256, 144);
        stage.draw(frames.back(), 1);
    }
    std::map<std::string, double> differ;
    std::map<std::string, std::map<int, int>> counts;
    const std::vector<std::pair<const char*, std::function<int(const Play&)>>> attributes = {
        {"colour", [](const Play& p) { return p.actors[0].colour; }},
        {"motion", [](const Play& p) { return p.actors[0].motion; }},
        {"scene", [](const Play& p) { return p.scene; }},
        {"time", [](const Play& p) { return p.time; }},
        {"weather", [](const Play& p) { return p.weather; }},
        {"camera", [](const Play& p) { return p.camera; }},
        {"style", [](const Play& p) { return p.style; }}};
    double pixels = 0, least = 1;
    int pairs = 0;
    for (size_t a = 0; a < plays.size(); a++) {
        for (const auto& [name, value] : attributes) counts[name][value(plays[a])]++;
        for (size_t b = 0; b < a; b++, pairs++) {
            for (const auto& [name, value] : attributes) differ[name] += value(plays[a]) != value(plays[b]) ? 1 : 0;
            double sum = 0;
            for (size_t i = 0; i < frames[a].pixels.size(); i++)
                sum += std::abs(static_cast<double>(frames[a].pixels[i]) - static_cast<double>(frames[b].pixels[i]));
            sum /= static_cast<double>(frames[a].pixels.size()) * 0.75;  // one value in four is unused
            pixels += sum;
            least = std::min(least, sum);
        }
    }
    std::printf("\"%s\", %d seeds: mean difference of two pictures %.1f of 255, least %.1f\n ", prompt.c_str(), seeds,
                255 * pixels / pairs, 255 * least);
    for (const auto& [name, count] : differ) {
        double off = 0;
        for (const auto& [value, n] : counts[name])
            off = std::max(off,
                           std::abs(static_cast<double>(n) / seeds - 1.0 / static_cast<double>(counts[name].size())));
        std::printf(" %s differs in %.0f %% of pairs, at most %.0f points from even;", name.c_str(),
                    100 * count / pairs, 100 * off);
    }
    std::printf("\n");
}

}  // namespace

void run_judge(Settings& settings) {
    const std::string model = settings.text("model", kCompositorModel),
                      phrases = settings.text("phrases", "training/phrases");
    const bool list = settings.integer("list", 0) != 0;
    const int seeds = static_cast<int>(settings.integer("seeds", 32));
    settings.done();
    const auto w = load_weights(model, at::kFloat);
    for (const char* set : {"en", "zh", "second_en", "second_zh", "third_en", "third_zh", "fourth_en", "fourth_zh"})
        judge_phrases(*w, phrases + "/" + set + ".tsv", list);
    for (const char* prompt : {"a fox", "一只猫"}) judge_seeds(*w, prompt, seeds);
}

}  // namespace zt::training
