// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prompts as diffusers cleans them (text/prompt_cleaning, text/html_entities). Identity with ftfy and
// Python's html is tests/parity/unigram_test.py.
#include "text/prompt_cleaning.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "core/error.h"
#include "text/html_entities.h"

namespace {

using zt::text::clean_prompt;
using zt::text::unescape_certain_html;
using zt::text::unescape_html;

TEST(PromptCleaning, RepairsCharacters) {
    EXPECT_EQ(clean_prompt("“a” ‘b’ \u02BCc"), "\"a\" 'b' 'c");
    EXPECT_EQ(clean_prompt("ＡＢＣ\u3000１２３，"), "ABC 123,");
    EXPECT_EQ(clean_prompt("ﬁ ŉ Ǆ ｶﾞ ￥"), "fi 'n D\u017D ガ ¥");
    EXPECT_EQ(clean_prompt("e\u0301"), "é");
    EXPECT_EQ(clean_prompt("a\u0085b \u0093c\u0094 \u0081"), "a…b \"c\" \u0081") << "Windows' characters";
    EXPECT_EQ(clean_prompt("½ ① … — ´ Ⅷ \u2011 a\u200Bb"), "½ ① … — ´ Ⅷ \u2011 a\u200Bb") << "kept";
    EXPECT_EQ(clean_prompt("cafÃ©"), "cafÃ©") << "the one thing of ftfy that is left out";
    EXPECT_EQ(clean_prompt("A CAT"), "A CAT");
}

TEST(PromptCleaning, TakesNoiseAndWhiteSpaceAway) {
    EXPECT_EQ(clean_prompt("x\x1B[31mred\x1B[0;1m.\x1B[é"), "xred.[é");
    EXPECT_EQ(clean_prompt("\uFEFF"
                           "a\x07"
                           "b\x7F\uFFFC"),
              "ab");
    EXPECT_EQ(clean_prompt(std::string("a\0b", 3)), "ab");
    EXPECT_EQ(clean_prompt(" \t a\u00A0\u3000b\u2028c\r\n\r\nd\f "), "a b c d");
    EXPECT_EQ(clean_prompt(""), "");
    EXPECT_EQ(clean_prompt(" \n"), "");
}

TEST(PromptCleaning, ReadsHtmlUntilNothingChanges) {
    EXPECT_EQ(clean_prompt("&lt;b&gt; &amp;amp; x"), "<b> & x");
    EXPECT_EQ(clean_prompt("<b>&amp;amp;amp;</b>"), "<b>&amp;</b>") << "HTML: twice and no more";
    EXPECT_EQ(clean_prompt("&amp;amp;amp;amp;lt;"), "<");
    EXPECT_EQ(clean_prompt("&eacute;\n<\n&NTILDE;"), "é < &NTILDE;") << "from the line with < on";
    EXPECT_EQ(clean_prompt("&NTILDE; &SZLIG;"), "Ñ SS");
}

TEST(PromptCleaning, RefusesTextThatIsNotUtf8) {
    try {
        (void)clean_prompt("a\xC3");
        ADD_FAILURE() << "accepted";
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), ZT_ERROR_PROMPT);
        EXPECT_STREQ(error.what(), "prompt: expected UTF-8, got something else at byte 1");
    }
}

TEST(PromptCleaning, IsLinear) {
    std::string amps = "&";
    for (int i = 0; i < 100'000; ++i) amps += "amp;";
    std::string marks, lines, opened;
    for (int i = 0; i < 20'000; ++i) marks += "\u0301\u0327";
    for (int i = 0; i < 200'000; ++i) lines += "&\n", opened += "\x1B[1";
    const auto start = std::clock();
    EXPECT_LT(clean_prompt(amps).size(), amps.size());
    EXPECT_EQ(clean_prompt(lines).size(), lines.size() - 1);
    EXPECT_EQ(clean_prompt(opened).size(), 2 * opened.size() / 3);
    EXPECT_EQ(clean_prompt(std::string(400'000, '&')).size(), 400'000U);
    EXPECT_THROW((void)clean_prompt(marks), zt::Error);
    EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 5.0);
}

TEST(HtmlEntities, NamesAndNumbers) {
    EXPECT_EQ(unescape_html("&lt;&eacute;&eacute &notit; &notin; &bne;"), "<éé ¬it; ∉ =\u20E5");
    EXPECT_EQ(unescape_html("&CounterClockwiseContourIntegral; &AElig &zwnj;"), "∳ Æ \u200C")
        << "the longest, the first, the last";
    EXPECT_EQ(unescape_html("&#65;&#x42&#X43;&#128;&#0;&#xD800;&#99999999999999999999;"), "ABC€\uFFFD\uFFFD\uFFFD");
    EXPECT_EQ(unescape_html("a&#1;b&#xFFFE;c&#xFDD0;d&#11;"), "abcd") << "numbers that are no character";
    EXPECT_EQ(unescape_html("& &; &# &#x; &x &nobody; &NTILDE; &amp;lt;"), "& &; &# &#x; &x &nobody; &NTILDE; &lt;");
    EXPECT_EQ(unescape_certain_html("&lt;&eacute &#65;&#65 &NTILDE; &#59; &#12ab; &amp;lt;"),
              "<&eacute A&#65 Ñ &#59; &#12ab; &lt;");
    EXPECT_EQ(unescape_certain_html("&" + std::string(25, 'a') + "; &; &#;"), "&" + std::string(25, 'a') + "; &; &#;");
}

}  // namespace
