// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How ranks find each other: rank 0 answers on a socket that was bound for it, to one address; the others come to it.
// Both sides prove that they know the secret (greeting.h); whoever does not is dropped without a word, and holds up
// nobody. Nothing is encrypted: for networks that are trusted. Torch-free.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "ranks/link.h"
#include "ranks/place.h"

namespace zt::ranks {

// Rank 0: waits for all others; links[r] is rank r's, [0] null. build: what computes, equal for all. Throws
// zt::Error(NETWORK), naming the rank, where one does not come within a minute or is of another build; also once
// another process that has the socket shuts it down (shutdown(2)): not all will come.
[[nodiscard]] std::vector<std::unique_ptr<Link>> accept_ranks(const Place& place, const std::string& build,
                                                              const Log& log);

// Another rank: comes to rank 0, again and again for kRendezvousTime. Null where nobody listens any more, though
// somebody did before, for this process or for the one before it (Place::again): there will be no other program. Throws
// zt::Error(NETWORK).
[[nodiscard]] std::unique_ptr<Link> connect_to_rank_0(const Place& place, const std::string& build);

// The numeric address of this end of a link.
[[nodiscard]] std::string own_address(const Link& link);

inline constexpr std::chrono::milliseconds kRendezvousTime{60'000};

}  // namespace zt::ranks
