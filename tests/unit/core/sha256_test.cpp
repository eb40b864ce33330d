// SPDX-License-Identifier: LGPL-2.1-or-later
//
// SHA-256 against the examples of FIPS 180 and NIST's CAVP, and its two forms against each other.
#include "core/sha256.h"

#include <gtest/gtest.h>

#include "seed.h"
#include "weights/checkpoint_draft.h"
#include "weights/probe.h"

namespace zt {
namespace {

std::string hash(std::string_view text, Sha256::Kernel kernel) {
    Sha256 sha(kernel);
    sha.update(text);
    return sha.finish();
}

struct Vector {
    const char* name;
    std::string text;
    const char* digest;
};

class Sha256Vectors : public testing::TestWithParam<Vector> {};

TEST_P(Sha256Vectors, both_forms_agree_with_the_standard) {
    for (auto kernel : {Sha256::Kernel::kBest, Sha256::Kernel::kPortable}) {
        EXPECT_EQ(hash(GetParam().text, kernel), GetParam().digest);
    }
    EXPECT_EQ(sha256_hex(GetParam().text), GetParam().digest);
}

INSTANTIATE_TEST_SUITE_P(
    all, Sha256Vectors,
    testing::Values(Vector{"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                    Vector{"abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                    Vector{"two_blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
                    Vector{"896_bits",
                           "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmn"
                           "opqrsmnopqrstnopqrstu",
                           "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
                    Vector{"million_a", std::string(1'000'000, 'a'),
                           "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Sha256, every_length_and_every_split_give_the_same_digest) {
    test::Random random(test::test_seed());
    std::string text;
    for (size_t bytes = 0; bytes < 300; ++bytes) {
        const std::string whole = hash(text, Sha256::Kernel::kPortable);
        ASSERT_EQ(hash(text, Sha256::Kernel::kBest), whole);
        const size_t first = random.below(bytes + 1), second = first + random.below(bytes - first + 1);
        Sha256 pieces;
        pieces.update(std::string_view(text).substr(0, first));
        pieces.update(std::string_view(text).substr(first, second - first));
        pieces.update(std::string_view(text).substr(second));
        ASSERT_EQ(pieces.finish(), whole) << first << ' ' << second << ' ' << bytes;
        text += static_cast<char>(random.next());
    }
}

}  // namespace
}  // namespace zt
