#include "dnagpt/eval/record_blocks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

ReadRecords numbers_below(std::int64_t count) {
    return [count](AddRecord const& add) {
        for (std::int64_t i = 0; i < count; ++i) {
            add("record " + std::to_string(i));
        }
    };
}

/// What is written of `count` records: of every block its numbers, then its records.
std::string written(std::int64_t count, RecordRange range = {},
                    std::int64_t block = records_of_block) {
    std::string text;
    BlockWork work{"test", numbers_below(count), range, {}, {}, block};
    work.answer = [](BlockRound const& round) {
        if (round.own_first == round.own_last) {
            return std::string();
        }
        std::string answer = "block from " + std::to_string(round.first_number + round.own_first) +
                             " to " + std::to_string(round.first_number + round.own_last) + "\n";
        for (std::int64_t i = round.own_first; i < round.own_last; ++i) {
            answer += round.records[static_cast<std::size_t>(i)] + "\n";
        }
        return answer;
    };
    work.write = [&](std::string_view block) { text += block; };
    for_each_block(work, world());
    return world().broadcast(text);
}

std::string expected(std::int64_t count, std::int64_t first = 0,
                     std::int64_t block = records_of_block) {
    std::string text;
    for (std::int64_t i = first; i < count; ++i) {
        if (i % block == 0) {
            text += "block from " + std::to_string(i) + " to " +
                    std::to_string(std::min(i + block, count)) + "\n";
        }
        text += "record " + std::to_string(i) + "\n";
    }
    return text;
}

TEST(RecordBlocks, BlocksAndTheirOrderDoNotDependOnTheRanks) {
    for (std::int64_t const count : {0, 1, 1023, 1024, 1025, 5000, 8192}) {
        EXPECT_EQ(written(count), expected(count)) << count << " records";
    }
}

TEST(RecordBlocks, PiecesAreTheWholeWhenPutTogether) {
    for (std::int64_t const count : {5, 2048, 5000}) {
        for (std::int64_t const pieces : {1, 2, 3, 8}) {
            std::string text;
            for (std::int64_t number = 1; number <= pieces; ++number) {
                text += written(count, records_of_piece(count, {number, pieces}));
            }
            EXPECT_EQ(text, expected(count)) << count << " records in " << pieces << " pieces";
        }
    }
}

TEST(RecordBlocks, RecordsOfLongTextsHaveSmallerBlocks) {
    for (std::int64_t const pieces : {1, 3}) {
        std::string text;
        for (std::int64_t number = 1; number <= pieces; ++number) {
            text += written(50, records_of_piece(50, {number, pieces}, 7), 7);
        }
        EXPECT_EQ(text, expected(50, 0, 7)) << pieces << " pieces";
    }
}

TEST(RecordBlocks, APieceOfWhatIsReadIsThatOfItsCount) {
    EXPECT_EQ(count_records(numbers_below(3000)), 3000);
    RecordRange const second = range_of_piece([] { return std::int64_t{3000}; }, {2, 3}, world());
    EXPECT_EQ(second.first, records_of_piece(3000, {2, 3}).first);
    EXPECT_EQ(second.last, records_of_piece(3000, {2, 3}).last);
    auto const none = []() -> std::int64_t { throw std::logic_error("counted"); };
    RecordRange const all = range_of_piece(none, {1, 1}, world());
    EXPECT_EQ(all.first, 0);
    EXPECT_GT(all.last, std::int64_t{1} << 60);
}

TEST(RecordBlocks, PeopleHearHowFarABlockIs) {
    BlockWork work{"test", numbers_below(8), {}, {}, {}, 8};
    work.answer = [](BlockRound const& round) {
        std::this_thread::sleep_for(
            std::chrono::milliseconds(2100));  // Progress keeps still for 2 s
        round.report(0.5);
        return std::string();
    };
    work.write = [](std::string_view) {};
    ::testing::internal::CaptureStderr();
    for_each_block(work, world());
    std::string const told = ::testing::internal::GetCapturedStderr();
    if (world().rank() == 0) {
        EXPECT_NE(told.find("test: 4 records, "), std::string::npos) << told;
    }
}

TEST(RecordBlocks, TheNextRoundIsReadWhileOneIsAnswered) {
    constexpr std::int64_t count = 12;
    std::atomic<std::int64_t> read = 0;
    BlockWork work{"test", {}, {}, {}, {}, 1};
    work.read = [&](AddRecord const& add) {
        for (std::int64_t i = 0; i < count; ++i) {
            ++read;
            add("record");
        }
    };
    std::int64_t answered = 0;
    work.answer = [&](BlockRound const& round) {
        answered += std::ssize(round.records);
        bool const more = answered + world().size() <= count;
        for (int i = 0; world().rank() == 0 && more && i < 5000 && read <= answered; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_EQ(read > answered, world().rank() == 0 && answered < count);
        EXPECT_LE(read, answered + world().size());
        return std::string();
    };
    work.write = [](std::string_view) {};
    EXPECT_EQ(for_each_block(work, world()), count);
}

TEST(RecordBlocks, AnErrorOfReadingComesWhenItsTurnIs) {
    BlockWork work{"test", {}, {}, {}, {}, 1};
    work.read = [&](AddRecord const& add) {
        for (int i = 0; i < world().size(); ++i) {
            add("record");
        }
        throw std::runtime_error("line 7 is bad");
    };
    std::int64_t answered = 0;
    work.answer = [&](BlockRound const& round) {
        answered += std::ssize(round.records);
        return std::string();
    };
    work.write = [](std::string_view) {};
    if (world().size() == 1) {
        EXPECT_THROW(for_each_block(work, world()), std::runtime_error);
        EXPECT_EQ(answered, 1);
    }
}

TEST(RecordBlocks, AnErrorOfAnsweringEndsTheReading) {
    BlockWork work{"test", numbers_below(100), {}, {}, {}, 1};
    work.answer = [](BlockRound const&) -> std::string { throw std::runtime_error("no"); };
    work.write = [](std::string_view) {};
    if (world().size() == 1) {
        EXPECT_THROW(for_each_block(work, world()), std::runtime_error);
    }
}

TEST(RecordBlocks, ARecordMayHoldAnything) {
    std::string const odd("tab\t, line\n, zero\0 end", 23);
    std::string read;
    BlockWork work{"test",
                   [&](AddRecord const& add) {
                       add(odd);
                       add("");
                   },
                   {},
                   {},
                   {}};
    work.answer = [](BlockRound const& round) {
        return round.own_last > 0 && round.own_first == 0 ? round.records[0] + round.records[1]
                                                          : std::string();
    };
    work.write = [&](std::string_view text) { read += text; };
    for_each_block(work, world());
    EXPECT_EQ(world().broadcast(read), odd);
}

}  // namespace
}  // namespace dnagpt
