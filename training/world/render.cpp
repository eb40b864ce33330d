// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Poses over time, sprite painting, camera and composition.
#include "world/render.h"

#include <cstring>

#include "world/scene.h"
#include "world/subject.h"
#include "world/weather.h"

namespace zt::world {
namespace {

constexpr float kTau = 6.2831853f;
constexpr float kGroundY = 98.f;
constexpr size_t kRowBytes = static_cast<size_t>(kWidth) * 3, kFrameBytes = kRowBytes * kHeight;

float sine(int frame, int period) { return std::sin(kTau * static_cast<float>(frame % period) / static_cast<float>(period)); }

uint8_t byte(float v) { return static_cast<uint8_t>(std::clamp(v, 0.f, 1.f) * 255.f + 0.5f); }

// 0 .. 1 .. 0 over a period, in straight lines.
float triangle(int frame, int period) {
    const float u = static_cast<float>(frame % period) / static_cast<float>(period);
    return u < 0.5f ? 2.f * u : 2.f - 2.f * u;
}

}  // namespace

// Most motions stay on the spot: what moves are legs, wings, hops and swings. The stroll goes one
// token of the denoiser (16 pixels) per group, half of one where there are two.
Pose pose(const Clip& clip, int frame, int which) {
    const bool duo = clip.companion >= 0;
    Pose p;
    p.cycle = static_cast<float>(frame % 8) / 8.f;
    p.x = duo ? (which == 0 ? 64.f : 192.f) : 128.f;   // of two: what one would look like, four tokens to the left and right
    p.y = kGroundY;
    const auto on_the_spot = [&] { p.cycle = 0, p.moving = false; };
    switch (clip.motion) {
        case kRun: p.y -= 3.f * std::abs(sine(frame, 8)); break;
        case kJump: {   // a hop of 16 frames on the spot, with a crouch at both ends
            const float u = static_cast<float>(frame % 16) / 16.f, h = 4.f * u * (1.f - u);
            p.y -= 46.f * h;
            p.stretch = 0.90f + 0.16f * h;
            on_the_spot();
            break;
        }
        case kDance:   // swings from side to side around its feet
            p.x += 10.f * sine(frame, 16);
            p.tilt = 0.38f * sine(frame, 16);
            on_the_spot();
            break;
        case kFly: p.y = 50.f - 6.f * sine(frame, 16); break;   // hovers high up, bobbing
        case kSpin:                                             // one turn in 16 frames around its middle
            p.y = 84.f;
            p.tilt = kTau * static_cast<float>(frame % 16) / 16.f;
            p.pivot = 0;
            on_the_spot();
            break;
        case kGrow:
            p.scale *= 0.84f + 0.3f * 0.5f * (1.f - std::cos(kTau * static_cast<float>(frame % 16) / 16.f));
            on_the_spot();
            break;
        case kStroll: {
            const float reach = duo ? 32.f : 64.f;
            p.x += reach * (2.f * triangle(frame, 64) - 1.f);
            p.mirrored = frame % 64 >= 32;
            break;
        }
        default:   // asleep: slow breath
            p.stretch = 0.97f + 0.03f * sine(frame, 16);
            p.snore = frame % 16;
            p.asleep = true;
            on_the_spot();
            break;
    }
    return p;
}

float zoom_factor(const Clip& clip, int frame) {
    if (clip.camera != kZoom) return 1.f;
    return 1.f + (kZoomMost - 1.f) * 0.5f * (1.f - std::cos(kTau * static_cast<float>(frame % 64) / 64.f));
}

Renderer::Bytes Renderer::backdrop_of(const Clip& c, int phase) {
    phase = animated(c.scene) ? phase : 0;
    const int key = (((c.scene * kTimes + c.time) * kLayouts + c.layout) * kStyles + c.style) * 8 + phase;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = backdrops_.find(key); found != backdrops_.end()) return found->second;
    }
    const Picture picture = backdrop(c.scene, c.time, c.layout, c.style, phase);
    auto bytes = std::make_shared<std::vector<uint8_t>>(picture.data.size());
    std::transform(picture.data.begin(), picture.data.end(), bytes->begin(), byte);
    const std::lock_guard lock(mutex_);
    return backdrops_.emplace(key, std::move(bytes)).first->second;
}

