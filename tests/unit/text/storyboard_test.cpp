// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shot lists (text/storyboard.h): the rules of docs/storyboard.md, one by one.
#include "text/storyboard.h"

#include <gtest/gtest.h>

#include <chrono>

#include "core/error.h"
#include "core/utf8.h"
#include "text/cue_text.h"

namespace {

using zt::text::frame_at;
using zt::text::parse_storyboard;
using zt::text::plan_shots;

constexpr zt_rational kFilm{24, 1}, kPal{25, 1}, kNtsc{30000, 1001};

std::vector<zt::text::Cue> cues_of(std::string_view content) { return parse_storyboard(content, "shots.srt"); }

std::string first_text(std::string_view content) { return cues_of(content).at(0).text; }

// The sentence a shot list is refused with, "" if it is not.
std::string refusal(std::string_view content, zt_status status = ZT_ERROR_ARGUMENT) {
    try {
        (void)plan_shots(cues_of(content), kFilm, "shots.srt");
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), status) << error.what();
        return error.what();
    }
    return "";
}

// "0 a|48 b|72": the shots and the length as text.
std::string shots_of(std::string_view content, zt_rational rate = kFilm) {
    const auto list = plan_shots(cues_of(content), rate, "shots.srt");
    std::string text;
    for (const auto& shot : list.shots) text += std::to_string(shot.first_frame) + " " + shot.prompt + "|";
    return text + std::to_string(list.frames);
}

TEST(Storyboard, ReadsSrt) {
    const auto cues = cues_of(
        "1\n00:00:00,000 --> 00:00:02,000\na red fox\n\n"
        "2\n01:00:02,500 --> 01:00:04,001\nan owl\n");
    ASSERT_EQ(cues.size(), 2U);
    EXPECT_EQ(cues[0].text, "a red fox");
    EXPECT_EQ(cues[0].end_ms, 2000);
    EXPECT_EQ(cues[0].line, 2U);
    EXPECT_EQ(cues[1].begin_ms, 3602500);
    EXPECT_EQ(cues[1].end_ms, 3604001);
    EXPECT_EQ(cues[1].line, 6U);
}

TEST(Storyboard, ReadsWebVtt) {
    const auto cues = cues_of(
        "WEBVTT - shots of Bob\nKind: captions\n\nSTYLE\n::cue { color: red }\n\n"
        "NOTE\nnot --> a cue\n\nintro\n00:01.000 --> 00:02.000 align:start line:0\n"
        "a fox\n\nREGION\nid:x\n\n10:00:00.000 --> 10:00:01.500\nan owl\n");
    ASSERT_EQ(cues.size(), 2U);
    EXPECT_EQ(cues[0].begin_ms, 1000);
    EXPECT_EQ(cues[0].text, "a fox");
    EXPECT_EQ(cues[1].end_ms, 36001500);
}

TEST(Storyboard, LinesMayEndInAnyWayAndTimesInDotOrComma) {
    for (const char* end : {"\n", "\r\n", "\r"}) {
        for (const char* sign : {",", "."}) {
            std::string content = "\xEF\xBB\xBF";
            for (const std::string line : {"7", "00:00:00?000  -->  00:02?000 X1:40 Y2:7\t", "\ta fox", "", "",
                                           "00:02?000-->00:03?000", "an owl"})
                content += line + end;
            for (size_t at; (at = content.find('?')) != content.npos;) content.replace(at, 1, sign);
            EXPECT_EQ(shots_of(content), "0 a fox|48 an owl|72") << content;
        }
    }
}

TEST(Storyboard, LastLineNeedsNoEnd) { EXPECT_EQ(shots_of("00:00:00,000 --> 00:00:01,000\na fox"), "0 a fox|24"); }

TEST(Storyboard, LinesAreJoined) {
    const std::string times = "00:00:00,000 --> 00:00:01,000\n";
    EXPECT_EQ(first_text(times + "a red\n  fox \trests \n"), "a red fox rests");
    EXPECT_EQ(first_text(times + "一只红狐狸\n在雪地里跑\nat night\n夜"), "一只红狐狸在雪地里跑 at night 夜");
    EXPECT_EQ(first_text(times + "<i>\na fox\n</i>\n"), "a fox");
}

