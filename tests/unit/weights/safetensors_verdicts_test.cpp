// SPDX-License-Identifier: LGPL-2.1-or-later
//
// 2,000 mutants against what the reference implementation said about them (reliability.md A5): we
// never accept what it refuses. Where we are stricter, the reason is one of the list below.
// ZT_TEST_VERDICTS names the table; tests/golden/safetensors_verdicts.py remakes it.
#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/sha256.h"
#include "mutants.h"
#include "probe.h"
#include "weights/safetensors.h"

namespace zt::weights {
namespace {

// As in tests/golden/safetensors_verdicts.json.
constexpr uint64_t kSeed = 20260101, kCount = 2000;

struct Stricter {
    std::string_view message;  // part of our refusal
    std::string_view reason;
};
constexpr std::array<Stricter, 5> kStricter = {{
    {"expected each key once", "a key twice: readers differ in which one counts"},
    {"expected dtype, shape and data_offsets", "unknown keys of a tensor: the reference skips them"},
    {"shape: expected at most 8 dimensions", "limit kMaxRank"},
    {"expected a name of at most 512 bytes", "limit kMaxNameBytes"},
    {"dtype: expected one of", "dtypes no tensor of ours can have (C64, F8_E8M0 and narrower than a byte)"},
}};

TEST(SafetensorsVerdicts, nothing_is_accepted_that_the_reference_refuses) {
    const char* path = std::getenv("ZT_TEST_VERDICTS");
    ASSERT_NE(path, nullptr) << "set ZT_TEST_VERDICTS to tests/golden/safetensors_verdicts.txt";
    std::ifstream table(path);
    test::MemoryFile file;
    std::map<std::string_view, int> stricter;
    uint64_t accepted = 0, refused = 0;
    std::string digest, verdict;
    for (uint64_t i = 0; i < kCount; ++i) {
        ASSERT_TRUE(table >> digest >> verdict) << "the table ends at " << i;
        const std::string bytes = test::mutant_checkpoint(kSeed, i);
        ASSERT_EQ(sha256_hex(bytes).substr(0, 16), digest) << "mutant " << i << " changed: remake the table";
        file.assign(bytes);
        const auto error = test::refusal([&] { static_cast<void>(SafetensorsFile::open(file.path())); });
        if (verdict == "refuse") {
            ASSERT_TRUE(error) << "mutant " << i << ": accepted, but the reference refuses it";
            ++refused;
            continue;
        }
        ASSERT_EQ(verdict, "accept");
        if (!error) {
            ++accepted;
            continue;
        }
        const std::string_view message = error->what();
        std::string_view reason;
        for (const Stricter& entry : kStricter) {
            if (message.find(entry.message) != std::string_view::npos) reason = entry.reason;
        }
        ASSERT_FALSE(reason.empty()) << "mutant " << i << ": stricter without a listed reason: " << message;
        ++stricter[reason];
    }
    std::cout << "both accept " << accepted << ", both refuse " << refused << ", stricter:\n";
    for (const auto& [reason, count] : stricter) std::cout << "  " << count << "  " << reason << '\n';
    EXPECT_GT(accepted, 200u);
    EXPECT_GT(refused, 1000u);
    EXPECT_EQ(stricter.size(), kStricter.size()) << "a listed reason no longer occurs";
}

}  // namespace
}  // namespace zt::weights
