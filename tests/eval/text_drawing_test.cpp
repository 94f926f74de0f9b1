#include "dnagpt/eval/text_drawing.hpp"

#include <gtest/gtest.h>

#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

constexpr Vocabulary fixed{VocabularyKind::fixed};
constexpr Vocabulary dynamic{VocabularyKind::dynamic};

TextForm form_of(Vocabulary vocabulary, std::int64_t bases, std::int64_t longest = 20) {
    TextForm form;
    form.bases = bases;
    form.longest = longest;
    form.vocabulary = vocabulary;
    return form;
}

/// Logits that leave no doubt: the named token, where it is allowed, else `second`.
std::vector<float> logits_for(Vocabulary vocabulary, std::string_view first,
                              std::string_view second) {
    std::vector<float> logits(static_cast<std::size_t>(vocabulary.size()), 0);
    logits[static_cast<std::size_t>(vocabulary.token_id(first))] = 200;
    logits[static_cast<std::size_t>(vocabulary.token_id(second))] = 100;
    return logits;
}

/// Reads what stands there until a word is asked for.
void read_on(TextDrawing& text) {
    while (!text.done() && !text.needs_word()) {
        text.advance();
        if (text.needs_number()) {
            text.take_number(0.5F);
        }
    }
}

TEST(TextDrawing, TheFirstWordBeginsWithThePromptsTail) {
    for (Vocabulary const vocabulary : {fixed, dynamic}) {
        TextForm const form = form_of(vocabulary, 10);
        TextPrompt const prompt = text_prompt("<R>ATTGACCT", vocabulary);
        EXPECT_EQ(prompt.input.row.tokens,
                  (std::vector<std::int32_t>{21, vocabulary.token_id("ATTGAC")}));
        TextDrawing text(prompt, 0, form);
        read_on(text);
        text.take_logits(logits_for(vocabulary, "CACACA", "CTGGGG"));
        EXPECT_EQ(text.bases(), "GGGG");
        EXPECT_EQ(text.token(), vocabulary.token_id("CTGGGG"));
        read_on(text);
        text.take_logits(logits_for(vocabulary, "NAAAAA", "CACACA"));
        EXPECT_EQ(text.bases(), "GGGGCACACA");
        EXPECT_EQ(text.end(), "length");
    }
}

TEST(TextDrawing, TheLastWordIsShorterWhereTheVocabularyHasIt) {
    TextForm const form = form_of(dynamic, 8);
    TextDrawing text(text_prompt("<R>", dynamic), 0, form);
    read_on(text);
    text.take_logits(logits_for(dynamic, "AC", "ACGTAC"));
    EXPECT_EQ(text.bases(), "ACGTAC");
    read_on(text);
    text.take_logits(logits_for(dynamic, "CCCCCC", "CA"));
    EXPECT_EQ(text.bases(), "ACGTACCA");
    TextForm const cut = form_of(fixed, 8);
    TextDrawing whole(text_prompt("<R>", fixed), 0, cut);
    for (int i = 0; i < 2; ++i) {
        read_on(whole);
        whole.take_logits(logits_for(fixed, "GTTCAN", "GTTCAA"));
    }
    EXPECT_EQ(whole.bases(), "GTTCAAGT");
    EXPECT_EQ(whole.end(), "length");
}

TextForm stopping_form() {
    TextForm form = form_of(fixed, 60);
    form.stops = {fixed.token_id("TAATAA"), stop_token};
    return form;
}

TEST(TextDrawing, StopsEndTheText) {
    TextForm const form = stopping_form();
    for (auto const* const stop : {"TAATAA", "<!>"}) {
        TextDrawing text(text_prompt("<R>", fixed), 0, form);
        read_on(text);
        text.take_logits(logits_for(fixed, "ACGTAC", "CCCCCC"));
        read_on(text);
        text.take_logits(logits_for(fixed, stop, "CCCCCC"));
        EXPECT_EQ(text.end(), "stop");
        EXPECT_EQ(text.bases(), "ACGTAC");
    }
}

TEST(TextDrawing, NoStopCutsOffThePromptsTail) {
    TextForm const form = stopping_form();
    for (auto const* const stop : {"TAATAA", "<!>"}) {
        TextDrawing text(text_prompt("<R>CCC", fixed), 0, form);
        read_on(text);
        text.take_logits(logits_for(fixed, stop, "CCCGTT"));
        EXPECT_EQ(text.bases(), "GTT");
    }
}

TEST(TextDrawing, UnmaskedDrawsAnyToken) {
    TextForm form = form_of(fixed, 60);
    form.unmasked = true;
    TextDrawing text(text_prompt("<R>", fixed), 0, form);
    read_on(text);
    text.take_logits(logits_for(fixed, "NNACGT", "CCCCCC"));
    read_on(text);
    text.take_logits(logits_for(fixed, "<=>", "CCCCCC"));
    EXPECT_EQ(text.bases(), "NNACGT");
    EXPECT_EQ(text.end(), "<=>");
}

