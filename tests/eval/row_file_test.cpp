#include "dnagpt/eval/row_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "dnagpt/io/hdf5_file.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "harness/shared_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::world;

RowFileForm form_of(std::string const& settings = "{}") {
    return {"test rows",
            3,
            {{"/values", 2, RowElement::float32},
             {"/number", 0, RowElement::int64},
             {"/place", 0, RowElement::int32}},
            settings};
}

/// Rows first .. last - 1 of a line of rows, written row by row by the ranks in turn.
void write_rows(std::string const& path, std::int64_t first, std::int64_t last,
                RowFileForm const& form = form_of()) {
    RowFile file(path, form, last - first, world());
    for (std::int64_t row = first; row < last; ++row) {
        if (row % world().size() != world().rank()) {
            continue;
        }
        std::vector<float> const values = {static_cast<float>(row), 0.5F};
        std::vector<std::int64_t> const number = {10 * row};
        std::vector<std::int32_t> const place = {static_cast<std::int32_t>(row % 7)};
        file.write(0, row - first, values);
        file.write(1, row - first, number);
        file.write(2, row - first, place);
    }
    file.finish();
}

/// `check` on rank 0 while the others wait.
template <class Check>
void on_rank_0(Check const& check) {
    if (world().rank() == 0) {
        check();
    }
    world().barrier();
}

TEST(RowFile, HoldsTheRowsOfAllRanks) {
    testing::SharedFolder const folder(world());
    write_rows(folder.file("rows.h5"), 0, 100);
    on_rank_0([&] {
        Hdf5File const file = Hdf5File::open_read(folder.file("rows.h5"));
        EXPECT_EQ(file.string_attribute("/", "format"), "test rows");
        EXPECT_EQ(file.int_attribute("/", "format_version"), 3);
        EXPECT_EQ(file.shape("/values"), (std::vector<std::int64_t>{100, 2}));
        auto const values = file.read<float>("/values");
        auto const numbers = file.read<std::int64_t>("/number");
        auto const places = file.read<std::int32_t>("/place");
        for (std::size_t row = 0; row < 100; ++row) {
            EXPECT_EQ(values[2 * row], static_cast<float>(row));
            EXPECT_EQ(values[2 * row + 1], 0.5F);
            EXPECT_EQ(numbers[row], static_cast<std::int64_t>(10 * row));
            EXPECT_EQ(places[row], static_cast<std::int32_t>(row % 7));
        }
    });
}

TEST(RowFile, PartsJoinToTheBytesOfTheWhole) {
    testing::SharedFolder const folder(world());
    write_rows(folder.file("whole.h5"), 0, 100);
    write_rows(folder.file("a.h5"), 0, 30);
    write_rows(folder.file("b.h5"), 30, 30);
    write_rows(folder.file("c.h5"), 30, 100);
    on_rank_0([&] {
        join_row_files({folder.file("a.h5"), folder.file("b.h5"), folder.file("c.h5")},
                       folder.file("joined.h5"));
        EXPECT_EQ(read_text(folder.file("joined.h5")), read_text(folder.file("whole.h5")));
    });
}

TEST(RowFile, PartsOfOtherSettingsAreRefused) {
    testing::SharedFolder const folder(world());
    write_rows(folder.file("a.h5"), 0, 3);
    write_rows(folder.file("b.h5"), 3, 5, form_of("{\"layer\":2}"));
    on_rank_0([&] {
        std::string const message = message_of([&] {
            join_row_files({folder.file("a.h5"), folder.file("b.h5")}, folder.file("joined.h5"));
        });
        EXPECT_NE(message.find("b.h5 was made with other settings than"), std::string::npos);
        EXPECT_FALSE(std::filesystem::exists(folder.file("joined.h5")));
    });
}

TEST(RowFile, WhatIsNotFinishedIsTakenAway) {
    testing::SharedFolder const folder(world());
    {
        RowFile const file(folder.file("rows.h5"), form_of(), 10, world());
        world().barrier();
    }
    world().barrier();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    std::string const message =
        message_of([&] { RowFile const file("/nonexistent/rows.h5", form_of(), 10, world()); });
    EXPECT_NE(message.find("/nonexistent/rows.h5"), std::string::npos) << message;
}

}  // namespace
}  // namespace dnagpt
