/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vpicture.h - the pictures that condition a clip
 *
 * The threads of the sink pads bring them, the streaming thread waits until all that are wanted are
 * there, then they become the engine's images.
 */
#pragma once

#include <gst/video/video.h>

#include "gstt2vclip.h"
#include "gstt2vextend.h"
#include "gstt2vwait.h"
#include "zt_loader.h"

G_BEGIN_DECLS

/* Each comes in through a pad of its own. */
typedef enum { T2V_INPUT_FIRST, T2V_INPUT_LAST, T2V_INPUT_MASK, T2V_INPUTS } T2vInput;

typedef struct _T2vInputs T2vInputs;

/* Both are borrowed and must live longer. Where extend is on, the first input is its. */
T2vInputs *t2v_inputs_new (T2vWait *wait, T2vExtend *extend);
void t2v_inputs_free (T2vInputs *inputs);

/* "input", "last", "mask". */
const gchar *t2v_input_name (T2vInput input);
/* Whether its pad is there; changed only while nothing runs. */
void t2v_input_want (T2vInputs *inputs, T2vInput input, gboolean wanted);
gboolean t2v_input_is_wanted (T2vInputs *inputs, T2vInput input);

/* The pad's thread. Takes the buffer; FALSE when there is one already. orientation: 1 to 8 as in
 * EXIF, how the picture is to be turned; 0 = not told. */
gboolean t2v_input_take (T2vInputs *inputs, T2vInput input, GstBuffer *buffer,
    const GstVideoInfo *info, gint orientation);
/* No picture will come. */
void t2v_input_end (T2vInputs *inputs, T2vInput input);
gboolean t2v_input_is_there (T2vInputs *inputs, T2vInput input);
void t2v_input_forget (T2vInputs *inputs, T2vInput input);
void t2v_inputs_forget (T2vInputs *inputs);

/* What the tag image-orientation says, 1 to 8 as in EXIF; 0 without it. */
gint t2v_picture_orientation (const GstTagList *tags);
/* The tag's word for it, "rotate-90". */
const gchar *t2v_picture_orientation_word (gint orientation);

/* Those that are wanted, as images without pixels: what cannot be is said before anything is
 * decoded. Where one is not there yet it is as large as the model's own frames. history: how many
 * frames of an input that passes through. Free with g_free. */
zt_image *t2v_inputs_describe (
    T2vInputs *inputs, const ZtEngine *zt, const zt_model_info *model, guint history, guint *count);
/* How large the clip is where nobody says: as the model's own, or, with a model that takes it from
 * the picture, as large as that one at this format. The picture must be there. */
void t2v_inputs_clip_size (T2vInputs *inputs, const ZtEngine *zt, zt_model *model,
    zt_pixel_format format, gboolean cutout, T2vSize *size);

/* References to the pictures of a generation. One thread at a time. */
typedef struct _T2vPictures T2vPictures;

/* The streaming thread. OK: *pictures are all that are wanted. FLUSHING, or EOS where one will not
 * come, whose name is then in *missing. */
GstFlowReturn t2v_inputs_wait (T2vInputs *inputs, T2vPictures **pictures, const gchar **missing);
/* The engine's images, as long as the pictures live; NULL when one cannot be read. */
const zt_image *t2v_pictures_map (
    T2vPictures *pictures, const ZtEngine *zt, zt_alpha alpha, guint *count);
/* NULL is none. */
void t2v_pictures_free (T2vPictures *pictures);

G_END_DECLS
