/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zoetrope.h - video generation as a library
 *
 * Life of a generation
 * --------------------
 *   zt_model_params mp; zt_request rq; zt_error err = ZT_ERROR_INIT;
 *   zt_model_params_init(&mp);  zt_request_init(&rq);
 *   rq.prompt = "a red fox runs through the snow at night";
 *   zt_model_open(&mp, &model, &err);                  opens weights (shared inside the process)
 *   zt_session_create(model, &rq, &session, &err);     validates, plans, starts a worker, returns at once
 *   while ((st = zt_session_read(session, -1, &frame, &err)) == ZT_OK) { use(frame); zt_frame_unref(&frame); }
 *   if (st != ZT_END) fail(err.message);
 *   zt_session_destroy(&session);  zt_model_unref(&model);
 *
 * Threads. A session owns one worker thread, started by zt_session_create and joined by
 * zt_session_destroy, which computes alone unless cpu_threads or the model asks for more: then the
 * tensor library adds a pool of threads at the first generation. Workers of one process take turns,
 * chunk by chunk, so that together they use no more threads than there are cores (or one accelerator
 * each). Each type below says who may call its functions at the same time.
 *
 * What the library does to the process: it maps LibTorch (about 110 MB resident, 0.5 s) when it is
 * loaded, keeps the first cpu_threads it is given (a later, different one is refused, not applied),
 * reads the environment variables ZOETROPE_MODEL_PATH, ZOETROPE_CACHE, ZOETROPE_CACHE_SIZE, XDG_CACHE_HOME, HOME and
 * ONEDNN_MAX_CPU_ISA, and keeps finished clips in the user's cache folder (zt_cache). What it never does: write to
 * stdout or stderr, install signal handlers, call exit, abort, setlocale or fork, change the environment, open a
 * network connection, or let a C++ exception cross this header. The library is never unloaded safely; load it with
 * RTLD_NODELETE.
 *
 * Memory. Every object is created and freed by this library; strings that come out belong to the
 * object they came from. Strings that go in are copied before the call returns, except in the
 * params structs, which only borrow until the call that takes the struct returns.
 *
 * Params structs start with struct_size, so that a client built with an older header keeps
 * working: fields it does not know read as zero, and zero always means "default".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "zoetrope/version.h"

#if defined(_WIN32)
#define ZT_API
#else
#define ZT_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ---- */

/* Zero and above: not an error. Below: an error; the caller's zt_error holds the sentence. */
typedef enum zt_status {
    ZT_OK = 0,
    ZT_AGAIN = 1,               /* nothing within the time-out; call again                       */
    ZT_END = 2,                 /* every frame has been read                                     */
    ZT_ERROR_ARGUMENT = -1,     /* an option or argument is wrong                                */
    ZT_ERROR_PROMPT = -2,       /* the prompt is missing, too long or not UTF-8                  */
    ZT_ERROR_NOT_FOUND = -3,    /* no such model or file                                         */
    ZT_ERROR_IO = -4,           /* a file cannot be read                                         */
    ZT_ERROR_WEIGHTS = -5,      /* a checkpoint is damaged or does not fit the model             */
    ZT_ERROR_MEMORY = -6,       /* not enough memory, host or device                             */
    ZT_ERROR_DEVICE = -7,       /* the device is absent or failed                                */
    ZT_ERROR_NUMERIC = -8,      /* a step produced values that are not finite                    */
    ZT_ERROR_NETWORK = -9,      /* another rank is lost or differs                               */
    ZT_ERROR_CANCELLED = -10,   /* zt_session_cancel was called                                  */
    ZT_ERROR_UNSUPPORTED = -11, /* this model or build cannot do what is asked                   */
    ZT_ERROR_INTERNAL = -12     /* a bug in this library                                         */
} zt_status;

/* Owned by the caller. Functions write it only on failure; NULL is accepted everywhere.
 * The message is one line, "<option or file>: expected <x>, got <y>". */
typedef struct zt_error {
    zt_status status;
    char message[508];
} zt_error;
#define ZT_ERROR_INIT \
    {                 \
        ZT_OK, { 0 }  \
    }

/* Short lower-case name of a status ("weights"); never NULL. */
ZT_API const char* zt_status_name(zt_status status);

/* Version of the library that is loaded, as in version.h: major << 16 | minor << 8 | micro. */
ZT_API uint32_t zt_version(void);

/* ---- Logging ---- */