TEST(Storyboard, TagsAreStripped) {
    const auto plain = [](const char* line) { return zt::text::plain_line(line, false); };
    EXPECT_EQ(plain("<i>a</i> {\\an8}<font color=\"#ff0000\">fox</font><00:01.000>!"), "a fox!");
    EXPECT_EQ(plain("{\\an8}"), "");
    EXPECT_EQ(plain("a < b > c <3 {x} <b"), "a < b > c <3 {x} <b");
    EXPECT_EQ(plain("1 <2> 3"), "1 3");  // looks like a time stamp
    EXPECT_EQ(plain("&amp; &lt;i&gt;"), "&amp; &lt;i&gt;");
    EXPECT_EQ(zt::text::plain_line("&amp;&nbsp;&lt;i&gt;&lrm; &copy; &", true), "& <i> &copy; &");
}

TEST(Storyboard, ManyOpenTagsCostNoSquare) {
    std::string text = "00:00:00,000 --> 00:00:01,000\n";
    while (text.size() < 1000000) text += "<a{\\";
    const auto before = std::chrono::steady_clock::now();
    EXPECT_NE(refusal(text, ZT_ERROR_PROMPT).find("16384 bytes"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(2));
}

TEST(Storyboard, CuesAreSortedByTheirBeginning) {
    EXPECT_EQ(shots_of("00:00:02,000 --> 00:00:03,000\nowl\n\n00:00:00,000 --> 00:00:01,000\nfox\n"),
              "0 fox|48 owl|72");
}

TEST(Storyboard, GapsAndEmptyCuesContinueTheShotBefore) {
    EXPECT_EQ(shots_of("00:00:01,000 --> 00:00:02,000\nfox\n\n00:00:03,000 --> 00:00:04,000\n\n"
                       "00:00:05,000 --> 00:00:06,000\nowl\n\n00:00:07,000 --> 00:00:08,000\n<i></i>\n"),
              "0 fox|120 owl|192");
}

TEST(Storyboard, OverlappingCueEndsTheOneBefore) {
    EXPECT_EQ(shots_of("00:00:00,000 --> 00:00:10,000\nfox\n\n00:00:02,000 --> 00:00:04,000\nowl\n"),
              "0 fox|48 owl|240");
}

TEST(Storyboard, CuesOnOneFrameAreOneShot) {
    const std::string fox = "00:00:01,000 --> 00:00:02,000\na red fox\n\n",
                      snow = "00:00:01,000 --> 00:00:02,000\nin the snow\n\n",
                      near = "00:00:01,040 --> 00:00:03,000\nat night\n\n",
                      owl = "00:00:05,000 --> 00:00:06,000\nan owl\n\n",
                      dawn = "00:00:05,000 --> 00:00:06,000\n<i>at dawn</i>\n\n",
                      empty = "00:00:01,000 --> 00:00:02,000\n\n";
    EXPECT_EQ(shots_of(fox + snow), "0 a red fox in the snow|48");  // none before: the shot begins at 0
    EXPECT_EQ(shots_of(snow + owl + fox), "0 in the snow a red fox|120 an owl|144");  // in the order of the file
    EXPECT_EQ(shots_of(near + fox), "0 a red fox|25 at night|72");
    EXPECT_EQ(shots_of(near + fox, {20, 1}), "0 a red fox|21 at night|60");
    EXPECT_EQ(shots_of(near + fox, {1, 1}), "0 a red fox|2 at night|3");
    EXPECT_EQ(shots_of("00:00:01,020 --> 00:00:02,000\nb\n\n00:00:01,010 --> 00:00:02,000\na\n"),
              "0 a b|48");  // both on frame 25
    EXPECT_EQ(shots_of(fox + owl + dawn), "0 a red fox|120 an owl at dawn|144");
    EXPECT_EQ(shots_of(fox + empty + snow), "0 a red fox in the snow|48");
    EXPECT_EQ(shots_of("00:00:00,000 --> 00:00:01,000\n一只\n\n00:00:00,000 --> 00:00:01,000\n狐狸\n"),
              "0 一只狐狸|24");
    const auto list = plan_shots(cues_of(fox + snow + owl + dawn), kFilm, "shots.srt");
    EXPECT_EQ(list.joined, (std::vector<size_t>{4, 10}));
    EXPECT_EQ(list.shots[0].line, 1U);
}

TEST(Storyboard, ACueShorterThanAFrameHasOne) {
    EXPECT_EQ(shots_of("00:00:00,000 --> 00:00:01,000\nfox\n\n00:00:05,005 --> 00:00:05,010\nowl\n"),
              "0 fox|121 owl|122");
}

TEST(Storyboard, CueTimesMeanTheFirstFrameThatIsNotBefore) {
    EXPECT_EQ(frame_at(1542, kFilm), 37);  // frame 37 is at 1541.67
    EXPECT_EQ(frame_at(1541, kFilm), 37);
    EXPECT_EQ(frame_at(1543, kFilm), 38);
    EXPECT_EQ(frame_at(0, kPal), 0);
    EXPECT_EQ(frame_at(1, kPal), 1);
    EXPECT_EQ(frame_at(40, kPal), 1);
    EXPECT_EQ(frame_at(41, kPal), 2);
    EXPECT_EQ(frame_at(86'400'000, kNtsc), 2589411);  // 2,589,410.59
    EXPECT_EQ(frame_at(86'400'000, {240'000'000 / 1000, 1000}), 20'736'000);
}

TEST(Storyboard, FramesSurviveMilliseconds) {
    for (const zt_rational rate :
         {kFilm, kPal, kNtsc, zt_rational{24000, 1001}, zt_rational{30, 1}, zt_rational{48, 1}, zt_rational{50, 1},
          zt_rational{60000, 1001}, zt_rational{60, 1}, zt_rational{240, 1}, zt_rational{1, 10}}) {
        for (int64_t frame = 0; frame < 3'000'000; frame += frame < 5000 ? 1 : 997) {
            const int64_t unit = rate.num;
            for (const int64_t rounding : {int64_t{0}, unit / 2}) {  // cut off, to the nearest
                const int64_t ms = (frame * 1000 * rate.den + rounding) / unit;
                if (ms > zt::text::kStoryboardMs) break;
                ASSERT_EQ(frame_at(ms, rate), frame) << rate.num << "/" << rate.den;
            }
        }
    }
}

TEST(Storyboard, ReadsTimesAsPlayersDo) {
    for (const char* times : {"00:00:01 --> 00:00:02", "00:00:01,00 --> 00:00:02,0", "0:0:1,000 --> 0:0:2.000",
                              "00:00:01, 000 --> 00:00:02,000", "00: 00: 01,000 --> 00: 00:02",
                              "00:01,000 --> 00:02,00", "00:00:01-->00:00:02 X1:4"}) {
        const auto cues = cues_of(times + std::string("\nfox\n"));
        EXPECT_EQ(cues.at(0).begin_ms, 1000) << times;
        EXPECT_EQ(cues.at(0).end_ms, 2000) << times;
    }
    const std::string ambiguous = "three digits of milliseconds (players differ over one or two)";
    for (const char* times :
         {"00:00:01,5 --> 00:00:02,000", "00:00:01,000 --> 00:00:02,05", "00:00:01.50 --> 00:00:02.00"})
        EXPECT_EQ(refusal(std::string("1\n") + times + "\nfox\n"),
                  "shots.srt: line 2: expected " + ambiguous + ", got " + zt::quote(times));
}

TEST(Storyboard, BlankLinesInsideACueAreNotItsEnd) {
    const std::string first = "1\n00:00:00,000 --> 00:00:01,000\n",
                      second = "00:00:01,000 --> 00:00:02,000\na blue cat\n";
    EXPECT_EQ(shots_of(first + "a red fox\n\nruns\n\n2\n" + second), "0 a red fox runs|24 a blue cat|48");
    EXPECT_EQ(shots_of(first + "a red fox\n\n\n \t\nruns\nfast\n\n\n" + second),
              "0 a red fox runs fast|24 a blue cat|48");
    EXPECT_EQ(shots_of(first + "\na red fox\n\n2\n\n" + second), "0 a red fox|24 a blue cat|48");
    EXPECT_EQ(shots_of(first + "a red fox\n\nruns\n\n"), "0 a red fox runs|24");
    // A number without times may be a cue that lost them; a cue of WebVTT ends at a blank line.
    EXPECT_EQ(refusal(first + "a red fox\n\n2\na blue cat\n"),
              "shots.srt: line 5: expected a time span after the number, got \"2\"");
    EXPECT_EQ(refusal("WEBVTT\n\n00:00.000 --> 00:01.000\na red fox\n\nruns\n"),
              "shots.srt: line 6: expected HH:MM:SS,mmm --> HH:MM:SS,mmm, got \"runs\"");
    EXPECT_EQ(refusal(first + "a red fox\n\nruns\n" + second),
              "shots.srt: line 6: expected a blank line before the next cue, got \"00:00:01,000 --> 00:00:02,000\"");
}

TEST(Storyboard, OtherArrowsAreNamedWhereTheyStand) {
    for (const char* arrow : {" -> ", "->", " => ", " – ", " —> ", " → ", " - ", " -- > ", " ", " > "}) {
        const std::string times = "00:00:00,000" + std::string(arrow) + "00:00:01,000";
        const std::string end = ": expected HH:MM:SS,mmm --> HH:MM:SS,mmm, got " + zt::quote(times);
        const std::string cue = times + "\na red fox\n", before = "00:00:00,000 --> 00:00:01,000\nfox\n\n";
        EXPECT_EQ(refusal("1\n" + cue), "shots.srt: line 2" + end);
        EXPECT_EQ(refusal(cue), "shots.srt: line 1" + end);
        EXPECT_EQ(refusal("WEBVTT\n\nintro\n" + cue), "shots.srt: line 4" + end);
        EXPECT_EQ(refusal(before + "2\n\n" + cue), "shots.srt: line 6" + end);
        EXPECT_EQ(refusal(before + cue), "shots.srt: line 4" + end);
    }
    EXPECT_EQ(first_text("00:00:00,000 --> 00:00:01,000\nat 10:30 -> 11:00 a fox\n10:30 a cat\n"),
              "at 10:30 -> 11:00 a fox 10:30 a cat");
}

TEST(Storyboard, RefusalsNameTheLine) {
    const std::string times = "00:00:00,000 --> 00:00:01,000\n", form = "HH:MM:SS,mmm --> HH:MM:SS,mmm";
    const auto at = [](int line, const std::string& expected, const std::string& got) {
        return "shots.srt: line " + std::to_string(line) + ": expected " + expected + ", got " + got;
    };
    EXPECT_EQ(refusal(""), "shots.srt: expected a cue with text, got no cue");
    EXPECT_EQ(refusal("WEBVTT\n"), "shots.srt: expected a cue with text, got no cue");
    EXPECT_EQ(refusal(times + "{\\an8}\n"), "shots.srt: expected a cue with text, got only empty ones");
    EXPECT_EQ(refusal("\n\nhello\n"), at(3, "a number or " + form, "\"hello\""));
    EXPECT_EQ(refusal("WEBVTT\n\nhello\n"), at(3, form, "\"hello\""));
    EXPECT_EQ(refusal("1\n\n2\n"), at(1, "a time span after the number", "\"1\""));
    EXPECT_EQ(refusal(times + "a\n" + times),
              at(3, "a blank line before the next cue", zt::quote(times.substr(0, 29))));
    EXPECT_EQ(refusal("WEBVTT\n00:00.000 --> 00:01.000\n"),
              at(2, "a blank line after the WEBVTT header", "\"00:00.000 --> 00:01.000\""));
    EXPECT_EQ(refusal("00:00:01,000 --> 00:00:01,000\n"),
              at(1, "an end after the beginning", "\"00:00:01,000 --> 00:00:01,000\""));
    EXPECT_EQ(refusal("00:00:00,000 --> 24:00:00,001\n"),
              at(1, "at most 24 hours", "\"00:00:00,000 --> 24:00:00,001\""));
    for (const char* wrong :
         {"00:60,000 --> 01:00,000", "60:00,000 --> 60:01,000", "1:000:00,000 --> 00:01,000", "00:01 --> 00:02",
          "00:00:01, --> 00:00:02,000", "00000:00:00,000 --> 00:01,000", "00:00:00:00,000 --> 00:01,000",
          "-00:01,000 --> 00:01,000", "00:00,000 -> 00:01,000 -->", "00:00,000 --> 00:01,000 bold",
          "00:00,000 --> 00:01,0001", "99999999999999999999:00:00,000 --> 00:01,000", "-->"})
        EXPECT_EQ(refusal(std::string(wrong) + "\nfox"), at(1, form, zt::quote(wrong)));
}

TEST(Storyboard, TextMustBeCleanUtf8) {
    const std::string times = "00:00:00,000 --> 00:00:01,000\n";
    EXPECT_EQ(refusal(times + "a \xC3(\n", ZT_ERROR_PROMPT),
              "shots.srt: line 2: expected UTF-8 or UTF-16 with a byte-order mark, got byte 0xC3 at 2; if it is "
              "Latin-1, this converts it: "
              "iconv -f cp1252 -t utf-8 IN > OUT");
    EXPECT_EQ(refusal(times + std::string("a\0b\n", 4), ZT_ERROR_PROMPT),
              "shots.srt: line 2: expected no control characters, got control character U+0000 at 1");
}

// ASCII and the characters behind it, as UTF-16.
std::string utf16(std::string_view ascii, std::u16string_view more, bool big_endian) {
    std::u16string units = u"\uFEFF";
    for (const char letter : ascii) units += static_cast<char16_t>(letter);
    units += more;
    std::string bytes;
    for (const char16_t unit : units) {
        const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xFF);
        bytes += big_endian ? high : low;
        bytes += big_endian ? low : high;
    }
    return bytes;
}

