// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `enhance` does for MiniMax-H3: a plain sentence or the shots of a storyboard become the prompt of three fields
// that the model was trained on. A pure function of its arguments, English and Chinese, without a model. Torch-free.
//
// The names of the fields, "[Shot n]", the form of times, "<d>[English] ...</d>" and where pictures are named are those
// of MiniMax-H3 (facts of its prompt guide); every sentence around them is worded here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "include/zoetrope/zoetrope.h"
#include "text/storyboard.h"

namespace zt::minimax_h3 {

struct FormShot {
    int64_t begin_ms = 0;  // of the first shot not read
    std::string text;      // UTF-8
};

// The shots of a storyboard, each at the time of its first frame, to the nearest millisecond.
[[nodiscard]] std::vector<FormShot> form_shots(const text::ShotList& list, zt_rational rate);

// The pictures of a clip.
struct FormPictures {
    bool first = false, last = false;
    int64_t frames = 124;  // of the clip, 24 a second
};

// shots: at least one, ascending. What becomes of a text:
//   white space        runs of it are one blank: a field is one line
//   quotes             behind a word of speaking they become dialogue, the language told by the script (Latin: English)
//   sentences          that begin with a label of sound or music go to their field; "Sound of rain." "Music: a slow
//   piano." all others         are the description: [Shot 1], and for later shots the time and a cut
// Fields of which nothing is said ask for natural sound and for no music. The words added are Chinese where the texts
// are. A single text that has the fields already stays as it is; only the line about pictures is added where none is
// named. The form of a form is itself.
[[nodiscard]] std::string structured_prompt(std::span<const FormShot> shots, const FormPictures& pictures);

}  // namespace zt::minimax_h3