typedef enum zt_log_level { ZT_LOG_ERROR = 1, ZT_LOG_WARNING, ZT_LOG_INFO, ZT_LOG_VERBOSE, ZT_LOG_DEBUG } zt_log_level;

/* Called from the calling thread, from a thread that it waits for (where threads are few, zt_model_open reads weights
 * on one), or from a session's worker, never under a lock of the library. The message is one line without a newline,
 * valid during the call. Must not destroy the object that logs, nor wait for a frame: the worker has its turn
 * meanwhile. */
typedef void (*zt_log_fn)(void* opaque, zt_log_level level, const char* message);

/* ---- Model: immutable, reference counted, thread-safe ---- */

typedef struct zt_model zt_model;

typedef struct zt_model_params {
    size_t struct_size;
    const char* model;       /* built-in name or path; NULL = the built-in one for what is asked */
                             /*   (with_picture)                                                 */
    const char* device;      /* "auto" "cpu" "cuda" "cuda:N"; NULL = "auto"                      */
    const char* precision;   /* "auto" "fp32" "bf16" "fp16" "fp8"; NULL = "auto"                 */
    uint64_t memory_bytes;   /* budget, host and device; 0 = what is free                        */
    int cpu_threads;         /* 0 = the model's own: storybook 1 (2 in fp32), large ones one a core */
    const char* lora;        /* "path[:scale][|path...]"; NULL = none                            */
    const char* engine_opts; /* "key=value:key=value", the family's own; NULL = none             */
    zt_log_fn log;           /* NULL = silent                                                    */
    void* log_opaque;
    int with_picture; /* 1: the clip begins with a picture, or goes on from frames; where */
                      /*   model is NULL it decides which built-in model that is          */
} zt_model_params;

typedef struct zt_rational {
    int32_t num, den;
} zt_rational;

typedef enum zt_use { ZT_USE_NEVER = 0, ZT_USE_OPTIONAL, ZT_USE_REQUIRED } zt_use;

/* What a model can do. Valid as long as the model. Lists end with a zero entry. */
typedef struct zt_model_info {
    size_t struct_size;
    const char* name;          /* "storybook"                                                  */
    const char* family;        /* "storybook"                                                  */
    const char* sha256;        /* identity of the weights, 64 hex digits, "" without weights   */
    const char* device;        /* "cpu"                                                        */
    const char* precision;     /* resolved, "bf16"                                             */
    int width, height;         /* native size, pixels                                          */
    int min_width, min_height; /* smallest and largest size, and its step; equal to the        */
    int max_width, max_height; /*   native size when the model has one size only               */
    int size_step;
    const zt_rational* rates; /* frame rates it may carry; the first is native                */
    int64_t default_frames;   /* its clip length (see keeps_time)                              */
    int64_t frames_step;      /* frame counts are frames_step * k + frames_offset             */
    int64_t frames_offset;
    int64_t chunk_frames; /* most frames made at once                                     */
    int endless;          /* 1: frames = -1 is possible                                   */
    int true_guidance;    /* 1: negative_prompt has a meaning                             */
    int default_steps;
    zt_use first_image; /* whether it takes a picture in this role                      */
    zt_use last_image;
    zt_use mask_image;
    int history_images; /* most pictures in the role history                            */
    int strength;       /* 1: strength other than 1 is possible                         */
    int keeps_time;     /* 1: motion is as fast at every rate, and a clip by default    */
                        /*   as long: default_frames is of the native rate              */
    int picture_size;   /* 1: where no size is asked, a clip is as large as the picture */
                        /*   it begins with, brought within the limits above            */
    int loop;           /* 1: loop = 1 is possible                                      */
    int motion;         /* 1: motion and tempo other than 1 are possible                */
    int sample_rate;    /* of the sound it makes where asked (zt_request.sound), in     */
                        /*   hertz; 0: it is mute                                       */
    int channels;       /* of that sound: 1, or 2 = left and right                      */
    int cutout;         /* 1: cutout = 1 is possible: it has a subject apart from its   */
                        /*   backdrop                                                   */
} zt_model_info;

/* Fills a params struct with its defaults and its struct_size. size: of the struct as the caller's header has it,
 * which may be shorter or longer than the library's; nothing behind it is written. */
ZT_API void zt_model_params_init_sized(zt_model_params* params, size_t size);
static inline void zt_model_params_init(zt_model_params* params) {
    zt_model_params_init_sized(params, sizeof(*params));
}

