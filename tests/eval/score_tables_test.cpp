#include "dnagpt/eval/score_tables.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

/// Bases 10 .. 13 of a contig, of which the middle two are scored.
ScoredWindow window() {
    return {"chr1", 10, 1, 3, base_codes("ANGT")};
}

std::vector<BaseScore> scores() {
    BaseLogP const log_p = {std::log(0.5), std::log(0.25), std::log(0.125), std::log(0.125)};
    return {{log_p, 0}, {log_p, 2}};
}

TEST(ScoreTables, AnNHasNoRowAndColumnsAreInTheOrderACGT) {
    EXPECT_EQ(base_rows(window(), scores()), "chr1\t12\t13\tG\t2\t0.5\t0.125\t0.25\t0.125\n");
    EXPECT_EQ(bedgraph_rows(window(), scores()), "chr1\t12\t13\t2\n");
}

TEST(ScoreTables, PositionsOfVariantsCountFromOne) {
    VariantPlace place;
    place.contig = "chr1";
    place.position = 41;
    place.id = "rs1";
    place.reference = "A";
    place.alternative = "G";
    VariantResult const result{"ok", {-2, -3.5, -1, -2}};
    EXPECT_EQ(variant_row(place, result, {}),
              "chr1\t42\trs1\tA\tG\t-2\t-3.5\t-1.5\t-1\t-2\tforward\tok\n");
    EXPECT_EQ(variant_row(place, result, {Strand::both, true}),
              "chr1\t42\trs1\tA\tG\tNA\tNA\tNA\t-1\t-2\tboth\tok\n");
    EXPECT_EQ(variant_row(place, {"too_long", {}}, {}),
              "chr1\t42\trs1\tA\tG\tNA\tNA\tNA\tNA\tNA\tforward\ttoo_long\n");
}

TEST(ScoreTables, HeadsSayHowToCountAndWhatIsMeant) {
    EXPECT_NE(variant_head(50, true, 7).find("pos counts from 1"), std::string::npos);
    EXPECT_NE(variant_head(50, true, 7).find("flank 50; fast; weights of step 7"),
              std::string::npos);
    EXPECT_NE(base_head({600, 300}, Strand::both, 7).find("mean of -log2 p over both strands"),
              std::string::npos);
    EXPECT_NE(bedgraph_head(Strand::reverse).find("reverse strand"), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
