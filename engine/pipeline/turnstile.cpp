// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See turnstile.h.
#include "pipeline/turnstile.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace zt::pipeline {

size_t Turnstile::waiting() {
    const std::lock_guard lock(mutex_);
    return line_.size();
}

bool Turnstile::enter(int places, const Cancel& cancel) {
    std::unique_lock lock(mutex_);
    const uint64_t ticket = next_ticket_++;
    line_.push_back(ticket);
    // Strictly in order: who needs few places does not overtake who needs many, or those might wait for ever.
    moved_.wait(lock, [&] { return cancel.requested() || (line_.front() == ticket && free_ >= places); });
    const bool cancelled = cancel.requested();
    line_.erase(std::find(line_.begin(), line_.end(), ticket));
    if (!cancelled) free_ -= places;
    moved_.notify_all();  // the next one may fit beside
    return !cancelled;
}

void Turnstile::leave(int places) {
    const std::lock_guard lock(mutex_);
    free_ += places;
    moved_.notify_all();
}

void Turnstile::wake() {
    const std::lock_guard lock(mutex_);  // nobody is between looking at a cancel and falling asleep
    moved_.notify_all();
}

Turn::Turn(Turnstile& turnstile, int places, const Cancel& cancel)
    : turnstile_(turnstile), places_(std::min(places, turnstile.places())), cancel_(cancel) {}

void Turn::take() {
    if (!turnstile_.enter(places_, cancel_)) cancel_.poll();
    mine_ = true;
    taken_ = std::chrono::steady_clock::now();
}

void Turn::pass() {
    if (std::chrono::steady_clock::now() - taken_ >= turnstile_.turn()) give_way();
}

void Turn::give_way() {
    if (!mine_ || turnstile_.waiting() == 0) return;
    give_back();
    take();
}

void Turn::give_back() {
    if (mine_) turnstile_.leave(places_);
    mine_ = false;
}

Turnstile& turnstile_of(const families::Model& model) {
    struct Table {
        std::mutex mutex;  // guards turnstiles
        std::map<std::string, Turnstile> turnstiles;
    };
    // Never destroyed: a session may end after static destructors have run.
    static Table& table = *std::make_unique<Table>().release();
    const std::string device = model.device();
    // hardware_concurrency counts the cores this process may run on.
    const int places = device == "cpu" ? std::max(1, static_cast<int>(std::thread::hardware_concurrency())) : 1;
    const std::lock_guard lock(table.mutex);
    return table.turnstiles.try_emplace(device, places).first->second;
}

int places_of(const families::Model& model, int threads) { return model.device() == "cpu" ? std::max(1, threads) : 1; }

}  // namespace zt::pipeline
