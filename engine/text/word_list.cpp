// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See word_list.h.
#include "text/word_list.h"

#include <algorithm>

namespace zt::text {

std::vector<std::string> split_list(std::string_view text, char at) {
    std::vector<std::string> parts;
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

std::string join_list(const std::vector<std::string>& parts, std::string_view between) {
    std::string text;
    for (const std::string& part : parts) {
        if (!text.empty()) text += between;
        text += part;
    }
    return text;
}

}  // namespace zt::text
