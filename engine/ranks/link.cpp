// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See link.h.
#include "ranks/link.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace zt::ranks {
namespace {

using Clock = std::chrono::steady_clock;

bool wait_for(int fd, short events, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd one{fd, events, 0};
        const int ready = poll(&one, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

}  // namespace

bool wait_readable(int fd, std::chrono::milliseconds timeout) { return wait_for(fd, POLLIN, Clock::now() + timeout); }

bool read_fully(int fd, void* to, size_t bytes, Clock::time_point deadline) {
    for (auto* at = static_cast<char*>(to); bytes > 0;) {
        if (!wait_for(fd, POLLIN, deadline)) return false;
        const ssize_t got = recv(fd, at, bytes, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
        if (got > 0) at += got, bytes -= static_cast<size_t>(got);
    }
    return true;
}

bool write_fully(int fd, const void* from, size_t bytes, Clock::time_point deadline) {
    for (const auto* at = static_cast<const char*>(from); bytes > 0;) {
        if (!wait_for(fd, POLLOUT, deadline)) return false;
        const ssize_t sent = ::send(fd, at, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
        if (sent > 0) at += sent, bytes -= static_cast<size_t>(sent);
    }
    return true;
}

void Link::send(Kind kind, std::string_view text) {
    char head[5] = {static_cast<char>(kind)};
    const auto size = static_cast<uint32_t>(text.size());
    std::memcpy(head + 1, &size, sizeof(size));
    const auto deadline = Clock::now() + kPatience;
    if (text.size() > kMostMessage || !write_fully(fd(), head, sizeof(head), deadline) ||
        !write_fully(fd(), text.data(), text.size(), deadline))
        throw Error(ZT_ERROR_NETWORK, name_ + ": expected it to listen, got none (it ended, or was killed)");
}

bool Link::lost() const {
    pollfd one{fd(), POLLIN | POLLRDHUP, 0};
    char kind = 0;
    if (poll(&one, 1, 0) <= 0) return false;
    if ((one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) return true;
    return recv(fd(), &kind, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && kind == static_cast<char>(Kind::kFailed);
}

std::optional<Message> Link::receive(std::chrono::milliseconds timeout) {
    if (!wait_readable(fd(), timeout)) return std::nullopt;
    char head[5];
    uint32_t size = 0;
    const auto deadline = Clock::now() + kPatience;
    if (!read_fully(fd(), head, sizeof(head), deadline))
        throw Error(ZT_ERROR_NETWORK, name_ + ": expected its answer, got the end of it (it ended, or was killed)");
    std::memcpy(&size, head + 1, sizeof(size));
    if (head[0] < static_cast<char>(Kind::kOpen) || head[0] > static_cast<char>(Kind::kDrop) || size > kMostMessage)
        throw Error(ZT_ERROR_NETWORK, name_ + ": expected a message of this version, got another");
    Message message{static_cast<Kind>(head[0]), std::string(size, '\0')};
    if (!read_fully(fd(), message.text.data(), size, deadline))
        throw Error(ZT_ERROR_NETWORK, name_ + ": expected a whole message, got a part of it");
    return message;
}

}  // namespace zt::ranks
