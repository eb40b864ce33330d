// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Kinds of sentence that look like something else, English and Chinese, in the notation of wish_notation.h: names that
// are words, comparisons, who speaks, numbers that count nobody.
#include <gtest/gtest.h>

#include "families/storybook/wish_notation.h"

namespace {

using zt::storybook_test::describe;
using zt::storybook_test::wish;

constexpr std::pair<const char*, const char*> kSentences[] = {
    // Names, whatever else the words mean.
    {"Ginger the cat sleeps", "cat rest ?Ginger"},
    {"Snow the fox runs", "fox run ?Snow"},
    {"Rosie the elephant", "elephant ?Rosie"},
    {"our cat Ginger jumps", "cat jump ?Ginger"},
    {"my dog Rocket", "dog ?Rocket"},
    {"a cat named Midnight sleeps", "cat rest"},
    // What something is compared with is not shown.
    {"a balloon as red as a rose floats", "balloon red fly ?rose"},
    {"a cat as black as the night", "cat black ?night"},
    {"a fox as free as a bird", "fox ?bird"},
    {"a horse as fast as lightning", "horse ?lightning"},
    {"a dog as a pirate", "dog ?pirate"},
    {"a cat moves like a snake through the forest", "cat / forest ?snake"},
    {"a rocket looks like this in space", "rocket / space"},
    {"a bear, more like in a forest", "bear / forest"},
    {"a horse runs like the wind across the meadow", "horse run / meadow ?wind"},
    {"像雪一样白的兔子", "rabbit white ?雪"},
    {"比房子还大的猫", "cat big ?房子"},
    {"和房子一样大的大象", "elephant ?房子"},
    {"狗跑得像风一样快", "dog run ?风"},
    // Who speaks is shown if something is done, not if something is asked for.
    {"I am riding a horse on the beach", "person + horse run / beach #'I' is shown as a person"},
    {"I'm walking my dog in the rain", "person stroll + dog stroll / rain #'I'm' is shown as a person"},
    {"me and my dog walking in the snow", "person stroll + dog stroll / snow #'me' is shown as a person"},
    {"we are dancing on the beach", "person dance x2 / beach #'we' is shown as a person"},
    {"I want to ride a horse", "horse run"},
    {"I am looking for a video of a fox", "fox"},
    {"we launch our new balloon", "balloon fly"},
    {"我在骑马", "person + horse run #'我' is shown as a person"},
    {"我和我的狗在雪里散步", "person stroll + dog stroll / snow #'我' is shown as a person"},
    {"我想要一只狗", "dog"},
    // Numbers that count nobody.
    {"a bear at 3 am in the city", "bear / city night"},
    {"a cat at 4 p.m.", "cat / day"},
    {"a 10 second clip of a cat", "cat"},
    {"a 3 year old boy with a balloon", "person + balloon"},
    {"16:9, a horse", "horse ?16:9"},
    {"(cat:1.5), sleeping", "cat rest"},
    {"凌晨三点的城市里有一只熊", "bear / city night"},
    {"晚上10点，一座房子", "house / night"},
    {"三岁的男孩拿着气球", "person + balloon"},
    // Letters too often or too rarely.
    {"big elefant runing", "elephant run big #'elefant' is read as 'elephant'"},
    {"a rabitt", "rabbit #'rabitt' is read as 'rabbit'"},
    {"soooo many fish", "fish x3 #'soooo' is read as 'so' #'many fish': three are shown"},
    {"a pleeease cat", "cat #'pleeease' is read as 'please'"},
    // Idioms, and things that are no actors.
    {"it is raining cats and dogs", " / rain"},
    {"a green boat with white sails", "boat green ?sails #'white' is said of 'sails', which keeps its own look"},
    {"autumn leaves, a fox", "fox ?autumn leaves"},
    {"leaves falling, a dog", "dog ?leaves falling"},
    {"a black and white video of a train", "train ?black and white video"},
    {"尘土飞扬，马在跑", "horse run ?尘土飞扬"},
    {"落汤鸡一样的猫", "cat ?落汤鸡"},
    // Who does it, and whose it is.
    {"a kid's drawing of a house and a tree", "house + tree / sketch #'kid' is not shown: only whose, or who speaks"},
    {"爸爸抱着宝宝", "person + person"},
    {"a boy and a girl", "person + person"},
    {"球被男孩踢了", "ball + person ?踢"},
    {"猫被狗追", "cat run + dog run"},
    {"戴红项圈的狗在追球", "dog run + ball ?项圈 #'红' is said of '项圈', which keeps its own look"},
    {"在河边的马在跑", "horse run ?河边"},
    // Lists.
    {"car race, two cars, one red and one blue", "car red run + car blue run"},
    {"red, yellow and blue balloons", "balloon red + balloon yellow + balloon blue"},
    {"红、黄、蓝三个气球", "balloon red + balloon yellow + balloon blue"},
    {"underwater, fish, orange, 3", "fish orange x3 / underwater"},
    {"Ad for a toy train: a red train in the snow", "train red / snow"},
    // Things do not sleep, and who is carried does not sit.
    {"a ball lies next to a sleeping dog", "ball + dog rest"},
    {"三头大象坐船", "elephant x2 + boat #three are on the stage at most: fewer of the elephant are shown"},
    {"年轻时候坐的火车", "train"},
    {"猴子爬树", "<猴子> + tree ?爬"},
    {"房子前面停着蓝色的船", "house + boat blue stand"},
    // Whom the camera is turned on.
    {"footage of a drone over the city", "<drone> / city"},
    {"a photo of a wolf", "<wolf>"},
    {"镜头围着树转", "tree ?转"},
    {"镜头慢慢拉近一只睡觉的熊", "bear rest / zoom"},
    {"它在飞，那匹马", "horse fly"},
    // Skies, single characters, dreams.
    {"紫色的天空，沙漠", " / desert sunset"},
    {"a firefly", "<firefly>"},
    {"一闪一闪的球", "ball ?闪"},
    {"火箭飞向月亮", "rocket fly ?月亮"},
    {"a fish who dreams of flying", "fish rest ?flying"},
    // Parts of somebody, and what is missing of them.
    {"a red-haired girl on a brown horse",
     "person + horse brown ?haired #'red' is said of 'haired', which keeps its own look"},
    {"green eyed black cat", "cat black ?eyed #'green' is said of 'eyed', which keeps its own look"},
    {"没有尾巴的猫", "cat"},
    {"没有叶子的树", "tree"},
    {"长耳朵棕兔子", "rabbit brown ?长 ?耳朵"},
    {"蓝毯子上的狗", "dog ?毯子 #'蓝' is said of '毯子', which keeps its own look"},
    {"花上的蜜蜂", "flower + <蜜蜂>"},
    // Who rides, who runs.
    {"a man drives through the desert", "person run / desert"},
    {"he rides a horse", "again person + horse run"},
    {"a fish glides past coral", "fish run / underwater"},
    {"a forest with a deer", "<deer> / forest"},
    {"开得很慢的火车", "train run ?慢"},
    {"镜头缓缓推向一座房子", "house / zoom ?缓缓"},
    {"一群人和马群",
     "person x2 + horse #'一群人': three are shown #'马群': three are shown #three are on the stage at most: fewer of "
     "the person are shown #three are on the stage at most: fewer of the horse are shown"},
};

// What is said, and is not of whom is shown.
constexpr std::pair<const char*, const char*> kAround[] = {
    // Who is spoken to, who sets the task, who is waited for, who is gone.
    {"mommy look! a red balloon", "balloon red #'mommy' is spoken to, and not shown"},
    {"look mom, a horse is jumping", "horse jump #'mom' is spoken to, and not shown"},
    {"a fox please, mom", "fox #'mom' is spoken to, and not shown"},
    {"grandma is dancing", "person dance"},
    {"妈妈你看！两条金鱼在水里游", "fish run x2 / underwater #'妈妈' is spoken to, and not shown"},
    {"妈妈，小狗在睡觉", "dog rest small #'妈妈' is spoken to, and not shown"},
    {"叔叔你能不能画一匹白马", "horse white #'叔叔' is spoken to, and not shown"},
    {"奶奶在跳舞", "person dance"},
    {"老师让我写：蝴蝶是黄色的", "butterfly yellow #'让我写' is said of who asks, not of whom is shown"},
    {"I am not a painter, a flower please", "flower"},
    {"我不是画家，请画一朵花", "flower"},
    {"a cat is waiting for her mom in the rain", "cat stand / rain #'mom' is waited for, and not shown"},
    {"a man waits for the train", "person stand + train"},
    {"狗在门口等主人", "dog stand #'主人' is waited for, and not shown"},
    {"the balloon is gone, only a ball is left", "ball #the balloon: 'is gone' is said of it, so it is not shown"},
    {"棕色的球不见了，只剩一个黑球", "ball black ?剩 #the ball: '不见了' is said of it, so it is not shown"},
    {"一个人都没有，只有一座房子", "house -person"},
    {"a snowman? no, a bear", "bear #'no': 'bear' is shown instead of what was said before"},
    // Who does it.
    {"the camera follows a black wolf running across the snow", "<wolf> black run / snow follow"},
    {"daddy walking the dog", "person stroll + dog stroll"},
    {"Peter walking the dog", "<Peter> stroll + dog stroll"},
    {"a kitten that's jumping over a ball", "cat jump small + ball stand"},
    {"the house can't fly but I want it to fly", "house fly"},
    {"小狗钻到车底下睡着了", "dog rest small + car ?钻到"},
    {"站在树下的猫", "tree + cat stand"},
    {"一个大气球绑在小房子上，一起飞起来", "balloon fly big + house fly small ?绑在"},
    {"大雪里，镜头推近一匹站着的黑马", "horse black stand / snowfall zoom"},
    {"蝴蝶飞呀飞，飞到花上", "butterfly fly + flower"},
    {"花园里开着三朵粉花", "flower pink x3 ?花园里"},
    // What is not done by who is named next.
    {"the moon is rising over the beach, a fox", "fox / beach night ?rising"},
    {"云在飘，房子", "house ?云 ?飘"},
    // Ways to go and to grow.
    {"a train is going to the right", "train run right"},
    {"a cat is going to sleep", "cat rest"},
    {"a cat is going to the beach", "cat stroll / beach"},
    {"小狗跑左边", "dog run left small"},
    {"balloon getting bigger, bigger... then small again",
     "balloon grow #'bigger' is part of how the size changes #'small' is part of how the size changes"},
    {"气球越吹越大", "balloon grow ?吹"},
    {"大象什么也不干", "elephant stand"},
    // Whose colour and size it is.
    {"a white cat against black", "cat white #'black' is said of what is behind, which keeps its own look"},
    {"a dog runs, the background is blue", "dog run ?blue"},
    {"小狗在跑，背景是蓝色的", "dog run small ?蓝色的"},
    {"a fox that turns blue", "fox blue"},
    {"眼睛很大的猫", "cat ?眼睛 #'很大的' is said of '眼睛', which keeps its own look"},
    {"a cat in a small town", "cat / city #'small' is said of 'town', which keeps its own look"},
    {"a train passes a little house", "train run + house small"},
    {"大红球", "ball red big"},
    {"绿皮火车", "train green"},
    {"粉色的云", "<云> pink"},
    // Skies, and scenes that are near ones.
    {"a flower, the sun going down", "flower / sunset"},
    {"the sun is shining on a red car", "car red / day clear"},
    {"a bear dances on ice", "bear dance / snow #'ice' is shown as snow"},
    {"a spaceship", "rocket #'spaceship' is shown as a rocket"},
    {"一个宇航员漂浮在太空", "person fly / space"},
    {"wide shot, a house", "house ?wide shot"},
};

TEST(StorybookWish, ReadsWhatLooksLikeSomethingElse) {
    for (const auto& [sentence, understood] : kSentences) EXPECT_EQ(describe(wish(sentence)), understood) << sentence;
}

TEST(StorybookWish, KeepsApartWhatIsSaidAroundAPicture) {
    for (const auto& [sentence, understood] : kAround) EXPECT_EQ(describe(wish(sentence)), understood) << sentence;
}

}  // namespace