/* Opens a model. Weights already open in this process are shared where all that decides them is the
 * same: every field of params but the log, and path, size, times and inode of every file that is read,
 * adapters and parts of engine_opts too. The handle, with its log callback, is the caller's own.
 * *model: one reference, owned by the caller; NULL after a failure.
 * Statuses: ARGUMENT, NOT_FOUND, IO, WEIGHTS, MEMORY, DEVICE, UNSUPPORTED, INTERNAL. */
ZT_API zt_status zt_model_open(const zt_model_params* params, zt_model** model, zt_error* error);
ZT_API zt_model* zt_model_ref(zt_model* model);
/* Gives a reference back and writes NULL. NULL and pointer to NULL are no-ops. */
ZT_API void zt_model_unref(zt_model** model);
ZT_API const zt_model_info* zt_model_get_info(const zt_model* model);

/* ---- Request ---- */

typedef enum zt_pixel_format {
    ZT_PIXEL_DEFAULT = 0, /* = YUV420P                                                          */
    ZT_PIXEL_YUV420P,
    ZT_PIXEL_YUV422P,
    ZT_PIXEL_YUV444P, /* 8 bit                       */
    ZT_PIXEL_YUV420P10,
    ZT_PIXEL_YUV422P10,
    ZT_PIXEL_YUV444P10, /* 16-bit words, host order    */
    ZT_PIXEL_GBRP,
    ZT_PIXEL_GBRP10,
    ZT_PIXEL_GBRP16, /* planes G, B, R; full range  */
    ZT_PIXEL_RGB24,  /* packed                      */
    ZT_PIXEL_RGBA,   /* packed; of pictures that go in, and of frames of a cutout          */
    ZT_PIXEL_RGBA64  /* the same in 16-bit words, host order                               */
} zt_pixel_format;
/* YUV: BT.709 matrix, limited range, chroma sited left (co-sited horizontally, centred vertically
 * for 4:2:0). Rounding is to nearest, no dither. */

/* What a picture is to the generation. Each at most once, but HISTORY. */
typedef enum zt_image_role {
    ZT_IMAGE_FIRST = 1, /* the picture that starts to move                                      */
    ZT_IMAGE_LAST,      /* the picture it ends with                                             */
    ZT_IMAGE_MASK,      /* white may move, black stays as in the first                          */
    ZT_IMAGE_HISTORY    /* a frame that came before, oldest first                               */
} zt_image_role;

/* How YUV is to be read; not looked at for RGB and GBR, which are full range. The chroma site is
 * that of 4:2:0 and 4:2:2: LEFT as in what comes out, CENTER as in JPEG, TOP_LEFT as in BT.2020. */
typedef enum zt_matrix {
    ZT_MATRIX_DEFAULT = 0 /* = BT709 */,
    ZT_MATRIX_BT601,
    ZT_MATRIX_BT709,
    ZT_MATRIX_BT2020
} zt_matrix;
typedef enum zt_range { ZT_RANGE_DEFAULT = 0 /* = LIMITED */, ZT_RANGE_LIMITED, ZT_RANGE_FULL } zt_range;
typedef enum zt_chroma_site {
    ZT_CHROMA_DEFAULT = 0 /* = LEFT */,
    ZT_CHROMA_LEFT,
    ZT_CHROMA_CENTER,
    ZT_CHROMA_TOP_LEFT
} zt_chroma_site;
/* What the colours of a picture with an alpha channel are: as they were before it, or multiplied by it. */
typedef enum zt_alpha { ZT_ALPHA_DEFAULT = 0 /* = STRAIGHT */, ZT_ALPHA_STRAIGHT, ZT_ALPHA_PREMULTIPLIED } zt_alpha;

/* A picture that conditions a generation, of any size: 1 to 16384 pixels a side, at most 2^26 in
 * all. Samples of more than 8 bits are rounded to 8. Odd sides are possible; chroma planes are then
 * rounded up.
 * Alpha: that of RGBA and RGBA64; a format of three planes has it where data[3] is not NULL: a plane
 * of full size and of the format's sample depth, always of full range. 0 is transparent. The picture
 * is laid on zt_request.background before anything else is done with it, a mask on black. */
