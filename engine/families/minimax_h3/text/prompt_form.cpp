// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See prompt_form.h. Texts are walked byte by byte where only ASCII and whole words of other scripts matter, so bytes
// that are not UTF-8 pass through and are refused where the prompt is read.
#include "families/minimax_h3/text/prompt_form.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/utf8.h"
#include "text/han.h"
#include "text/unicode.h"

namespace zt::minimax_h3 {
namespace {

constexpr std::string_view kDescription = "integrated_multimodal_description:", kSound = "overall_soundscape:",
                           kMusic = "non_diegetic_music:";
constexpr std::string_view kSpeech = "<d>", kSpeechEnd = "</d>";

// ---- Characters and words ----

template <class F>
void each_character(std::string_view text, F&& f) {
    for (size_t at = 0; at < text.size();) {
        const size_t bytes = std::max<size_t>(utf8_sequence_bytes(text, at), 1);
        size_t end = 0;
        const std::string_view one = text.substr(at, bytes);
        f(one, utf8_sequence_bytes(text, at) == 0 ? U'\0' : text::next_code_point(one, end));
        at += bytes;
    }
}

bool is_latin(char32_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// A character says as much as about three letters.
bool is_chinese(std::span<const FormShot> shots) {
    size_t han = 0, latin = 0;
    for (const FormShot& shot : shots)
        each_character(shot.text, [&](std::string_view, char32_t c) { han += text::is_han(c), latin += is_latin(c); });
    return han > 0 && 3 * han >= latin;
}

// In which script a line is spoken.
std::string_view language_of(std::string_view line) {
    std::string_view found = "English";
    bool japanese = false;
    each_character(line, [&](std::string_view, char32_t c) {
        japanese = japanese || (c >= 0x3040 && c <= 0x30FF);
        if (text::is_han(c))
            found = "Chinese";
        else if (c >= 0xAC00 && c <= 0xD7A3)
            found = "Korean";
        else if (c >= 0x0400 && c <= 0x04FF)
            found = "Russian";
        else if (c >= 0x0600 && c <= 0x06FF)
            found = "Arabic";
    });
    return japanese ? "Japanese" : found;
}

std::string on_one_line(std::string_view text) {
    std::string line;
    bool blank = false;
    each_character(text, [&](std::string_view one, char32_t c) {
        if (c != 0 && text::is_white_space(c)) {
            blank = !line.empty();
            return;
        }
        if (std::exchange(blank, false)) line += ' ';
        line += one;
    });
    return line;
}

bool begins_with(std::string_view text, std::string_view word) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return text.size() >= word.size() &&
           std::equal(word.begin(), word.end(), text.begin(), [&](char a, char b) { return a == lower(b); });
}

// ---- Dialogue ----

struct Quotes {
    std::string_view open, close;
};
constexpr std::array<Quotes, 4> kQuotes = {{{"\"", "\""}, {"“", "”"}, {"「", "」"}, {"『", "』"}}};
constexpr auto kSpeaking = std::to_array<std::string_view>(
    {"say",      "says",     "said",     "saying",  "ask",       "asks",      "asked",      "asking", "shout",
     "shouts",   "shouted",  "shouting", "whisper", "whispers",  "whispered", "whispering", "reply",  "replies",
     "replied",  "replying", "yell",     "yells",   "yelled",    "cry",       "cries",      "cried",  "answers",
     "answered", "exclaims", "murmurs",  "mutters", "announces", "calls",     "speaks",     "adds",   "sings"});
constexpr auto kSpeakingChinese = std::to_array<std::string_view>({"说", "道", "喊", "问", "叫", "答", "唱", "念"});

// Whether the text before a quote ends with a word of speaking, marks and blanks behind it left out.
bool is_speaking(std::string_view before) {
    constexpr std::array<std::string_view, 5> kBetween = {" ", ",", ":", "：", "，"};
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view mark : kBetween)
            if (before.ends_with(mark)) before.remove_suffix(mark.size()), again = true;
    }
    for (const std::string_view word : kSpeakingChinese)
        if (before.ends_with(word)) return true;
    size_t start = before.size();
    while (start > 0 && is_latin(static_cast<unsigned char>(before[start - 1]))) --start;
    const std::string_view last = before.substr(start);
    return std::any_of(kSpeaking.begin(), kSpeaking.end(),
                       [&](std::string_view word) { return last.size() == word.size() && begins_with(last, word); });
}

