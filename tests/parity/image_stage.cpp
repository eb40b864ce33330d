// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures for image_test.py.
#include "image/clip_pixels.h"
#include "image/fit.h"
#include "stage.h"

namespace {

using namespace zt::image;

at::Tensor to_tensor(const Picture& picture) {
    return at::tensor(at::ArrayRef<uint8_t>(picture.rgb), at::kByte).reshape({picture.height, picture.width, 3});
}

Picture to_picture(const at::Tensor& t) {
    return {t.size(1), t.size(0),
            std::vector<uint8_t>(t.const_data_ptr<uint8_t>(), t.const_data_ptr<uint8_t>() + t.numel())};
}

// Every input "i:FILTER:HOW:WIDTH:HEIGHT" gives an output of the same name.
void made(zt::parity::Case& c) {
    for (const auto& [name, tensor] : c.in) {
        std::vector<std::string> words(1);
        for (const char ch : name) {
            if (ch == ':') {
                words.emplace_back();
            } else {
                words.back() += ch;
            }
        }
        const Picture picture = to_picture(tensor);
        const int64_t width = std::stoll(words.at(3)), height = std::stoll(words.at(4));
        const Filter filter = words[1] == "bilinear"  ? Filter::kBilinear
                              : words[1] == "bicubic" ? Filter::kBicubic
                                                      : Filter::kLanczos;
        if (words[2] == "clip") {
            c.out[name] = at::tensor(clip_pixels(picture, width)).reshape({3, width, width});
        } else if (words[2] == "crop_middle") {
            c.out[name] = to_tensor(centre_crop(picture, width, height));
        } else {
            const zt_fit how = words[2] == "crop" ? ZT_FIT_CROP : words[2] == "pad" ? ZT_FIT_PAD : ZT_FIT_STRETCH;
            c.out[name] = to_tensor(fit(picture, width, height, how, filter));
        }
    }
}

}  // namespace

int main(int argc, char** argv) { return zt::parity::run(argc, argv, {{"made", made}}); }
