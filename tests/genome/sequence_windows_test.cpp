#include "dnagpt/genome/sequence_windows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::random_bases;
using testing::TemporaryFolder;

using Windows = std::vector<std::string>;

std::string line_of(SequenceWindow const& window) {
    return window.name + " " + std::to_string(window.start) + " " + bases_text(window.codes);
}

Windows windows_of_file(std::string const& fasta, WindowForm const& form) {
    TemporaryFolder const folder;
    folder.write("a.fa", fasta);
    Windows windows;
    for_each_window(folder.file("a.fa"), form,
                    [&](SequenceWindow const& window) { windows.push_back(line_of(window)); });
    return windows;
}

TEST(SequenceWindows, ARecordThatFitsIsOneWindow) {
    EXPECT_EQ(windows_of_file(">a\nACGTAC\n>b\nGG\n", {6, 3}), (Windows{"a 0 ACGTAC", "b 0 GG"}));
}

TEST(SequenceWindows, ALongerOneIsCutWithOverlap) {
    EXPECT_EQ(windows_of_file(">a\nACGTACG\n", {6, 0}), (Windows{"a 0 ACGTAC", "a 6 G"}));
    EXPECT_EQ(windows_of_file(">a\nACGTACGTTT\n", {6, 2}), (Windows{"a 0 ACGTAC", "a 4 ACGTTT"}));
    EXPECT_EQ(windows_of_file(">a\nACGTACGTTTG\n", {6, 2}),
              (Windows{"a 0 ACGTAC", "a 4 ACGTTT", "a 8 TTG"}));
    EXPECT_EQ(windows_of_file(">a\nACGTA\n", {2, 1}),
              (Windows{"a 0 AC", "a 1 CG", "a 2 GT", "a 3 TA"}));
}

TEST(SequenceWindows, ASequenceHeldWholeIsCutAsOneInAFile) {
    for (std::int64_t length = 1; length <= 40; ++length) {
        std::string const bases = random_bases(length, 3);
        for (WindowForm const form : {WindowForm{7, 0}, WindowForm{7, 3}, WindowForm{7, 6}}) {
            Windows held;
            for_each_window_of("a", base_codes(bases), form, [&](SequenceWindow const& window) {
                held.push_back(line_of(window));
            });
            EXPECT_EQ(held, windows_of_file(">a\n" + bases + "\n", form))
                << length << " bases, overlap " << form.overlap;
        }
    }
}

TEST(SequenceWindows, EveryBaseIsInAWindowAndNoWindowInAnother) {
    std::string const bases = random_bases(1000, 5);
    for (std::int64_t const overlap : {0, 10, 50, 99}) {
        std::int64_t covered = 0;
        for_each_window_of("a", base_codes(bases), {100, overlap},
                           [&](SequenceWindow const& window) {
                               EXPECT_LE(window.start, covered);
                               std::int64_t const end = window.start + std::ssize(window.codes);
                               EXPECT_GT(end, covered) << "overlap " << overlap;
                               covered = std::max(covered, end);
                           });
        EXPECT_EQ(covered, 1000);
    }
}

TEST(SequenceWindows, WhatCannotBeCutIsNamed) {
    EXPECT_NE(message_of([] {
                  windows_of_file(">a\nAC\n", {6, 6});
              }).find("windows of 6 bases cannot share 6"),
              std::string::npos);
    EXPECT_NE(message_of([] {
                  windows_of_file(">a\nAC\n>b\n", {6, 0});
              }).find("record b has no bases"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
