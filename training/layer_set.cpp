// SPDX-License-Identifier: LGPL-2.1-or-later
#include "layer_set.h"

#include <atomic>

#include "parallel.h"
#include "world/layers.h"

namespace zt::training {
namespace {

json::Value number(int v) {
    return v < 0 ? json::Value(static_cast<double>(v)) : json::Value(static_cast<uint64_t>(v));
}

void put(at::Tensor into, const world::Layer& layer) {
    TORCH_CHECK(into.numel() == static_cast<int64_t>(layer.data.size()), "a layer of another size than its box");
    std::copy(layer.data.begin(), layer.data.end(), into.data_ptr<float>());
}

}  // namespace

Tensors painted_layers(int workers) {
    struct Job {
        std::string name;
        int index, style;
        bool ring;
    };
    std::vector<Job> jobs;
    for (int style = 0; style < world::kStyles; style++) {
        for (size_t i = 0; i < world::sprite_names().size(); i++)
            jobs.push_back({"sprites." + world::sprite_names()[i] + "." + world::style_name(style), static_cast<int>(i),
                            style, false});
        for (size_t i = 0; i < world::ring_names().size(); i++)
            jobs.push_back(
                {"rings." + world::ring_names()[i] + "." + world::style_name(style), static_cast<int>(i), style, true});
    }
    Tensors out;
    for (const Job& job : jobs) {
        const world::Box box = job.ring ? world::ring_box(job.index) : world::sprite_box(job.index);
        std::vector<int64_t> shape{box.height * world::kScale, box.width * world::kScale, world::kChannels};
        if (!job.ring) shape.insert(shape.begin(), world::sprite_cells(job.index));
        out[job.name] = at::empty(shape);
    }
    std::atomic<size_t> next{0};
    on_workers(workers, [&](int) {
        for (size_t j = next++; j < jobs.size(); j = next++) {
            const Job& job = jobs[j];
            const at::Tensor& t = out.at(job.name);
            if (job.ring)
                put(t, world::paint_ring(job.index, job.style));
            else
                for (int cell = 0; cell < world::sprite_cells(job.index); cell++)
                    put(t[cell], world::paint_sprite(job.index, job.style, cell));
        }
    });
    return out;
}

json::Value::Object layer_places() {
    using Object = json::Value::Object;
    Object sprites, rings;
    for (size_t i = 0; i < world::sprite_names().size(); i++) {
        const world::Box b = world::sprite_box(static_cast<int>(i));
        Object cells;
        if (world::sprite_cells(static_cast<int>(i)) > 1)
            cells = {{"move", number(world::sprite_cells(static_cast<int>(i)) - 2)},
                     {"stand", number(1)},
                     {"sleep", number(1)}};
        else
            cells = {{"stand", number(1)}};
        sprites.emplace_back(
            world::sprite_names()[i],
            json::Value(
                Object{{"box", {json::Value::Array{number(b.left), number(b.top), number(b.width), number(b.height)}}},
                       {"cells", {cells}}}));
    }
    for (size_t i = 0; i < world::ring_names().size(); i++) {
        const world::Box b = world::ring_box(static_cast<int>(i));
        rings.emplace_back(world::ring_names()[i],
                           json::Value(Object{{"top", number(b.top)}, {"bottom", number(b.top + b.height)}}));
    }
    return {{"sprites", {sprites}}, {"rings", {rings}}};
}

}  // namespace zt::training