typedef struct zt_image {
    size_t struct_size; /* the same in all elements of an array                          */
    zt_image_role role;
    zt_pixel_format format;
    int width, height;
    const uint8_t* data[4]; /* top row of each plane, in the order of the format's name      */
    ptrdiff_t stride[4];    /* bytes from a row to the one below; may be negative            */
    zt_matrix matrix;
    zt_range range;
    zt_chroma_site chroma_site;
    zt_alpha alpha;  /* not looked at without an alpha channel                        */
    int orientation; /* how it is to be turned to stand upright: 1 to 8 as in EXIF;   */
                     /*   0 = 1, not at all. width and height are those before it     */
} zt_image;

/* How a picture meets the size of the frames: cut to their shape, stretched to it, or whole with
 * black bars. */
typedef enum zt_fit { ZT_FIT_CROP = 0, ZT_FIT_STRETCH, ZT_FIT_PAD } zt_fit;

typedef enum zt_transition { ZT_TRANSITION_CUT = 0, ZT_TRANSITION_MORPH } zt_transition;

/* Whether finished frames are kept on disk and read from there when the same are asked for again; nothing else changes.
 * AUTO: read where they are; kept for finite clips of models with weights, unless the seed was drawn. ON: kept for
 * every finite clip, and a folder that cannot be written is an error. docs/cache.md */
typedef enum zt_cache { ZT_CACHE_AUTO = 0, ZT_CACHE_OFF, ZT_CACHE_ON } zt_cache;

/* Marks in the picture itself, on every frame that the engine makes: a text that says it is generated (of a clip of at
 * least 64 pixels a side: in its first 3 seconds, or always), and a mark that only a program sees. docs/marks.md. */
typedef enum zt_label { ZT_LABEL_NONE = 0, ZT_LABEL_START, ZT_LABEL_ALWAYS } zt_label;
/* AUTO: Chinese where the prompt has Chinese characters, else English. */
typedef enum zt_label_language { ZT_LABEL_AUTO = 0, ZT_LABEL_ENGLISH, ZT_LABEL_CHINESE } zt_label_language;
typedef enum zt_label_place {
    ZT_LABEL_BOTTOM_LEFT = 0,
    ZT_LABEL_BOTTOM_RIGHT,
    ZT_LABEL_TOP_LEFT,
    ZT_LABEL_TOP_RIGHT
} zt_label_place;
typedef enum zt_watermark { ZT_WATERMARK_NONE = 0, ZT_WATERMARK_DCT } zt_watermark;

typedef struct zt_request {
    size_t struct_size;
    const char* prompt;      /* UTF-8, at most 16 KiB; exactly one of prompt, prompt_file,  */
    const char* prompt_file; /*   storyboard. Regular UTF-8 file, at most 64 KiB            */
    const char* storyboard;  /* SRT or WebVTT file, each cue a shot: docs/storyboard.md     */
    const char* negative_prompt;
    zt_transition transition;
    int width, height;   /* pixels; 0 = native, or the picture's (picture_size)         */
    zt_rational rate;    /* frames per second; 0/0 = native                             */
    int64_t frames;      /* 0 = length of the storyboard, else the model's clip length; */
                         /*   -1 = endless                                              */
    int64_t duration_us; /* instead of frames; 0 = unset, -1 = endless; the frames      */
                         /*   whose time is before it (docs/options.md), rounded down   */
                         /*   to a count the model has                                  */
    int64_t start_frame; /* frames before this one are made but not handed out; pts     */
                         /*   start here, the end of the clip stays where it is         */
    int64_t seed;        /* -1 = random, see zt_session_info.seed                       */
    int steps;           /* 0 = the family's own                                        */
    double guidance;     /* -1 = the family's own (zt_request_init sets it)             */
    double flow_shift;   /* 0 = the family's own                                        */
    int enhance;
    zt_pixel_format format;
    int prefetch;             /* chunks made ahead of the reader, 0..4; init sets 1          */
    int64_t timeout_us;       /* not used by the engine; kept here for front ends            */
    int sei, metadata_prompt; /* not used by the engine; kept here for front ends            */
    zt_log_fn log;            /* NULL = the model's                                          */
    void* log_opaque;
    const zt_image* images; /* pictures that condition; borrowed, with their pixels, until */
    size_t image_count;     /*   the call that takes the request returns                   */
    zt_fit fit;
    double strength;        /* weight of the first picture, 0..1; init sets 1              */
    const char* background; /* what shows through transparent pictures: "#RRGGBB",         */
                            /*   "0xRRGGBB", "white", "gray" or "black"; NULL = "white"    */
    int loop;               /* 1: the last frame meets the first; an endless clip repeats  */
    double motion;          /* how much moves, times the model's own, 0.01..3; 0 = 1: that */
                            /*   nothing moves is said in words. init sets 1               */
    double tempo;           /* how fast, times the model's own, 0.1..4; 0 = 1; init sets 1 */
    int sound;              /* 1: frames carry sound (zt_frame_info.samples)               */
    zt_cache cache;
    zt_label label; /* as all below: 0 = none, or the default                      */
    zt_label_language label_language;
    zt_label_place label_place;
    zt_watermark watermark;
    int cutout; /* 1: the subject without its backdrop: frames have alpha, straight        */
                /*   (zt_frame_info.data); for models that can (zt_model_info.cutout)      */
} zt_request;