TEST(Storyboard, ReadsUtf16) {
    const std::string times = "1\r\n00:00:00,000 --> 00:00:01,000\r\n";
    for (const bool big_endian : {false, true}) {
        EXPECT_EQ(shots_of(utf16(times + "a red fox\r\n", u"", big_endian)), "0 a red fox|24");
        EXPECT_EQ(first_text(utf16(times, u"é狐🦊", big_endian)), "é狐🦊");
        const std::string half =
            "shots.srt: line 3: expected UTF-16, as the byte-order mark says, got half a character";
        const std::u16string high(1, char16_t{0xD83E}), low(1, char16_t{0xDD8A});
        EXPECT_EQ(refusal(utf16(times, high, big_endian), ZT_ERROR_PROMPT), half);
        EXPECT_EQ(refusal(utf16(times, low, big_endian), ZT_ERROR_PROMPT), half);
        EXPECT_EQ(refusal(utf16(times, high + u"a", big_endian), ZT_ERROR_PROMPT), half);
        EXPECT_EQ(refusal(utf16(times, u"a", big_endian) + "b", ZT_ERROR_PROMPT), half);
        EXPECT_EQ(refusal(utf16(times, std::u16string(1, char16_t{0}), big_endian), ZT_ERROR_PROMPT),
                  "shots.srt: line 3: expected no control characters, got control character U+0000 at 0");
    }
    EXPECT_EQ(refusal("\xFF\xFE"), "shots.srt: expected a cue with text, got no cue");
}

TEST(Storyboard, LimitsHold) {
    EXPECT_NE(refusal(std::string(zt::text::kStoryboardBytes + 1, '\n')).find("at most 1 MiB"), std::string::npos);
    std::string content, text = "00:00:00,000 --> 00:00:01,000\n";
    for (size_t cue = 0; cue <= zt::text::kStoryboardCues; ++cue) content += text + "\n";
    EXPECT_NE(refusal(content).find("at most 4096 cues"), std::string::npos);
    EXPECT_EQ(first_text(text + std::string(16384, 'x')).size(), 16384U);
    EXPECT_NE(
        refusal(text + std::string(16384, 'x') + "\ny", ZT_ERROR_PROMPT).find("line 3: expected at most 16384 bytes"),
        std::string::npos);
    EXPECT_NE(refusal(text + std::string(16384, 'x') + "\n\n" + text + "y", ZT_ERROR_PROMPT)
                  .find("line 4: expected at most 16384 bytes of text in the cues of one frame"),
              std::string::npos);
}

}  // namespace