namespace {

// Three letters z that rise from a sleeper's head and fade in size; one spacing in 16 frames.
void add_snore(std::vector<Shape>& shapes, int phase) {
    for (int i = 0; i < 3; i++) {
        const float u = (static_cast<float>(i) + static_cast<float>(phase) / 16.f) / 3.f, r = 2.2f + 2.6f * u, x = 34.f + 16.f * u, y = -26.f - 28.f * u;
        shapes.push_back(line({{x - r, y - r}, {x + r, y - r}, {x - r, y + r}, {x + r, y + r}}, 1.1f, rgb8(96, 108, 190)));
    }
}

// The styles share a puppet's shapes: neon lights them from a bright outline, a pencil draws the outline
// and crayons fill it. One line around the whole, not one around each part: legs behind a body and stripes
// on it would be a tangle at this size.
constexpr float kOutline = 1.5f;   // half of its width
const Ink kGlow(rgb8(56, 56, 56), 0.78f), kPencil(rgb8(70, 64, 74));
Ink puppet_fill(const Ink& ink, int style) {
    switch (style) {
        case kNeon: return mix(ink, rgb8(8, 8, 16), 0.40f);
        case kSketch: return mix(ink, rgb8(250, 247, 238), 0.18f);
        default: return ink;
    }
}

Sprite paint_sprite(int subject, int style, const Pose& p) {
    constexpr int n = Sprite::kEdge;
    Sprite s;
    s.pixels.resize(static_cast<size_t>(n) * n);
    std::vector<Shape> shapes = subject_shapes(subject, p.cycle, p.moving, p.asleep);
    const float c = std::cos(p.tilt), d = std::sin(p.tilt);
    // Puppet coordinates of a sprite pixel: undo mirror, tilt around the pivot, stretch and scale.
    const auto local = [&](float x, float y) {
        x -= n / 2.f;
        y -= n / 2.f;
        if (p.mirrored) x = -x;
        const float fy = y - p.pivot;
        return Point{(x * c + fy * d) / p.scale, (-x * d + fy * c) / (p.stretch * p.scale) + p.pivot};
    };
    const size_t parts = shapes.size();
    if (p.asleep) add_snore(shapes, p.snore);   // without an outline: too small for one
    struct Layered {
        Ink ink;
        float rim = 1;
    };
    const auto over = [](Layered& under, const Ink& ink, float a) {
        under.ink = mix(under.ink, ink, a);
        under.rim *= 1.f - a;
    };
    const float margin = style == kPaper ? 2.2f : kOutline;   // the paper's white edge, the line around the whole
    std::vector<float> edges(static_cast<size_t>(n) * n);   // distance to the puppet's outline
    s.left = s.top = n;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            const Point at = local(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f);
            float whole = 1e9f, outline = 1e9f;   // distance to everything, to the puppet
            Layered pixel;
            for (size_t k = 0; k < shapes.size(); k++) {
                const float dist = distance(shapes[k], at) * p.scale;
                whole = std::min(whole, dist);
                if (k < parts) outline = std::min(outline, dist);
                if (const float a = coverage(dist); a > 0) over(pixel, k < parts ? puppet_fill(shapes[k].colour, style) : shapes[k].colour, a);
            }
            const auto i = static_cast<size_t>(y * n + x);
            edges[i] = whole;
            float alpha = coverage(style == kPaper ? whole - margin : std::min(outline - margin, whole));
            if (style != kPaper) over(pixel, style == kNeon ? kGlow : kPencil, coverage(std::abs(outline) - kOutline));
            if (style == kNeon && whole > 0.f) alpha = std::max(alpha, 0.5f * std::exp(-whole / 3.f));   // light spills out
            if (style == kNeon && whole > kOutline) over(pixel, kGlow, 1.f);
            Sprite::Pixel& o = s.pixels[i];
            o = {{byte(pixel.ink.fixed.r), byte(pixel.ink.fixed.g), byte(pixel.ink.fixed.b)}, byte(pixel.ink.main), byte(pixel.rim), byte(alpha), 0};
        }
    const float darkness = style == kPaper ? 0.30f : style == kSketch ? 0.12f : 0.f;
    for (int y = 3; y < n; y++)   // the shadow falls three pixels to the right and down
        for (int x = 3; x < n; x++) {
            const float gap = edges[static_cast<size_t>((y - 3) * n + x - 3)] - margin;
            s.pixels[static_cast<size_t>(y * n + x)].shadow = byte(darkness * std::clamp(0.5f - gap / 4.f, 0.f, 1.f));
        }
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            const Sprite::Pixel& o = s.pixels[static_cast<size_t>(y * n + x)];
            if (o.alpha == 0 && o.shadow == 0) continue;
            s.left = std::min(s.left, x), s.right = std::max(s.right, x + 1);
            s.top = std::min(s.top, y), s.bottom = std::max(s.bottom, y + 1);
        }
    return s;
}

}  // namespace

