// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Writes the tests' hostile files into a folder:
//   write_checkpoints mutants SEED COUNT FOLDER    0000.safetensors ... (golden verdicts)
//   write_checkpoints corpus BYTES FOLDER          the hand-made files up to that size (fuzz corpus)
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include "hostile.h"
#include "mutants.h"

namespace {

bool write(const std::string& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    return static_cast<bool>(file);
}

uint64_t number(std::string_view text) {
    uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    bool ok = true;
    if (command == "mutants" && argc == 5) {
        for (uint64_t i = 0; i < number(argv[3]); ++i) {
            char name[32];
            std::snprintf(name, sizeof name, "/%04u.safetensors", static_cast<unsigned>(i));
            ok = write(argv[4] + std::string(name), zt::test::mutant_checkpoint(number(argv[2]), i)) && ok;
        }
    } else if (command == "corpus" && argc == 4) {
        for (const auto& file : zt::test::hostile_checkpoints()) {
            if (file.bytes.size() > number(argv[2])) continue;
            ok = write(argv[3] + ("/" + file.name), file.bytes) && ok;
        }
    } else {
        std::fputs("write_checkpoints: expected mutants SEED COUNT FOLDER or corpus BYTES FOLDER\n", stderr);
        return 2;
    }
    return ok ? 0 : 1;
}
