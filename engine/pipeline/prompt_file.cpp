// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See prompt_file.h.
#include "pipeline/prompt_file.h"

#include "core/file.h"

namespace zt::pipeline {

std::string read_prompt_file(const std::string& path, size_t most_bytes) {
    static constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
    std::string text = read_whole_file(path, most_bytes);
    if (text.starts_with(kByteOrderMark)) text.erase(0, sizeof(kByteOrderMark) - 1);
    for (size_t at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n", at)) text.erase(at, 1);
    const size_t first = text.find_first_not_of(" \t\n");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

}  // namespace zt::pipeline
