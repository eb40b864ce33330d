// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See rendezvous.h.
#include "ranks/rendezvous.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "core/error.h"
#include "core/sha256.h"
#include "core/utf8.h"
#include "include/zoetrope/version.h"

namespace zt::ranks {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kGreeting{2000};  // for one that connected to say who it is
constexpr char kMagic[8] = {'z', 't', 'r', 'a', 'n', 'k', 's', '1'};

using Nonce = std::array<char, 16>;
struct Hello {
    char magic[8];
    Nonce nonce;
};
struct Claim {  // of fixed size: nothing that a stranger says is ever waited for or stored beyond it
    int32_t rank, size;
    char version[24];
    char build[64];  // hex digits
    char proof[64];
};
struct Answer {
    char same;  // 1: welcome; 0: another version or build
    char version[24];
    char proof[64];
};

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

void make_ready(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    // A machine that lost its power says nothing: known after a minute and a half.
    const int idle = 30, gap = 10, probes = 6, unanswered_ms = 90'000;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &gap, sizeof(gap));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
}

// Who came, once it proved that it is one of us; -1 for others.
int greet(const Place& place, int fd, const std::string& build, std::string& wrong) {
    const auto deadline = Clock::now() + kGreeting;
    Hello ours{{}, fresh()}, theirs{};
    std::memcpy(ours.magic, kMagic, sizeof(kMagic));
    Claim claim{};
    if (!read_fully(fd, &theirs, sizeof(theirs), deadline) || std::memcmp(theirs.magic, kMagic, sizeof(kMagic)) != 0 ||
        !write_fully(fd, &ours, sizeof(ours), deadline) || !read_fully(fd, &claim, sizeof(claim), deadline) ||
        !equal(proof(place, "other", ours.nonce, theirs.nonce, said(claim)), claim.proof))
        return -1;
    const std::string version(claim.version, strnlen(claim.version, sizeof(claim.version)));
    Answer answer{};
    answer.same = claim.size == place.size && std::memcmp(claim.build, build.data(), sizeof(claim.build)) == 0 ? 1 : 0;
    put(answer.version, ZT_VERSION_STRING);
    put(answer.proof, proof(place, "zero", theirs.nonce, ours.nonce, std::string(1, answer.same)));
    if (!write_fully(fd, &answer, sizeof(answer), deadline)) return -1;
    if (answer.same == 0)
        wrong = "rank " + std::to_string(claim.rank) + ": expected version " + ZT_VERSION_STRING + ", build " +
                build.substr(0, 8) + ", of " + std::to_string(place.size) + " ranks, got version " + quote(version) +
                ", build " + quote(std::string(claim.build, 8)) + ", of " + std::to_string(claim.size) +
                "; install the same Zoetrope everywhere";
    return claim.rank > 0 && claim.rank < place.size ? claim.rank : -1;
}

Fd connect_to(const Place& place) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(place.port));
    if (inet_pton(AF_INET, place.address.c_str(), &to.sin_addr) != 1)
        throw Error(ZT_ERROR_ARGUMENT,
                    "ZOETROPE_RANKS_AT: expected a numeric IPv4 address, got " + quote(place.address));
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0 || connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) return Fd(-1);
    make_ready(fd.get());
    return fd;
}

// A program in between may have closed the inherited socket, and its number may be another file's by now.
bool listens(const Place& place) {
    sockaddr_in at{};
    socklen_t size = sizeof(at), flag_size = sizeof(int);
    int listening = 0;
    char host[INET_ADDRSTRLEN] = "";
    return getsockopt(place.listener, SOL_SOCKET, SO_ACCEPTCONN, &listening, &flag_size) == 0 && listening != 0 &&
           getsockname(place.listener, reinterpret_cast<sockaddr*>(&at), &size) == 0 &&
           inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host)) != nullptr && place.address == host &&
           ntohs(at.sin_port) == place.port;
}

}  // namespace

