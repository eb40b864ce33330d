// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See place.h.
#include "ranks/place.h"

#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"

namespace zt::ranks {
namespace {

constexpr int64_t kMostRanks = 1024;
constexpr size_t kLeastSecret = 16;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

int64_t number(const char* name, std::string_view text, int64_t least, int64_t most) {
    const auto value = parse_int64(std::string(text));
    if (!value || *value < least || *value > most)
        throw Error(ZT_ERROR_ARGUMENT, std::string(name) + ": expected a number from " + std::to_string(least) +
                                           " to " + std::to_string(most) + ", got " + quote(std::string(text)));
    return *value;
}

}  // namespace

std::optional<Place> place_of_environment() {
    const std::string ranks = variable("ZOETROPE_RANKS");
    if (ranks.empty()) return std::nullopt;
    const size_t first = ranks.find('/'), second = ranks.find('/', first + 1);
    if (first == ranks.npos || second == ranks.npos)
        throw Error(ZT_ERROR_ARGUMENT, "ZOETROPE_RANKS: expected RANK/SIZE/LOCAL_RANK, got " + quote(ranks));
    Place place;
    place.size = static_cast<int>(
        number("ZOETROPE_RANKS", std::string_view(ranks).substr(first + 1, second - first - 1), 1, kMostRanks));
    place.rank =
        static_cast<int>(number("ZOETROPE_RANKS", std::string_view(ranks).substr(0, first), 0, place.size - 1));
    place.local_rank =
        static_cast<int>(number("ZOETROPE_RANKS", std::string_view(ranks).substr(second + 1), 0, kMostRanks));
    if (place.size == 1) return std::nullopt;
    const std::string at = variable("ZOETROPE_RANKS_AT");
    const size_t colon = at.rfind(':');
    if (colon == at.npos) throw Error(ZT_ERROR_ARGUMENT, "ZOETROPE_RANKS_AT: expected ADDRESS:PORT, got " + quote(at));
    place.address = at.substr(0, colon);
    place.port = static_cast<int>(number("ZOETROPE_RANKS_AT", std::string_view(at).substr(colon + 1), 1, 65535));
    if (place.rank == 0)
        place.listener =
            static_cast<int>(number("ZOETROPE_RANKS_SOCKET", variable("ZOETROPE_RANKS_SOCKET"), 0, 1 << 20));
    place.secret = variable("ZOETROPE_RANKS_SECRET");
    if (place.secret.size() < kLeastSecret)
        throw Error(ZT_ERROR_ARGUMENT, "ZOETROPE_RANKS_SECRET: expected " + std::to_string(kLeastSecret) +
                                           " characters or more, the same for all ranks, got " +
                                           std::to_string(place.secret.size()));
    if (const std::string seconds = variable("ZOETROPE_RANKS_TIMEOUT"); !seconds.empty())
        place.timeout = timeout_of("ZOETROPE_RANKS_TIMEOUT", seconds);
    if (const std::string transport = variable("ZOETROPE_RANKS_TRANSPORT"); !transport.empty())
        place.transport = transport_of("ZOETROPE_RANKS_TRANSPORT", transport);
    place.again = !variable("ZOETROPE_RANKS_AGAIN").empty();
    return place;
}

const Company& company() {
    static const Company read = [] {
        const std::optional<Place> place = place_of_environment();
        if (!place) return Company{};
        const std::string here = variable("ZOETROPE_RANKS_HERE");
        return Company{place->size,
                       here.empty() ? 1 : static_cast<int>(number("ZOETROPE_RANKS_HERE", here, 1, place->size))};
    }();
    return read;
}

std::chrono::seconds timeout_of(const char* option, const std::string& seconds) {
    const auto value = parse_int64(seconds);
    if (!value || *value < 1 || *value > 86'400)
        throw Error(ZT_ERROR_ARGUMENT,
                    std::string(option) + ": expected seconds from 1 to 86400, got " + quote(seconds));
    return std::chrono::seconds(*value);
}

Transport transport_of(const char* option, const std::string& name) {
    if (name == "gloo") return Transport::kGloo;
    if (name == "nccl") return Transport::kNccl;
    throw Error(ZT_ERROR_ARGUMENT, std::string(option) + ": expected gloo or nccl, got " + quote(name));
}

int64_t gpu_of(int64_t local, const char* visible) {
    const std::string_view list = visible != nullptr ? visible : "";
    return !list.empty() && list.find(',') == list.npos ? 0 : local;
}

}  // namespace zt::ranks
