// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding files; see part_file.h.
#include "load/part_file.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/sha256.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "load/part_checks.h"
#include "load/quantised.h"
#include "load/standard_form.h"
#include "weights/foreign_file.h"

namespace zt::load {

namespace fs = std::filesystem;
using weights::Checkpoint;

namespace {

constexpr std::array<std::string_view, 5> kNearby = {".", "../vae", "../text_encoders", "../clip", "../clip_vision"};

std::string file_name(const fs::path& path) { return one_line(path.filename().string(), kShownTextBytes); }
}  // namespace

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}
bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

std::string option(const EngineOptions& options, std::string_view key) {
    for (const auto& [name, value] : options)
        if (name == key) return value;
    return {};
}

void check_options(const EngineOptions& options, std::span<const OptionRow> rows) {
    std::string known;
    for (const OptionRow& row : rows) known += (known.empty() ? "" : " ") + std::string(row.key);
    for (size_t i = 0; i < options.size(); ++i) {
        const std::string& key = options[i].first;
        if (std::none_of(rows.begin(), rows.end(), [&](const OptionRow& row) { return row.key == key; }))
            throw Error(ZT_ERROR_ARGUMENT, "engine_opts: expected one of " + known + ", got " + quote(key));
        for (size_t j = 0; j < i; ++j)
            if (options[j].first == key)
                throw Error(ZT_ERROR_ARGUMENT, "engine_opts: expected each key once, got " + quote(key) + " twice");
    }
}

std::string check_choice(const EngineOptions& options, std::span<const OptionRow> rows, std::string_view key) {
    std::string value = option(options, key);
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& r) { return r.key == key; });
    const std::string choices = " " + std::string(row->value) + " ";
    if (!value.empty() && (value.find(' ') != value.npos || choices.find(" " + value + " ") == choices.npos))
        throw Error(ZT_ERROR_ARGUMENT, "engine_opts: " + std::string(key) + ": expected one of " +
                                           std::string(row->value) + ", got " + quote(value));
    return value;
}

double check_number(const EngineOptions& options, std::string_view key, double least, double most, double otherwise) {
    const std::string text = option(options, key);
    if (text.empty()) return otherwise;
    const std::optional<double> value = parse_double(text);
    if (!value || !(*value >= least && *value <= most))
        throw Error(ZT_ERROR_ARGUMENT, "engine_opts: " + std::string(key) + ": expected a number from " +
                                           to_text(least) + " to " + to_text(most) + ", got " + quote(text));
    return *value;
}

int64_t check_multiple(const EngineOptions& options, std::string_view key, int64_t step, int64_t least, int64_t most,
                       int64_t otherwise) {
    const std::string text = option(options, key);
    if (text.empty()) return otherwise;
    const std::optional<int64_t> value = parse_int64(text);
    if (!value || *value < least || *value > most || *value % step != 0)
        throw Error(ZT_ERROR_ARGUMENT, "engine_opts: " + std::string(key) + ": expected a multiple of " +
                                           std::to_string(step) + " from " + std::to_string(least) + " to " +
                                           std::to_string(most) + ", got " + quote(text));
    return *value;
}

std::optional<ConfigText> config_of(const std::string& path, std::string_view class_mark) {
    const bool folder = is_folder(path);
    const fs::path at = (folder ? fs::path(path) : fs::path(path).parent_path()) / "config.json";
    if (!is_there(at)) return std::nullopt;
    ConfigText config{file_name(at.parent_path()) + "/config.json", {}};
    config.text = read_json_text(at.string(), config.name);
    if (!folder && config.text.find(class_mark) == std::string::npos) return std::nullopt;  // somebody else's
    return config;
}

std::string locate(std::string_view key, const EngineOptions& options, std::span<const Convention> conventions,
                   const fs::path& model, bool is_pipeline) {
    const std::string given = option(options, key);
    if (!given.empty()) {
        if (!is_there(given))
            throw Error(ZT_ERROR_NOT_FOUND,
                        "engine_opts: " + std::string(key) + ": expected an existing path, got " + quote(given));
        return given;
    }
    if (is_pipeline) return is_there(model / key) ? (model / key).string() : std::string();
    const auto convention =
        std::find_if(conventions.begin(), conventions.end(), [&](const Convention& c) { return c.key == key; });
    if (convention == conventions.end()) return {};
    std::vector<fs::path> around = {is_folder(model) ? model / ".." : model.parent_path()};
    if (is_folder(model)) around.insert(around.begin(), model);
    for (const fs::path& beside : around) {
        for (const std::string_view nearby : kNearby) {
            for (const std::string_view name : convention->names) {
                if (name.empty() || (name == "vae" && nearby != ".")) continue;  // ComfyUI's folder, not diffusers'
                const fs::path candidate = (beside / nearby / name).lexically_normal();
                const bool usable =
                    !is_folder(candidate) || is_there(candidate / "config.json") || key.starts_with("tokenizer");
                if (is_there(candidate) && usable) return candidate.string();
            }
        }
    }
    return {};
}

