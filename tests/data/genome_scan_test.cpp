#include "dnagpt/data/genome_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;

TEST(GapFinder, FindsRunsAcrossPieces) {
    std::string text = random_bases(1000, 1);
    text.replace(100, 99, 99, 'N');
    text.replace(300, 100, 100, 'N');
    text.replace(850, 150, 150, 'N');
    auto const codes = base_codes(text);
    for (std::size_t const piece : {1, 7, 350, 1000}) {
        std::vector<BaseRange> gaps;
        GapFinder finder(gaps);
        for (std::size_t at = 0; at < codes.size(); at += piece) {
            finder.feed(std::span(codes).subspan(at, std::min(piece, codes.size() - at)));
        }
        finder.finish();
        EXPECT_EQ(gaps, (std::vector<BaseRange>{{300, 400}, {850, 1000}})) << "piece " << piece;
    }
}

}  // namespace
}  // namespace dnagpt