/* As zt_model_params_init_sized. */
ZT_API void zt_request_init_sized(zt_request* request, size_t size);
ZT_API void zt_image_init_sized(zt_image* image, size_t size);
static inline void zt_request_init(zt_request* request) { zt_request_init_sized(request, sizeof(*request)); }
static inline void zt_image_init(zt_image* image) { zt_image_init_sized(image, sizeof(*image)); }

/* The option table: every option of every front end, once. Names use '_'; '-' is read as '_'. */
typedef enum zt_option_type {
    ZT_OPTION_STRING = 1,
    ZT_OPTION_PATH,
    ZT_OPTION_BOOL,
    ZT_OPTION_INT,
    ZT_OPTION_DOUBLE,
    ZT_OPTION_SIZE, /* "256x144"                                                             */
    ZT_OPTION_RATE, /* "24", "24000/1001", "23.976"                                          */
    ZT_OPTION_TIME, /* seconds "1.5", "[HH:]MM:SS[.m]", "500ms", "20us", or -1               */
    ZT_OPTION_ENUM,
    ZT_OPTION_BYTES,
    ZT_OPTION_DICT
} zt_option_type;

enum {
    ZT_OPTION_RUNTIME = 1,
    ZT_OPTION_MODEL = 2,
    ZT_OPTION_LINK = 4,
    ZT_OPTION_REFUSED = 8,
    ZT_OPTION_I2V = 16,
    ZT_OPTION_MARK = 32
};

typedef struct zt_option_info {
    const char* name; /* "negative_prompt"                                              */
    zt_option_type type;
    const char* default_value; /* as text                                                        */
    double min, max;           /* numbers only                                                   */
    const char* choices;       /* ENUM: words with a blank between                               */
    unsigned flags;            /* RUNTIME: zt_session_set_option takes it; MODEL: belongs to     */
                               /*   zt_model_params; LINK: a t2v: link may set it; REFUSED: known */
                               /*   but not yet possible in this version; I2V: of the front ends,*/
                               /*   those that take pictures have it; MARK: of those, ones whose */
                               /*   output has a place for marks                                */
    const char* help;
} zt_option_info;

/* NULL past the last one. */
ZT_API const zt_option_info* zt_option_at(size_t index);

/* Reads a value from text into the struct the option belongs to. Strings are borrowed: value must
 * live until the struct has been used. Statuses: ARGUMENT (unknown name, wrong value), PROMPT,
 * UNSUPPORTED (option not possible in this version). Numbers never depend on the locale. */
ZT_API zt_status zt_set_option(zt_model_params* params, zt_request* request, const char* name, const char* value,
                               zt_error* error);

/* ---- Session: one thread at a time, except where marked [any thread] ---- */

typedef struct zt_session zt_session;
typedef struct zt_frame zt_frame;

/* What the request became. Valid as long as the session. */
typedef struct zt_session_info {
    size_t struct_size;
    int width, height;
    zt_rational rate;
    int64_t frames; /* -1 = endless                                                      */
    int64_t seed;   /* the one really used                                               */
    int steps;
    double guidance;
    zt_pixel_format format;
    int sample_rate; /* of the sound that frames carry, in hertz; 0 = they carry none      */
    int channels;
} zt_session_info;

typedef struct zt_progress {
    size_t struct_size;   /* set by the caller                                                 */
    const char* stage;    /* "load" "text" "picture" "denoise" "decode" "read" (of the cache) "wait" "done"; static  */
    int step, steps;      /* done of this stage, and all of it; 0 of 0 where it has but one    */
    int64_t frames_done;  /* frames finished so far                                            */
    int64_t frames_total; /* -1 = endless                                                      */
    double seconds_left;  /* -1 = unknown                                                      */
} zt_progress;