PartFile open_part(const std::string& path) {
    if (path.empty()) return {};
    Checkpoint file = Checkpoint::open(path);
    check_packing(file);
    apply_quantisation(file);
    return {path, std::make_shared<const Checkpoint>(std::move(file)), false};
}

namespace {

const Section* section_of(const std::string& name, std::span<const Section> sections) {
    for (const Section& section : sections)
        for (const std::string_view prefix : section.prefixes)
            if (name.starts_with(prefix)) return &section;
    return nullptr;
}

bool is_merge(const Checkpoint& file, std::span<const Section> sections) {
    const Section* first = nullptr;
    for (const weights::CheckpointEntry& entry : file.entries()) {
        const Section* section = section_of(entry.name, sections);
        if (section != nullptr && first != nullptr && section != first) return true;
        if (section != nullptr) first = section;
    }
    return false;
}

}  // namespace

bool has_section(const Checkpoint& file, std::span<const Section> sections, std::string_view key) {
    return is_merge(file, sections) && std::any_of(file.entries().begin(), file.entries().end(), [&](const auto& e) {
               const Section* section = section_of(e.name, sections);
               return section != nullptr && section->key == key;
           });
}

PartFile open_part(const std::string& path, const PartNames& names, std::span<const Section> sections,
                   std::string_view key) {
    if (path.empty()) return {};
    Checkpoint file = Checkpoint::open(path);
    check_packing(file);
    if (is_merge(file, sections)) {
        std::vector<weights::CheckpointEntry> own;
        for (const weights::CheckpointEntry& entry : file.entries()) {
            const Section* section = section_of(entry.name, sections);
            if (section == nullptr)
                throw Error(ZT_ERROR_WEIGHTS, file.name() + ": tensor " + quote(entry.name) +
                                                  ": expected the prefix of a part, such as " +
                                                  quote(sections.front().prefixes.front()) + ", got none");
            if (section->key == key) own.push_back(entry);
        }
        file.set_entries(std::move(own));
    }
    apply_quantisation(file);
    standardise(file, names);
    return {path, std::make_shared<const Checkpoint>(std::move(file)), false};
}

std::string tokenizer_folder(std::string_view key, const std::string& path, bool vocabulary) {
    if (path.empty()) return {};
    const fs::path folder = is_folder(path) ? fs::path(path) : fs::path(path).parent_path();
    if (is_there(folder / "tokenizer.json") ||
        (vocabulary && is_there(folder / "vocab.json") && is_there(folder / "merges.txt")))
        return folder.empty() ? "." : folder.string();
    throw Error(ZT_ERROR_NOT_FOUND, std::string(key) + ": expected tokenizer.json" +
                                        (vocabulary ? " (or vocab.json and merges.txt)" : "") + " in " +
                                        quote(folder.string()) + ", got none");
}

void add_files(const std::string& checkpoint, std::vector<std::string>& files) {
    files.push_back(checkpoint);
    if (is_folder(checkpoint)) return;
    const fs::path folder = fs::path(checkpoint).has_parent_path() ? fs::path(checkpoint).parent_path() : ".";
    files.push_back((folder / "config.json").string());
    if (!checkpoint.ends_with(".index.json")) return;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == ".safetensors") files.push_back(at->path().string());
}

std::string read_json_text(const std::string& file, const std::string& name) {
    std::string text = read_whole_file(file, json::Limits{}.bytes);
    if (const auto foreign = weights::foreign_file(text))
        throw Error(ZT_ERROR_WEIGHTS, name + ": expected JSON, got " + *foreign);
    return text;
}

