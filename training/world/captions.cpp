// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The grammar. The first entry of each list is the plain one.
#include "world/captions.h"

#include <algorithm>
#include <set>

#include "text/word_tokenizer.h"

namespace zt::world {
namespace {

using List = std::vector<std::string>;
using Table = std::vector<List>;

const Table& subjects(Language l) {
    static const Table en{{"fox", "little fox"}, {"cat", "kitten", "kitty", "little cat"}, {"rabbit", "bunny", "hare", "little rabbit"},
                          {"bird", "little bird"}, {"fish", "little fish"}, {"car", "little car", "automobile"},
                          {"boat", "sailboat", "ship", "sailing boat", "little boat"}, {"balloon", "hot air balloon"}};
    static const Table zh{{"只|狐狸", "只|小狐狸"}, {"只|猫", "只|小猫", "只|猫咪"}, {"只|兔子", "只|小兔子", "只|兔"}, {"只|鸟", "只|小鸟"},
                          {"条|鱼", "条|小鱼"}, {"辆|汽车", "辆|小汽车", "辆|车", "辆|小车"}, {"艘|船", "艘|小船", "艘|帆船"}, {"个|气球", "个|热气球"}};
    return l == kEnglish ? en : zh;
}

const Table& colours(Language l) {
    static const Table en{{"red", "crimson", "scarlet"}, {"orange"}, {"yellow", "golden"}, {"green", "emerald"}, {"blue", "azure"}, {"purple", "violet"}};
    static const Table zh{{"红色的", "红"}, {"橙色的", "橙", "橘色的"}, {"黄色的", "黄", "金黄色的"}, {"绿色的", "绿"}, {"蓝色的", "蓝"}, {"紫色的", "紫"}};
    return l == kEnglish ? en : zh;
}

// English: third person | -ing form.
const Table& motions(Language l) {
    static const Table en{{"runs|running", "races|racing", "walks|walking", "dashes|dashing", "drives|driving", "swims|swimming", "sails|sailing", "moves|moving"},
                          {"jumps|jumping", "hops|hopping", "leaps|leaping", "bounces|bouncing"},
                          {"dances|dancing", "sways|swaying", "swings|swinging"},
                          {"flies|flying", "floats|floating", "soars|soaring", "glides|gliding"}};
    static const Table zh{{"奔跑", "跑步", "跑来跑去", "跑", "行驶", "行走"}, {"跳跃", "蹦跳", "跳来跳去", "跳"}, {"跳舞", "舞蹈", "摇摆"}, {"飞翔", "飞行", "飞来飞去", "飞", "飘"}};
    return l == kEnglish ? en : zh;
}

const Table& scenes(Language l) {
    static const Table en{{"in the forest", "through the forest", "in the woods", "among the trees", "in a green forest"},
                          {"in the snow", "through the snow", "on the snow", "in the snowy mountains", "in winter"},
                          {"on the beach", "by the sea", "at the seaside", "on the sand", "by the ocean"},
                          {"in the city", "in town", "on the street", "through the city", "on a city street"}};
    static const Table zh{{"在森林里", "在树林里", "在林中"}, {"在雪地里", "在雪地上", "在雪山"}, {"在海边", "在沙滩上", "在海滩上"}, {"在城市里", "在街上", "在街道上"}};
    return l == kEnglish ? en : zh;
}

const Table& times(Language l) {
    static const Table en{{"by day", "during the day", "in the daytime", "in the sunshine", "on a sunny day"},
                          {"at night", "under the moon", "under the stars", "in the moonlight", "on a starry night"}};
    static const Table zh{{"白天", "晴天", "阳光下"}, {"夜晚", "晚上", "夜里", "月光下", "星空下"}};
    return l == kEnglish ? en : zh;
}

const List& fillers(Language l) {
    static const List en{"", "", "", "", "a video of ", "please make a video of ", "show me ", "a clip of ", "an animation of "};
    static const List zh{"", "", "", "", "请生成一段视频：", "一段视频：", "画一个动画："};
    return l == kEnglish ? en : zh;
}

std::string half(const std::string& pair, int which) {
    const size_t bar = pair.find('|');
    return which == 0 ? pair.substr(0, bar) : pair.substr(bar + 1);
}

// Parts of a sentence; an empty string is an attribute left unsaid.
struct Parts {
    std::string subject, colour, motion, scene, time;
};

std::string article(const std::string& next) { return std::string("aeiou").find(next[0]) != std::string::npos ? "an " : "a "; }

std::string english(const Parts& p, const std::string& filler, int order) {
    const std::string noun = p.colour.empty() ? p.subject : p.colour + " " + p.subject;
    const bool full = filler.empty() && order % 2 == 0;
    std::string who = article(noun) + noun;
    if (order == 3 && !p.colour.empty()) who = article(p.subject) + p.subject + " that is " + p.colour;
    std::string verb = p.motion.empty() ? "" : half(p.motion, full ? 0 : 1);
    if (!verb.empty() && !full && order == 1) verb = "that is " + verb;
    List list;
    const auto add = [&](const std::string& s) { if (!s.empty()) list.push_back(s); };
    if (order == 4) {   // scene and time first
        add(p.time);
        add(p.scene);
        if (!list.empty()) list.back() += ",";
        add(who);
        add(verb);
    } else {
        add(who);
        add(verb);
        add(order == 2 ? p.time : p.scene);
        add(order == 2 ? p.scene : p.time);
    }
    std::string s = filler;
    for (size_t i = 0; i < list.size(); i++) s += (i ? " " : "") + list[i];
    return s;
}

std::string chinese(const Parts& p, const std::string& filler, int order) {
    const std::string who = "一" + half(p.subject, 0) + p.colour + half(p.subject, 1);
    std::string s = filler;
    const auto comma = [&] { if (s.size() > filler.size()) s += "，"; };
    if (order == 4 || order == 1) {
        s += p.time;
        comma();
        s += who + p.scene + p.motion;
    } else if (order == 2) {
        s += p.scene;
        comma();
        s += who + (p.motion.empty() ? "" : "在" + p.motion);
        if (!p.time.empty()) s += "，" + p.time;
    } else {
        s += who + p.scene + p.motion;
        if (!p.time.empty()) s += "，" + p.time;
    }
    return s;
}

}  // namespace

Caption caption(const Clip& clip, Language l, double missing, std::mt19937& rng) {
    std::uniform_real_distribution<double> chance(0, 1);
    const auto pick = [&](const List& list) {
        // The plain word more often than its synonyms.
        return chance(rng) < 0.4 ? list.front() : list[rng() % list.size()];
    };
    Caption c;
    c.said = {true, chance(rng) >= missing, chance(rng) >= missing, chance(rng) >= missing,
              chance(rng) >= (clip.time == kDay ? std::min(1.0, missing * 5) : missing)};
    const auto word = [&](size_t attribute, const Table& table, int value) {
        const std::string chosen = pick(table[static_cast<size_t>(value)]);
        return c.said[attribute] ? chosen : std::string();
    };
    Parts p;
    p.subject = word(0, subjects(l), clip.subject);
    p.colour = word(1, colours(l), clip.colour);
    p.motion = word(2, motions(l), clip.motion);
    p.scene = word(3, scenes(l), clip.scene);
    p.time = word(4, times(l), clip.time);
    const std::string filler = fillers(l)[rng() % fillers(l).size()];
    const int order = static_cast<int>(rng() % 5);
    c.text = l == kEnglish ? english(p, filler, order) : chinese(p, filler, order);
    return c;
}

std::string plain_caption(const Clip& clip, Language l) {
    const auto word = [](const Table& t, int v) { return t[static_cast<size_t>(v)].front(); };
    const Parts p{word(subjects(l), clip.subject), word(colours(l), clip.colour), word(motions(l), clip.motion),
                  word(scenes(l), clip.scene), word(times(l), clip.time)};
    return l == kEnglish ? english(p, "", 0) : chinese(p, "", 0);
}

std::vector<std::string> vocabulary() {
    std::set<std::string> words;
    for (const Language l : {kEnglish, kChinese}) {
        for (const Table* t : {&subjects(l), &colours(l), &motions(l), &scenes(l), &times(l)})
            for (const List& list : *t)
                for (const std::string& s : list)
                    for (const std::string& w : text::split_words(s)) words.insert(w);
        for (const std::string& s : fillers(l))
            for (const std::string& w : text::split_words(s)) words.insert(w);
    }
    for (const char* w : {"a", "an", "that", "is", "and", "一", "在", "的", "着"}) words.insert(w);
    return {words.begin(), words.end()};
}

}  // namespace zt::world
