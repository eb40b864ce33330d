// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files that want to hurt: mutants, hand-made ones, every prefix, every flipped bit. Whatever is
// refused is refused with a sentence, at once and without memory; whatever is accepted holds what
// safetensors.h promises.
#include "weights/safetensors.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "checkpoint_draft.h"
#include "hostile.h"
#include "mutants.h"
#include "probe.h"
#include "seed.h"

namespace zt::weights {
namespace {

constexpr uint64_t kMemoryRise = 16 << 20;  // beyond the file itself

// What safetensors.h promises of a table, checked in another way than the reader does. Empty if it holds.
std::string promise_broken(const SafetensorsFile& file) {
    uint64_t end = file.tensors().empty() ? file.file().size() : file.tensors().front().offset;
    std::set<std::string_view> names;
    for (const TensorEntry& entry : file.tensors()) {
        unsigned __int128 bytes = dtype_bytes(entry.dtype);
        bool empty = false;
        for (int64_t size : entry.shape) {
            if (size < 0) return "negative size";
            empty = empty || size == 0;
            if (size > 0 && (bytes *= static_cast<unsigned __int128>(size)) > INT64_MAX) return "sizes overflow";
        }
        if ((empty ? 0 : bytes) != entry.size_bytes) return "bytes differ from shape";
        if (entry.offset != end) return "hole or overlap";
        end += entry.size_bytes;
        if (entry.shape.size() > kMaxRank || entry.name.size() > kMaxNameBytes) return "over a limit";
        if (!names.insert(entry.name).second) return "double name";
        if (file.find(entry.name) != &entry) return "find() finds another";
        std::vector<std::byte> room(entry.size_bytes);
        file.read(entry, room);
    }
    return end == file.file().size() ? "" : "does not end with the file";
}

// Opens a file, measures, and reads all of it when accepted.
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
    std::optional<SafetensorsFile> checkpoint;
    verdict.refused = test::refusal([&] { checkpoint.emplace(SafetensorsFile::open(file.path())); });
    verdict.seconds = test::cpu_seconds() - start;
    verdict.memory = memory.rise();
    if (checkpoint) verdict.broken = promise_broken(*checkpoint);
    return verdict;
}

void expect_well_behaved(const Verdict& verdict, size_t file_bytes) {
    // 100 ms; files of several MiB, which mutants never are, may take 50 ms more for each.
    EXPECT_LT(verdict.seconds, (0.1 + 0.05e-6 * static_cast<double>(file_bytes)) * test::time_slack());
    if (!test::has_sanitizer()) {
        EXPECT_LE(verdict.memory, kMemoryRise + file_bytes);
    }
    EXPECT_EQ(verdict.broken, "");
    if (!verdict.refused) return;
    EXPECT_EQ(test::message_fault(verdict.refused->what()), "") << verdict.refused->what();
}

// reliability.md A1
TEST(SafetensorsHostile, ten_thousand_mutants_are_refused_cleanly_or_hold_the_promise) {
    constexpr uint64_t kMutants = 10'000;
    test::MemoryFile file;
    size_t accepted = 0;
    const uint64_t seed = test::test_seed();
    for (uint64_t i = 0; i < kMutants; ++i) {
        const std::string bytes = test::mutant_checkpoint(seed, i);
        file.assign(bytes);
        const Verdict verdict = judge(file);
        expect_well_behaved(verdict, bytes.size());
        if (verdict.refused) {
            EXPECT_EQ(verdict.refused->status(), ZT_ERROR_WEIGHTS) << verdict.refused->what();
        } else {
            ++accepted;
        }
        ASSERT_FALSE(HasFailure()) << "mutant " << i;
    }
    // Neither may be rare, or the mutants test only one side.
    RecordProperty("accepted", static_cast<int>(accepted));
    EXPECT_GT(accepted, kMutants / 50);
    EXPECT_LT(accepted, kMutants / 2);
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
    EXPECT_EQ(verdict.refused->status(), hostile.name == "gguf" ? ZT_ERROR_UNSUPPORTED : ZT_ERROR_WEIGHTS);
    EXPECT_NE(std::string(verdict.refused->what()).find(hostile.message), std::string::npos) << verdict.refused->what();
}

INSTANTIATE_TEST_SUITE_P(all, HandMade, testing::ValuesIn(test::hostile_checkpoints()),
                         [](const auto& tested) { return tested.param.name; });

TEST(SafetensorsHostile, the_pickle_sentence_is_the_documented_one) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("x.pt", "PK\x03\x04 and so on, as torch.save writes it");
    const auto error = test::refusal([&] { static_cast<void>(SafetensorsFile::open(path)); });
    ASSERT_TRUE(error);
    EXPECT_STREQ(error->what(),
                 "x.pt: expected safetensors or GGUF, got a pickle archive (can run code, is never opened)");
}

