#include "dnagpt/genome/text_lines.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using Lines = std::vector<std::pair<std::int64_t, std::string>>;

Lines lines_of(std::string const& path) {
    Lines lines;
    for_each_line(path, [&](std::string_view line, std::int64_t number) {
        lines.emplace_back(number, line);
    });
    return lines;
}

void write_gzip(std::string const& path, std::string const& text) {
    gzFile const file = gzopen(path.c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
}

class TextLines : public ::testing::Test {
  protected:
    testing::TemporaryFolder folder_;
};

TEST_F(TextLines, AreNumberedAndLoseTheirEnds) {
    std::string const text = "one\n\r\ntwo\r\nlast";
    Lines const expected = {{1, "one"}, {2, ""}, {3, "two"}, {4, "last"}};
    EXPECT_EQ(lines_of(folder_.write("plain", text)), expected);
    write_gzip(folder_.file("packed"), text);
    EXPECT_EQ(lines_of(folder_.file("packed")), expected);
    EXPECT_TRUE(lines_of(folder_.write("empty", "")).empty());
}

TEST_F(TextLines, MayBeLongerThanTheBuffer) {
    std::string const first(200'000, 'A');
    std::string const second(65'535, 'C');
    Lines const lines = lines_of(folder_.write("long", first + "\n" + second + "\n"));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].second, first);
    EXPECT_EQ(lines[1].second, second);
}

TEST_F(TextLines, AMissingOrShortenedFileIsNamed) {
    EXPECT_NE(message_of([&] { lines_of(folder_.file("none")); }).find("cannot be opened"),
              std::string::npos);
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
        text += std::to_string(i * 7919 % 10'007) + "\n";
    }
    write_gzip(folder_.file("packed"), text);
    std::ifstream file(folder_.file("packed"), std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(file), {}};
    std::string const cut = folder_.write("cut", bytes.substr(0, bytes.size() / 2));
    EXPECT_NE(message_of([&] { lines_of(cut); }).find(cut + " is damaged or cut short"),
              std::string::npos);
}

TEST(EqualsInAnyCase, ComparesWholeTexts) {
    EXPECT_TRUE(equals_in_any_case("Label", "label"));
    EXPECT_FALSE(equals_in_any_case("labels", "label"));
    EXPECT_FALSE(equals_in_any_case("lab", "label"));
    EXPECT_TRUE(equals_in_any_case("", ""));
}

TEST(WithoutByteOrderMark, TakesOnlyTheMarkOff) {
    EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBFid,x"), "id,x");
    EXPECT_EQ(without_byte_order_mark("id"), "id");
}

TEST_F(TextLines, ControlCharactersAreNamed) {
    for (char const letter : {'\x00', '\x1f', '\x7f', '\r'}) {
        std::string const text = std::string("one\ntw") + letter + "o\n";
        std::string const message = message_of([&] { lines_of(folder_.write("bad", text)); });
        EXPECT_NE(message.find("bad line 2 holds the control character " +
                               std::to_string(static_cast<int>(letter)) + " at position 3"),
                  std::string::npos)
            << message;
    }
}

TEST_F(TextLines, ALineIsNoLongerThan256Mebibytes) {
    gzFile const file = gzopen(folder_.file("bomb.gz").c_str(), "wb1");
    std::string const piece(1 << 20, 'A');
    for (int mebibytes = 0; mebibytes < 257; ++mebibytes) {
        gzwrite(file, piece.data(), static_cast<unsigned>(piece.size()));
    }
    gzclose(file);
    EXPECT_NE(message_of([&] {
                  lines_of(folder_.file("bomb.gz"));
              }).find("bomb.gz line 1 is longer than 256 MiB"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
