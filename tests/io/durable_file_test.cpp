#include "dnagpt/io/durable_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"
#include "io/file_size_limit.hpp"

namespace dnagpt {
namespace {

using testing::FileSizeLimit;
using testing::message_of;
using testing::TemporaryFolder;

TEST(DurableFile, WritesAndReadsAtOffsets) {
    TemporaryFolder const folder;
    auto const file = create_for_writing(folder.file("a"));
    pwrite_all(file, "world", 5, 6);
    pwrite_all(file, "hello ", 6, 0);
    EXPECT_EQ(file_length(file), 11);
    EXPECT_EQ(read_text(folder.file("a")), "hello world");
}

TEST(DurableFile, ShortReadIsAnError) {
    TemporaryFolder const folder;
    write_text_atomically(folder.file("a"), "12345");
    auto const file = open_for_reading(folder.file("a"));
    char bytes[8];
    auto const message = message_of([&] { pread_all(file, bytes, 4, 3); });
    EXPECT_NE(message.find("/a ends at byte 5 (2 bytes more were expected)"), std::string::npos)
        << message;
}

TEST(DurableFile, DescriptorMovesAndCloses) {
    TemporaryFolder const folder;
    auto file = create_for_writing(folder.file("a"));
    int const number = file.number();
    FileDescriptor other = std::move(file);
    EXPECT_FALSE(file.is_open());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(other.number(), number);
    other.close();
    EXPECT_FALSE(other.is_open());
    EXPECT_NE(message_of([&] { pwrite_all(other, "a", 1, 0); }), "no error");
}

TEST(DurableFile, PreallocateTakesTheWholeLength) {
    TemporaryFolder const folder;
    auto const file = create_for_writing(folder.file("a"));
    preallocate(file, 1 << 20);
    EXPECT_EQ(file_length(file), 1 << 20);
    preallocate(file, 10);
    EXPECT_EQ(file_length(file), 1 << 20);
}

TEST(DurableFile, FullDiskNamesPathAndBytes) {
    TemporaryFolder const folder;
    auto const file = create_for_writing(folder.file("a"));
    FileSizeLimit const limit(4096);
    auto message = message_of([&] { preallocate(file, 1 << 20); });
    EXPECT_NE(message.find("cannot take 1048576 bytes"), std::string::npos) << message;
    EXPECT_NE(message.find(folder.file("a")), std::string::npos) << message;
    std::string const text(8192, 'x');
    message = message_of([&] { pwrite_all(file, text.data(), text.size(), 0); });
    EXPECT_NE(message.find("cannot write 4096 bytes"), std::string::npos) << message;
    EXPECT_NE(message.find("free some space"), std::string::npos) << message;
}

TEST(DurableFile, ATextStandsUnderItsNameWhenItIsFinished) {
    TemporaryFolder const folder;
    write_text_atomically(folder.file("a"), "old");
    {
        TextWriter dropped(folder.file("a"));
        dropped.append("new");
    }
    EXPECT_EQ(read_text(folder.file("a")), "old");
    TextWriter writer(folder.file("a"));
    writer.append("first ");
    writer.append("second");
    EXPECT_EQ(read_text(folder.file("a")), "old");
    writer.finish();
    EXPECT_EQ(read_text(folder.file("a")), "first second");
    EXPECT_FALSE(std::filesystem::exists(folder.file("a.tmp")));
}

TEST(DurableFile, AnUnfinishedFileGoesWithItsOwner) {
    TemporaryFolder const folder;
    for (bool const finishes : {false, true}) {
        UnfinishedFile unfinished(folder.file("a"));
        EXPECT_EQ(unfinished.path(), folder.file("a.tmp"));
        create_for_writing(unfinished.path());
        if (finishes) {
            unfinished.finish();
        }
    }
    EXPECT_TRUE(std::filesystem::exists(folder.file("a")));
    EXPECT_FALSE(std::filesystem::exists(folder.file("a.tmp")));
    {
        UnfinishedFile const dropped(folder.file("b"));
        create_for_writing(dropped.path());
    }
    EXPECT_FALSE(std::filesystem::exists(folder.file("b.tmp")));
    EXPECT_FALSE(std::filesystem::exists(folder.file("b")));
}

TEST(DurableFile, AtomicWriteKeepsTheOldTextOnFailure) {
    TemporaryFolder const folder;
    write_text_atomically(folder.file("a"), "old");
    {
        FileSizeLimit const limit(4096);
        std::string const text(8192, 'x');
        EXPECT_NE(message_of([&] { write_text_atomically(folder.file("a"), text); }), "no error");
    }
    EXPECT_EQ(read_text(folder.file("a")), "old");
    EXPECT_FALSE(std::filesystem::exists(folder.file("a.tmp")));
    write_text_atomically(folder.file("a"), "new");
    EXPECT_EQ(read_text(folder.file("a")), "new");
}

TEST(DurableFile, OpeningNamesThePath) {
    auto const message = message_of([] { open_for_reading("/nonexistent/file"); });
    EXPECT_NE(message.find("cannot open /nonexistent/file for reading"), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