std::vector<std::unique_ptr<Link>> gather(const Place& place, const std::string& build, const Log& log) {
    if (!listens(place))
        throw Error(ZT_ERROR_NETWORK,
                    "ZOETROPE_RANKS_SOCKET: expected the socket that zoetrope launch opened, got another (a program in "
                    "between closed it)");
    std::vector<std::unique_ptr<Link>> links(static_cast<size_t>(place.size));
    int missing = place.size - 1;
    for (const auto deadline = Clock::now() + kGatherTime; missing > 0;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0 || !wait_readable(place.listener, left)) break;
        Fd fd(accept4(place.listener, nullptr, nullptr, SOCK_CLOEXEC));
        if (fd.get() < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)) continue;
        if (fd.get() < 0)
            throw Error(ZT_ERROR_NETWORK,
                        std::string("ranks: expected to take a rank's call, got: ") + std::strerror(errno));
        make_ready(fd.get());
        std::string wrong;
        const int rank = greet(place, fd.get(), build, wrong);
        if (!wrong.empty()) throw Error(ZT_ERROR_NETWORK, wrong);
        if (rank < 0) {
            log(ZT_LOG_VERBOSE, "ranks: somebody who is none of us knocked, and was dropped");
            continue;
        }
        std::unique_ptr<Link>& link = links[static_cast<size_t>(rank)];
        if (link == nullptr) missing--;
        link = std::make_unique<Link>(std::move(fd), "rank " + std::to_string(rank));  // the last who came counts
    }
    for (size_t rank = 1; rank < links.size(); rank++)
        if (links[rank] == nullptr)
            throw Error(ZT_ERROR_NETWORK, "rank " + std::to_string(rank) + ": expected it to come to " + place.address +
                                              ":" + std::to_string(place.port) + " within " +
                                              std::to_string(kGatherTime.count() / 1000) +
                                              " s, got none; is it running, with the same ZOETROPE_RANKS_SECRET?");
    return links;
}

std::unique_ptr<Link> join(const Place& place, const std::string& build) {
    bool met = place.again;  // rank 0 was there: where it is no more, it ended
    for (const auto end = Clock::now() + kGatherTime; Clock::now() < end;
         std::this_thread::sleep_for(std::chrono::milliseconds(100))) {
        Fd fd = connect_to(place);
        if (fd.get() < 0 && met) return nullptr;
        if (fd.get() < 0) continue;
        Hello ours{{}, fresh()}, theirs{};
        std::memcpy(ours.magic, kMagic, sizeof(kMagic));
        // Rank 0's program may open a model much later: until it does, the connection waits.
        if (!write_fully(fd.get(), &ours, sizeof(ours), Clock::now() + kPatience)) continue;
        while (!wait_readable(fd.get(), kPatience)) {
        }
        const auto deadline = Clock::now() + kPatience;
        if (!read_fully(fd.get(), &theirs, sizeof(theirs), deadline)) {
            if (place.again) return nullptr;
            met = true;
            continue;
        }
        Claim claim{place.rank, place.size, {}, {}, {}};
        put(claim.version, ZT_VERSION_STRING), put(claim.build, build);
        put(claim.proof, proof(place, "other", theirs.nonce, ours.nonce, said(claim)));
        Answer answer{};
        if (std::memcmp(theirs.magic, kMagic, sizeof(kMagic)) != 0 ||
            !write_fully(fd.get(), &claim, sizeof(claim), deadline) ||
            !read_fully(fd.get(), &answer, sizeof(answer), deadline) ||
            !equal(proof(place, "zero", ours.nonce, theirs.nonce, std::string(1, answer.same)), answer.proof))
            throw Error(ZT_ERROR_NETWORK, "rank 0: expected one with the same ZOETROPE_RANKS_SECRET at " +
                                              place.address + ":" + std::to_string(place.port) + ", got another");
        if (answer.same == 0)
            throw Error(ZT_ERROR_NETWORK, "rank 0: expected version " ZT_VERSION_STRING " of this build, got version " +
                                              quote(std::string(answer.version, strnlen(answer.version, 24))) +
                                              " or another build; install the same Zoetrope everywhere");
        return std::make_unique<Link>(std::move(fd), "rank 0");
    }
    throw Error(ZT_ERROR_NETWORK, "rank 0: expected it to listen at " + place.address + ":" +
                                      std::to_string(place.port) + " within " +
                                      std::to_string(kGatherTime.count() / 1000) + " s, got nobody");
}

std::string own_address(const Link& link) {
    sockaddr_in own{};
    socklen_t size = sizeof(own);
    char text[INET_ADDRSTRLEN] = "127.0.0.1";
    if (getsockname(link.fd(), reinterpret_cast<sockaddr*>(&own), &size) == 0)
        inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text));
    return text;
}

}  // namespace zt::ranks
