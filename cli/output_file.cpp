// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See output_file.h.
#include "output_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::cli {

OutputFile::OutputFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
    file_ = to_stdout() ? stdout : std::fopen(part_.c_str(), "wb");
    if (file_ == nullptr) fail(errno);
}

OutputFile::~OutputFile() {
    if (file_ == nullptr || to_stdout()) return;
    std::fclose(file_);
    std::remove(part_.c_str());
}

void OutputFile::check() const {
    if (std::ferror(file_) != 0 || (to_stdout() && std::fflush(file_) != 0)) fail(errno);
}

void OutputFile::finish() {
    std::FILE* const file = std::exchange(file_, nullptr);
    const bool good = to_stdout() ? std::fflush(file) == 0 : std::fclose(file) == 0;
    if (!good || (!to_stdout() && std::rename(part_.c_str(), path_.c_str()) != 0)) {
        const int error = errno;
        if (!to_stdout()) std::remove(part_.c_str());
        fail(error);
    }
}

void OutputFile::fail(int error) const {
    throw Error(ZT_ERROR_IO, (to_stdout() ? "standard output" : quote(path_)) +
                                 ": expected to write frames, got: " + std::strerror(error));
}

}  // namespace zt::cli
