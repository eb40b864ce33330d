// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a user names (a diffusers folder, one file, engine_opts) to the files of a model's parts. Reads names,
// headers and config.json, never tensors. Torch-free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "load/part_names.h"
#include "weights/checkpoint.h"

namespace zt::load {

using EngineOptions = std::vector<std::pair<std::string, std::string>>;

// A key of engine_opts of a family: one table for checks, help and documentation.
struct OptionRow {
    std::string_view key, value, help;  // value: "path", "number ...", or the choices with spaces between
};

// The value of a key, empty where it is not given.
[[nodiscard]] std::string option(const EngineOptions& options, std::string_view key);
// Throws ZT_ERROR_ARGUMENT for a key that no row has, and for one given twice.
void check_options(const EngineOptions& options, std::span<const OptionRow> rows);
// The value of a key whose row lists choices, empty where it is not given. Throws ZT_ERROR_ARGUMENT for another.
[[nodiscard]] std::string check_choice(const EngineOptions& options, std::span<const OptionRow> rows,
                                       std::string_view key);
// The number of a key, `otherwise` where it is not given. Throws ZT_ERROR_ARGUMENT outside of [least, most].
[[nodiscard]] double check_number(const EngineOptions& options, std::string_view key, double least, double most,
                                  double otherwise);

// A whole number, a multiple of `step`.
[[nodiscard]] int64_t check_multiple(const EngineOptions& options, std::string_view key, int64_t step, int64_t least,
                                     int64_t most, int64_t otherwise);

// Names that published files of a part have, beside the model or in ComfyUI's folders; the plain name is that of a
// folder of diffusers.
struct Convention {
    std::string_view key;
    std::vector<std::string_view> names;
};
// Where a part is: given in engine_opts, in the diffusers folder (is_pipeline), or under a usual name inside a folder
// or beside it, or beside a single file; empty if nowhere. Throws NOT_FOUND for a path of engine_opts that is not
// there.
[[nodiscard]] std::string locate(std::string_view key, const EngineOptions& options,
                                 std::span<const Convention> conventions, const std::filesystem::path& model,
                                 bool is_pipeline);

struct PartFile {
    std::string path;                                       // as found; a folder of diffusers, or a file
    std::shared_ptr<const weights::Checkpoint> checkpoint;  // null: not found
    bool from_shapes = false;                               // no config.json: the shapes told
};
// A part of an opened model, for what is told or asked of all of them. Borrows.
struct PartRow {
    std::string_view key;  // of engine_opts
    const PartFile* part;
    const PartNames* names;
};
// Nothing for an empty path. Throws what Checkpoint::open throws, and UNSUPPORTED for packed numbers that are not read.
[[nodiscard]] PartFile open_part(const std::string& path);

// What tools that merge a whole model into one file put before the names of one of its parts.
struct Section {
    std::string_view key;  // of the part
    std::vector<std::string_view> prefixes;
};
// Whether a file is such a merge and has this part: tensors of two sections or more.
[[nodiscard]] bool has_section(const weights::Checkpoint& file, std::span<const Section> sections,
                               std::string_view key);
// A part in standard_form.h. Of a merge the tensors of the part's own section alone. Throws ZT_ERROR_WEIGHTS for a
// tensor that is in no section, and what open_part above throws.
[[nodiscard]] PartFile open_part(const std::string& path, const PartNames& names, std::span<const Section> sections,
                                 std::string_view key);

struct ConfigText {
    std::string name, text;  // "vae/config.json"
};
// The config.json that belongs to a part: in its folder, or beside its file if `class_mark` stands in it.
[[nodiscard]] std::optional<ConfigText> config_of(const std::string& path, std::string_view class_mark);

// The configuration of a part, from the text of its config.json or from its shapes.
template <class Config>
void read_config(PartFile& part, std::string_view class_mark, Config& out,
                 Config (*parse)(std::string_view, const std::string&),
                 Config (*of_shapes)(const weights::Checkpoint&)) {
    if (part.checkpoint == nullptr) return;
    const std::optional<ConfigText> config = config_of(part.path, class_mark);
    part.from_shapes = !config;
    out = config ? parse(config->text, config->name) : of_shapes(*part.checkpoint);
}

// The folder of a tokenizer, from a folder or one of its files; empty for an empty path. Throws NOT_FOUND where it
// holds none. vocabulary: vocab.json and merges.txt do in place of tokenizer.json.
[[nodiscard]] std::string tokenizer_folder(std::string_view key, const std::string& path, bool vocabulary);

// The files of one checkpoint, an adapter for example: itself, its config.json, the shards of an index. Opens none.
void add_files(const std::string& checkpoint, std::vector<std::string>& files);

// The text of a JSON file. name: in messages.
[[nodiscard]] std::string read_json_text(const std::string& file, const std::string& name);
// "_class_name" of a JSON file of diffusers, empty where there is none. Throws WEIGHTS, IO.
[[nodiscard]] std::string class_name(const std::string& file);
// scheduler/scheduler_config.json of a pipeline's folder.
struct Scheduler {
    std::string class_name;            // empty: there is no such file, or it names none
    std::optional<double> flow_shift;  // of the levels; nothing where it has no such number
};
struct SchedulerClass {
    std::string_view name, shift_key;  // under which the shift stands
};
// classes: those that are known, the first where the file names none; more: what else is asked of it. Throws
// UNSUPPORTED for another class, WEIGHTS.
[[nodiscard]] Scheduler read_scheduler(const std::filesystem::path& folder,
                                       std::initializer_list<SchedulerClass> classes,
                                       const std::function<void(const json::Field&)>& more = nullptr);
// For `more`: what the solver UniPC is asked for and what it does here. Throws WEIGHTS naming the key.
void check_unipc(const json::Field& root);
// How a model lies on the disk, in words: "diffusers folder", "GGUF file".
[[nodiscard]] std::string layout_name(const std::filesystem::path& model, bool is_pipeline,
                                      const weights::Checkpoint& transformer);

[[nodiscard]] bool is_there(const std::filesystem::path& path);
[[nodiscard]] bool is_folder(const std::filesystem::path& path);

// One part reads what another makes: throws ZT_ERROR_WEIGHTS where the widths differ. what: "vae: expected latent
// channels"; reader: whose width is expected. A part that is not there passes.
void check_width(const PartFile& part, const std::string& what, int64_t expected, const char* reader, int64_t got);

// A pickle of Python that repositories hold in place of a part: it can run code and is never opened. other: the file of
// the same weights to take.
struct Pickle {
    std::string_view key, file, other;
};
// "vae: expected the VAE, got none; set engine_opts vae=PATH", and where a pickle lies in the model's folder, that.
[[nodiscard]] std::string missing_part(std::string_view key, std::string_view what, const std::filesystem::path& model,
                                       std::span<const Pickle> pickles = {});
// Throws ZT_ERROR_NOT_FOUND with the first of the sentences about parts that are missing, if there is any.
void require_none(const std::vector<std::string>& missing);

// Models of two transformers, one for high noise and one for low: no tensor tells which a file is, but published names
// do. Adds sentences to `warnings`: one of the two is not given, or they seem exchanged. second: may have none.
void note_experts(const PartFile& first, const PartFile& second, std::vector<std::string>& warnings);

// A digest of every name, type, shape and place in the files, 64 hex digits: files of 40 GB are not read for it. parts:
// each after its name; null ones are left out.
[[nodiscard]] std::string digest_of(std::span<const std::pair<std::string_view, const weights::Checkpoint*>> parts);
[[nodiscard]] std::string digest_of(std::span<const PartRow> parts);

}  // namespace zt::load