// reliability.md A2
TEST(SafetensorsHostile, every_prefix_of_the_header_is_refused) {
    const test::Draft draft = test::tiny_checkpoint(45);
    const size_t header_end = 8 + draft.header().size();
    test::MemoryFile file(draft.file());
    for (size_t bytes = header_end; bytes-- > 0;) {
        file.resize(bytes);
        const auto error = test::refusal([&] { static_cast<void>(SafetensorsFile::open(file.path())); });
        ASSERT_TRUE(error) << bytes;
        ASSERT_EQ(error->status(), ZT_ERROR_WEIGHTS);
        ASSERT_EQ(test::message_fault(error->what()), "") << error->what();
    }
}

TEST(SafetensorsHostile, a_thousand_truncations_of_the_data_are_refused) {
    const test::Draft draft = test::tiny_checkpoint(45);
    const std::string bytes = draft.file();
    test::Random random(test::test_seed());
    test::MemoryFile file;
    for (int i = 0; i < 1000; ++i) {
        file.assign(bytes);
        file.resize(bytes.size() - 1 - random.below(draft.data.size()));
        const auto error = test::refusal([&] { static_cast<void>(SafetensorsFile::open(file.path())); });
        ASSERT_TRUE(error);
        ASSERT_EQ(error->status(), ZT_ERROR_WEIGHTS);
    }
}

// reliability.md A3. The format has no checksum: a flip inside a name gives another legal name,
// which the model's own list of names catches. Nothing else of the table may differ.
TEST(SafetensorsHostile, every_flipped_header_bit_is_refused_or_changes_no_tensor) {
    const test::Draft draft = test::tiny_checkpoint(45);
    const std::string bytes = draft.file();
    const size_t header_end = 8 + draft.header().size();
    test::MemoryFile file(bytes);
    const SafetensorsFile original = SafetensorsFile::open(file.path());
    const std::vector<TensorEntry> table(original.tensors().begin(), original.tensors().end());
    size_t accepted = 0, renamed = 0;
    for (size_t bit = 0; bit < header_end * 8; ++bit) {
        const size_t at = bit / 8;
        file.put(at, static_cast<char>(bytes[at] ^ 1 << bit % 8));
        std::vector<TensorEntry> got;
        const auto error = test::refusal([&] {
            const SafetensorsFile changed = SafetensorsFile::open(file.path());
            got.assign(changed.tensors().begin(), changed.tensors().end());
        });
        file.put(at, bytes[at]);
        if (error) {
            ASSERT_EQ(error->status(), ZT_ERROR_WEIGHTS) << error->what();
            continue;
        }
        ++accepted;
        ASSERT_EQ(got.size(), table.size()) << "bit " << bit;
        size_t names_changed = 0;
        for (size_t i = 0; i < table.size(); ++i) {
            if (got[i].name != table[i].name) {
                ++names_changed;
                got[i].name = table[i].name;
            }
        }
        // Empty tensors share an offset with a neighbour and order by name.
        std::sort(got.begin(), got.end(), [](const auto& a, const auto& b) {
            return std::tie(a.offset, a.size_bytes, a.name) < std::tie(b.offset, b.size_bytes, b.name);
        });
        ASSERT_TRUE(got == table) << "bit " << bit;
        ASSERT_LE(names_changed, 1u) << "bit " << bit;
        renamed += names_changed;
    }
    RecordProperty("bits", static_cast<int>(header_end * 8));
    RecordProperty("accepted", static_cast<int>(accepted));
    RecordProperty("renamed", static_cast<int>(renamed));
    EXPECT_GT(header_end * 8, 20'000u);
}

}  // namespace
}  // namespace zt::weights