// A sprite depends on the pose's shape, not on its place, and on no colour or light.
std::shared_ptr<const Sprite> Renderer::sprite_of(int subject, int style, const Pose& p) {
    int64_t key = 0;
    const auto digit = [&](int64_t value, int64_t count) { key = key * count + value; };
    digit(std::lround(p.tilt * 500.f) + 2048, 8192);
    digit(std::lround(p.stretch * 500.f), 1024);
    digit(std::lround(p.scale * 500.f), 1024);
    digit(static_cast<int64_t>(p.cycle * 8.f + 0.5f), 8);
    digit(p.mirrored, 2), digit(p.moving, 2), digit(p.asleep, 2), digit(p.snore, 16), digit(p.pivot > 1.f, 2);
    digit(subject, kSubjects), digit(style, kStyles);
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = sprites_.find(key); found != sprites_.end()) return found->second;
    }
    auto painted = std::make_shared<const Sprite>(paint_sprite(subject, style, p));
    const std::lock_guard lock(mutex_);
    return sprites_.emplace(key, std::move(painted)).first->second;
}

void Renderer::place(const Clip& clip, int which, const Pose& p, Rgb main, uint8_t* out) {
    constexpr int n = Sprite::kEdge;
    const auto sprite = sprite_of(which == 0 ? clip.subject : clip.companion, clip.style, p);
    const Rgb rim = clip.time == kNight ? rgb8(226, 224, 236) : clip.time == kSunset ? rgb8(252, 238, 222) : rgb8(253, 251, 246);
    const float light = clip.style != kPaper ? 1.f : clip.time == kNight ? 0.93f : clip.time == kSunset ? 0.97f : 1.f;
    const float m[3] = {main.r, main.g, main.b}, e[3] = {rim.r * 255.f, rim.g * 255.f, rim.b * 255.f};
    const int left = static_cast<int>(std::lround(p.x)) - n / 2, top = static_cast<int>(std::lround(p.y)) - n / 2;
    for (int y = std::max(sprite->top, -top); y < std::min(sprite->bottom, kHeight - top); y++)
        for (int x = std::max(sprite->left, -left); x < std::min(sprite->right, kWidth - left); x++) {
            const Sprite::Pixel& s = sprite->pixels[static_cast<size_t>(y * n + x)];
            if (s.alpha == 0 && s.shadow == 0) continue;
            uint8_t* o = out + static_cast<size_t>(top + y) * kRowBytes + static_cast<size_t>(left + x) * 3;
            const float a = static_cast<float>(s.alpha) / 255.f, dark = 1.f - static_cast<float>(s.shadow) / 255.f;
            for (int k = 0; k < 3; k++) {
                const float colour = light * (static_cast<float>(s.fixed[k]) + static_cast<float>(s.main) * m[k]) + static_cast<float>(s.rim) / 255.f * e[k];
                const float under = static_cast<float>(o[k]) * dark;
                o[k] = static_cast<uint8_t>(std::clamp(under + (colour - under) * a, 0.f, 255.f) + 0.5f);
            }
        }
}

