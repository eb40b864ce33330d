// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See models.h.
#include "pipeline/models.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/model_folders.h"
#include "core/sha256.h"
#include "core/utf8.h"
#include "device/start_thread.h"
#include "device/worker_scope.h"
#include "pipeline/ranked_model.h"

namespace zt::pipeline {

namespace {

namespace fs = std::filesystem;
using families::Family;
using families::LoadOptions;
using ModelPtr = std::shared_ptr<const families::Model>;

// ---- Which family, which folder ----

struct Found {
    const Family* family = nullptr;
    std::string path;  // canonical; empty for a family without weights
};

bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

// The folder of the library (or program) this code is part of; empty if the loader does not tell.
fs::path own_folder() {
    Dl_info info{};
    // Any address inside this library does.
    static const int anchor = 0;
    if (dladdr(&anchor, &info) == 0 || info.dli_fname == nullptr) return {};
    std::error_code ignored;
    return fs::weakly_canonical(info.dli_fname, ignored).parent_path();
}

Found find_built_in(const Family& family) {
    if (!family.has_weights()) return {&family, {}};
    std::string looked;
    for (const fs::path& folder : model_folders(own_folder())) {
        if (is_folder(folder / family.name())) return {&family, fs::canonical(folder / family.name()).string()};
        looked += (looked.empty() ? "" : ", ") + zt::quote((folder / family.name()).lexically_normal().string());
    }
    throw Error(ZT_ERROR_NOT_FOUND, "model: expected the weights of " + std::string(family.name()) + " in " +
                                        (looked.empty() ? "ZOETROPE_MODEL_PATH" : looked) +
                                        ", got no such folder; set ZOETROPE_MODEL_PATH to the folder that holds it");
}

Found find_model(const std::string& name) {
    const auto& families = families::registry();
    std::string known;
    for (const Family* family : families) {
        if (!family->built_in()) continue;
        if (family->name() == name) return find_built_in(*family);
        known += (known.empty() ? "" : ", ") + std::string(family->name());
    }
    std::error_code error;
    const fs::path path = fs::canonical(name, error);
    if (error) {
        // A bare name was meant as a name; why there is no such file would only lead astray.
        std::string got = zt::quote(name);
        if (name.find('/') != std::string::npos) got += " (" + error.message() + ")";
        // In FFmpeg a value without a name is the model's.
        else if (name.find(' ') != std::string::npos)
            got += "; a sentence is written prompt='...'";
        throw Error(ZT_ERROR_NOT_FOUND, "model: expected " + known + " or the path of a model, got " + got);
    }
    families::Detection best;
    for (const Family* family : families) {
        families::Detection found = family->detect(path.string());
        if (found.fit == families::Detection::Fit::kOurs) return {family, path.string()};
        if (found.fit > best.fit || best.reason.empty()) best = std::move(found);
    }
    throw Error(best.status, best.reason.empty() ? "model: expected weights of a known family, got " + zt::quote(name)
                                                 : best.reason);
}

// ---- Identity ----

// More files than any model folder has; stops a walk through somebody's home folder.
constexpr size_t kMaxIdentityFiles = 4096;

// Of the file behind the name, so that a replaced or changed one differs: the change time (ctime) also when its size
// and modification time were put back. Not the device number: it differs between machines that share a folder.
std::string file_identity(const fs::path& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return path.string() + "?";
    std::string text = path.string();
    for (const auto number :
         {static_cast<int64_t>(status.st_ino), static_cast<int64_t>(status.st_size),
          static_cast<int64_t>(status.st_mtim.tv_sec), static_cast<int64_t>(status.st_mtim.tv_nsec),
          static_cast<int64_t>(status.st_ctim.tv_sec), static_cast<int64_t>(status.st_ctim.tv_nsec)})
        text += ":" + std::to_string(number);
    return text;
}

// A file, or everything in a folder.
void add_identity(const std::string& path, std::set<std::string>& files) {
    files.insert(file_identity(path));
    if (!is_folder(path)) return;
    std::error_code ignored;
    size_t seen = 0;
    for (fs::recursive_directory_iterator at(path, ignored), end; at != end && seen < kMaxIdentityFiles;
         at.increment(ignored), ++seen)
        files.insert(file_identity(at->path()));
}

// Its own name, size and three pieces of it: two files of weights that differ, differ nearly everywhere.
void add_contents(const fs::path& path, Sha256& digest) {
    constexpr size_t kPiece = size_t{64} << 10;
    std::ifstream file(path, std::ios::binary);
    std::error_code error;
    const uintmax_t size = fs::file_size(path, error);
    digest.update(path.filename().string() + ":" + std::to_string(error ? 0 : size) + ":");
    std::string piece(kPiece, '\0');
    for (const uintmax_t at : {uintmax_t{0}, size / 2, size > kPiece ? size - kPiece : 0}) {
        file.clear();
        file.seekg(static_cast<std::streamoff>(at));
        file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        digest.update(std::string_view(piece).substr(0, static_cast<size_t>(file.gcount())));
    }
}

// ---- Shared models ----

// One entry per identity. While it loads, others wait for the same future; afterwards only a weak
// pointer remains, so that the last user frees the weights.
struct Entry {
    std::shared_future<ModelPtr> loading;
    std::weak_ptr<const families::Model> model;
};

struct Table {
    std::mutex mutex;  // guards entries
    std::map<std::string, Entry> entries;
};

// Never destroyed: a session may end after static destructors have run.
Table& table() {
    static Table& shared = *std::make_unique<Table>().release();
    return shared;
}

void forget_freed(Table& shared) {
    std::erase_if(shared.entries,
                  [](const auto& item) { return !item.second.loading.valid() && item.second.model.expired(); });
}

ModelPtr open_shared(const std::string& key, const std::function<ModelPtr()>& load) {
    Table& shared = table();
    std::packaged_task<ModelPtr()> task([&] {
        ModelPtr model = load();  // without the lock: it takes long and logs
        const std::lock_guard lock(shared.mutex);
        shared.entries[key].model = model;
        return model;
    });
    std::shared_future<ModelPtr> result;
    bool ours = false;
    {
        const std::lock_guard lock(shared.mutex);
        forget_freed(shared);
        Entry& entry = shared.entries[key];
        if (ModelPtr open = entry.model.lock()) return open;
        if (!entry.loading.valid()) {
            entry.loading = task.get_future().share();
            ours = true;
        }
        result = entry.loading;
    }
    if (ours) {
        task();
        const std::lock_guard lock(shared.mutex);
        shared.entries[key].loading = {};
    }
    return result.get();  // throws, here and for those who waited, what loading met
}

}  // namespace

std::string contents_of(const std::string& name, LoadOptions options) {
    const Found found = find_model(name);
    options.path = found.path;
    std::vector<std::string> roots = found.family->other_files(options);
    roots.push_back(options.path);
    std::set<fs::path> files;
    std::error_code ignored;
    for (const std::string& root : roots) {
        if (fs::is_regular_file(root, ignored)) files.insert(root);
        if (!is_folder(root)) continue;
        for (fs::recursive_directory_iterator at(root, ignored), end; at != end && files.size() < kMaxIdentityFiles;
             at.increment(ignored))
            if (at->is_regular_file(ignored)) files.insert(at->path());
    }
    Sha256 digest;
    for (const fs::path& file : files) add_contents(file, digest);
    return digest.finish();
}

std::string sharing_key(const Family& family, const LoadOptions& options) {
    std::set<std::string> files;
    if (!options.path.empty()) add_identity(options.path, files);
    for (const std::string& path : family.other_files(options)) add_identity(path, files);
    // Each value after its name, so that none can pass for another.
    std::string key(family.name());
    const auto add = [&key](std::string_view name, std::string_view value) {
        ((key += '\0') += name) += '\0';
        key += value;
    };
    add("path", options.path);
    add("device", options.device);
    add("precision", options.precision);
    add("memory", std::to_string(options.memory_bytes));
    add("lora", options.lora);
    for (const auto& [name, value] : options.engine_opts) {
        add("key", name);
        add("value", value);
    }
    for (const std::string& file : files) add("file", file);
    return key;
}

OpenedModel open_model(const std::string& name, LoadOptions options) {
    const Found found = find_model(name);
    options.path = found.path;
    const std::string key = sharing_key(*found.family, options);
    ModelPtr model = open_shared(key, [&] {
        // Reading weights computes. Where the system gives no threads for that, the tensor library would
        // end the process, so there one thread reads alone. It cannot be the host's: the number of threads
        // that a thread computes with stays, and would slow the host's own use of OpenMP.
        const std::string& where = options.path.empty() ? name : options.path;
        if (device::try_start_pool()) return with_ranks(found.family->load(options), where, options);
        return with_ranks(device::on_new_thread([&] {
                              device::compute_alone();
                              return found.family->load(options);
                          }),
                          where, options);
    });
    // What several ranks make differs in the last bit.
    const std::string made_by =
        ranks_of(*model) > 1 ? std::string("\0ranks", 6) + std::to_string(ranks_of(*model)) : "";
    if (!model->licence().empty() && options.log) options.log(ZT_LOG_INFO, "licence: " + std::string(model->licence()));
    const std::string shown = model->credit().empty() ? name : std::string(model->credit());
    return {std::move(model), shown, std::string(found.family->name()), sha256_hex(key + made_by)};
}

}  // namespace zt::pipeline