// Quotes behind a word of speaking as dialogue.
std::string with_dialogue(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        if (text.starts_with(kSpeech)) {  // what is marked already
            const size_t end = text.find(kSpeechEnd);
            const size_t bytes = end == text.npos ? text.size() : end + kSpeechEnd.size();
            made += text.substr(0, bytes), text.remove_prefix(bytes);
            continue;
        }
        const auto quotes =
            std::find_if(kQuotes.begin(), kQuotes.end(), [&](const Quotes& q) { return text.starts_with(q.open); });
        const size_t end = quotes == kQuotes.end() ? text.npos : text.find(quotes->close, quotes->open.size());
        if (end == text.npos || !is_speaking(made)) {
            const size_t bytes = end == text.npos ? 1 : end + quotes->close.size();
            made += text.substr(0, bytes), text.remove_prefix(bytes);
            continue;
        }
        const std::string_view line = text.substr(quotes->open.size(), end - quotes->open.size());
        made += std::string(kSpeech) + "[" + std::string(language_of(line)) + "] " + std::string(line) +
                std::string(kSpeechEnd);
        text.remove_prefix(end + quotes->close.size());
    }
    return made;
}

// ---- Sentences ----

constexpr std::array<std::string_view, 6> kEnds = {".", "!", "?", "。", "！", "？"};

// Where the first sentence ends. A point ends one before a blank or at the end of the text, others anywhere; none
// inside dialogue.
size_t sentence_end(std::string_view text) {
    for (size_t at = 0; at < text.size(); ++at) {
        if (text.substr(at).starts_with(kSpeech)) {
            at = std::min(text.find(kSpeechEnd, at), text.size() - 1);
            continue;
        }
        for (const std::string_view end : kEnds) {
            if (!text.substr(at).starts_with(end)) continue;
            const size_t behind = at + end.size();
            if (end.size() > 1 || behind == text.size() || text[behind] == ' ') return behind;
        }
    }
    return text.size();
}

// What a sentence is about, by the label that it begins with.
struct Label {
    std::string_view text;
    bool music;
    bool kept;  // as part of the sentence
};
constexpr std::array<Label, 20> kLabels = {{{"background music:", true, false},
                                            {"background music", true, true},
                                            {"music:", true, false},
                                            {"soundtrack:", true, false},
                                            {"背景音乐：", true, false},
                                            {"背景音乐:", true, false},
                                            {"背景音乐", true, true},
                                            {"音乐：", true, false},
                                            {"音乐:", true, false},
                                            {"配乐：", true, false},
                                            {"配乐:", true, false},
                                            {"sound:", false, false},
                                            {"sounds:", false, false},
                                            {"sound of ", false, true},
                                            {"sounds of ", false, true},
                                            {"ambient sound", false, true},
                                            {"声音：", false, false},
                                            {"声音:", false, false},
                                            {"环境音", false, true},
                                            {"音效：", false, false}}};

void append(std::string& text, std::string_view sentence, std::string_view between) {
    if (!text.empty()) text += between;
    text += sentence;
}

struct Sorted {
    std::string description, sound, music;
};

Sorted sorted(std::string_view text, std::string_view between) {
    Sorted out;
    while (!text.empty()) {
        const size_t end = sentence_end(text);
        std::string_view sentence = text.substr(0, end);
        text.remove_prefix(end);
        while (text.starts_with(' ')) text.remove_prefix(1);
        const auto label =
            std::find_if(kLabels.begin(), kLabels.end(), [&](const Label& l) { return begins_with(sentence, l.text); });
        if (label == kLabels.end()) {
            append(out.description, sentence, between);
            continue;
        }
        if (!label->kept) sentence.remove_prefix(label->text.size());
        while (sentence.starts_with(' ')) sentence.remove_prefix(1);
        if (!sentence.empty()) append(label->music ? out.music : out.sound, sentence, between);
    }
    return out;
}

// ---- The form ----

struct Words {
    std::string_view between, end, cut_before, cut_behind, sound, music;
    std::string_view first, first_and_last, last;  // "{}": the clip's seconds
};
constexpr Words kEnglish = {" ",
                            ".",
                            "At ",
                            ", the camera cuts to a new shot: ",
                            "Natural sound of what is seen, in time with it.",
                            "None.",
                            "<Picture 1> (from [Shot 1]) is fully referenced at 0.00 seconds.",
                            "<Picture 1> is aligned with the 0.00-second mark and <Picture 2> with the {}-second mark.",
                            "<Picture 1> is aligned with the {}-second mark."};