namespace {

// Turns a ring by whole pixels to the left.
void pan(uint8_t* picture, int by) {
    const size_t bytes = static_cast<size_t>((by % kWidth + kWidth) % kWidth) * 3;
    for (int y = 0; y < kHeight; y++) {
        uint8_t* row = picture + static_cast<size_t>(y) * kRowBytes;
        std::rotate(row, row + bytes, row + kRowBytes);
    }
}

// Enlarges around the middle of kZoomLine, bilinear.
void zoom(uint8_t* picture, float factor) {
    if (factor <= 1.f) return;
    const std::vector<uint8_t> from(picture, picture + kFrameBytes);
    constexpr float cx = kWidth / 2.f, cy = kZoomLine;
    for (int y = 0; y < kHeight; y++) {
        const float sy = cy + (static_cast<float>(y) + 0.5f - cy) / factor - 0.5f;
        const int y0 = std::clamp(static_cast<int>(sy), 0, kHeight - 2);
        const float fy = std::clamp(sy - static_cast<float>(y0), 0.f, 1.f);
        for (int x = 0; x < kWidth; x++) {
            const float sx = cx + (static_cast<float>(x) + 0.5f - cx) / factor - 0.5f;
            const int x0 = std::clamp(static_cast<int>(sx), 0, kWidth - 2);
            const float fx = std::clamp(sx - static_cast<float>(x0), 0.f, 1.f);
            const uint8_t* a = &from[static_cast<size_t>(y0) * kRowBytes + static_cast<size_t>(x0) * 3];
            for (size_t k = 0; k < 3; k++) {
                const float upper = static_cast<float>(a[k]) + (static_cast<float>(a[k + 3]) - static_cast<float>(a[k])) * fx;
                const float lower = static_cast<float>(a[kRowBytes + k]) + (static_cast<float>(a[kRowBytes + k + 3]) - static_cast<float>(a[kRowBytes + k])) * fx;
                picture[static_cast<size_t>(y) * kRowBytes + static_cast<size_t>(x) * 3 + k] = static_cast<uint8_t>(upper + (lower - upper) * fy + 0.5f);
            }
        }
    }
}

}  // namespace

// Camera moves that act on the whole picture, then the weather before the lens.
void Renderer::finish(const Clip& clip, int frame, uint8_t* out) {
    zoom(out, zoom_factor(clip, frame));
    if (clip.camera == kShake) {
        const int dx = static_cast<int>(std::lround(4.f * sine(frame, 8))), dy = static_cast<int>(std::lround(3.f * sine(frame + 2, 4)));
        pan(out, dx);
        if (dy > 0) std::memmove(out, out + static_cast<size_t>(dy) * kRowBytes, kFrameBytes - static_cast<size_t>(dy) * kRowBytes);
        if (dy < 0) std::memmove(out - dy * static_cast<std::ptrdiff_t>(kRowBytes), out, kFrameBytes - static_cast<size_t>(-dy) * kRowBytes);
    }
    add_weather(clip.weather, frame, out);
}

void Renderer::frame(const Clip& clip, int index, uint8_t* out, const Tint* tint) {
    const Bytes back = backdrop_of(clip, index % 8);
    std::copy(back->begin(), back->end(), out);
    if (clip.camera == kFollow) pan(out, index % 64 * 4);   // one token of the denoiser per group
    if (clip.companion >= 0) place(clip, 1, pose(clip, index, 1), tint ? tint->companion : subject_colour(clip.companion_colour), out);
    place(clip, 0, pose(clip, index, 0), tint ? tint->subject : subject_colour(clip.colour), out);
    finish(clip, index, out);
}

void Renderer::empty_frame(const Clip& clip, int index, uint8_t* out) {
    const Bytes back = backdrop_of(clip, index % 8);
    std::copy(back->begin(), back->end(), out);
    if (clip.camera == kFollow) pan(out, index % 64 * 4);
    finish(clip, index, out);
}

void Renderer::group(const Clip& clip, int group, uint8_t* out) {
    for (int f = 0; f < kGroupFrames; f++) frame(clip, group * kGroupFrames + f, out + static_cast<size_t>(f) * kFrameBytes);
}

}  // namespace zt::world
