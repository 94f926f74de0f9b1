#include "dnagpt/eval/piece_files.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "dnagpt/io/durable_file.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;

TEST(PieceFiles, AreFoundInOrder) {
    TemporaryFolder const folder;
    std::string const path = folder.file("out.tsv");
    EXPECT_EQ(piece_path(path, {1, 1}), path);
    std::vector<std::string> expected;
    for (std::int64_t number = 1; number <= 11; ++number) {
        expected.push_back(path + ".piece_" + std::to_string(number) + "_of_11");
        EXPECT_EQ(piece_path(path, {number, 11}), expected.back());
        write_text_atomically(expected.back(), "x\n");
    }
    write_text_atomically(path + ".piece_2_of_11.tmp", "half");
    write_text_atomically(folder.file("other.tsv.piece_1_of_2"), "x\n");
    EXPECT_EQ(find_pieces(path), expected);
}

TEST(PieceFiles, WhatIsMissingIsNamed) {
    TemporaryFolder const folder;
    std::string const path = folder.file("out.tsv");
    EXPECT_NE(message_of([&] { find_pieces(path); }).find("there is no piece of"),
              std::string::npos);
    write_text_atomically(piece_path(path, {1, 3}), "x\n");
    write_text_atomically(piece_path(path, {3, 3}), "x\n");
    EXPECT_NE(message_of([&] {
                  find_pieces(path);
              }).find("out.tsv.piece_2_of_3 is missing; run its --piece 2/3 again"),
              std::string::npos);
    write_text_atomically(piece_path(path, {2, 4}), "x\n");
    EXPECT_NE(message_of([&] { find_pieces(path); }).find("has pieces of"), std::string::npos);
}

TEST(PieceFiles, FilesStandOneBehindTheOther) {
    TemporaryFolder const folder;
    join_files({folder.write("1", ">a\nACGT\n"), folder.write("2", ""), folder.write("3", ">b\nA")},
               folder.file("all"));
    EXPECT_EQ(read_text(folder.file("all")), ">a\nACGT\n>b\nA");
}

TEST(PieceFiles, TablesKeepOneHead) {
    TemporaryFolder const folder;
    std::string const one = folder.write("1", "id\tp\na\t1\n");
    std::string const none = folder.write("2", "id\tp\n");
    std::string const two = folder.write("3", "id\tp\nb\t2\nid\tp\n");
    join_tables({one, none, two}, folder.file("all"));
    EXPECT_EQ(read_text(folder.file("all")), "id\tp\na\t1\nb\t2\nid\tp\n");
    std::string const other = folder.write("4", "id\tq\n");
    EXPECT_NE(message_of([&] {
                  join_tables({one, other}, folder.file("new"));
              }).find("/4 has another head than"),
              std::string::npos);
    std::string const noted = folder.write("5", "# a\n# b\nid\tp\nc\t3\n# d\n");
    join_tables({noted, noted}, folder.file("all"));
    EXPECT_EQ(read_text(folder.file("all")), "# a\n# b\nid\tp\nc\t3\n# d\nc\t3\n# d\n");
    EXPECT_NE(message_of([&] {
                  join_tables({one, noted}, folder.file("new"));
              }).find("/5 has another head than"),
              std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(folder.file("new")));
    EXPECT_FALSE(std::filesystem::exists(folder.file("new.tmp")));
}

}  // namespace
}  // namespace dnagpt
