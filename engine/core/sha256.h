// SPDX-License-Identifier: LGPL-2.1-or-later
//
// SHA-256 (FIPS 180-4): identity of weights, manifests and prompts. Kept here so that the engine
// brings no cryptographic library, with its process-wide state, into the host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace zt {

// One thread at a time.
class Sha256 {
public:
    enum class Kernel { kBest, kPortable };

    explicit Sha256(Kernel kernel = Kernel::kBest) noexcept;
    void update(std::span<const std::byte> bytes) noexcept;
    void update(std::string_view text) noexcept { update(std::as_bytes(std::span(text))); }
    // 64 lower-case hex digits. The object must not be used afterwards.
    [[nodiscard]] std::string finish();

private:
    using State = std::array<uint32_t, 8>;
    using Compress = void (*)(State&, const std::byte* blocks, size_t count) noexcept;

    static void compress_portable(State& state, const std::byte* blocks, size_t count) noexcept;
    static void compress_x86(State& state, const std::byte* blocks, size_t count) noexcept;

    Compress compress_;
    State state_;
    std::array<std::byte, 64> pending_{};
    uint64_t total_bytes_ = 0;
};

[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace zt
