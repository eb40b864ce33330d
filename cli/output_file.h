// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A file that gets its name when it is complete, or the standard output.
#pragma once

#include <cstdio>
#include <string>

namespace zt::cli {

// One thread at a time.
class OutputFile {
public:
    // "-" is the standard output. Throws ZT_ERROR_IO, as all below.
    explicit OutputFile(std::string path);
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    ~OutputFile();  // without finish() the file is removed
    // Borrowed, to write to.
    [[nodiscard]] std::FILE* stream() const { return file_; }
    // After writing: whether all went well. A pipe gets what was written at once.
    void check() const;
    // Gives it its name; nothing may be written any more.
    void finish();

private:
    [[nodiscard]] bool to_stdout() const { return path_ == "-"; }
    [[noreturn]] void fail(int error) const;

    const std::string path_, part_;
    std::FILE* file_ = nullptr;
};

}  // namespace zt::cli
