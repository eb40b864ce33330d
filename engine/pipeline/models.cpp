// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From the option `model` to opened weights; see models.h.
#include "pipeline/models.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/model_folders.h"
#include "core/utf8.h"

namespace zt::pipeline {

namespace {

namespace fs = std::filesystem;
using families::Family;
using families::LoadOptions;
using ModelPtr = std::shared_ptr<const families::Model>;

// ---- Which family, which folder ----------------------------------------------------------------

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
        if (is_folder(folder / family.name()))
            return {&family, fs::canonical(folder / family.name()).string()};
        looked += (looked.empty() ? "" : ", ") +
                  zt::quote((folder / family.name()).lexically_normal().string());
    }
    throw Error(ZT_ERROR_NOT_FOUND,
                "model: expected the weights of " + std::string(family.name()) + " in " +
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
        throw Error(ZT_ERROR_NOT_FOUND,
                    "model: expected " + known + " or the path of a model, got " + got);
    }
    for (const Family* family : families) {
        if (family->detect(path.string())) return {family, path.string()};
    }
    throw Error(ZT_ERROR_UNSUPPORTED,
                "model: expected weights of a known family, got " + zt::quote(name));
}

// ---- Identity ----------------------------------------------------------------------------------

// More files than any model folder has; stops a walk through somebody's home folder.
constexpr size_t kMaxIdentityFiles = 4096;

std::string file_identity(const fs::path& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return path.string() + "?";
    return path.string() + ":" + std::to_string(status.st_ino) + ":" +
           std::to_string(status.st_size) + ":" + std::to_string(status.st_mtim.tv_sec) + "." +
           std::to_string(status.st_mtim.tv_nsec);
}

std::string identity(const Found& found, const LoadOptions& options) {
    std::set<std::string> files;
    if (is_folder(found.path)) {
        std::error_code ignored;
        for (fs::recursive_directory_iterator at(found.path, ignored), end;
             at != end && files.size() < kMaxIdentityFiles; at.increment(ignored)) {
            files.insert(file_identity(at->path()));
        }
    } else if (!found.path.empty()) {
        files.insert(file_identity(found.path));
    }
    std::string key(found.family->name());
    std::vector<std::string> parts = {found.path, options.device, options.precision,
                                      std::to_string(options.memory_bytes)};
    parts.insert(parts.end(), files.begin(), files.end());
    for (const auto& [name, value] : options.engine_opts) parts.push_back(name + "=" + value);
    for (const std::string& part : parts) key += '\0' + part;
    return key;
}

// ---- Shared models -----------------------------------------------------------------------------

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
    std::erase_if(shared.entries, [](const auto& item) {
        return !item.second.loading.valid() && item.second.model.expired();
    });
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

OpenedModel open_model(const std::string& name, LoadOptions options) {
    const std::string wanted = name.empty() ? std::string(families::default_model()) : name;
    const Found found = find_model(wanted);
    options.path = found.path;
    const std::string key = identity(found, options);
    ModelPtr model = open_shared(key, [&] { return found.family->load(options); });
    return {std::move(model), wanted, std::string(found.family->name())};
}

}  // namespace zt::pipeline