/* Validates and starts. Returns before anything is computed. *session is NULL after a failure.
 * Statuses: ARGUMENT, PROMPT, NOT_FOUND, IO, MEMORY, UNSUPPORTED, INTERNAL. */
ZT_API zt_status zt_session_create(zt_model* model, const zt_request* request, zt_session** session, zt_error* error);
/* What zt_session_create would make of the request, without starting anything: for a host that must
 * say size, rate and length before the pictures are there. They are looked at by role, format, size and
 * orientation; data and stride may be zero. A random seed stays -1. info->struct_size is set by the caller.
 * Statuses as zt_session_create. */
ZT_API zt_status zt_session_plan(zt_model* model, const zt_request* request, zt_session_info* info, zt_error* error);
/* Cancels if needed, joins the worker, frees. Frames already read stay valid. Writes NULL. Does nothing
 * when called from the session's own log callback on its worker. */
ZT_API void zt_session_destroy(zt_session** session);
ZT_API const zt_session_info* zt_session_get_info(const zt_session* session);

/* The next frame in order. timeout_us: -1 = wait, 0 = do not wait.
 * OK: *frame is one reference, owned by the caller. AGAIN, END and errors: *frame is NULL.
 * Statuses: AGAIN, END, CANCELLED, or whatever ended the generation (again at each later call). */
ZT_API zt_status zt_session_read(zt_session* session, int64_t timeout_us, zt_frame** frame, zt_error* error);

/* [any thread] Asks the worker to stop and wakes the reader; returns at once. Idempotent. */
ZT_API void zt_session_cancel(zt_session* session);

/* [any thread] From the next chunk begun on, frames obey the new prompt (a model that makes its whole
 * clip at once, as hunyuan_video, has no such chunk after the first). *first_frame (may be NULL): pts of the
 * first frame that obeys it. A refused prompt leaves the old one in force.
 * Statuses: OK, END (no chunk will begin any more; *first_frame = -1), ARGUMENT, PROMPT, UNSUPPORTED. */
ZT_API zt_status zt_session_set_prompt(zt_session* session, const char* prompt, int64_t* first_frame, zt_error* error);
/* [any thread] The options marked RUNTIME, value as text. */
ZT_API zt_status zt_session_set_option(zt_session* session, const char* name, const char* value, int64_t* first_frame,
                                       zt_error* error);
/* [any thread] */
ZT_API zt_status zt_session_get_progress(zt_session* session, zt_progress* progress);

/* ---- Frame: reference counted, thread-safe count, outlives session and model ---------------- */

typedef struct zt_frame_info {
    size_t struct_size;
    int width, height;
    zt_pixel_format format;
    uint8_t* data[4];    /* planes, in the order of the format's name, one behind the     */
                         /*   other in one block; the holder of the only reference may write. */
                         /*   Of a cutout the alpha is in RGBA and RGBA64, or the plane     */
                         /*   data[3], as in zt_image: full size, the format's sample depth, */
                         /*   full range, 0 = transparent. Colours are straight, and go on  */
                         /*   a little where nothing is seen                                */
    ptrdiff_t stride[4]; /* in bytes, a multiple of 64, as are the addresses in data      */
    int64_t pts;         /* frame number, in units of 1 / rate                            */
    zt_rational rate;
    int64_t chunk;       /* which chunk it came from, 0-based                             */
    int32_t shot;        /* 0-based, grows by one with each cue and each changed prompt   */
    int32_t chunk_start; /* 1 on the first frame of a chunk                               */
    int64_t seed;
    const char* prompt;        /* the prompt this frame obeys, UTF-8                            */
    const char* prompt_sha256; /* of its bytes, 64 hex digits                                   */
    float* samples;            /* the sound of the time that this frame is seen, -1..1:         */
                               /*   sample_count times one value for each channel; NULL without */
                               /*   sound. The holder of the only reference may write           */
    int64_t first_sample;      /* number of the first of them in the clip: the frame's time in  */
                               /*   samples, rounded to the nearest, halves up                  */
    int64_t sample_count;      /* up to the first one of the next frame: at 32000 Hz and 24     */
                               /*   frames per second 1333 or 1334                              */
    int sample_rate;           /* in hertz; 0 without sound                                     */
    int channels;
} zt_frame_info;

ZT_API const zt_frame_info* zt_frame_get_info(const zt_frame* frame);
ZT_API zt_frame* zt_frame_ref(zt_frame* frame);
ZT_API void zt_frame_unref(zt_frame** frame);

#ifdef __cplusplus
}
#endif