TEST(TextDrawing, NumbersAskedForAreAnsweredAndRead) {
    TextForm const form = form_of(fixed, 6);
    TextDrawing text(text_prompt("<R>ATTGAC<M><+>", fixed), 0, form);
    std::vector<TokenId> read;
    while (!text.needs_word()) {
        read.push_back(text.token());
        text.advance();
        if (text.needs_number()) {
            text.take_number(0.25F);
            EXPECT_EQ(text.number(), 0.25F);
        }
    }
    EXPECT_EQ(read, (std::vector<TokenId>{21, fixed.token_id("ATTGAC"), m_token, -1, plus_token}));
    EXPECT_EQ(text.answered(), (std::vector<float>{0.25F}));
    TextPrompt const last = text_prompt("<R>ATTGAC<M>", fixed);
    EXPECT_EQ(last.input.row.tokens.back(), -1);
    EXPECT_EQ(last.input.asked, (std::vector<std::size_t>{0}));
}

TEST(TextDrawing, PastTheContextItGoesOnWithTheLastHalf) {
    TextForm form = form_of(fixed, 60, 7);
    EXPECT_NE(message_of([&] {
                  TextDrawing const text(text_prompt("<R>", fixed), 0, form);
              }).find("60 bases take 10 words, more than the 7 positions"),
              std::string::npos);
    EXPECT_EQ(message_of([&] {
                  TextForm const fits = form_of(fixed, 42, 7);
                  TextDrawing const text(text_prompt("<R>", fixed), 0, fits);
              }),
              "no error");
    form.slide = true;
    TextDrawing text(text_prompt("<R>", fixed), 0, form);
    std::vector<std::string> const words = {"AAAAAA", "AAAAAG", "AAAAAC", "AAAAAT",
                                            "AAAAGA", "AAAAGG", "AAAAGC", "AAAAGT"};
    for (std::size_t i = 0; i < 7; ++i) {
        read_on(text);
        text.take_logits(logits_for(fixed, words[i], "CCCCCC"));
    }
    std::vector<TokenId> read;
    EXPECT_EQ(text.position(), 0);
    for (; !text.needs_word(); text.advance()) {
        read.push_back(text.token());
    }
    EXPECT_EQ(read, (std::vector<TokenId>{21, fixed.token_id(words[4]), fixed.token_id(words[5]),
                                          fixed.token_id(words[6])}));
    text.take_logits(logits_for(fixed, words[7], "CCCCCC"));
    EXPECT_EQ(text.bases().size(), 48U);
}

TEST(TextDrawing, SlidingLeavesNoMWithoutItsNumber) {
    TextForm form = form_of(fixed, 60, 7);
    form.slide = true;
    TextDrawing text(text_prompt("<R><M>0.5<+>ACGTAC", fixed), 0, form);
    for (int i = 0; i < 3; ++i) {
        read_on(text);
        text.take_logits(logits_for(fixed, "AAAAAA", "CCCCCC"));
    }
    EXPECT_EQ(text.position(), 0);
    EXPECT_EQ(text.token(), 21);
    text.advance();
    EXPECT_EQ(text.token(), fixed.token_id("AAAAAA"));
}

TEST(TextDrawing, ShortUnmaskedWordsEndWithTheContext) {
    TextForm form = form_of(dynamic, 42, 7);
    form.unmasked = true;
    TextDrawing text(text_prompt("<R>", dynamic), 0, form);
    while (!text.done()) {
        read_on(text);
        text.take_logits(logits_for(dynamic, "A", "C"));
    }
    EXPECT_EQ(text.end(), "context");
    EXPECT_EQ(text.bases(), "AAAAAAA");
}

TEST(TextDrawing, AnNInThePromptsTailIsKept) {
    TextForm const form = form_of(fixed, 6);
    TextDrawing text(text_prompt("<R>ACNN", fixed), 0, form);
    read_on(text);
    text.take_logits(logits_for(fixed, "ACNNAN", "ACNNGT"));
    EXPECT_EQ(text.bases(), "GT");
}

TEST(TextDrawing, DrawsDependOnSeedNumberAndWord) {
    std::vector<float> const flat(static_cast<std::size_t>(fixed.size()), 0);
    auto const drawn = [&](std::uint64_t seed, std::int64_t number) {
        TextForm form = form_of(fixed, 24);
        form.seed = seed;
        TextDrawing text(text_prompt("<R>", fixed), number, form);
        while (!text.done()) {
            read_on(text);
            text.take_logits(flat);
        }
        return text.bases();
    };
    std::string const bases = drawn(1, 0);
    EXPECT_EQ(bases.find('N'), std::string::npos);
    EXPECT_EQ(drawn(1, 0), bases);
    EXPECT_NE(drawn(2, 0), bases);
    EXPECT_NE(drawn(1, 1), bases);
    EXPECT_NE(bases.substr(0, 6), bases.substr(6, 6));
}

TEST(TextDrawing, APromptNeedsSomethingToRead) {
    EXPECT_NE(message_of([] { text_prompt("ATT", fixed); }).find("begin with a species token"),
              std::string::npos);
    EXPECT_EQ(text_prompt("<R>ATT", fixed).tail.size(), 3U);
    EXPECT_TRUE(text_prompt("<R>ATT<=>", fixed).tail.empty());
    EXPECT_TRUE(text_prompt("<R><M>0.5,12", fixed).tail.empty());
    TextPrompt const behind_a_number = text_prompt("<R>ATTGAC<M>1e-3ACGTACATG", fixed);
    EXPECT_EQ(behind_a_number.tail, base_codes("ATG"));
    EXPECT_EQ(behind_a_number.input.length(), 5);
}

}  // namespace
}  // namespace dnagpt
