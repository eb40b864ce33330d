// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clips.h"

#include <algorithm>

#include "core/file.h"
#include "core/json.h"
#include "step.h"
#include "trained_families.h"

namespace zt::training {

using namespace compositor;

class ClipSource::Kept final : public LayerSource {
public:
    explicit Kept(LayerSource& from) : from_(from) {}
    std::vector<LayerPtr> sprite(const std::string& name, int style, const std::string& cells) override {
        return kept(name + "." + std::to_string(style) + "." + cells, [&] { return from_.sprite(name, style, cells); });
    }
    LayerPtr ring(const std::string& name, int style) override {
        return kept("ring." + name + "." + std::to_string(style),
                    [&] { return std::vector<LayerPtr>{from_.ring(name, style)}; })[0];
    }
    size_t bytes() {
        const std::lock_guard lock(mutex_);
        size_t sum = 0;
        for (const auto& [key, layers] : layers_)
            for (const auto& layer : layers)
                for (const Level& level : layer->levels) sum += level.pixels.size() * sizeof(float);
        return sum;
    }

private:
    template <class F>
    std::vector<LayerPtr> kept(const std::string& key, const F& make) {
        {
            const std::lock_guard lock(mutex_);
            if (const auto found = layers_.find(key); found != layers_.end()) return found->second;
        }
        auto made = make();
        const std::lock_guard lock(mutex_);
        return layers_.emplace(key, std::move(made)).first->second;
    }
    LayerSource& from_;
    std::mutex mutex_;
    std::map<std::string, std::vector<LayerPtr>> layers_;
};

namespace {

// "run|ran, rush" -> run, rush
void take_words(const json::Value& section, std::map<std::string, std::vector<std::string>>& into) {
    const auto* members = std::get_if<json::Value::Object>(&section.data);
    if (!members) return;
    for (const auto& [key, value] : *members) {
        const auto* list = std::get_if<std::string>(&value.data);
        if (!list || std::count(key.begin(), key.end(), '=') != 1 || key.find(' ') != std::string::npos)
            continue;  // one value, nothing else
        for (size_t at = 0; at < list->size();) {
            const size_t end = std::min(list->find(", ", at), list->size());
            const std::string word = list->substr(at, std::min(end, list->find('|', at)) - at);
            if (!word.empty()) into[key].push_back(word);
            at = end + 2;
        }
    }
}

}  // namespace

ClipSource::ClipSource(const std::string& model, ClipShape shape)
    : shape_(shape), weights_(load_weights(model, at::kFloat)), layers_(std::make_unique<Kept>(*weights_->layers)) {
    TORCH_CHECK(shape.width > 0 && shape.height > 0 && shape.width % 8 == 0 && shape.height % 8 == 0,
                "width, height: expected multiples of 8, got ", shape.width, "x", shape.height);
    TORCH_CHECK(shape.frames > 0 && shape.rate > 0, "frames, rate: expected at least 1, got ", shape.frames, " and ",
                shape.rate);
    const std::string file = model + "/lexicon.json";
    const json::Value lexicon = json::parse_value(read_whole_file(file, json::Limits{}.bytes), {}, json::Origin{file});
    for (const auto& [language, sections] : std::get<json::Value::Object>(lexicon.data))
        if (language == "english" || language == "chinese")
            for (const auto& [name, section] : std::get<json::Value::Object>(sections.data))
                if (name == "nouns" || name == "verbs" || name == "adjectives" || name == "world" ||
                    name == "directions")
                    take_words(section, words_[language == "chinese"]);
}

ClipSource::~ClipSource() = default;

size_t ClipSource::held_bytes() const { return layers_->bytes(); }

std::string ClipSource::word(std::mt19937& dice, int language, Attribute attribute, int value) const {
    if (value < 0) return {};
    const std::string key = std::string(attribute_name(attribute)) + "=" +
                            weights_->lexicon.value_names(attribute)[static_cast<size_t>(value)];
    const auto found = words_[language].find(key);
    if (found == words_[language].end()) return {};
    // Half of the time one of the two commonest words: rare ones would otherwise be most of what is seen.
    const size_t most = dice() % 2 ? found->second.size() : std::min<size_t>(2, found->second.size());
    return found->second[dice() % most];
}

std::string ClipSource::sentence(std::mt19937& dice) const {
    const int language = dice() % 4 == 0;  // one in four is Chinese
    const Play play = cast(weights_->world, Wish{}, static_cast<int64_t>(dice()), nullptr).play;
    const auto said = [&](Attribute a, int value, unsigned percent) {
        return dice() % 100 < percent ? word(dice, language, a, value) : std::string();
    };
    const Actor& actor = play.actors[0];
    std::string text;
    const auto add = [&](const std::string& w, const char* between) {
        if (!w.empty()) text += (text.empty() ? "" : between) + w;
    };
    const char* blank = language ? "" : " ";
    add(language ? "一只" : "a", blank);
    add(said(kSize, actor.size, 50), blank), add(said(kColour, actor.colour, 70), blank);
    add(word(dice, language, kSubject, actor.subject), blank);
    if (const std::string verb = said(kMotion, actor.motion, 70); !verb.empty())
        add(language || verb.find(' ') != std::string::npos ? verb : verb + "s", blank);
    add(said(kDirection, actor.direction, 50), blank);
    const char* comma = language ? "，" : ", ";
    add(said(kScene, play.scene, 70), comma), add(said(kTime, play.time, 50), comma),
        add(said(kWeather, play.weather, 40), comma);
    add(said(kCamera, play.camera, 25), comma), add(said(kStyle, play.style, 50), comma);
    return text;
}

Clip ClipSource::draw(uint64_t seed) const {
    std::mt19937 dice = step_dice(seed);
    Clip clip{sentence(dice), at::empty({shape_.frames, shape_.height, shape_.width, 3}, at::kByte)};
    // Not the play that the words came from, but what the engine reads in them: the label is true whatever the words.
    const Stage stage(
        weights_->world,
        cast(weights_->world, read_sentence(weights_->lexicon, clip.sentence), static_cast<int64_t>(dice()), nullptr)
            .play,
        *layers_, nullptr, false, [] {});
    const double begin = static_cast<double>(dice() % 4096) / 1024;  // clips are cut out of longer ones
    Canvas canvas(shape_.width, shape_.height);
    uint8_t* to = clip.pixels.data_ptr<uint8_t>();
    for (int f = 0; f < shape_.frames; f++) {
        stage.draw(canvas, begin + static_cast<double>(f) / shape_.rate);
        for (size_t i = 0; i < canvas.pixels.size(); i++)
            if (i % 4 != 3) *to++ = static_cast<uint8_t>(std::clamp(canvas.pixels[i], 0.F, 1.F) * 255 + 0.5F);
    }
    return clip;
}

ClipQueue::ClipQueue(const ClipSource& source, int64_t seed, int workers, int64_t batch, int renderers, int64_t only,
                     int64_t repeat)
    : source_(source), seed_(seed), only_(only), repeat_(repeat), part_(batch / std::max<int64_t>(repeat, 1)),
      workers_(workers), renderers_(renderers) {
    TORCH_CHECK(repeat > 0 && batch > 0 && batch % repeat == 0, "repeat: expected a divisor of batch, ", batch,
                ", got ", repeat);
}

ClipQueue::~ClipQueue() {
    for (auto& thread : threads_) thread.request_stop();
    threads_.clear();  // waits
}

ClipQueue::Part ClipQueue::draw(int64_t job) const {
    Part part;
    try {
        const int64_t worker = (job % workers_ + workers_) % workers_;
        std::mt19937_64 seeds(step_seed(seed_, (job - worker) / workers_, worker) + 77);
        for (int64_t i = 0; i < part_; i++) {
            const uint64_t seed = seeds();
            part.clips.push_back(source_.draw(only_ > 0 ? seed % static_cast<uint64_t>(only_) : seed));
        }
    } catch (const std::exception&) {
        part.error = std::current_exception();
    }
    return part;
}

void ClipQueue::work(const std::stop_token& stop) {
    at::set_num_threads(1);
    const int64_t most = 3 * (renderers_ + workers_);  // bounds the memory
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [&] { return next_ <= wanted_ + most; })) {
        const int64_t job = next_++;
        lock.unlock();
        Part part = draw(job);
        lock.lock();
        ready_.emplace(job, std::move(part));
        changed_.notify_all();
    }
}

std::vector<Clip> ClipQueue::take(int64_t step, int worker) {
    std::vector<Clip> clips;
    std::unique_lock lock(mutex_);
    const int64_t newest = step * workers_ + worker;
    if (!begun_) {  // a run that goes on begins in the middle
        next_ = (step - (repeat_ - 1) * kApart) * workers_, wanted_ = next_;
        begun_ = true;
        for (int i = 0; i < renderers_; i++) threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
    wanted_ = std::max(wanted_, newest);
    changed_.notify_all();
    for (int64_t k = 0; k < repeat_; k++) {
        const int64_t job = newest - k * kApart * workers_;
        if (renderers_ > 0) {
            changed_.wait(lock, [&] { return ready_.contains(job); });
        } else if (!ready_.contains(job)) {
            lock.unlock();  // so that workers draw side by side
            Part part = draw(job);
            lock.lock();
            ready_.emplace(job, std::move(part));
        }
        const Part& part = ready_.at(job);
        if (part.error) std::rethrow_exception(part.error);
        clips.insert(clips.end(), part.clips.begin(), part.clips.end());
        if (k == repeat_ - 1) ready_.erase(job);  // it has served
    }
    return clips;
}

}  // namespace zt::training
