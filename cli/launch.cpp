// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope launch`; see launch.h. Rank 0 is the host's program, unchanged but for its environment and one inherited
// socket; the others are this program, serving. Whoever ends first ends all.
#include "launch.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "ranks/place.h"
#include "supervisor.h"

namespace zt::cli {
namespace {

constexpr const char* kHelp =
    "usage: zoetrope launch -n N [--] PROGRAM [ARGUMENT]...                  N ranks on this machine\n"
    "       torchrun|mpirun|srun ... zoetrope launch [--address A:P] [--] PROGRAM [ARGUMENT]...\n"
    "\n"
    "Several processes (ranks) make the clips of one program together: ffmpeg, gst-launch-1.0, zoetrope\n"
    "generate or any other host. Rank 0 is that program, as it is; the others compute their part of whatever\n"
    "it generates with a model that denoises, until it ends. Where there are GPUs, each has its own.\n"
    "\n"
    "  -n N             as many, started here\n"
    "  --address A:P    where rank 0 listens (of this machine: 127.0.0.1 and a free port; else MASTER_ADDR and\n"
    "                   MASTER_PORT + 1). Only for networks that are trusted: nothing is encrypted\n"
    "  --transport T    how tensors travel between GPUs: gloo, through the host's memory, or nccl (gloo)\n"
    "  --timeout S      the longest wait for another rank, in seconds (600)\n"
    "\n"
    "On several machines ZOETROPE_RANKS_SECRET must be the same 16 or more characters for all.\n"
    "The exit status is the program's.\n";

struct Arguments {
    int64_t ranks = 0;
    std::string address, timeout, transport;
    std::vector<char*> program;  // null at the end
    bool help = false;
};

Arguments parse(std::span<char*> words) {
    Arguments parsed;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        const auto value = [&]() -> std::string {
            if (i + 1 == words.size())
                throw Error(ZT_ERROR_ARGUMENT, std::string(word) + ": expected a value, got none");
            return words[++i];
        };
        if (word == "-h" || word == "--help") {
            parsed.help = true;
        } else if (word == "-n") {
            const std::string text = value();
            parsed.ranks = parse_int64(text).value_or(0);
            if (parsed.ranks < 1 || parsed.ranks > 64)
                throw Error(ZT_ERROR_ARGUMENT, "-n: expected a number of ranks from 1 to 64, got " + quote(text));
        } else if (word == "--address") {
            parsed.address = value();
        } else if (word == "--transport") {
            (void)ranks::transport_of("--transport", parsed.transport = value());
        } else if (word == "--timeout") {
            (void)ranks::timeout_of("--timeout", parsed.timeout = value());
        } else if (word == "--" || !word.starts_with("-")) {
            for (i += word == "--" ? 1 : 0; i < words.size(); ++i) parsed.program.push_back(words[i]);
        } else {
            throw Error(ZT_ERROR_ARGUMENT,
                        quote(word) + ": expected an option of zoetrope launch --help, got no such option");
        }
    }
    if (!parsed.help && parsed.program.empty())
        throw Error(ZT_ERROR_ARGUMENT, "launch: expected a program to run, got none");
    parsed.program.push_back(nullptr);
    return parsed;
}

// ---- Who we are ----

struct Where {
    int64_t rank = 0, size = 0, local = 0;  // local: the number of its GPU
};

struct Names {
    const char *rank, *size, *local;
    bool whole = false;  // they count only where all three are there
};

// As torchrun, Open MPI, MPICH and Intel MPI, or Slurm say; size 0 where none of them does. In an allocation of Slurm's
// mpirun of MPICH and Intel MPI starts one process on each machine by srun, and theirs inherit what Slurm calls that
// one: so their names come first. Slurm may set names of PMI too, but never the local one, and then its own are right.
Where where_we_are() {
    constexpr Names kNames[] = {{"RANK", "WORLD_SIZE", "LOCAL_RANK"},
                                {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
                                {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", true},
                                {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"},
                                {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"}};
    const auto number = [](const char* name) -> int64_t {
        const char* const text = std::getenv(name);
        return text == nullptr ? -1 : parse_int64(text).value_or(-1);
    };
    for (const Names& names : kNames) {
        const Where found{number(names.rank), number(names.size), number(names.local)};
        if (names.whole && found.local < 0) continue;
        if (found.size > 0 && found.rank >= 0 && found.rank < found.size)
            return {found.rank, found.size,
                    ranks::gpu_of(std::max<int64_t>(found.local, 0), std::getenv("CUDA_VISIBLE_DEVICES"))};
    }
    return {};
}

// How many of them are on this machine, where they say: they divide its memory. Slurm says it of all machines,
// "4(x2),3". In the order of kNames.
std::optional<int64_t> ranks_here(int64_t size) {
    for (const char* const name : {"LOCAL_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS",
                                   "SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"}) {
        const char* const text = std::getenv(name);
        if (text == nullptr) continue;
        int64_t most = 1;
        for (std::string_view left = text; !left.empty();) {
            const size_t comma = std::min(left.find(','), left.size());
            const std::string_view one = left.substr(0, comma);
            most = std::max(most, parse_int64(std::string(one.substr(0, one.find('(')))).value_or(1));
            left.remove_prefix(std::min(left.size(), comma + 1));
        }
        return std::min(most, size);
    }
    return std::nullopt;
}

// ---- The socket ----

struct Address {
    std::string host;
    int port = 0;
    std::string name = {};  // for which the host was found
};

// Numeric: what listens there listens nowhere else.
Address resolve(const std::string& text) {
    const size_t colon = text.rfind(':');
    const auto port = colon == text.npos ? std::nullopt : parse_int64(text.substr(colon + 1));
    if (!port || *port < 0 || *port > 65535)
        throw Error(ZT_ERROR_ARGUMENT, "--address: expected ADDRESS:PORT, got " + quote(text));
    addrinfo hints{}, *found = nullptr;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    const std::string host = text.substr(0, colon);
    if (const int wrong = getaddrinfo(host.c_str(), nullptr, &hints, &found); wrong != 0)
        throw Error(ZT_ERROR_NETWORK, "--address: expected a name or address of a machine, got " + quote(host) + " (" +
                                          gai_strerror(wrong) + ")");
    const auto* const in = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
    char numeric[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &in->sin_addr, numeric, sizeof(numeric));
    const bool any = in->sin_addr.s_addr == htonl(INADDR_ANY);
    freeaddrinfo(found);
    if (any) throw Error(ZT_ERROR_ARGUMENT, "--address: expected one address of this machine, got all of them");
    return {numeric, static_cast<int>(*port), host};
}

// Debian gives a machine's own name to 127.0.1.1 in /etc/hosts: rank 0 would listen where no other machine reaches it,
// and those would wait in vain. A number is taken at its word.
void check_reach(const Address& address) {
    if (address.name != address.host && address.host.starts_with("127."))
        throw Error(ZT_ERROR_ARGUMENT, "--address: expected an address that other machines reach, got " + address.host +
                                           " (what this machine finds for " + quote(address.name) +
                                           ", in /etc/hosts perhaps); give it as a number");
}

Fd listen_at(Address& address) {
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<uint16_t>(address.port));
    inet_pton(AF_INET, address.host.c_str(), &at.sin_addr);
    socklen_t size = sizeof(at);
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 || listen(fd.get(), 4096) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
        throw Error(ZT_ERROR_NETWORK, "--address: expected " + address.host + ":" + std::to_string(address.port) +
                                          " to be free and of this machine, got: " + errno_text());
    address.port = ntohs(at.sin_port);
    return fd;
}

Address address_of(const Arguments& arguments, bool here) {
    if (!arguments.address.empty()) return resolve(arguments.address);
    if (here) return {"127.0.0.1", 0};
    const char *const host = std::getenv("MASTER_ADDR"), *const port = std::getenv("MASTER_PORT");
    const auto number = port == nullptr ? std::nullopt : parse_int64(port);
    if (host == nullptr || !number)
        throw Error(ZT_ERROR_ARGUMENT,
                    "--address: expected ADDRESS:PORT of rank 0 (there is no MASTER_ADDR and MASTER_PORT), got none");
    return resolve(std::string(host) + ":" + std::to_string(*number + 1));
}

void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }

// For every rank, by inheritance.
void set_common(const Address& address, const Arguments& arguments) {
    set("ZOETROPE_RANKS_AT", address.host + ":" + std::to_string(address.port));
    if (!arguments.timeout.empty()) set("ZOETROPE_RANKS_TIMEOUT", arguments.timeout);
    if (!arguments.transport.empty()) set("ZOETROPE_RANKS_TRANSPORT", arguments.transport);
    // So that no thread of c10d's ends a host; see engine/ranks/nccl/zt_nccl.cpp.
    if (arguments.transport == "nccl") set("TORCH_NCCL_BLOCKING_WAIT", "1");
}

std::string ranks_text(const Where& where) {
    return std::to_string(where.rank) + "/" + std::to_string(where.size) + "/" + std::to_string(where.local);
}

int launch_here(Arguments& arguments) {
    Address address = address_of(arguments, true);
    Fd listener = listen_at(address);
    set_common(address, arguments);
    set("ZOETROPE_RANKS_HERE", std::to_string(arguments.ranks));
    if (std::getenv("ZOETROPE_RANKS_SECRET") == nullptr) set("ZOETROPE_RANKS_SECRET", random_text());
    Supervisor supervisor;
    supervisor.start_program(arguments.program, ranks_text({0, arguments.ranks, 0}), std::move(listener),
                             arguments.ranks);
    for (int64_t rank = 1; rank < arguments.ranks; ++rank)
        supervisor.start_rank(ranks_text({rank, arguments.ranks, rank}), rank, arguments.ranks);
    return supervisor.run();
}

int launch_as(const Where& where, Arguments& arguments) {
    Address address = address_of(arguments, false);
    set_common(address, arguments);
    const std::optional<int64_t> here = ranks_here(where.size);
    set("ZOETROPE_RANKS_HERE", std::to_string(here.value_or(1)));
    if (where.rank == 0) {
        if (here && *here < where.size) check_reach(address);
        Supervisor supervisor;
        supervisor.start_program(arguments.program, ranks_text(where), listen_at(address), 0);
        return supervisor.run();
    }
    if (address.port == 0) throw Error(ZT_ERROR_ARGUMENT, "--address: expected the port of rank 0, got 0");
    set("ZOETROPE_RANKS", ranks_text(where));
    return serve_rank({});
}

}  // namespace

int launch(std::span<char*> words) {
    Arguments arguments = parse(words);
    if (arguments.help) return std::fputs(kHelp, stdout), 0;
    if (arguments.ranks == 1 || (arguments.ranks == 0 && where_we_are().size == 1)) {
        unsetenv("ZOETROPE_RANKS");  // of a launch around this one
        execvp(arguments.program[0], arguments.program.data());
        throw Error(ZT_ERROR_NOT_FOUND, quote(arguments.program[0]) + ": expected a program, got: " + errno_text());
    }
    if (arguments.ranks > 1) return launch_here(arguments);
    const Where where = where_we_are();
    if (where.size == 0)
        throw Error(ZT_ERROR_ARGUMENT,
                    "launch: expected -n N, or to be started by torchrun, mpirun or srun, got neither");
    return launch_as(where, arguments);
}

}  // namespace zt::cli
