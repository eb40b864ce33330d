// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tokenizers and prompt layouts for tokens_test.py. Texts come as one u8 tensor with their ends, ids
// go back the same way.
#include <chrono>

#include "families/hunyuan_video/text/prompt_layout.h"
#include "stage.h"
#include "text/bpe_tokenizer.h"

namespace {

using zt::parity::Case;

std::vector<std::string_view> texts_of(const Case& c) {
    const at::Tensor& bytes = c.input("bytes");
    const at::Tensor& ends = c.input("ends");
    std::vector<std::string_view> texts;
    int64_t start = 0;
    for (int64_t i = 0; i < ends.numel(); ++i) {
        const int64_t end = ends.const_data_ptr<int64_t>()[i];
        texts.emplace_back(reinterpret_cast<const char*>(bytes.const_data_ptr<uint8_t>()) + start,
                           static_cast<size_t>(end - start));
        start = end;
    }
    return texts;
}

struct Lists {
    std::vector<int32_t> values;
    std::vector<int64_t> ends;
    void add(const std::vector<int32_t>& list) {
        values.insert(values.end(), list.begin(), list.end());
        ends.push_back(static_cast<int64_t>(values.size()));
    }
    void put(Case& c, const std::string& name) const {
        c.out[name] = at::tensor(values, at::kInt);
        c.out[name + "_ends"] = at::tensor(ends, at::kLong);
    }
};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void encode(Case& c) {
    const auto begin = std::chrono::steady_clock::now();
    const auto tokenizer = zt::text::BpeTokenizer::open(c.option("folder"));
    const double load = milliseconds_since(begin);
    const size_t most = c.option("most").empty() ? SIZE_MAX : std::stoul(c.option("most"));
    Lists ids;
    double total = 0, slowest = 0;
    for (const std::string_view text : texts_of(c)) {
        const auto start = std::chrono::steady_clock::now();
        ids.add(tokenizer.encode(text, c.option("special", "1") == "1", most).ids);
        const double took = milliseconds_since(start);
        total += took;
        slowest = std::max(slowest, took);
    }
    ids.put(c, "ids");
    c.out["ms"] = at::tensor({load, total, slowest}, at::kDouble);
    c.out["size"] = at::tensor(
        {static_cast<int64_t>(tokenizer.vocabulary_size()), static_cast<int64_t>(tokenizer.id_end())}, at::kLong);
}

void layout(Case& c) {
    namespace hv = zt::hunyuan_video;
    const auto tokenizer = zt::text::BpeTokenizer::open(c.option("folder"));
    if (c.option("kind") == "pooled") {
        Lists ids;
        for (const std::string_view text : texts_of(c)) ids.add(hv::pooled_layout(tokenizer, text).ids);
        return ids.put(c, "ids");
    }
    const hv::Kind kind = c.option("kind") == "t2v"             ? hv::Kind::kTextToVideo
                          : c.option("kind") == "token_replace" ? hv::Kind::kTokenReplace
                                                                : hv::Kind::kLatentConcat;
    const hv::PromptTemplate rules = hv::prompt_template(tokenizer, kind);
    const int32_t images = kind == hv::Kind::kTextToVideo ? 0 : std::stoi(c.option("images"));
    Lists ids, keep;
    for (const std::string_view text : texts_of(c)) {
        const hv::TextLayout made =
            hv::text_layout(tokenizer, rules, text, images, hv::image_stride(kind, c.option("negative") == "1"));
        ids.add(made.ids);
        keep.add(made.keep);
    }
    ids.put(c, "ids");
    keep.put(c, "keep");
    c.out["rules"] = at::tensor({rules.prefix, rules.image_at}, at::kInt);
}

}  // namespace

int main(int argc, char** argv) { return zt::parity::run(argc, argv, {{"encode", encode}, {"layout", layout}}); }
