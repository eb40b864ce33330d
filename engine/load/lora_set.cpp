// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Headers of adapters against the shapes of a model; see lora_set.h.
#include "load/lora_set.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "load/part_file.h"
#include "weights/gguf_blocks.h"

namespace zt::load {
namespace {

constexpr const char* kConfig = "adapter_config.json";

using weights::Checkpoint;
using weights::CheckpointEntry;
using weights::Dtype;
using weights::Encoding;

constexpr size_t kScanBytes = 4 << 20;         // at once
constexpr uint64_t kMostScanned = 2ULL << 30;  // of a file, in search of a number that is not zero

[[noreturn]] void refuse(const Checkpoint& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, "lora " + file.name() + ": " + what);
}

std::string shown(const std::vector<int64_t>& shape) {
    std::string text = "[";
    for (const int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
    return text + "]";
}

uint64_t u(int64_t n) { return static_cast<uint64_t>(n); }

// Fits: checkpoints are validated.
int64_t numel(const std::vector<int64_t>& shape) {
    int64_t product = 1;
    for (const int64_t size : shape) product *= size;
    return product;
}

// A tensor as a matrix: all sizes but the first are columns.
int64_t columns_of(const CheckpointEntry& entry) { return entry.rows() == 0 ? 0 : numel(entry.shape) / entry.rows(); }

bool is_float(const CheckpointEntry& entry) {
    if (entry.encoding == Encoding::kF8E4M3 || entry.encoding == Encoding::kF8E5M2) return true;
    return entry.encoding == Encoding::kDense && (entry.dtype == Dtype::kF32 || entry.dtype == Dtype::kBF16 ||
                                                  entry.dtype == Dtype::kF16 || entry.dtype == Dtype::kF64);
}

template <class T>
T bits_of(const std::array<std::byte, 8>& bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
}

// The number in a tensor that has one.
double read_number(const Checkpoint& file, const CheckpointEntry& entry) {
    if (numel(entry.shape) != 1) refuse(file, quote(entry.name) + ": expected one number, got " + shown(entry.shape));
    std::array<std::byte, 8> bytes{};
    if (entry.encoding == Encoding::kDense && entry.size_bytes <= bytes.size()) {
        file.read(entry, 0, std::span(bytes).first(entry.size_bytes));
        if (entry.dtype == Dtype::kF32) return bits_of<float>(bytes);
        if (entry.dtype == Dtype::kF64) return bits_of<double>(bytes);
        if (entry.dtype == Dtype::kF16) return weights::half_to_float(bits_of<uint16_t>(bytes));
        if (entry.dtype == Dtype::kBF16)
            return std::bit_cast<float>(static_cast<uint32_t>(bits_of<uint16_t>(bytes)) << 16);
        if (entry.dtype == Dtype::kI32) return bits_of<int32_t>(bytes);
        if (entry.dtype == Dtype::kI64) return static_cast<double>(bits_of<int64_t>(bytes));
    }
    refuse(file, quote(entry.name) + ": expected a number type with arithmetic, got " + entry.type_name());
}

// ---- Keys ----

// What one stem of a file has.
struct Parts {
    Placed placed;
    std::string module;  // as the file spells it, without its prefix
    std::array<const CheckpointEntry*, kLoraRoles> roles{};

    [[nodiscard]] const CheckpointEntry* at(LoraRole role) const { return roles[static_cast<size_t>(role)]; }
};

struct Keys {
    std::map<std::string, Parts> stems;
    bool peft = false;   // any key has the spelling of PEFT's own files
    bool split = false;  // the file tells the two transformers of a pipeline apart
};

// The tensor of ours that a key is about; nothing where the model has none.
std::string tensor_of(const Placed& placed, const LoraBase& base, const char* leaf) {
    if (base.shapes.contains(placed.module)) return placed.module;  // no module has it
    return placed.module + leaf;
}

// A file in which keys begin with the names of both transformers, or of the second: the other one's are not ours.
constexpr std::string_view kFirstNetwork = "transformer.";
bool is_split(const Checkpoint& file, const LoraBase& base) {
    const std::string own = base.network + ".", other = base.sibling + ".", second = own == kFirstNetwork ? other : own;
    if (base.sibling.empty()) return false;
    return std::any_of(file.entries().begin(), file.entries().end(),
                       [&](const CheckpointEntry& entry) { return entry.name.starts_with(second); });
}

Keys sort_keys(const Checkpoint& file, const LoraNames& names, const LoraBase& base) {
    Keys keys;
    std::string first;
    size_t unknown = 0;
    std::set<std::string> adapters;
    keys.split = is_split(file, base);
    const LoraNames named(base.named_spellings, base.flat_prefixes);
    for (const CheckpointEntry& entry : file.entries()) {
        std::string name = entry.name;
        if (keys.split && name.starts_with(base.sibling + ".")) continue;
        if (keys.split && name.starts_with(base.network + "."))
            name = std::string(kFirstNetwork) + name.substr(base.network.size() + 1);
        std::optional<LoraKey> key = names.resolve(name);
        if (key && !key->adapter.empty() && !base.named_spellings.empty()) key = named.resolve(name);
        // A layer may be known and yet not there: not every model has an input for guidance.
        if (!key || !base.shapes.contains(tensor_of(key->placed, base, ".weight"))) {
            if (unknown++ == 0) first = entry.name;
            continue;
        }
        if (key->role == LoraRole::kUnread)
            throw Error(ZT_ERROR_UNSUPPORTED, "lora " + file.name() + ": expected a LoRA without " +
                                                  std::string(key->kind) + ", got " + quote(entry.name));
        if (key->role != LoraRole::kAlpha && key->role != LoraRole::kDiff && key->role != LoraRole::kDiffBias)
            adapters.insert(key->adapter);
        Parts& parts = keys.stems[key->stem];
        parts.placed = key->placed;
        parts.module = key->module;
        parts.roles[static_cast<size_t>(key->role)] = &entry;
        keys.peft = keys.peft || key->peft;
    }
    if (file.entries().empty()) refuse(file, "expected keys of an adapter, got none");
    if (unknown > 0)
        refuse(file, "expected every key to match a layer, got " + std::to_string(unknown) + " of " +
                         std::to_string(file.entries().size()) + " without one, first " + quote(first));
    if (adapters.size() > 1) {
        const auto shown_name = [](const std::string& name) {
            return name.empty() ? std::string("one without a name") : quote(name);
        };
        refuse(file, "expected one adapter, got " + shown_name(*adapters.begin()) + " and " +
                         shown_name(*std::next(adapters.begin())));
    }
    return keys;
}

// Rank and alpha where a file's tensors do not tell: in its header, or beside it.
PeftConfig configuration(const Checkpoint& file, const Keys& keys, const LoraBase& base, const Log& log) {
    const std::string name = "lora " + file.name();
    if (const auto found = file.metadata().find("lora_adapter_metadata"); found != file.metadata().end())
        return parse_peft_metadata(found->second, name, keys.split ? base.network : "transformer");
    for (const char* key : {"lora_alpha", "ss_network_alpha", "alpha"}) {  // of every module that has none of its own
        const auto found = file.metadata().find(key);
        if (found == file.metadata().end()) continue;
        PeftConfig config;
        config.alpha = parse_double(found->second);
        if (!config.alpha)
            refuse(file, std::string("metadata ") + key + ": expected a number, got " + quote(found->second));
        return config;
    }
    if (!keys.peft) return {};
    const std::string beside = lora_config(file.path());
    std::error_code ignored;
    if (std::filesystem::exists(beside, ignored))
        return parse_peft_config(read_whole_file(beside, json::Limits{}.bytes), name + ": " + kConfig);
    log(ZT_LOG_WARNING,
        name + ": expected " + kConfig + " with its alpha beside it, got none; taken as if alpha was the rank");
    return {};
}

// ---- From parts to changes ----

// One stem: where it lies, what it is called in messages.
struct Place {
    std::shared_ptr<const Checkpoint> file;
    std::string stem;
    int64_t first = 0, rows = 0, columns = 0, all_rows = 0;
    RowOrder order = RowOrder::kSame;
    int64_t heads = 0;

    [[nodiscard]] LoraDelta delta(LoraKind kind, double scale) const {
        LoraDelta delta;
        delta.file = file;
        delta.kind = kind;
        delta.first = first;
        delta.rows = rows;
        delta.columns = columns;
        delta.all_rows = all_rows;
        delta.order = order;
        delta.heads = heads;
        delta.scale = scale;
        return delta;
    }
    [[noreturn]] void refuse(const std::string& what) const { load::refuse(*file, quote(stem) + ": " + what); }
    void check_type(const CheckpointEntry& entry) const {
        if (!is_float(entry))
            load::refuse(*file,
                         quote(entry.name) + ": expected a number type with arithmetic, got " + entry.type_name());
    }
};

// The rows of a tensor that a piece of it (q, k, v or the MLP's) stands for. Beside the MLP's q, k and v have as many
// as the layer has inputs, what is last has the rest.
Place place_of(std::shared_ptr<const Checkpoint> file, const std::string& stem, const Placed& placed,
               const LoraBase& base, const char* leaf) {
    const std::vector<int64_t>& matrix = base.shapes.at(tensor_of(placed, base, ".weight"));
    const auto found = base.shapes.find(tensor_of(placed, base, leaf));
    Place place{std::move(file), stem};
    if (found == base.shapes.end() || found->second.empty())
        place.refuse("expected a layer with a bias, got one without");
    const int64_t out = found->second.front();
    place.columns = out == 0 ? 0 : numel(found->second) / out;
    place.rows = place.all_rows = out;
    place.order = placed.order;
    place.heads = base.heads;
    if (place.order == RowOrder::kPerHead && (base.heads <= 0 || out % (3 * base.heads) != 0))
        place.refuse("expected rows for q, k and v of " + std::to_string(base.heads) + " heads, got " +
                     std::to_string(out));
    if (placed.pieces > 1) {
        // Of up to three pieces each has as many rows; of more the first are q, k and v.
        const int64_t columns = matrix.size() > 1 ? matrix[1] : 0,
                      each = placed.pieces <= 3 ? out / placed.pieces : columns;
        place.first = placed.piece * each;
        place.rows = placed.piece < 3 ? each : out - 3 * each;
        if (each <= 0 || place.rows <= 0 || place.first + place.rows > out)
            place.refuse("expected a layer of " + std::to_string(placed.pieces) + " parts, got " +
                         shown(found->second));
    }
    return place;
}

void check_columns(const Place& place, int64_t columns) {
    if (columns != place.columns)
        place.refuse("expected " + std::to_string(place.columns) + " columns, got " + std::to_string(columns));
}

void check_rows(const Place& place, int64_t rows) {
    if (rows != place.rows)
        place.refuse("expected " + std::to_string(place.rows) + " rows, got " + std::to_string(rows));
}

// bare: a table, of which files may leave out leading sizes of 1.
void check_whole(const Place& place, const CheckpointEntry& entry, bool bare) {
    if (bare && numel(entry.shape) == place.rows * place.columns) return;
    check_rows(place, entry.rows());
    check_columns(place, columns_of(entry));
}

// [rows, rank] and [rank, columns]: the rank. Convolutions have more sizes, which count as columns.
int64_t check_pair(const Place& place, const CheckpointEntry& left, const CheckpointEntry& right) {
    place.check_type(left);
    place.check_type(right);
    if (left.shape.size() < 2 || right.shape.size() < 2 || columns_of(left) != right.rows() || left.rows() == 0)
        place.refuse("expected [rank, in] and [out, rank], got " + shown(right.shape) + " and " + shown(left.shape));
    const int64_t rank = right.rows();
    if (rank < 1 || rank > kMaxLoraRank)
        place.refuse("expected a rank of 1 to " + std::to_string(kMaxLoraRank) + ", got " + std::to_string(rank));
    return rank;
}

// All of them or none; which is missing is told.
bool has_all(const Place& place, const Parts& parts, std::initializer_list<std::pair<LoraRole, const char*>> roles) {
    const char *there = nullptr, *missing = nullptr;
    for (const auto& [role, name] : roles) (parts.at(role) != nullptr ? there : missing) = name;
    if (there != nullptr && missing != nullptr)
        place.refuse(std::string("expected ") + missing + " beside " + there + ", got none");
    return there != nullptr;
}

// w1 or w2 of LoKr, whole or as a product: rows and columns. Fills two factors and the rank, if there is one.
std::pair<int64_t, int64_t> kronecker_part(const Place& place, const Parts& parts, const char* name, LoraRole whole,
                                           LoraRole a, LoraRole b, const CheckpointEntry** factors,
                                           std::optional<int64_t>& rank) {
    const bool product = has_all(place, parts, {{a, name}, {b, name}});
    if (product == (parts.at(whole) != nullptr))
        place.refuse(std::string("expected ") + name + " whole or as two factors, got " +
                     (product ? "both" : "neither"));
    factors[0] = parts.at(product ? a : whole);
    factors[1] = product ? parts.at(b) : nullptr;
    place.check_type(*factors[0]);
    if (!product) return {factors[0]->rows(), columns_of(*factors[0])};
    rank = check_pair(place, *factors[0], *factors[1]);
    return {factors[0]->rows(), columns_of(*factors[1])};
}

// alpha over rank; without an alpha the rank is taken for it.
double strength(const Place& place, const std::optional<double>& alpha, double rank, bool rank_stabilized) {
    const double value = alpha ? *alpha / (rank_stabilized ? std::sqrt(rank) : rank) : 1.0;
    if (!std::isfinite(value)) place.refuse("alpha: expected a finite number, got another");
    return value;
}

std::optional<LoraDelta> low_rank(const Place& place, const Parts& parts, const std::optional<double>& alpha,
                                  const PeftConfig& peft, double scale) {
    const CheckpointEntry *down = parts.at(LoraRole::kDown), *up = parts.at(LoraRole::kUp);
    if ((down == nullptr) != (up == nullptr)) place.refuse("expected both halves of an adapter, got one");
    if (down == nullptr) return std::nullopt;
    const int64_t rank = check_pair(place, *up, *down);
    check_columns(place, columns_of(*down));
    check_rows(place, up->rows());
    LoraDelta delta = place.delta(LoraKind::kLowRank,
                                  scale * strength(place, alpha, static_cast<double>(rank), peft.rank_stabilized));
    delta.factors = {up, down};
    delta.rank = rank;
    return delta;
}

std::optional<LoraDelta> hadamard(const Place& place, const Parts& parts, const std::optional<double>& alpha,
                                  const PeftConfig& peft, double scale) {
    using enum LoraRole;
    if (!has_all(place, parts,
                 {{kHadaW1A, "hada_w1_a"}, {kHadaW1B, "hada_w1_b"}, {kHadaW2A, "hada_w2_a"}, {kHadaW2B, "hada_w2_b"}}))
        return std::nullopt;
    const std::array<const CheckpointEntry*, 4> factors = {parts.at(kHadaW1A), parts.at(kHadaW1B), parts.at(kHadaW2A),
                                                           parts.at(kHadaW2B)};
    const int64_t rank = check_pair(place, *factors[0], *factors[1]);
    if (const int64_t other = check_pair(place, *factors[2], *factors[3]); other != rank)
        place.refuse("expected one rank of both products, got " + std::to_string(rank) + " and " +
                     std::to_string(other));
    for (const size_t product : {0U, 2U}) {
        check_columns(place, columns_of(*factors[product + 1]));
        check_rows(place, factors[product]->rows());
    }
    LoraDelta delta = place.delta(LoraKind::kHadamard,
                                  scale * strength(place, alpha, static_cast<double>(rank), peft.rank_stabilized));
    delta.factors = factors;
    return delta;
}

std::optional<LoraDelta> kronecker(const Place& place, const Parts& parts, const std::optional<double>& alpha,
                                   const PeftConfig& peft, double scale) {
    using enum LoraRole;
    const auto is_there = [&](LoraRole role) { return parts.at(role) != nullptr; };
    constexpr std::array kRoles = {kLokrW1, kLokrW1A, kLokrW1B, kLokrW2, kLokrW2A, kLokrW2B};
    if (std::none_of(kRoles.begin(), kRoles.end(), is_there)) return std::nullopt;
    LoraDelta delta = place.delta(LoraKind::kKronecker, scale);
    std::optional<int64_t> rank;
    const auto w1 = kronecker_part(place, parts, "lokr_w1", kLokrW1, kLokrW1A, kLokrW1B, delta.factors.data(), rank);
    const auto w2 =
        kronecker_part(place, parts, "lokr_w2", kLokrW2, kLokrW2A, kLokrW2B, delta.factors.data() + 2, rank);
    const auto splits = [](int64_t whole, int64_t a, int64_t b) { return a > 0 && whole % a == 0 && whole / a == b; };
    if (!splits(place.rows, w1.first, w2.first) || !splits(place.columns, w1.second, w2.second))
        place.refuse("expected lokr_w1 and lokr_w2 that make " + shown({place.rows, place.columns}) + ", got " +
                     shown({w1.first, w1.second}) + " and " + shown({w2.first, w2.second}));
    // Two whole matrices have no rank, and LyCORIS takes them as they are; PEFT has a rank in its configuration.
    const std::optional<double> divisor = rank ? std::optional(static_cast<double>(*rank)) : peft.rank_of(parts.module);
    if (divisor) delta.scale = scale * strength(place, alpha, *divisor, peft.rank_stabilized);
    return delta;
}

// ---- Without effect ----

// True if a number other than zero (of either sign) is among the bytes of a floating-point tensor.
bool has_number(std::span<const std::byte> bytes, size_t element) {
    for (size_t i = 0; i < bytes.size(); ++i) {
        const bool sign = i % element == element - 1;
        if (bytes[i] != std::byte{0} && !(sign && bytes[i] == std::byte{0x80})) return true;
    }
    return false;
}

bool is_zero(const Checkpoint& file, const CheckpointEntry& entry, std::vector<std::byte>& buffer, uint64_t& left) {
    const size_t element = entry.encoding == Encoding::kDense ? weights::dtype_bytes(entry.dtype) : 1;
    for (uint64_t at = 0; at < entry.size_bytes; at += kScanBytes) {
        const uint64_t count = std::min<uint64_t>(kScanBytes, entry.size_bytes - at);
        if (count > left) return false;
        left -= count;
        buffer.resize(count);
        file.read(entry, at, buffer);
        if (has_number(buffer, element)) return false;
    }
    return true;
}

// Why a file changes nothing; empty if it does change something. Ends at the first number that is not zero, so of a
// trained adapter it reads a few MiB.
std::string no_effect(const std::vector<std::pair<std::string, LoraDelta>>& deltas, double scale) {
    if (scale == 0.0) return "its scale is 0";
    if (std::all_of(deltas.begin(), deltas.end(), [](const auto& d) { return d.second.scale == 0.0; }))
        return "alpha is 0 in every layer";
    std::vector<std::byte> buffer;
    uint64_t left = kMostScanned;
    for (const auto& named : deltas) {
        const LoraDelta& delta = named.second;
        if (delta.scale == 0.0) continue;
        const bool zero = std::any_of(delta.factors.begin(), delta.factors.end(), [&](const CheckpointEntry* factor) {
            return factor != nullptr && is_zero(*delta.file, *factor, buffer, left);
        });
        if (!zero) return {};
    }
    return "in every layer one of its matrices is all zero, as before training";
}

// All changes of one file, with the tensor of ours that each is for.
std::vector<std::pair<std::string, LoraDelta>> deltas_of(const std::shared_ptr<const Checkpoint>& file,
                                                         const Keys& keys, const PeftConfig& peft, const LoraBase& base,
                                                         double scale) {
    std::vector<std::pair<std::string, LoraDelta>> deltas;
    for (const auto& [stem, parts] : keys.stems) {
        for (const auto& [role, leaf] :
             {std::pair(LoraRole::kDiff, ".weight"), std::pair(LoraRole::kDiffBias, ".bias")}) {
            const CheckpointEntry* entry = parts.at(role);
            if (entry == nullptr) continue;
            const Place place = place_of(file, stem, parts.placed, base, leaf);
            place.check_type(*entry);
            check_whole(place, *entry, base.shapes.contains(parts.placed.module));
            LoraDelta delta = place.delta(LoraKind::kWhole, scale);
            delta.factors = {entry};
            deltas.emplace_back(tensor_of(parts.placed, base, leaf), std::move(delta));
        }
        const Place place = place_of(file, stem, parts.placed, base, ".weight");
        std::optional<double> alpha = peft.alpha_of(parts.module);
        if (const CheckpointEntry* stored = parts.at(LoraRole::kAlpha)) alpha = read_number(*file, *stored);
        const size_t before = deltas.size();
        for (const auto& make : {low_rank, hadamard, kronecker})
            if (auto delta = make(place, parts, alpha, peft, scale))
                deltas.emplace_back(tensor_of(parts.placed, base, ".weight"), std::move(*delta));
        if (deltas.size() == before && parts.at(LoraRole::kAlpha) != nullptr)
            place.refuse("expected an adapter beside alpha, got none");
    }
    return deltas;
}

// A file without alpha does not say how strongly it was trained: its rank is what its user needs to know for that.
void tell_strength(const Checkpoint& file, const Keys& keys, const PeftConfig& peft,
                   const std::vector<std::pair<std::string, LoraDelta>>& deltas, const Log& log) {
    const bool told = peft.alpha || !peft.alpha_pattern.empty() ||
                      std::any_of(keys.stems.begin(), keys.stems.end(),
                                  [](const auto& stem) { return stem.second.at(LoraRole::kAlpha) != nullptr; });
    const auto low = std::find_if(deltas.begin(), deltas.end(),
                                  [](const auto& named) { return named.second.kind == LoraKind::kLowRank; });
    if (!log || told || low == deltas.end()) return;
    log(ZT_LOG_INFO, "lora " + file.name() + ": holds no alpha; rank " + std::to_string(low->second.rank) +
                         ", taken with strength " + to_text(low->second.scale) + " (lora=PATH:SCALE)");
}

// Of w1 and w2 in fp32 where these are products themselves.
uint64_t product_bytes(const LoraDelta& d) {
    uint64_t numbers = 0;
    for (const size_t part : {0U, 2U})
        if (d.factors[part + 1] != nullptr) numbers += u(d.factors[part]->rows()) * u(columns_of(*d.factors[part + 1]));
    return numbers * 4;
}

}  // namespace

std::string lora_config(const std::string& path) {
    std::error_code ignored;
    const std::filesystem::path at(path);
    return ((std::filesystem::is_directory(at, ignored) ? at : at.parent_path()) / kConfig).string();
}

void add_lora_files(const std::string& option, std::vector<std::string>& files) {
    for (const LoraFile& lora : parse_lora_option(option)) {
        add_files(lora.path, files);
        files.push_back(lora_config(lora.path));
    }
}

std::vector<LoraFile> parse_lora_option(const std::string& text) {
    std::vector<LoraFile> files;
    for (size_t start = 0; start <= text.size() && !text.empty();) {
        const size_t end = std::min(text.find('|', start), text.size());
        LoraFile file{text.substr(start, end - start)};
        const size_t colon = file.path.rfind(':');
        // A colon may belong to the path: only a number after it is a scale.
        if (colon != file.path.npos) {
            if (const std::optional<double> scale = parse_double(std::string_view(file.path).substr(colon + 1))) {
                file.scale = *scale;
                file.path.resize(colon);
            }
        }
        if (file.path.empty())
            throw Error(ZT_ERROR_ARGUMENT, "lora: expected path[:scale][|path...], got " + quote(text));
        if (std::abs(file.scale) > kMaxLoraScale)
            throw Error(ZT_ERROR_ARGUMENT, "lora: expected a scale of -10 to 10, got " + to_text(file.scale));
        files.push_back(std::move(file));
        start = end + 1;
    }
    if (files.size() > kMaxLoras)
        throw Error(ZT_ERROR_ARGUMENT, "lora: expected at most " + std::to_string(kMaxLoras) + " files, got " +
                                           std::to_string(files.size()));
    return files;
}

std::shared_ptr<const LoraSet> LoraSet::open(const std::vector<LoraFile>& files, const LoraBase& base, const Log& log) {
    const LoraNames names(base.spellings, base.flat_prefixes);
    auto set = std::make_shared<LoraSet>();
    for (const LoraFile& wanted : files) {
        const auto file = std::make_shared<const Checkpoint>(Checkpoint::open(wanted.path));
        const Keys keys = sort_keys(*file, names, base);
        const PeftConfig peft = configuration(*file, keys, base, log);
        auto deltas = deltas_of(file, keys, peft, base, wanted.scale);
        if (deltas.empty() && keys.split) continue;  // all of it is the other one's
        if (const std::string why = no_effect(deltas, wanted.scale); !why.empty()) {
            log(ZT_LOG_WARNING, "lora " + file->name() + ": changes nothing: " + why);
            continue;
        }
        tell_strength(*file, keys, peft, deltas, log);
        for (auto& [tensor, delta] : deltas)
            if (delta.scale != 0.0) set->deltas_[tensor].push_back(std::move(delta));
    }
    return set;
}

std::span<const LoraDelta> LoraSet::deltas(const std::string& tensor) const {
    const auto found = deltas_.find(tensor);
    return found == deltas_.end() ? std::span<const LoraDelta>() : std::span<const LoraDelta>(found->second);
}

std::vector<std::string> LoraSet::tensors() const {
    std::vector<std::string> names;
    for (const auto& [name, deltas] : deltas_) names.push_back(name);
    return names;
}

bool LoraSet::changes_whole(const std::string& tensor) const {
    const auto all = deltas(tensor);
    return std::any_of(all.begin(), all.end(), [](const LoraDelta& d) { return d.kind != LoraKind::kLowRank; });
}

uint64_t LoraSet::numbers_beside(const std::string& tensor) const {
    if (changes_whole(tensor)) return 0;
    uint64_t sum = 0;
    for (const LoraDelta& d : deltas(tensor))
        sum += u(d.rank) * (u(d.all_rows) + u(d.columns));  // of some rows: zeros in the others
    return sum;
}

uint64_t LoraSet::most_bytes_to_apply() const {
    constexpr uint64_t kFp32 = 4;
    uint64_t most = 0;
    for (const auto& [tensor, deltas] : deltas_) {
        uint64_t sum = 0, columns = 0, rows = 0;
        for (const LoraDelta& d : deltas) {
            for (const CheckpointEntry* factor : d.factors)
                if (factor != nullptr)
                    sum += factor->size_bytes + kFp32 * u(numel(factor->shape));  // as stored, and as numbers
            if (d.kind == LoraKind::kKronecker) sum += product_bytes(d);
            columns = std::max(columns, u(d.columns));
            rows = std::max(rows, u(std::min(d.rows, kLoraRowsAtOnce)));
        }
        constexpr uint64_t kMatrices = 4;  // rows of the matrix, two products, and the change scaled
        most = std::max(most, sum + kMatrices * kFp32 * rows * columns);
    }
    return most;
}

}  // namespace zt::load
