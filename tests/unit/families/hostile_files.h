// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the families' tests of damaged files share: configurations cut short, with flipped bits and with strange values,
// and safetensors files of tensors that have names and shapes only.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "checkpoint_draft.h"
#include "core/error.h"
#include "probe.h"

namespace zt::test {

// Damage, or a model that nobody wrote code for.
inline const std::vector<zt_status> kDamaged = {ZT_ERROR_WEIGHTS, ZT_ERROR_UNSUPPORTED};

// What `call` throws, if anything, is one of `allowed` in the usual form.
inline void judge(const std::function<void()>& call, const std::vector<zt_status>& allowed = kDamaged) {
    const auto error = refusal(call);
    if (!error) return;
    EXPECT_NE(std::find(allowed.begin(), allowed.end(), error->status()), allowed.end()) << error->what();
    EXPECT_EQ(message_fault(error->what()), "") << error->what();
}

// A configuration that is right, and what reads such a text, throws zt::Error, and expects what it accepts to be sound.
struct ConfigReader {
    const char* text;
    std::function<void(const std::string&)> read;
};

// Reads `reader.text` (accepted), each prefix of it (refused), and judges each text with one bit flipped and 3000 with
// one value replaced.
inline void read_hostile_configs(const ConfigReader& reader, Random& random) {
    const std::array<std::string, 10> values = {"0", "-1",   "1e308",    "9223372036854775807", "null", "[]", "\"\"",
                                                "3", "true", "[1,1,1,1]"};
    const std::string good = reader.text;
    const auto first = refusal([&] { reader.read(good); });
    ASSERT_FALSE(first) << first->what();
    for (size_t i = 0; i < good.size(); ++i) EXPECT_TRUE(refusal([&] { reader.read(good.substr(0, i)); }));
    for (size_t bit = 0; bit < good.size() * 8 && !testing::Test::HasFailure(); ++bit) {
        std::string text = good;
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
        judge([&] { reader.read(text); });
    }
    for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
        std::string text = good;
        size_t colon = text.find(':', random.below(text.size()));
        if (colon == text.npos) colon = text.find(':');
        text.replace(colon + 1, text.find_first_of(",}", colon) - colon - 1, random.pick(values));
        judge([&] { reader.read(text); });
    }
}

struct ShapedTensor {
    std::string name;
    std::vector<int64_t> shape;
};

// A safetensors file of them in fp8, every value 1.
inline std::string safetensors_of_ones(const std::vector<ShapedTensor>& tensors) {
    Draft draft;
    for (const ShapedTensor& t : tensors) {
        uint64_t size = 1;
        std::string shape = "[";
        for (const int64_t n : t.shape) {
            size *= static_cast<uint64_t>(n);
            if (shape.size() > 1) shape += ",";
            shape += std::to_string(n);
        }
        shape += "]";
        draft.tensors.push_back(draft_tensor(t.name, "F8_E4M3", shape, draft.data.size(), draft.data.size() + size));
        draft.data.append(size, '\x38');
    }
    return draft.file();
}

}  // namespace zt::test