constexpr Words kChinese = {"",
                            "。",
                            "在",
                            "，镜头切换到新的画面：",
                            "与画面同步的自然声音。",
                            "无。",
                            "<Picture 1>（来自[Shot 1]）在0.00秒处被完整参考。",
                            "<Picture 1>对齐到0.00秒处，<Picture 2>对齐到{}秒处。",
                            "<Picture 1>对齐到{}秒处。"};

std::string padded(int64_t number, size_t digits) {
    const std::string text = std::to_string(number);
    return std::string(text.size() < digits ? digits - text.size() : 0, '0') + text;
}

std::string time_text(int64_t ms) {  // "00:03.500"
    ms = std::max<int64_t>(ms, 0);
    return padded(ms / 60'000, 2) + ":" + padded(ms / 1000 % 60, 2) + "." + padded(ms % 1000, 3);
}

// Two decimals, halves to the even one: "5.17" of 124 frames.
std::string seconds_text(int64_t frames) {
    constexpr int64_t kRate = 24;
    int64_t hundredths = frames * 100 / kRate;
    const int64_t rest = frames * 100 % kRate;
    if (2 * rest > kRate || (2 * rest == kRate && hundredths % 2 != 0)) ++hundredths;
    return std::to_string(hundredths / 100) + "." + padded(hundredths % 100, 2);
}

// The line about pictures and a blank one, nothing without any.
std::string picture_lines(const FormPictures& pictures, const Words& words) {
    if (!pictures.first && !pictures.last) return {};
    std::string line(pictures.first ? pictures.last ? words.first_and_last : words.first : words.last);
    if (const size_t at = line.find("{}"); at != line.npos) line.replace(at, 2, seconds_text(pictures.frames));
    return line + "\n\n";
}

void end_sentence(std::string& text, const Words& words) {
    constexpr std::array<std::string_view, 11> kClosed = {".", "!", "?", "。", "！", "？", "…", ">", "\"", "”", "」"};
    const bool closed =
        std::any_of(kClosed.begin(), kClosed.end(), [&](std::string_view end) { return text.ends_with(end); });
    if (!text.empty() && !closed) text += words.end;
}

}  // namespace

std::vector<FormShot> form_shots(const text::ShotList& list, zt_rational rate) {
    std::vector<FormShot> shots;
    const int64_t num = rate.num, den = rate.den;
    for (const text::Shot& shot : list.shots)  // at most a day of frames: the product stays below 2^63
        shots.push_back({(2 * shot.first_frame * 1000 * den + num) / (2 * num), shot.prompt});
    return shots;
}

std::string structured_prompt(std::span<const FormShot> shots, const FormPictures& pictures) {
    const Words& words = is_chinese(shots) ? kChinese : kEnglish;
    if (shots.size() == 1 && shots[0].text.find(kDescription) != std::string::npos) {
        const bool named = shots[0].text.find("<Picture ") != std::string::npos;
        return (named ? std::string() : picture_lines(pictures, words)) + shots[0].text;
    }
    std::string description, sound, music;
    for (size_t i = 0; i < shots.size(); ++i) {
        Sorted shot = sorted(with_dialogue(on_one_line(shots[i].text)), words.between);
        end_sentence(shot.description, words);
        if (i == 0 && shot.description.starts_with("[Shot ")) {
            description = shot.description;  // shots that the writer has numbered
        } else {
            std::string part = "[Shot " + std::to_string(i + 1) + "]";
            if (i > 0)
                part +=
                    " " + std::string(words.cut_before) + time_text(shots[i].begin_ms) + std::string(words.cut_behind);
            else if (!shot.description.empty())
                part += " ";
            append(description, part + shot.description, " ");
        }
        if (!shot.sound.empty()) append(sound, shot.sound, words.between);
        if (!shot.music.empty()) append(music, shot.music, words.between);
    }
    end_sentence(sound, words), end_sentence(music, words);
    return picture_lines(pictures, words) + std::string(kDescription) + " " + description + "\n" + std::string(kSound) +
           " " + (sound.empty() ? std::string(words.sound) : sound) + "\n" + std::string(kMusic) + " " +
           (music.empty() ? std::string(words.music) : music);
}

}  // namespace zt::minimax_h3
