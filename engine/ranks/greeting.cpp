// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See greeting.h.
#include "ranks/greeting.h"

#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "core/error.h"
#include "core/sha256.h"
#include "core/utf8.h"
#include "include/zoetrope/version.h"
#include "ranks/link.h"

namespace zt::ranks {
namespace {

constexpr char kMagic[8] = {'z', 't', 'r', 'a', 'n', 'k', 's', '1'};

std::string raw(const std::string& hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
    return bytes;
}

// 64 hex digits.
std::string hmac(const std::string& key, const std::string& text) {
    std::string block = key.size() > 64 ? raw(sha256_hex(key)) : key;
    block.resize(64, '\0');
    std::string inner = block, outer = block;
    for (char& c : inner) c ^= 0x36;
    for (char& c : outer) c ^= 0x5c;
    return sha256_hex(outer + raw(sha256_hex(inner + text)));
}

bool equal(const std::string& wanted, const char* got) {  // in constant time
    unsigned different = 0;
    for (size_t i = 0; i < wanted.size(); i++) different |= static_cast<unsigned>(wanted[i] ^ got[i]);
    return different == 0;
}

Nonce fresh() {
    Nonce nonce{};
    if (getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size()))
        throw Error(ZT_ERROR_IO, "ranks: expected random numbers of the system, got none");
    return nonce;
}

std::string proof(const Place& place, const char* who, const Nonce& a, const Nonce& b, const std::string& said) {
    return hmac(place.secret, who + std::string(a.data(), a.size()) + std::string(b.data(), b.size()) + said);
}

std::string said(const Claim& claim) { return {reinterpret_cast<const char*>(&claim), offsetof(Claim, proof)}; }

template <size_t N>
void put(char (&to)[N], const std::string& text) {
    std::memset(to, 0, N);
    std::memcpy(to, text.data(), std::min(N, text.size()));
}

}  // namespace

Hello fresh_hello() {
    Hello hello{{}, fresh()};
    std::memcpy(hello.magic, kMagic, sizeof(kMagic));
    return hello;
}

bool is_hello(const Hello& hello) { return std::memcmp(hello.magic, kMagic, sizeof(kMagic)) == 0; }

Claim claim_of(const Place& place, const std::string& build, const Hello& ours, const Hello& zeros) {
    Claim claim{place.rank, place.size, {}, {}, {}};
    put(claim.version, ZT_VERSION_STRING), put(claim.build, build);
    put(claim.proof, proof(place, "other", zeros.nonce, ours.nonce, said(claim)));
    return claim;
}

bool proves(const Answer& answer, const Place& place, const Hello& ours, const Hello& zeros) {
    return equal(proof(place, "zero", ours.nonce, zeros.nonce, std::string(1, answer.same)), answer.proof);
}

Caller::Step Caller::advance(const Place& place, const std::string& build) {
    for (;;) {
        char* const to = greeted_ ? reinterpret_cast<char*>(&claim_) : reinterpret_cast<char*>(&theirs_);
        const size_t size = greeted_ ? sizeof(claim_) : sizeof(theirs_);
        const ssize_t got = recv(fd_.get(), to + have_, size - have_, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Step::kWaits;
        if (got <= 0) return Step::kGone;
        have_ += static_cast<size_t>(got);
        if (have_ < size) continue;
        if (greeted_) return judge(place, build);
        ours_ = fresh_hello();
        if (!is_hello(theirs_) || !write_fully(fd_.get(), &ours_, sizeof(ours_), Clock::now())) return Step::kGone;
        greeted_ = true, have_ = 0;
    }
}

Caller::Step Caller::judge(const Place& place, const std::string& build) {
    if (!equal(proof(place, "other", ours_.nonce, theirs_.nonce, said(claim_)), claim_.proof)) return Step::kGone;
    const std::string version(claim_.version, strnlen(claim_.version, sizeof(claim_.version)));
    Answer answer{};
    answer.same = claim_.size == place.size && std::memcmp(claim_.build, build.data(), sizeof(claim_.build)) == 0;
    put(answer.version, ZT_VERSION_STRING);
    put(answer.proof, proof(place, "zero", theirs_.nonce, ours_.nonce, std::string(1, answer.same)));
    if (!write_fully(fd_.get(), &answer, sizeof(answer), Clock::now())) return Step::kGone;
    if (answer.same == 0)
        throw Error(ZT_ERROR_NETWORK, "rank " + std::to_string(claim_.rank) + ": expected version " +
                                          ZT_VERSION_STRING + ", build " + build.substr(0, 8) + ", of " +
                                          std::to_string(place.size) + " ranks, got version " + quote(version) +
                                          ", build " + quote(std::string(claim_.build, 8)) + ", of " +
                                          std::to_string(claim_.size) + "; install the same Zoetrope everywhere");
    return claim_.rank > 0 && claim_.rank < place.size ? Step::kKnown : Step::kGone;
}

}  // namespace zt::ranks