std::string class_name(const std::string& file) {
    const json::Origin origin{one_line(fs::path(file).filename().string(), kShownTextBytes), ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(read_json_text(file, origin.name), {}, origin);
    const auto name = json::Field(value, origin).find("_class_name");
    return name ? name->string() : std::string();
}

Scheduler read_scheduler(const fs::path& folder, std::initializer_list<SchedulerClass> classes,
                         const std::function<void(const json::Field&)>& more) {
    Scheduler found;
    const fs::path file = folder / "scheduler/scheduler_config.json";
    if (!is_there(file)) return found;
    const json::Origin origin{"scheduler/scheduler_config.json", ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(read_json_text(file.string(), origin.name), {}, origin);
    const json::Field root(value, origin);
    if (const auto name = root.find("_class_name")) found.class_name = name->string();
    const auto* known = std::find_if(classes.begin(), classes.end(),
                                     [&](const SchedulerClass& c) { return c.name == found.class_name; });
    if (known == classes.end()) {
        std::string names;
        for (const SchedulerClass& c : classes) names += (names.empty() ? "" : " or ") + std::string(c.name);
        if (!found.class_name.empty())
            throw Error(ZT_ERROR_UNSUPPORTED,
                        origin.name + ": _class_name: expected " + names + ", got " + quote(found.class_name));
        known = classes.begin();
    }
    if (more) more(root);
    const auto shift = root.find(known->shift_key);
    if (!shift || shift->is_null()) return found;
    found.flow_shift = shift->number();
    if (!(*found.flow_shift > 0 && *found.flow_shift <= 100)) shift->refuse("a number above 0, up to 100");
    return found;
}

void check_unipc(const json::Field& root) {
    for (const auto& [key, value] : {std::pair("prediction_type", "flow_prediction"), std::pair("solver_type", "bh2")})
        if (const auto field = root.find(key); field && !field->is_null() && field->string() != value)
            field->refuse(quote(value));
    if (const auto order = root.find("solver_order"); order && order->integer(1, 3) != 2) order->refuse("2");
}

std::string layout_name(const fs::path& model, bool is_pipeline, const Checkpoint& transformer) {
    if (is_pipeline) return "diffusers folder";
    if (is_folder(model)) return "folder of a transformer";
    return transformer.container() == weights::Container::kGguf ? "GGUF file" : "safetensors file";
}

void check_width(const PartFile& part, const std::string& what, int64_t expected, const char* reader, int64_t got) {
    if (part.checkpoint != nullptr && expected != got)
        throw Error(ZT_ERROR_WEIGHTS, what + " " + std::to_string(expected) + " (" + reader + "), got " +
                                          std::to_string(got) + " in " + part.checkpoint->name());
}

std::string missing_part(std::string_view key, std::string_view what, const fs::path& model,
                         std::span<const Pickle> pickles) {
    std::string sentence = std::string(key) + ": expected " + std::string(what) + ", got none";
    const fs::path folder = is_folder(model) ? model : model.parent_path();
    for (const Pickle& pickle : pickles)
        if (pickle.key == key && is_there(folder / pickle.file))
            sentence += " (" + std::string(pickle.file) + " is a pickle, which is never opened; take " +
                        std::string(pickle.other) + ")";
    return sentence + "; set engine_opts " + std::string(key) + "=PATH";
}

void require_none(const std::vector<std::string>& missing) {
    if (missing.empty()) return;
    const size_t others = missing.size() - 1;
    throw Error(ZT_ERROR_NOT_FOUND,
                missing.front() + (others == 0 ? "" : " (and " + std::to_string(others) + " more parts)"));
}

namespace {

// "high", "low" or nothing.
std::string_view expert_named(const std::string& path) {
    std::string name;
    for (const char c : fs::path(path).lexically_normal().string())
        if (c != '_' && c != '-') name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    const size_t high = name.rfind("highnoise"), low = name.rfind("lownoise");
    if (high == low) return {};  // neither
    return low == name.npos || (high != name.npos && high > low) ? "high" : "low";
}

}  // namespace

void note_experts(const PartFile& first, const PartFile& second, std::vector<std::string>& warnings) {
    const std::string_view one = expert_named(first.path);
    if (one.empty()) return;
    if (second.checkpoint == nullptr)
        warnings.push_back(first.checkpoint->name() + ": expected the expert for " + (one == "high" ? "low" : "high") +
                           " noise beside this one, whose name says " + std::string(one) +
                           " noise, got none; one expert alone gives noise or mush (the one for high noise is the "
                           "model, engine_opts transformer_2=PATH names the other)");
    else if (one == "low" && expert_named(second.path) == "high")
        warnings.push_back("transformer_2: expected the expert for low noise, got " + second.checkpoint->name() +
                           ", whose name says high noise; model and transformer_2 seem to be exchanged");
}

std::string digest_of(std::span<const std::pair<std::string_view, const Checkpoint*>> parts) {
    Sha256 digest;
    for (const auto& [name, checkpoint] : parts) {
        if (checkpoint == nullptr) continue;
        digest.update(name);
        for (const weights::CheckpointEntry& entry : checkpoint->entries()) {
            std::string line = '\n' + entry.name + ' ' + entry.type_name();
            for (const int64_t size : entry.shape) line += ' ' + std::to_string(size);
            line += " at " + std::to_string(entry.offset) + " of " + std::to_string(entry.file);
            digest.update(line);
        }
    }
    return digest.finish();
}

std::string digest_of(std::span<const PartRow> parts) {
    std::vector<std::pair<std::string_view, const Checkpoint*>> files;
    for (const PartRow& row : parts) files.emplace_back(row.key, row.part->checkpoint.get());
    return digest_of(files);
}

}  // namespace zt::load
