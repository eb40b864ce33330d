// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The grammar. The first entry of each list is the plain one.
#include "world/captions.h"

#include <algorithm>
#include <functional>
#include <set>

#include "text/word_tokenizer.h"

namespace zt::world {
namespace {

using List = std::vector<std::string>;
using Table = std::vector<List>;

const Table& subjects(Language l) {
    static const Table en{{"fox", "little fox"}, {"cat", "kitten", "kitty", "little cat"}, {"rabbit", "bunny", "hare", "little rabbit"},
                          {"bird", "little bird"}, {"fish", "little fish"}, {"car", "little car", "automobile"},
                          {"boat", "sailboat", "ship", "sailing boat", "little boat"}, {"balloon", "hot air balloon"},
                          {"dog", "puppy", "doggy", "little dog"}, {"elephant", "little elephant", "baby elephant"},
                          {"butterfly", "little butterfly"}, {"rocket", "spaceship", "space rocket", "little rocket"}};
    static const Table zh{{"只|狐狸", "只|小狐狸"}, {"只|猫", "只|小猫", "只|猫咪"}, {"只|兔子", "只|小兔子", "只|兔"}, {"只|鸟", "只|小鸟"},
                          {"条|鱼", "条|小鱼"}, {"辆|汽车", "辆|小汽车", "辆|车", "辆|小车"}, {"艘|船", "艘|小船", "艘|帆船"}, {"个|气球", "个|热气球"},
                          {"只|狗", "只|小狗", "条|狗"}, {"头|大象", "头|小象", "只|大象"}, {"只|蝴蝶", "只|小蝴蝶"}, {"枚|火箭", "艘|飞船", "枚|小火箭"}};
    return l == kEnglish ? en : zh;
}

const Table& colours(Language l) {
    static const Table en{{"red", "crimson", "scarlet"}, {"orange"}, {"yellow", "golden"}, {"green", "emerald"}, {"blue", "azure"}, {"purple", "violet"},
                          {"pink", "rosy"}, {"brown", "chocolate"}};
    static const Table zh{{"红色的", "红"}, {"橙色的", "橙", "橘色的"}, {"黄色的", "黄", "金黄色的"}, {"绿色的", "绿"}, {"蓝色的", "蓝"}, {"紫色的", "紫"},
                          {"粉色的", "粉红色的", "粉"}, {"棕色的", "褐色的", "棕"}};
    return l == kEnglish ? en : zh;
}

// English: third person | -ing form | plain form, for two.
const Table& motions(Language l) {
    static const Table en{{"runs|running|run", "races|racing|race", "dashes|dashing|dash", "drives|driving|drive", "swims|swimming|swim", "sails|sailing|sail"},
                          {"jumps|jumping|jump", "hops|hopping|hop", "leaps|leaping|leap", "bounces|bouncing|bounce"},
                          {"dances|dancing|dance", "sways|swaying|sway", "swings|swinging|swing"},
                          {"flies|flying|fly", "floats|floating|float", "soars|soaring|soar", "hovers|hovering|hover"},
                          {"spins|spinning|spin", "turns around|turning around|turn around", "rolls|rolling|roll", "tumbles|tumbling|tumble"},
                          {"grows and shrinks|growing and shrinking|grow and shrink", "grows|growing|grow", "pulses|pulsing|pulse"},
                          {"strolls|strolling|stroll", "walks|walking|walk", "goes back and forth|going back and forth|go back and forth", "wanders|wandering|wander"},
                          {"sleeps|sleeping|sleep", "rests|resting|rest", "naps|napping|nap", "dreams|dreaming|dream"}};
    static const Table zh{{"奔跑", "跑步", "跑", "行驶", "航行"}, {"跳跃", "蹦跳", "跳来跳去", "跳"}, {"跳舞", "舞蹈", "摇摆"}, {"飞翔", "飞行", "飞来飞去", "飞", "飘"},
                          {"旋转", "转圈", "翻滚", "打转"}, {"变大变小", "长大", "变大"}, {"散步", "走路", "走来走去", "行走"}, {"睡觉", "休息", "做梦", "打盹"}};
    return l == kEnglish ? en : zh;
}

const Table& scenes(Language l) {
    static const Table en{{"in the forest", "through the forest", "in the woods", "among the trees", "in a green forest"},
                          {"in the snow", "on the snow", "in the snowy mountains", "in winter"},
                          {"on the beach", "by the sea", "at the seaside", "on the sand", "by the ocean"},
                          {"in the city", "in town", "on the street", "through the city", "on a city street"},
                          {"in the meadow", "on the farm", "among the flowers", "in the grass", "in the countryside"},
                          {"in the desert", "among the cacti", "in the dunes", "through the desert"},
                          {"under water", "under the sea", "at the bottom of the sea", "in the deep sea"},
                          {"in space", "on the moon", "among the planets", "in outer space"}};
    static const Table zh{{"在森林里", "在树林里", "在林中"}, {"在雪地里", "在雪地上", "在雪山"}, {"在海边", "在沙滩上", "在海滩上"}, {"在城市里", "在街上", "在街道上"},
                          {"在草地上", "在农场", "在花丛中", "在田野里"}, {"在沙漠里", "在沙漠中", "在沙丘上"}, {"在水下", "在海底", "在水里"}, {"在太空", "在月球上", "在宇宙中"}};
    return l == kEnglish ? en : zh;
}

const Table& times(Language l) {
    static const Table en{{"by day", "during the day", "in the daytime", "in the sunshine", "on a sunny day"},
                          {"at night", "by night", "under the stars", "in the moonlight", "on a starry night"},
                          {"at sunset", "in the evening", "at dusk", "in the evening light"}};
    static const Table zh{{"白天", "晴天", "阳光下"}, {"夜晚", "晚上", "夜里", "月光下", "星空下"}, {"日落时", "傍晚", "黄昏", "夕阳下"}};
    return l == kEnglish ? en : zh;
}

const Table& weathers(Language l) {
    static const Table en{{"in clear weather", "under a clear sky"}, {"in the rain", "while it rains", "in rainy weather", "raining"},
                          {"while it snows", "in falling snow", "in a snowfall", "snowing"}};
    static const Table zh{{"晴朗", "天气晴朗"}, {"下着雨", "下雨", "雨中", "雨天"}, {"下着雪", "下雪", "飘着雪花", "雪花纷飞"}};
    return l == kEnglish ? en : zh;
}

const Table& cameras(Language l) {
    static const Table en{{"static camera", "the camera stands still", "fixed shot"}, {"the camera follows", "panning camera", "tracking shot", "the camera pans"},
                          {"the camera zooms in", "zooming camera", "zoom in and out", "slow zoom"}, {"shaky camera", "the camera shakes", "handheld camera"}};
    static const Table zh{{"固定镜头", "镜头不动"}, {"镜头跟随", "镜头平移", "跟拍"}, {"镜头推进", "镜头缩放", "镜头拉近"}, {"镜头抖动", "手持镜头", "镜头摇晃"}};
    return l == kEnglish ? en : zh;
}

const Table& styles(Language l) {
    static const Table en{{"paper cut style", "made of paper", "picture book style"}, {"neon style", "in neon lights", "glowing neon lines"},
                          {"pencil sketch", "as a pencil drawing", "hand drawn", "sketch style"}};
    static const Table zh{{"剪纸风格", "绘本风格"}, {"霓虹风格", "霓虹灯风格", "霓虹"}, {"素描风格", "铅笔画", "手绘风格"}};
    return l == kEnglish ? en : zh;
}

const List& fillers(Language l) {
    static const List en{"", "", "", "", "a video of ", "please make a video of ", "show me ", "a clip of ", "an animation of ", "i want to see ", "a cute video of "};
    static const List zh{"", "", "", "", "请生成一段视频：", "一段视频：", "画一个动画：", "我想看", "来一段可爱的动画："};
    return l == kEnglish ? en : zh;
}

std::string part(const std::string& list, int which) {
    size_t from = 0;
    for (; which > 0; which--) from = list.find('|', from) + 1;
    return list.substr(from, list.find('|', from) - from);
}

// Parts of a sentence; an empty string is an attribute left unsaid.
struct Parts {
    std::string subject, colour, motion, scene, time, weather, camera, style, companion, companion_colour;
};

std::string article(const std::string& next) { return std::string("aeiou").find(next[0]) != std::string::npos ? "an " : "a "; }

std::string coloured(const std::string& colour, const std::string& noun) { return colour.empty() ? noun : colour + " " + noun; }

std::string with_article(const std::string& colour, const std::string& noun, bool after) {
    if (after && !colour.empty()) return article(noun) + noun + " that is " + colour;
    const std::string whole = coloured(colour, noun);
    return article(whole) + whole;
}

// What a sentence is like beside its words. Terse: "red fox running" and 红狐狸奔跑, as people type.
struct Manner {
    std::string filler;
    int order;
    bool terse;
};

void join(std::string& s, const List& list, const char* between) {
    for (const std::string& item : list)
        if (!item.empty()) s += (s.empty() ? "" : between) + item;
}

std::string english(const Parts& p, const Manner& manner) {
    const auto& [filler, order, terse] = manner;
    const bool two = !p.companion.empty(), full = filler.empty() && order % 2 == 0 && !terse;
    const auto noun = [&](const std::string& colour, const std::string& subject, bool after) {
        return terse ? coloured(colour, subject) : with_article(colour, subject, after);
    };
    std::string who = noun(p.colour, p.subject, order == 3);
    if (two) who += " and " + noun(p.companion_colour, p.companion, false);
    std::string verb = p.motion.empty() ? "" : part(p.motion, full ? (two ? 2 : 0) : 1);
    if (!verb.empty() && !full && !terse && order == 1) verb = (two ? "that are " : "that is ") + verb;
    std::string core;
    if (order == 4)   // scene and time first
        join(core, {p.time, p.scene}, " "), core += core.empty() ? "" : ",", join(core, {who, verb}, " ");
    else
        join(core, {who, verb, order == 2 ? p.time : p.scene, order == 2 ? p.scene : p.time}, " ");
    std::string s;
    if (order == 1 || order == 4)
        join(s, {p.style, p.camera, filler + core, p.weather}, ", ");
    else
        join(s, {filler + core + (p.weather.empty() ? "" : " " + p.weather), p.camera, p.style}, ", ");
    return s;
}

std::string chinese(const Parts& p, const Manner& manner) {
    const auto& [filler, order, terse] = manner;
    const auto noun = [&](const std::string& subject, const std::string& colour) { return (terse ? "" : "一" + part(subject, 0)) + colour + part(subject, 1); };
    std::string who = noun(p.subject, p.colour);
    if (!p.companion.empty()) who += "和" + noun(p.companion, p.companion_colour);
    const std::string doing = order == 3 && !p.motion.empty() ? "正在" + p.motion : p.motion;
    std::string s;
    if (order == 4 || order == 1)
        join(s, {p.style, p.time, p.weather, who + p.scene + doing, p.camera}, "，");
    else if (order == 2)
        join(s, {p.scene, who + (p.motion.empty() ? "" : "在" + p.motion), p.time, p.weather, p.camera, p.style}, "，");
    else
        join(s, {who + p.scene + doing, p.time, p.weather, p.camera, p.style}, "，");
    return filler + s;
}

Parts parts_of(const Clip& clip, Language l, const std::array<bool, kAttributes>& said, const std::function<std::string(const List&)>& pick) {
    const auto word = [&](size_t attribute, const Table& table, int value) {
        const std::string chosen = pick(table[static_cast<size_t>(std::max(value, 0))]);   // drawn even when left out: the next draws stay the same
        return said[attribute] ? chosen : std::string();
    };
    Parts p;
    p.subject = word(0, subjects(l), clip.subject);
    p.colour = word(1, colours(l), clip.colour);
    p.motion = word(2, motions(l), clip.motion);
    p.scene = word(3, scenes(l), clip.scene);
    p.time = word(4, times(l), clip.time);
    p.weather = word(5, weathers(l), clip.weather);
    p.camera = word(6, cameras(l), clip.camera);
    p.style = word(7, styles(l), clip.style);
    p.companion = word(8, subjects(l), clip.companion);
    p.companion_colour = word(9, colours(l), clip.companion_colour);
    return p;
}

}  // namespace

Caption caption(const Clip& clip, Language l, double missing, std::mt19937& rng) {
    std::uniform_real_distribution<double> chance(0, 1);
    const auto usual = [&](int value) { return chance(rng) >= (value == 0 ? std::min(1.0, missing * 5) : missing); };
    // Weather, camera and style go without saying four times in five when they are the usual ones.
    const auto seldom = [&](int value) { return value != 0 || chance(rng) < 0.2; };
    Caption c;
    const bool duo = clip.companion >= 0;
    c.said = {true, chance(rng) >= missing, chance(rng) >= missing, chance(rng) >= missing, usual(clip.time),
              seldom(clip.weather), seldom(clip.camera), seldom(clip.style), duo, duo && chance(rng) >= missing};
    const Parts p = parts_of(clip, l, c.said, [&](const List& list) { return chance(rng) < 0.4 ? list.front() : list[rng() % list.size()]; });
    const std::string filler = fillers(l)[rng() % fillers(l).size()];
    const int order = static_cast<int>(rng() % 5);
    const Manner manner{filler, order, chance(rng) < 0.2};
    c.text = l == kEnglish ? english(p, manner) : chinese(p, manner);
    return c;
}

std::string plain_caption(const Clip& clip, Language l) {
    const bool duo = clip.companion >= 0;
    const Parts p = parts_of(clip, l, {true, true, true, true, true, clip.weather != 0, clip.camera != 0, clip.style != 0, duo, duo},
                             [](const List& list) { return list.front(); });
    const Manner plain{"", 0, false};
    return l == kEnglish ? english(p, plain) : chinese(p, plain);
}

namespace {

// The part of each attribute's table that clips of a scope need, in the order of kAttributeNames.
std::vector<Table> tables_of(const Scope& s, Language l) {
    const auto first = [](const Table& table, int count) { return Table(table.begin(), table.begin() + count); };
    return {first(subjects(l), s.subjects), first(colours(l), s.colours), first(motions(l), s.motions), first(scenes(l), s.scenes),
            first(times(l), s.times), first(weathers(l), s.weathers), first(cameras(l), s.cameras), first(styles(l), s.styles)};
}

}  // namespace

std::vector<storybook::KnownWords> known(const Scope& scope) {
    // As they stand in a sentence: -ing forms in English, no measure words in Chinese.
    const auto words = [](const Table& table) {
        Table out;
        for (const List& list : table) {
            List& synonyms = out.emplace_back();
            for (const std::string& s : list) synonyms.push_back(s.find('|') == std::string::npos ? s : part(s, 1));
        }
        return out;
    };
    const std::vector<Table> english = tables_of(scope, kEnglish), chinese = tables_of(scope, kChinese);
    std::vector<storybook::KnownWords> list;
    for (size_t i = 0; i < english.size(); i++) list.push_back({kAttributeNames[i], words(english[i]), words(chinese[i])});
    return list;
}

std::vector<std::string> vocabulary(const Scope& scope) {
    std::set<std::string> words;
    const auto add = [&](const std::string& text) {
        for (const std::string& w : text::split_words(text)) words.insert(w);
    };
    for (const Language l : {kEnglish, kChinese}) {
        for (const Table& table : tables_of(scope, l))
            for (const List& list : table)
                for (const std::string& s : list) add(s);
        for (const std::string& s : fillers(l)) add(s);
    }
    for (const char* w : {"a", "an", "that", "is", "are", "and", "一", "在", "的", "着", "和", "正"}) words.insert(w);
    std::vector<std::string> list(words.begin(), words.end());
    for (int i = 0; i < kLayouts; i++) list.push_back(layout_word(i));
    return list;
}

}  // namespace zt::world
