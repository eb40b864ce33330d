// SPDX-License-Identifier: LGPL-2.1-or-later
//
// GGUF: what a good file gives, and that hostile ones are refused at once, with a sentence and
// without memory. The layouts of the blocks are proven against the reference in tests/parity.
#include "weights/gguf.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "checkpoint_draft.h"
#include "gguf_draft.h"
#include "probe.h"
#include "seed.h"
#include "weights/checkpoint.h"
#include "weights/gguf_blocks.h"

namespace zt::weights {
namespace {

constexpr uint64_t kMemoryRise = 16 << 20;

// What gguf.h promises, checked in another way than the reader does. Empty if it holds.
std::string promise_broken(const GgufFile& file) {
    uint64_t end = 0;
    std::set<std::string_view> names;
    for (const GgufTensor& tensor : file.tensors()) {
        const BlockShape block = tensor.encoding == Encoding::kDense
                                     ? BlockShape{1, static_cast<int64_t>(dtype_bytes(tensor.dtype))}
                                     : block_shape(tensor.encoding);
        unsigned __int128 bytes = static_cast<unsigned __int128>(block.bytes);
        bool empty = false;
        for (const int64_t size : tensor.shape) {
            if (size < 0) return "negative size";
            empty = empty || size == 0;
            if (size > 0 && (bytes *= static_cast<unsigned __int128>(size)) > INT64_MAX) return "sizes overflow";
        }
        if ((empty ? 0 : bytes / static_cast<unsigned __int128>(block.values)) != tensor.size_bytes)
            return "bytes differ from shape";
        if (!tensor.shape.empty() && tensor.shape.back() % block.values != 0) return "parts of blocks";
        if (tensor.offset < end || tensor.offset + tensor.size_bytes > file.file().size()) return "overlap or outside";
        end = tensor.offset + tensor.size_bytes;
        if (!names.insert(tensor.name).second) return "double name";
        if (tensor.name.empty() || tensor.name.size() > kMaxNameBytes || tensor.shape.size() > kMaxRank)
            return "over a limit";
    }
    for (const auto& [key, array] : file.arrays()) {
        const std::string bytes = file.read(array);
        uint64_t at = 0;
        for (uint64_t i = 0; array.type == 8 && i < array.count; ++i) {  // strings, each after its length
            uint64_t length = 0;
            if (at + sizeof(length) > bytes.size()) return "array ends in a length";
            std::memcpy(&length, bytes.data() + at, sizeof(length));
            if (length > bytes.size() - at - sizeof(length)) return "array ends in a string";
            at += sizeof(length) + length;
        }
        if (array.type == 8 && at != bytes.size()) return "array longer than its strings";
    }
    return "";
}

struct Verdict {
    std::optional<Error> refused;
    std::string broken;
    double seconds = 0;
    uint64_t memory = 0;
};

Verdict judge(const test::MemoryFile& file) {
    Verdict verdict;
    test::PeakMemory memory;
    memory.reset();
    const double start = test::cpu_seconds();
    std::optional<GgufFile> gguf;
    verdict.refused = test::refusal([&] { gguf.emplace(GgufFile::open(file.path())); });
    verdict.seconds = test::cpu_seconds() - start;
    verdict.memory = memory.rise();
    if (gguf) verdict.broken = promise_broken(*gguf);
    return verdict;
}

void expect_well_behaved(const Verdict& verdict, size_t file_bytes) {
    EXPECT_LT(verdict.seconds, 0.1 * test::time_slack());
    if (!test::has_sanitizer()) {
        EXPECT_LE(verdict.memory, kMemoryRise + file_bytes);
    }
    EXPECT_EQ(verdict.broken, "");
    if (!verdict.refused) return;
    EXPECT_EQ(verdict.refused->status(), ZT_ERROR_WEIGHTS) << verdict.refused->what();
    EXPECT_EQ(test::message_fault(verdict.refused->what()), "") << verdict.refused->what();
}

TEST(Gguf, arrays_stay_in_the_file_and_are_read_when_asked_for) {
    const test::MemoryFile file(test::tiny_gguf().file());
    const GgufFile gguf = GgufFile::open(file.path());
    const GgufArray &numbers = gguf.arrays().at("a.numbers"), &words = gguf.arrays().at("a.words");
    EXPECT_EQ(numbers.type, 4u);
    EXPECT_EQ(numbers.count, 3u);
    EXPECT_EQ(gguf.read(numbers), test::u32(1) + test::u32(2) + test::u32(3));
    EXPECT_EQ(words.type, 8u);
    EXPECT_EQ(gguf.read(words), test::gguf_string("x") + test::gguf_string("yz"));
}

TEST(Gguf, reads_the_table_and_the_keys_of_a_valid_file) {
    const test::MemoryFile file(test::tiny_gguf().file());
    const GgufFile gguf = GgufFile::open(file.path());
    ASSERT_EQ(gguf.tensors().size(), 7u);
    EXPECT_EQ(gguf.tensors()[1].shape, (std::vector<int64_t>{5, 3, 1, 2, 2}));
    EXPECT_EQ(gguf.tensors()[1].dtype, Dtype::kF16);
    EXPECT_EQ(gguf.tensors()[3].encoding, Encoding::kQ4K);
    EXPECT_EQ(gguf.tensors()[3].size_bytes, 288u);
    const auto& values = gguf.values();
    EXPECT_EQ(std::get<std::string>(values.at("general.architecture")), "hyvid");
    EXPECT_EQ(std::get<uint64_t>(values.at("a.u16")), 0x0201u);
    EXPECT_EQ(std::get<int64_t>(values.at("a.i8")), -1);
    EXPECT_EQ(std::get<int64_t>(values.at("a.i64")), -1);
    EXPECT_EQ(std::get<double>(values.at("a.f32")), 1.5);
    EXPECT_EQ(std::get<double>(values.at("a.f64")), 1.5);
    EXPECT_TRUE(std::get<bool>(values.at("a.bool")));
    EXPECT_FALSE(values.contains("a.words"));
}

TEST(Gguf, a_checkpoint_reads_its_bytes) {
    const test::GgufDraft draft = test::tiny_gguf();
    const test::MemoryFile file(draft.file());
    const Checkpoint checkpoint = Checkpoint::open(file.path());
    EXPECT_EQ(checkpoint.container(), Container::kGguf);
    EXPECT_EQ(checkpoint.number_value("a.u32"), 70'000.0);
    const CheckpointEntry* entry = checkpoint.find("q8");
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->row_bytes(), 34u);
    std::string bytes(34, '\0');
    checkpoint.read(*entry, 34, std::as_writable_bytes(std::span(bytes)));
    EXPECT_EQ(bytes, draft.data.substr(256 + 34, 34));
    const auto error = test::refusal([&] { checkpoint.read(*entry, 80, std::as_writable_bytes(std::span(bytes))); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_INTERNAL);
}

class HandMade : public testing::TestWithParam<test::HostileFile> {};

TEST_P(HandMade, is_refused_with_the_right_words) {
    const test::HostileFile& hostile = GetParam();
    const test::MemoryFile file(hostile.bytes);
    const Verdict verdict = judge(file);
    expect_well_behaved(verdict, hostile.bytes.size());
    ASSERT_EQ(verdict.refused.has_value(), !hostile.message.empty())
        << (verdict.refused ? verdict.refused->what() : "accepted");
    if (!verdict.refused) return;
    EXPECT_NE(std::string(verdict.refused->what()).find(hostile.message), std::string::npos) << verdict.refused->what();
}

INSTANTIATE_TEST_SUITE_P(gguf, HandMade, testing::ValuesIn(test::hostile_ggufs()),
                         [](const auto& tested) { return tested.param.name; });

// reliability.md A1
TEST(GgufHostile, ten_thousand_mutants_are_refused_cleanly_or_hold_the_promise) {
    constexpr uint64_t kMutants = 10'000;
    test::MemoryFile file;
    size_t accepted = 0;
    const uint64_t seed = test::test_seed();
    for (uint64_t i = 0; i < kMutants; ++i) {
        const std::string bytes = test::mutant_gguf(seed, i);
        file.assign(bytes);
        const Verdict verdict = judge(file);
        expect_well_behaved(verdict, bytes.size());
        accepted += !verdict.refused;
        ASSERT_FALSE(HasFailure()) << "mutant " << i;
    }
    EXPECT_GT(accepted, kMutants / 50);
    EXPECT_LT(accepted, kMutants / 2);
}

// reliability.md A2
TEST(GgufHostile, every_prefix_is_refused) {
    const test::GgufDraft draft = test::tiny_gguf();
    const std::string bytes = draft.file();
    const size_t needed = bytes.size() - draft.data.size() + 708;  // the last tensor with bytes ends here
    test::MemoryFile file(bytes);
    for (size_t left = needed; left-- > 0;) {
        file.resize(left);
        const auto error = test::refusal([&] { static_cast<void>(GgufFile::open(file.path())); });
        ASSERT_TRUE(error) << left;
        ASSERT_EQ(error->status(), ZT_ERROR_WEIGHTS);
        ASSERT_EQ(test::message_fault(error->what()), "") << error->what();
    }
}

// reliability.md A3. Without a checksum a flip may give another legal table: it must hold the promise.
TEST(GgufHostile, every_flipped_header_bit_is_refused_or_holds_the_promise) {
    const test::GgufDraft draft = test::tiny_gguf();
    const std::string bytes = draft.file();
    test::MemoryFile file(bytes);
    size_t accepted = 0;
    for (size_t bit = 0; bit < draft.header().size() * 8; ++bit) {
        file.put(bit / 8, static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8));
        std::string broken;
        const auto error = test::refusal([&] { broken = promise_broken(GgufFile::open(file.path())); });
        file.put(bit / 8, bytes[bit / 8]);
        ASSERT_EQ(broken, "") << "bit " << bit;
        if (error)
            ASSERT_EQ(error->status(), ZT_ERROR_WEIGHTS) << error->what();
        else
            ++accepted;
    }
    RecordProperty("accepted", static_cast<int>(accepted));
}

TEST(GgufHostile, a_terabyte_of_nothing_is_refused_at_once) {
    test::MemoryFile file("GGUF");
    file.resize(1ULL << 40);
    const Verdict verdict = judge(file);
    expect_well_behaved(verdict, 0);
    EXPECT_TRUE(verdict.refused);
}

TEST(GgufBlocks, half_precision_is_exact) {
    EXPECT_EQ(half_to_float(0x3c00), 1.0F);
    EXPECT_EQ(half_to_float(0xc000), -2.0F);
    EXPECT_EQ(half_to_float(0x0001), 0x1p-24F);
    EXPECT_EQ(half_to_float(0x8001), -0x1p-24F);
    EXPECT_EQ(half_to_float(0x0400), 0x1p-14F);
    EXPECT_EQ(half_to_float(0x7bff), 65504.0F);
    EXPECT_TRUE(std::isinf(half_to_float(0x7c00)));
    EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
    EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
}

TEST(GgufBlocks, values_of_one_block_written_by_hand) {
    // Q4_K: d = 1, dmin = 2; scale and minimum of sub-block 0 are 3 and 1; every low nibble is 5.
    std::string block(144, '\0');
    block[1] = 0x3c;
    block[3] = 0x40;
    block[4] = 3;
    block[8] = 1;
    for (size_t i = 16; i < block.size(); ++i) block[i] = 5;
    std::vector<float> values(256);
    decode_blocks(Encoding::kQ4K, reinterpret_cast<const std::byte*>(block.data()), 1, values.data());
    EXPECT_EQ(values[0], 3.0F * 5 - 2);
    EXPECT_EQ(values[31], 13.0F);
    EXPECT_EQ(values[32], 0.0F);
}

// Any bytes, so that scales are infinite and NaN too.
TEST(GgufBlocks, every_instruction_set_gives_the_same_bits_and_bf16_is_their_rounding) {
    std::mt19937 random(test::test_seed());
    constexpr int64_t kBlocks = 200;
    for (int e = static_cast<int>(Encoding::kQ4_0); e <= static_cast<int>(Encoding::kIQ4XS); ++e) {
        const auto encoding = static_cast<Encoding>(e);
        const BlockShape shape = block_shape(encoding);
        std::vector<std::byte> bytes(static_cast<size_t>(kBlocks * shape.bytes));
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
        const size_t values = static_cast<size_t>(kBlocks * shape.values);
        std::vector<float> plain(values), wide(values);
        std::vector<Bf16> rounded(values);
        decode_blocks(encoding, bytes.data(), kBlocks, plain.data(), Vectors::kPlain);
        for (int v = 0; v <= static_cast<int>(widest_vectors()); ++v) {
            decode_blocks(encoding, bytes.data(), kBlocks, wide.data(), static_cast<Vectors>(v));
            decode_blocks(encoding, bytes.data(), kBlocks, rounded.data(), static_cast<Vectors>(v));
            for (size_t i = 0; i < values; ++i) {
                if (std::isnan(plain[i])) {
                    ASSERT_TRUE(std::isnan(wide[i])) << encoding_name(encoding) << " " << v << " " << i;
                    ASSERT_EQ(rounded[i].bits, 0x7fc0) << encoding_name(encoding) << " " << v << " " << i;
                    continue;
                }
                ASSERT_EQ(std::bit_cast<uint32_t>(plain[i]), std::bit_cast<uint32_t>(wide[i]))
                    << encoding_name(encoding) << " " << v << " " << i;
                // The nearer of the two neighbours, of equally near ones the even one.
                const auto below = static_cast<uint16_t>(std::bit_cast<uint32_t>(plain[i]) >> 16);
                const uint32_t rest = std::bit_cast<uint32_t>(plain[i]) & 0xffff;
                const bool up = rest > 0x8000 || (rest == 0x8000 && (below & 1) != 0);
                ASSERT_EQ(rounded[i].bits, below + (up ? 1 : 0)) << encoding_name(encoding) << " " << v << " " << i;
            }
        }
    }
}

}  // namespace
}  // namespace zt::weights
