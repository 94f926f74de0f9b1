#include "dnagpt/eval/sequence_scores.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "eval/small_scorer.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt::testing {
namespace {

constexpr double tolerance = 2e-5;

std::vector<ScoredWindow> windows_of(std::string const& fasta, WindowForm const& form,
                                     Strand strand) {
    TemporaryFolder const folder;
    std::vector<ScoredWindow> windows;
    for_each_scored_window(folder.write("s.fa", fasta), form, strand,
                           [&](ScoredWindow const& window) { windows.push_back(window); });
    return windows;
}

TEST(SequenceScores, EachBaseBelongsToTheWindowThatKnowsMoreBeforeIt) {
    std::string const fasta = ">a\n" + random_bases(100, 1) + "\n>b\nACGT\n>c\n" +
                              random_bases(42, 2) + "\n>d\n" + random_bases(43, 3) + "\n";
    WindowForm const form{42, 21};
    for (Strand const strand : {Strand::forward, Strand::reverse}) {
        auto const windows = windows_of(fasta, form, strand);
        std::int64_t next = 0;
        std::string name;
        for (ScoredWindow const& window : windows) {
            next = window.name == name ? next : 0;
            name = window.name;
            EXPECT_EQ(window.start + window.first, next) << name;
            next = window.start + window.last;
            EXPECT_LE(window.last, std::ssize(window.codes));
            bool const inside = window.start > 0 && window.last < std::ssize(window.codes);
            std::int64_t const before = window.first;
            std::int64_t const behind = std::ssize(window.codes) - window.last;
            if (inside) {
                EXPECT_EQ(before, strand == Strand::forward ? 21 : 0);
                EXPECT_EQ(behind, strand == Strand::forward ? 0 : 21);
            }
        }
        EXPECT_EQ(next, 43);
        EXPECT_EQ(windows.size(), 4U + 1 + 1 + 2);
    }
}

TEST(SequenceScores, TheOtherStrandIsTheReverseComplementReadFromTheLeft) {
    SmallScorer const small;
    std::string const letters = random_bases(30, 4);
    auto turned = base_codes(letters);
    reverse_complement_bases(turned);
    std::vector<ScoredWindow> const windows = {{"a", 0, 3, 20, base_codes(letters)}};
    auto const forward = score_windows(small.scorer(), std::span(windows), Strand::forward).front();
    auto const reverse = score_windows(small.scorer(), std::span(windows), Strand::reverse).front();
    auto const both = score_windows(small.scorer(), std::span(windows), Strand::both).front();
    auto const straight = small.score(letters, 3, 20);
    auto const back = small.score(bases_text(turned), 10, 27);
    ASSERT_EQ(reverse.size(), 17U);
    for (std::size_t i = 0; i < 17; ++i) {
        std::uint8_t const code = windows.front().codes[3 + i];
        std::uint8_t const other = turned[26 - i];
        EXPECT_NEAR(forward[i].bits, -straight[i][code - 1U] / std::numbers::ln2, tolerance);
        EXPECT_NEAR(reverse[i].bits, -back[16 - i][other - 1U] / std::numbers::ln2, tolerance);
        EXPECT_NEAR(reverse[i].log_p[code - 1U], back[16 - i][other - 1U], tolerance);
        EXPECT_NEAR(both[i].bits, (forward[i].bits + reverse[i].bits) / 2, tolerance);
        double sum = 0;
        for (double const log_p : both[i].log_p) {
            sum += std::exp(log_p);
        }
        EXPECT_NEAR(sum, 1, 1e-9);
    }
}

/// Bits of every base of a FASTA file's first record, by place.
std::vector<double> bits_of(SmallScorer const& small, std::string const& fasta,
                            WindowForm const& form, Strand strand) {
    auto const windows = windows_of(fasta, form, strand);
    auto const scores = score_windows(small.scorer(), std::span(windows), strand);
    std::vector<double> bits;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        bits.resize(static_cast<std::size_t>(windows[i].start + windows[i].last), -1);
        for (std::size_t at = 0; at < scores[i].size(); ++at) {
            bits[static_cast<std::size_t>(windows[i].start + windows[i].first) + at] =
                scores[i][at].bits;
        }
    }
    return bits;
}

TEST(SequenceScores, BothStrandsAreTheMeanOfEachAloneAcrossWindows) {
    SmallScorer const small;
    for (std::int64_t const overlap : {0, 10, 21}) {
        for (std::int64_t const bases : {42, 43, 100, 126}) {
            std::string letters = random_bases(bases, 8);
            letters.replace(static_cast<std::size_t>(bases) / 2, 3, "NNN");
            std::string const fasta = ">a\n" + letters + "\n";
            WindowForm const form{42, overlap};
            auto const forward = bits_of(small, fasta, form, Strand::forward);
            auto const reverse = bits_of(small, fasta, form, Strand::reverse);
            auto const both = bits_of(small, fasta, form, Strand::both);
            ASSERT_EQ(both.size(), static_cast<std::size_t>(bases));
            ASSERT_EQ(forward.size(), both.size());
            ASSERT_EQ(reverse.size(), both.size());
            for (std::size_t i = 0; i < both.size(); ++i) {
                EXPECT_NEAR(both[i], (forward[i] + reverse[i]) / 2, tolerance)
                    << "base " << i << " of " << bases << ", overlap " << overlap;
            }
        }
    }
}

TEST(SequenceScores, ForBothStrandsWindowsShareHalfAtMost) {
    std::string const message = message_of([] {
        windows_of(">a\nACGT\n", {42, 22}, Strand::both);
    });
    EXPECT_NE(message.find("at most half of them, not 22"), std::string::npos) << message;
}

TEST(SequenceScores, AWindowComesBackFromItsText) {
    ScoredWindow const window{"chr1", 7, 1, 3, base_codes("ACGTN"), 2, 4};
    ScoredWindow const back = scored_window_from(to_text(window));
    EXPECT_EQ(to_text(back), to_text(window));
    EXPECT_EQ(back.codes, window.codes);
    EXPECT_EQ(back.last, 3);
    EXPECT_EQ(back.next, 2);
    EXPECT_EQ(back.own_length(), 4);
}

}  // namespace
}  // namespace dnagpt::testing
