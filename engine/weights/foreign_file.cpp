// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recognises files that are no model; see foreign_file.h.
#include "weights/foreign_file.h"

#include <algorithm>

#include "core/utf8.h"

namespace zt::weights {
namespace {

constexpr size_t kShownBytes = 40;  // of a text that stands where a model should be
constexpr size_t kLeastText = 8;    // bytes; fewer may be readable by chance

bool is_text(char c) { return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == '\r'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }  // in any locale

}  // namespace

std::optional<std::string> foreign_file(std::string_view start) {
    start = start.substr(0, kForeignBytes);
    if (start.empty()) return "an empty file";
    if (start.size() >= kLeastText && std::all_of(start.begin(), start.end(), [](char c) { return c == '\0'; }))
        return "zero bytes at the beginning; the download is not complete";
    if (start.starts_with("version https://git-lfs.github.com/spec/"))
        return "a pointer of Git LFS; the file itself was not downloaded (git lfs pull fetches it)";
    std::string text(start.starts_with("\xef\xbb\xbf") ? start.substr(3) : start);
    text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    std::string small = text;
    std::transform(small.begin(), small.end(), small.begin(), lower);
    for (const char* mark : {"<!doctype html", "<html", "<head", "<body"})
        if (small.starts_with(mark)) return "an HTML page, as servers send in place of a file; download it again";
    if (small.starts_with("<?xml") || small.starts_with("<error"))
        return "an XML text, as servers send in place of a file; download it again";
    if (text.starts_with('{') || text.starts_with('[') || start.size() < kLeastText) return std::nullopt;
    const auto end = std::find_if_not(start.begin(), start.end(), is_text);
    if (end != start.end()) return std::nullopt;
    return "the text \"" + one_line(text, kShownBytes) + "\"";
}

}  // namespace zt::weights
