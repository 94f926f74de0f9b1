#include "dnagpt/io/json_lines.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;
using Json = nlohmann::ordered_json;

void write_steps(std::string const& path, int first, int last) {
    JsonLinesWriter writer(path);
    for (int step = first; step <= last; ++step) {
        writer.append({{"step", step}, {"loss", 1.0 / step}});
    }
}

LineFate after_three(Json const& line) {
    int const step = line.value("step", 0);
    return step > 3 ? LineFate::drop : step == 3 ? LineFate::keep_as_last : LineFate::keep;
}

TEST(JsonLines, LinesKeepTheirOrderAndNumbers) {
    TemporaryFolder const folder;
    write_steps(folder.file("m"), 1, 2);
    JsonLinesWriter(folder.file("m")).append({{"z", 1}, {"a", NAN}});
    EXPECT_EQ(read_text(folder.file("m")),
              "{\"step\":1,\"loss\":1.0}\n{\"step\":2,\"loss\":0.5}\n{\"z\":1,\"a\":null}\n");
    auto const objects = read_json_lines(folder.file("m"));
    ASSERT_EQ(objects.size(), 3U);
    EXPECT_EQ(objects[1]["step"], 2);
}

TEST(JsonLines, CutDropsWhatFollowsAStepAndTheHalfLine) {
    TemporaryFolder const folder;
    std::string const path = folder.file("m");
    write_steps(path, 1, 5);
    write_text_atomically(path, read_text(path) + "{\"step\":6,\"lo");
    EXPECT_EQ(read_json_lines(path).size(), 5U);
    EXPECT_EQ(cut_after(path, after_three), 3U);
    write_steps(path, 4, 5);
    TemporaryFolder const other;
    write_steps(other.file("m"), 1, 5);
    EXPECT_EQ(read_text(path), read_text(other.file("m")));
}

TEST(JsonLines, WhatFollowsTheLastLineNeedNotBeReadable) {
    TemporaryFolder const folder;
    std::string const path = folder.file("m");
    write_steps(path, 1, 3);
    std::string const kept = read_text(path);
    for (std::string const& junk :
         {std::string(100, '\0') + "\n{}\n", std::string("{\"step\":\n")}) {
        write_text_atomically(path, kept + junk);
        EXPECT_EQ(cut_after(path, after_three), 3U);
        EXPECT_EQ(read_text(path), kept);
    }
    write_text_atomically(path, "{\"step\":1}\n?\n{\"step\":3}\n");
    EXPECT_NE(message_of([&] { cut_after(path, after_three); }).find("line 2"), std::string::npos);
}

TEST(JsonLines, MissingFileIsEmptyAndBadLineIsNamed) {
    TemporaryFolder const folder;
    EXPECT_TRUE(read_json_lines(folder.file("m")).empty());
    EXPECT_EQ(cut_after(folder.file("m"), [](Json const&) { return LineFate::drop; }), 0U);
    write_text_atomically(folder.file("m"), "{}\n[1]\n");
    auto const message = message_of([&] { read_json_lines(folder.file("m")); });
    EXPECT_NE(message.find("/m line 2 is no JSON object"), std::string::npos) << message;
}

TEST(JsonLines, LineWithoutWhatIsAskedOfItIsNamed) {
    TemporaryFolder const folder;
    for (char const* bad : {R"({"stap":1})", R"({"step":"1"})", R"({"step":null})"}) {
        write_text_atomically(folder.file("m"), std::string("{\"step\":1}\n") + bad + "\n");
        auto const message = message_of([&] {
            cut_after(folder.file("m"), [](Json const& line) {
                return line.at("step").get<int>() > 1 ? LineFate::drop : LineFate::keep;
            });
        });
        EXPECT_NE(message.find("/m line 2 lacks a key"), std::string::npos) << message;
    }
}

TEST(JsonLines, CutKeepsLinesOfAnyDepth) {
    TemporaryFolder const folder;
    std::string const path = folder.file("m");
    constexpr std::size_t depth = 1'000'000;
    std::string const line = "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}\n";
    write_text_atomically(path, line + "{}\n");
    EXPECT_EQ(cut_after(path,
                        [](Json const& object) {
                            return object.empty() ? LineFate::drop : LineFate::keep;
                        }),
              1U);
    EXPECT_EQ(read_text(path), line);
}

}  // namespace
}  // namespace dnagpt
