/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public structs byte by byte, for 64-bit hosts: printed, and compared with layout.txt by the
 * test. A line that changes breaks clients; a line may only be added behind the others of its struct.
 *   layout            prints
 *   layout FILE       compares */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <zoetrope/zoetrope.h>

static char printed[16384];
static size_t used;

static void line(const char* name, size_t value) {
    used += (size_t)snprintf(printed + used, sizeof(printed) - used, "%s %zu\n", name, value);
}

#define SIZE(type) line(#type, sizeof(type))
#define FIELD(type, field) line("    " #field, offsetof(type, field))

static void print_models(void) {
    SIZE(zt_status);
    SIZE(zt_error);
    FIELD(zt_error, status);
    FIELD(zt_error, message);
    SIZE(zt_rational);
    FIELD(zt_rational, num);
    FIELD(zt_rational, den);

    /* clang-format off */
    SIZE(zt_model_params);
    FIELD(zt_model_params, struct_size); FIELD(zt_model_params, model); FIELD(zt_model_params, device);
    FIELD(zt_model_params, precision); FIELD(zt_model_params, memory_bytes); FIELD(zt_model_params, cpu_threads);
    FIELD(zt_model_params, lora); FIELD(zt_model_params, engine_opts); FIELD(zt_model_params, log);
    FIELD(zt_model_params, log_opaque); FIELD(zt_model_params, with_picture);

    SIZE(zt_model_info);
    FIELD(zt_model_info, struct_size); FIELD(zt_model_info, name); FIELD(zt_model_info, family);
    FIELD(zt_model_info, sha256); FIELD(zt_model_info, device); FIELD(zt_model_info, precision);
    FIELD(zt_model_info, width); FIELD(zt_model_info, height); FIELD(zt_model_info, min_width);
    FIELD(zt_model_info, min_height); FIELD(zt_model_info, max_width); FIELD(zt_model_info, max_height);
    FIELD(zt_model_info, size_step); FIELD(zt_model_info, rates); FIELD(zt_model_info, default_frames);
    FIELD(zt_model_info, frames_step); FIELD(zt_model_info, frames_offset); FIELD(zt_model_info, chunk_frames);
    FIELD(zt_model_info, endless); FIELD(zt_model_info, true_guidance); FIELD(zt_model_info, default_steps);
    FIELD(zt_model_info, first_image); FIELD(zt_model_info, last_image); FIELD(zt_model_info, mask_image);
    FIELD(zt_model_info, history_images); FIELD(zt_model_info, strength);
    FIELD(zt_model_info, keeps_time); FIELD(zt_model_info, picture_size); FIELD(zt_model_info, loop);
    FIELD(zt_model_info, motion); FIELD(zt_model_info, sample_rate); FIELD(zt_model_info, channels);
    FIELD(zt_model_info, cutout);
    /* clang-format on */
}

static void print_sessions(void) {
    /* clang-format off */
    SIZE(zt_image);
    FIELD(zt_image, struct_size); FIELD(zt_image, role); FIELD(zt_image, format); FIELD(zt_image, width);
    FIELD(zt_image, height); FIELD(zt_image, data); FIELD(zt_image, stride); FIELD(zt_image, matrix);
    FIELD(zt_image, range); FIELD(zt_image, chroma_site); FIELD(zt_image, alpha); FIELD(zt_image, orientation);

    SIZE(zt_request);
    FIELD(zt_request, struct_size); FIELD(zt_request, prompt); FIELD(zt_request, prompt_file);
    FIELD(zt_request, storyboard); FIELD(zt_request, negative_prompt); FIELD(zt_request, transition);
    FIELD(zt_request, width); FIELD(zt_request, height); FIELD(zt_request, rate); FIELD(zt_request, frames);
    FIELD(zt_request, duration_us); FIELD(zt_request, start_frame); FIELD(zt_request, seed);
    FIELD(zt_request, steps); FIELD(zt_request, guidance); FIELD(zt_request, flow_shift);
    FIELD(zt_request, enhance); FIELD(zt_request, format); FIELD(zt_request, prefetch);
    FIELD(zt_request, timeout_us); FIELD(zt_request, sei); FIELD(zt_request, metadata_prompt);
    FIELD(zt_request, log); FIELD(zt_request, log_opaque);
    FIELD(zt_request, images); FIELD(zt_request, image_count); FIELD(zt_request, fit);
    FIELD(zt_request, strength); FIELD(zt_request, background);
    FIELD(zt_request, loop); FIELD(zt_request, motion); FIELD(zt_request, tempo);
    FIELD(zt_request, sound); FIELD(zt_request, cache); FIELD(zt_request, label); FIELD(zt_request, label_language);
    FIELD(zt_request, label_place); FIELD(zt_request, watermark); FIELD(zt_request, cutout);

    SIZE(zt_option_info);
    FIELD(zt_option_info, name); FIELD(zt_option_info, type); FIELD(zt_option_info, default_value);
    FIELD(zt_option_info, min); FIELD(zt_option_info, max); FIELD(zt_option_info, choices);
    FIELD(zt_option_info, flags); FIELD(zt_option_info, help);

    SIZE(zt_session_info);
    FIELD(zt_session_info, struct_size); FIELD(zt_session_info, width); FIELD(zt_session_info, height);
    FIELD(zt_session_info, rate); FIELD(zt_session_info, frames); FIELD(zt_session_info, seed);
    FIELD(zt_session_info, steps); FIELD(zt_session_info, guidance); FIELD(zt_session_info, format);
    FIELD(zt_session_info, sample_rate); FIELD(zt_session_info, channels);

    SIZE(zt_progress);
    FIELD(zt_progress, struct_size); FIELD(zt_progress, stage); FIELD(zt_progress, step);
    FIELD(zt_progress, steps); FIELD(zt_progress, frames_done); FIELD(zt_progress, frames_total);
    FIELD(zt_progress, seconds_left);

    SIZE(zt_frame_info);
    FIELD(zt_frame_info, struct_size); FIELD(zt_frame_info, width); FIELD(zt_frame_info, height);
    FIELD(zt_frame_info, format); FIELD(zt_frame_info, data); FIELD(zt_frame_info, stride);
    FIELD(zt_frame_info, pts); FIELD(zt_frame_info, rate); FIELD(zt_frame_info, chunk);
    FIELD(zt_frame_info, shot); FIELD(zt_frame_info, chunk_start); FIELD(zt_frame_info, seed);
    FIELD(zt_frame_info, prompt); FIELD(zt_frame_info, prompt_sha256);
    FIELD(zt_frame_info, samples); FIELD(zt_frame_info, first_sample); FIELD(zt_frame_info, sample_count);
    FIELD(zt_frame_info, sample_rate); FIELD(zt_frame_info, channels);
    /* clang-format on */
}

int main(int argc, char** argv) {
    static char listed[sizeof(printed)];
    FILE* file;
    size_t bytes;

    print_models();
    print_sessions();
    if (argc < 2) return fputs(printed, stdout) < 0;
    if (sizeof(void*) != 8) return 77;
    file = fopen(argv[1], "r");
    if (!file) return 1;
    bytes = fread(listed, 1, sizeof(listed) - 1, file);
    fclose(file);
    if (bytes != used || memcmp(listed, printed, used) != 0) {
        printf("the layout is not that of layout.txt; it is now:\n%s", printed);
        return 1;
    }
    return 0;
}
