// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Unigram ids and cleaned prompts for unigram_test.py, without LibTorch: texts come in one file, each as
// a line with its bytes in hexadecimal digits.
//
//   unigram encode FOLDER TEXTS [MOST]   a line of ids for each, then how many were dropped after a bar
//   unigram clean TEXTS                  the cleaned text, in hexadecimal digits
//
// Times go to stderr.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "text/prompt_cleaning.h"
#include "text/unigram_tokenizer.h"

namespace {

std::vector<std::string> read_texts(const char* path) {
    std::ifstream file(path);
    std::vector<std::string> texts;
    for (std::string line; std::getline(file, line);) {
        std::string text;
        for (size_t i = 0; i + 1 < line.size(); i += 2)
            text += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
        texts.push_back(text);
    }
    return texts;
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void encode(const char* folder, const char* path, size_t most) {
    const auto begin = std::chrono::steady_clock::now();
    const auto tokenizer = zt::text::UnigramTokenizer::open(folder);
    const double load = milliseconds_since(begin);
    const std::vector<std::string> texts = read_texts(path);
    double total = 0, slowest = 0;
    std::string out;
    for (const std::string& text : texts) {
        const auto start = std::chrono::steady_clock::now();
        const auto made = tokenizer.encode(text, most);
        const double took = milliseconds_since(start);
        total += took;
        slowest = std::max(slowest, took);
        for (const int32_t id : made.ids) out += std::to_string(id) + ' ';
        out += "| " + std::to_string(made.dropped) + '\n';
    }
    std::cout << out;
    std::fprintf(stderr, "load %.0f ms, mean %.3f ms, slowest %.1f ms, id_end %d\n", load,
                 total / static_cast<double>(std::max<size_t>(texts.size(), 1)), slowest, tokenizer.id_end());
}

void clean(const char* path) {
    constexpr const char* kDigits = "0123456789abcdef";
    for (const std::string& text : read_texts(path)) {
        for (const char c : zt::text::clean_prompt(text)) {
            const auto byte = static_cast<unsigned char>(c);
            std::cout << kDigits[byte >> 4] << kDigits[byte & 0xF];
        }
        std::cout << '\n';
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "encode" && argc >= 4) {
        encode(argv[2], argv[3], argc > 4 ? std::stoul(argv[4]) : SIZE_MAX);
    } else if (command == "clean" && argc == 3) {
        clean(argv[2]);
    } else {
        return 2;
    }
    return 0;
}
