// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parts of the engine that whole clips of tiny models do not reach on the device `fake`: every encoding of a file, and
// the painter of tableau.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "backend/fake_device.h"
#include "encoders/t5_names.h"
#include "families/tableau/painter.h"
#include "load/part_reader.h"
#include "weights/decode_tensor.h"
#include "weights/tensor_store.h"

namespace {

using namespace zt;
using fake_device::Transfers;
using fake_device::transfers;
using weights::Encoding;

const at::Device kFake(at::DeviceType::PrivateUse1, 0);

at::Tensor home(const at::Tensor& t) { return t.to(at::kCPU); }

// Any bytes are blocks, but for the scales, which are halves: from 0 to 255 in their high byte there are NaNs among
// them.
at::Tensor blocks_of(Encoding encoding, int64_t rows, int64_t blocks) {
    const auto shape = weights::block_shape(encoding);
    at::Generator generator = at::detail::createCPUGenerator(5);
    at::Tensor bytes = at::randint(0, 256, {rows, blocks * shape.bytes}, generator, at::TensorOptions(at::kByte));
    return shape.values == 1 ? bytes.bitwise_and(0xBF) : bytes;
}

TEST(FakeDeviceParts, EveryEncodingIsTheSameNumbersOnADevice) {
    const c10::InferenceMode inference;
    for (const Encoding encoding :
         {Encoding::kF8E4M3, Encoding::kF8E5M2, Encoding::kQ4_0, Encoding::kQ4_1, Encoding::kQ5_0, Encoding::kQ5_1,
          Encoding::kQ8_0, Encoding::kQ2K, Encoding::kQ3K, Encoding::kQ4K, Encoding::kQ5K, Encoding::kQ6K,
          Encoding::kIQ4NL, Encoding::kIQ4XS}) {
        const auto shape = weights::block_shape(encoding);
        const at::Tensor bytes = blocks_of(encoding, 3, 8), there = bytes.to(kFake);
        const int64_t columns = 8 * shape.values;
        const at::Tensor scale = shape.values == 1 ? at::tensor({0.5F, 2.0F, 3.0F}) : at::Tensor();
        const at::Tensor factor = scale.defined() ? scale.to(kFake) : scale, table = weights::decoding_table(kFake);
        for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
            const Transfers before = transfers();
            const at::Tensor made = weights::decode_tensor(there, encoding, {3, columns}, factor, type, table);
            EXPECT_EQ((transfers() - before).waited, 0) << weights::encoding_name(encoding);
            const at::Tensor wanted = weights::decode_tensor(bytes, encoding, {3, columns}, scale, type);
            EXPECT_TRUE(at::allclose(home(made).to(at::kFloat), wanted.to(at::kFloat), 0, 0, /*equal_nan=*/true))
                << weights::encoding_name(encoding);
        }
    }
}

// ComfyUI's int8 and NVFP4, of rows that are decoded in one piece and in several (2048 numbers at a time): what a row's
// pieces are by themselves, and the same on a device.
TEST(FakeDeviceParts, WideRowsOfInt8AndNvfp4) {
    const c10::InferenceMode inference;
    constexpr int64_t kRows = 3, kPiece = 1024;
    for (const Encoding encoding : {Encoding::kI8, Encoding::kI8Turned4, Encoding::kI8Turned16, Encoding::kI8Turned64,
                                    Encoding::kI8Turned256, Encoding::kI8Turned1024, Encoding::kNvfp4})
        for (const int64_t columns : {int64_t{1024}, int64_t{2048}, int64_t{3072}, int64_t{5120}}) {
            const bool four_bits = encoding == Encoding::kNvfp4;
            const int64_t piece_bytes = four_bits ? kPiece / 16 * 9 : kPiece, pieces = columns / kPiece;
            const at::Tensor bytes = at::randint(0, 256, {kRows, pieces * piece_bytes},
                                                 at::detail::createCPUGenerator(5), at::TensorOptions(at::kByte));
            const at::Tensor scale = four_bits ? at::scalar_tensor(0.3, at::kFloat) : at::tensor({0.5F, 0.7F, 3.0F});
            for (const bool by_column : {false, true}) {
                if (by_column && !four_bits) continue;
                const at::Tensor factors =
                    by_column ? at::rand({columns}, at::detail::createCPUGenerator(6)) + 0.5 : at::Tensor();
                const auto name = std::string(weights::encoding_name(encoding)) + " " + std::to_string(columns);
                for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
                    const at::Tensor whole =
                        weights::decode_tensor(bytes, encoding, {kRows, columns}, scale, type, factors);
                    std::vector<at::Tensor> parts;
                    for (int64_t i = 0; i < pieces; i++)
                        parts.push_back(weights::decode_tensor(
                            bytes.narrow(1, i * piece_bytes, piece_bytes).contiguous(), encoding, {kRows, kPiece},
                            scale, type, by_column ? factors.narrow(0, i * kPiece, kPiece) : factors));
                    EXPECT_TRUE(at::allclose(whole, at::cat(parts, 1), 0, 0, /*equal_nan=*/true)) << name;
                    const at::Tensor there = bytes.to(kFake), factor = scale.to(kFake),
                                     table = by_column ? factors.to(kFake) : factors;
                    const Transfers before = transfers();
                    const at::Tensor made =
                        weights::decode_tensor(there, encoding, {kRows, columns}, factor, type, table);
                    EXPECT_EQ((transfers() - before).waited, 0) << name;
                    EXPECT_TRUE(at::allclose(home(made), whole, 0, 0, /*equal_nan=*/true)) << name;
                }
            }
        }
}

