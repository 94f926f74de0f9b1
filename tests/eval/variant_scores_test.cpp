#include "dnagpt/eval/variant_scores.hpp"

#include <gtest/gtest.h>

#include "eval/small_scorer.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt::testing {
namespace {

constexpr double tolerance = 1e-4;  // of sums over some thirty bases

/// `removed` bases behind `left` become `added`.
VariantPlace place_in(std::string const& around, std::int64_t left, std::int64_t removed,
                      std::string const& added) {
    VariantPlace place;
    place.status = "ok";
    place.around = base_codes(around);
    place.left = left;
    place.removed = removed;
    place.added = base_codes(added);
    return place;
}

VariantResult result_of(SmallScorer const& small, VariantPlace const& place,
                        VariantForm const& form = {}) {
    return score_variants(small.scorer(), std::span(&place, 1), form).front();
}

double sum_from(SmallScorer const& small, std::string const& letters, std::size_t first) {
    double sum = 0;
    for (std::size_t at = first; at < letters.size(); ++at) {
        sum += small.log_p_of_last(letters.substr(0, at + 1));
    }
    return sum;
}

TEST(VariantScores, SumFromTheFirstDifferenceToTheCommonEnd) {
    SmallScorer const small;
    std::string const left = random_bases(13, 1) + "A";
    std::string const right = "G" + random_bases(14, 2);
    struct Case {
        std::string reference;
        std::string alternative;
    };
    for (Case const& each : {Case{"C", "T"}, {"CT", ""}, {"", "TTAC"}, {"CAC", "TG"}}) {
        std::string const whole = left + each.reference + right;
        std::string const changed = left + each.alternative + right;
        auto const result =
            result_of(small, place_in(whole, 14, std::ssize(each.reference), each.alternative));
        ASSERT_EQ(result.status, "ok");
        EXPECT_NEAR(result.score.log_p_ref, sum_from(small, whole, 14), tolerance);
        EXPECT_NEAR(result.score.log_p_alt, sum_from(small, changed, 14), tolerance);
        EXPECT_NEAR(result.score.log_p_base_ref, small.log_p_of_last(whole.substr(0, 15)),
                    tolerance);
        EXPECT_NEAR(result.score.log_p_base_alt, small.log_p_of_last(changed.substr(0, 15)),
                    tolerance);
        EXPECT_DOUBLE_EQ(result.score.llr(), result.score.log_p_alt - result.score.log_p_ref);
    }
}

TEST(VariantScores, ARepeatMovesTheFirstDifference) {
    SmallScorer const small;
    std::string const whole =
        "GATTACAG"
        "AAAA"
        "CTGATCCG";
    std::string const changed =
        "GATTACAG"
        "AAA"
        "CTGATCCG";
    auto const first = result_of(small, place_in(whole, 8, 1, ""));
    auto const last = result_of(small, place_in(whole, 11, 1, ""));
    EXPECT_NEAR(first.score.log_p_ref, sum_from(small, whole, 11), tolerance);
    EXPECT_NEAR(first.score.log_p_alt, sum_from(small, changed, 11), tolerance);
    EXPECT_EQ(first.score.log_p_base_ref, last.score.log_p_base_ref);
    EXPECT_EQ(first.score.llr(), last.score.llr());
}

TEST(VariantScores, TheOtherStrandIsTheVariantOfTheReverseComplement) {
    SmallScorer const small;
    auto const turned = [](std::string const& letters) {
        auto codes = base_codes(letters);
        reverse_complement_bases(codes);
        return bases_text(codes);
    };
    std::string const whole = random_bases(34, 7);
    VariantPlace const place = place_in(whole, 15, 3, "GT");
    VariantPlace const other = place_in(turned(whole), 16, 3, turned("GT"));
    auto const forward = result_of(small, place).score;
    auto const reverse = result_of(small, place, {Strand::reverse, false}).score;
    EXPECT_NEAR(reverse.llr(), result_of(small, other).score.llr(), tolerance);
    EXPECT_GT(std::abs(reverse.llr() - forward.llr()), 10 * tolerance);
    auto const both = result_of(small, place, {Strand::both, false}).score;
    EXPECT_NEAR(both.llr(), (forward.llr() + reverse.llr()) / 2, tolerance);
    EXPECT_NEAR(both.log_p_base_alt, (forward.log_p_base_alt + reverse.log_p_base_alt) / 2,
                tolerance);
}

TEST(VariantScores, FastGivesTheTermOfTheBaseAlone) {
    SmallScorer const small;
    std::string const whole = random_bases(30, 9);
    VariantPlace const place = place_in(whole, 12, 1, whole[12] == 'C' ? "A" : "C");
    auto const slow = result_of(small, place).score;
    auto const fast = result_of(small, place, {Strand::forward, true}).score;
    EXPECT_NEAR(fast.log_p_base_ref, slow.log_p_base_ref, tolerance);
    EXPECT_NEAR(fast.log_p_base_alt, slow.log_p_base_alt, tolerance);
    EXPECT_EQ(fast.log_p_ref, 0);
}

TEST(VariantScores, WhatCannotBeScoredSaysWhy) {
    SmallScorer const small;
    EXPECT_EQ(result_of(small, place_in("ACGTACGT", 3, 1, "T")).status, "same_sequence");
    EXPECT_EQ(result_of(small, place_in("ACGTACGT", 7, 1, "")).status, "past_flank");
    EXPECT_EQ(result_of(small, place_in("ACGTNCGT", 3, 1, "")).status, "ambiguous_letter");
    EXPECT_EQ(result_of(small, place_in("ACGT", 0, 1, ""), {Strand::both, false}).status,
              "past_flank");
    VariantPlace other = place_in("ACGT", 1, 1, "A");
    other.status = "symbolic";
    EXPECT_EQ(result_of(small, other).status, "symbolic");
    EXPECT_EQ(allele_status("A", "<DEL>"), "symbolic");
    EXPECT_EQ(allele_status("A", "A[chr2:7["), "symbolic");
    EXPECT_EQ(allele_status("A", "*"), "overlapping_deletion");
    EXPECT_EQ(allele_status("A", "."), "no_alternative");
    EXPECT_EQ(allele_status("A", "R"), "ambiguous_letter");
    EXPECT_EQ(allele_status("N", "A"), "ambiguous_letter");
    EXPECT_EQ(allele_status("a" + std::string(50, 'C'), "A"), "ok");
    EXPECT_EQ(allele_status("A", "A" + std::string(51, 'C')), "too_long");
    EXPECT_EQ(shared_prefix("acGT", "ACT"), 2);
}

TEST(VariantScores, APlaceComesBackFromItsText) {
    VariantPlace place = place_in("ACGTN", 2, 1, "");
    place.contig = "chr 1";
    place.position = -1;
    place.id = "rs1;rs2";
    place.reference = "CG";
    place.alternative = "c";
    VariantPlace const back = variant_place_from(to_text(place));
    EXPECT_EQ(to_text(back), to_text(place));
    EXPECT_EQ(back.around, place.around);
    EXPECT_EQ(back.added, place.added);
    EXPECT_EQ(back.position, -1);
}

}  // namespace
}  // namespace dnagpt::testing
