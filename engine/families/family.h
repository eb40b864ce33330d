// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a model family is. To add one: a folder beside this file that implements Family, Model and
// Generation, and one line in registry.cpp; docs/internals/add-a-family.md walks through it.
//
// Life: registry finds the Family for a name or path (detect reads names and headers only),
// Family::load gives an immutable Model, shared by all sessions; Model::begin gives one Generation
// per session, driven by that session's worker thread: next() is called until it returns nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cancel.h"
#include "core/log.h"
#include "image/resample.h"
#include "include/zoetrope/zoetrope.h"

namespace zt::families {

// Sizes, lengths and rates a model can make. See zt_model_info for the meaning of each field.
struct Limits {
    int width = 0, height = 0;
    int min_width = 0, min_height = 0, max_width = 0, max_height = 0, size_step = 1;
    std::vector<zt_rational> rates;  // the first is native
    bool keeps_time = false;         // motion keeps its speed at every rate: default_frames is of the native one
    int64_t default_frames = 0, frames_step = 1, frames_offset = 0, chunk_frames = 0;
    bool endless = false;
    bool true_guidance = false;  // a negative prompt has a meaning
    bool steerable = true;       // false: each shot is made in one piece, nothing changes it on the way
    bool morph = true;           // a shot may go on from the picture before it
    int default_steps = 1, max_steps = 1000;
    double default_guidance = 0.0;
    int threads = 0;  // to compute with unless the host says; 0 = one per core
    // Masks are the pipeline's: every model that begins with a picture has them (see sees_mask).
    zt_use first_image = ZT_USE_NEVER, last_image = ZT_USE_NEVER;
    int history_images = 0;  // at most; they begin a clip in place of a first picture
    const char* no_first = "this model takes no such picture";  // why first_image is never
    bool strength = false;                                      // other than 1
    bool size_of_picture = false;  // where no size is asked, a clip is as large as the picture it begins with,
                                   // within these limits; else width x height
    // With size_of_picture: the size of a clip for a picture of this one, by the model's own rule, which then holds for
    // a last picture alone as well; null: the picture's.
    std::pair<int, int> (*size_for)(int width, int height) = nullptr;
    bool sees_mask = false;             // GenerationRequest::mask comes along; the pipeline blends all the same
    bool loop = false;                  // can make a clip whose last frame meets its first
    bool motion = false;                // motion and tempo other than 1
    bool enhance = false;               // Model::enhance rewrites prompts
    int sample_rate = 0, channels = 0;  // of the sound it can make, in hertz; 0 = it is mute
    // What a shot shows after a cut depends on its own prompt, length and, for sound, place alone, and
    // Generation::skip leaves a shot out. Only for models that are not steerable.
    bool shots_alone = false;
    bool cutout = false;  // can make the subject without its backdrop: FrameBatch::alpha
};

using LogFn = Log;

// Where and how to load. `path` is the resolved folder or file, empty for families without weights.
struct LoadOptions {
    std::string path;
    std::string device = "auto";     // "auto" "cpu" "cuda" "cuda:N"
    std::string precision = "auto";  // "auto" "fp32" "bf16" "fp16" "fp8"
    uint64_t memory_bytes = 0;       // to plan within; 0 = what is free
    std::string lora;                // "path[:scale][|path...]"; a family without adapters refuses it
    std::vector<std::pair<std::string, std::string>> engine_opts;  // unknown key = error
    LogFn log;
};

// A picture that conditions, at its own size: fitting it (image::fit) is the family's. Samples of more than 8
// bits and YUV were rounded to the nearest 8-bit RGB; 8-bit RGB is as it came. Upright.
struct Picture {
    zt_image_role role = ZT_IMAGE_FIRST;
    int width = 0, height = 0;
    std::shared_ptr<const std::vector<uint8_t>> rgb;  // [height, width, 3], full range, laid on the background
    // [height, width], 255 = opaque: what was laid on the background. NULL where all of it was opaque, and for
    // a mask, in which what is transparent is black already.
    std::shared_ptr<const std::vector<uint8_t>> alpha = nullptr;
};

// The pixels alone, for the room that resamples them.
[[nodiscard]] inline image::Picture pixels_of(const Picture& picture) {
    return {picture.width, picture.height, *picture.rgb};
}

// What may change from chunk to chunk. The pipeline passes the values in force to next().
struct Direction {
    std::string prompt;
    std::string negative_prompt;
    int64_t seed = 0;
    double guidance = 0.0;
    bool cut = false;       // a shot begins and asks for a cut; another prompt without it: a morph
    double strength = 1.0;  // weight of the first picture
};

// A validated request: every field is set and within limits.
struct GenerationRequest {
    int width = 0, height = 0;
    zt_rational rate{};
    int64_t frames = 0;  // -1 = endless
    int steps = 0;
    double flow_shift = 0.0;
    Direction first;  // what the first chunk obeys
    LogFn log;
    std::vector<Picture> images;  // as many of each role as the limits say, no mask; history oldest first,
                                  // never beside a first picture
    std::optional<Picture> mask;  // at its own size, to be fitted as the first picture is; where it is white, that
                                  // may move. Only for models that see it (Limits::sees_mask)
    zt_fit fit = ZT_FIT_CROP;
    bool loop = false;                 // the last frame meets the first; of an endless clip: it repeats
    double motion = 1.0, tempo = 1.0;  // how much moves and how fast, times the model's own
    int64_t shot_frames = 0;           // of the longest shot; `frames` where there is one only
    bool morph = false;                // shots go on from the picture before them; else they are cuts
    bool sound = false;                // frames are wanted with their samples (FrameBatch); only where limits have them
    bool cutout = false;  // the subject alone is wanted, with its alpha (FrameBatch); only where limits have it
};

// Finished frames, planar RGB in fp32, 0..1 (values outside are clamped by the colour stage), and, where the request
// asks for sound, all samples that are heard while they are seen: of frame k of the clip those from
// zt_samples_before(k) to zt_samples_before(k + 1) (core/frame_time.h). Sound that a model makes beyond the last frame
// is dropped, and what it lacks there is silence: sound ends with the picture.
struct FrameBatch {
    std::shared_ptr<const void> owner;  // keeps rgb and samples alive
    const float* rgb = nullptr;         // [frames, 3, height, width], contiguous
    int64_t frames = 0;
    const float* samples = nullptr;  // [sample_count, channels], -1..1 (values outside are clamped); NULL without sound
    int64_t sample_count = 0;
    // Of a cutout: [frames, height, width], contiguous, 0 = transparent, 1 = opaque (values outside are clamped). The
    // colours are straight, not multiplied by it, and go on for some pixels where it is 0, since chroma is filtered.
    const float* alpha = nullptr;
};

// Told by a Generation while it works, from the worker thread: stage is a string literal, one of those of
// zt_progress, step of its steps are done, and steps is 1 where it has no parts to tell. May wait,
// since other sessions may have their turn meanwhile: so no lock is held but at stage kLoading, which
// may load what sessions share, and never inside a parallel region.
inline constexpr std::string_view kLoading = "load";
inline constexpr std::string_view kWaiting = "wait";  // for another session, or for the host to read
using ProgressFn = std::function<void(const char* stage, int step, int steps)>;

// One thread at a time (the session's worker).
class Generation {
public:
    virtual ~Generation() = default;
    // A shot begins `most` frames from here (at least 1), so the next chunk gives that many or
    // fewer; what it makes beyond them a cut drops. Said before each next_frames(), without a shot
    // ahead with INT64_MAX. A model that is not steerable gets nothing but the shots of a storyboard.
    virtual void limit_next(int64_t most) { (void)most; }
    // How many frames the next chunk has, 0 at the end. Known before they are made, so that a changed prompt can be
    // told its first frame; giving another count is an error.
    [[nodiscard]] virtual int64_t next_frames() const = 0;
    // The same for a chunk that begins with a cut (Direction::cut), where that is another count.
    [[nodiscard]] virtual int64_t cut_frames() const { return next_frames(); }
    // Only where Limits::shots_alone, and where a shot begins: its frames are there already, the next shot is made.
    virtual void skip(int64_t frames) { (void)frames; }
    // The frames of the next chunk, at most Limits::chunk_frames; all obey `direction`. They may come in pieces: as
    // long as some are missing it is called again, with the same direction. Nothing at the end. A finite generation
    // yields exactly request.frames in total. Polls cancel at least once per block, tile and step.
    virtual std::optional<FrameBatch> next(const Direction& direction, const Cancel& cancel,
                                           const ProgressFn& progress) = 0;
};

// A prompt to be rewritten, or the shots of a storyboard, of which one prompt is to be made.
struct EnhanceRequest {
    struct Shot {
        int64_t first_frame = 0;
        std::string prompt;
    };
    std::vector<Shot> shots;  // at least one, the first at frame 0, ascending
    zt_rational rate{};
    int64_t frames = 0;  // of the clip
    bool first_image = false, last_image = false;
};

// Immutable, thread-safe, shared.
class Model {
public:
    virtual ~Model() = default;
    [[nodiscard]] virtual const Limits& limits() const = 0;
    [[nodiscard]] virtual std::string device() const = 0;
    [[nodiscard]] virtual std::string precision() const = 0;
    [[nodiscard]] virtual std::string sha256() const = 0;
    // Cheap check of a prompt or option before anything runs; throws zt::Error. Called from the caller's thread.
    virtual void check(const Direction& direction) const = 0;
    // The same for a whole request, once its fields are filled in: memory, mostly.
    virtual void check_request(const GenerationRequest& request) const { check(request.first); }
    // The prompt in the form that the model was trained on, made without a network, the same every time. Called from
    // the caller's thread, and only where Limits::enhance.
    [[nodiscard]] virtual std::string enhance(const EnhanceRequest& request) const { return request.shots[0].prompt; }
    // What its users must know before they use the weights, one line, said in the log when it is opened; empty:
    // nothing.
    [[nodiscard]] virtual std::string_view licence() const { return {}; }
    // The name that its licence wants on what it makes, in place of the path it was opened by; empty: none.
    [[nodiscard]] virtual std::string_view credit() const { return {}; }
    [[nodiscard]] virtual std::unique_ptr<Generation> begin(const GenerationRequest& request) const = 0;
};

// What a family makes of a path. When no family reads it, the user gets the reason of the one whose fit is best.
struct Detection {
    enum class Fit : uint8_t {
        kNone,    // nothing that it knows
        kOther,   // another kind of model, by name
        kBroken,  // a file that it would have to read, and cannot
        kOurs     // its own kind; load() may still find faults
    };
    Fit fit = Fit::kNone;
    std::string reason;  // why it is not kOurs: "<file>: expected <x>, got <y>"; may be empty
    zt_status status = ZT_ERROR_UNSUPPORTED;
};

class Family {
public:
    virtual ~Family() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    // Whether this family reads what lies at path, or why not. Reads names and headers, never tensors. What is wrong
    // with a file is the reason, not an exception.
    [[nodiscard]] virtual Detection detect(const std::string& path) const = 0;
    // Built-in names ("storybook") and whether they need a weights folder models/<name>.
    [[nodiscard]] virtual bool built_in() const = 0;
    [[nodiscard]] virtual bool has_weights() const = 0;
    // Every file and folder that load(options) reads, beside options.path and what that folder holds: adapters, parts
    // that engine_opts names, parts found elsewhere. A process shares a model only while all of them stay the same.
    // Opens none of them; one that is not there may be left out. Throws what load() throws for options it cannot read.
    [[nodiscard]] virtual std::vector<std::string> other_files(const LoadOptions& options) const {
        (void)options;
        return {};
    }
    [[nodiscard]] virtual std::shared_ptr<const Model> load(const LoadOptions& options) const = 0;
};

// The explicit list, in order of detection; see registry.cpp.
const std::vector<const Family*>& registry();
// The built-in model that is used when none is named: of a clip that begins with a picture (or with frames
// that came before), or of one that has none.
std::string_view default_model(bool with_picture);

}  // namespace zt::families