// More than is read at once, and each piece is under way while the next is read: nothing may write over it.
TEST(FakeDeviceParts, AMatrixOfManyPiecesArrivesWhole) {
    const c10::InferenceMode inference;
    const std::string file = testing::TempDir() + "fake_device_pieces.safetensors";
    const at::Tensor matrix = at::randn({5000, 700}, at::detail::createCPUGenerator(5));  // 14 MB
    weights::write_tensors(file, {{"shared.weight", matrix}}, {});
    load::ReaderOptions options;
    options.device = kFake;
    const load::PartReader reader(std::make_shared<const weights::Checkpoint>(weights::Checkpoint::open(file)),
                                  encoders::t5_names(), options);
    const std::vector<int64_t> some = {4999, 0, 17};
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
        const Transfers before = transfers();
        const at::Tensor whole = reader.dense("shared.weight", type), rows = reader.rows("shared.weight", some, type);
        const Transfers t = transfers() - before;
        EXPECT_EQ(t.waited, 0);
        EXPECT_GE(t.to_device, 4) << "three pieces and the rows";
        EXPECT_TRUE(at::equal(home(whole), matrix.to(type)));
        EXPECT_TRUE(at::equal(home(rows), matrix.index_select(0, at::tensor(some)).to(type)));
    }
    std::filesystem::remove(file);
}

TEST(FakeDeviceParts, ThePainterWaitsForItsFrameAlone) {
    const c10::InferenceMode inference;
    constexpr int kWidth = 75, kHeight = 48;
    tableau::Texture texture;
    texture.width = kWidth, texture.height = kHeight;
    for (int i = 0; i < kWidth * kHeight; i++)
        for (const float v : {0.5F + 0.4F * std::sin(0.1F * static_cast<float>(i)), 0.3F, 0.7F, 0.0F})
            texture.pixels.push_back(v);
    tableau::Look look;
    for (tableau::Net* net : {&look.first, &look.second, &look.layer}) {
        *net = tableau::Net(10, 7);
        for (int j = 0; j <= 7; j++)
            for (int i = 0; i <= 10; i++) {
                const size_t at = static_cast<size_t>(j * 11 + i);
                net->x[at] = 7.3F * static_cast<float>(i) + 0.4F, net->y[at] = 6.7F * static_cast<float>(j) - 0.3F;
            }
    }
    look.weight.assign(look.first.x.size(), 0.4F);
    tableau::Map subject(50, 32);
    for (int y = 8; y < 24; y++)
        for (int x = 15; x < 35; x++) subject.row(y)[x] = 1;
    const auto cpu = tableau::make_tensor_painter(texture, at::kCPU),
               fake = tableau::make_tensor_painter(texture, kFake);
    cpu->take(tableau::lift(texture, subject, tableau::kGuessed));
    fake->take(tableau::lift(texture, subject, tableau::kGuessed));
    std::vector<float> a(3 * kWidth * kHeight), b(a.size());
    cpu->paint(look, a.data(), {});
    const Transfers before = transfers();
    fake->paint(look, b.data(), {});
    const Transfers t = transfers() - before;
    EXPECT_EQ(t.waited, 1);
    EXPECT_EQ(t.to_host, 1);
    for (size_t i = 0; i < a.size(); i++) ASSERT_NEAR(a[i], b[i], 1e-5);
}

}  // namespace
