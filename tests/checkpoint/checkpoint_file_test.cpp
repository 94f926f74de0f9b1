#include "dnagpt/checkpoint/checkpoint_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "checkpoint/sample_state.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/io/hdf5_file.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "harness/shared_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::sample_elements;
using testing::sample_value;
using testing::SharedFolder;
using testing::world;

TEST(CheckpointFile, HeaderAndAnyRangeComeBack) {
    SharedFolder const folder(world());
    testing::save_sample(world(), folder.file("a.h5"), 7);
    auto const reader = CheckpointReader::open(folder.file("a.h5"));
    EXPECT_EQ(reader.header(), testing::sample_header(7));
    for (int vector = 0; vector < 3; ++vector) {
        for (std::int64_t const first :
             {std::int64_t{0}, std::int64_t{524'000}, sample_elements - 3}) {
            std::vector<float> values(
                static_cast<std::size_t>(std::min<std::int64_t>(1000, sample_elements - first)));
            reader.read(static_cast<StateVector>(vector), first, values);
            for (std::size_t i = 0; i < values.size(); ++i) {
                ASSERT_EQ(values[i], sample_value(vector, first + static_cast<std::int64_t>(i), 7));
            }
        }
    }
}

TEST(CheckpointFile, RanksMayCutTheVectorsInAnyWay) {
    SharedFolder const folder(world());
    testing::save_sample(world(), folder.file("all.h5"), 3);
    std::int64_t const part = sample_elements / (world().size() + 1);
    auto const reader = CheckpointReader::open(folder.file("all.h5"));
    std::vector<float> values(static_cast<std::size_t>(part));
    for (int vector = 0; vector < 3; ++vector) {
        std::int64_t const first = part * world().rank() + 1;
        reader.read(static_cast<StateVector>(vector), first, values);
        EXPECT_EQ(values.front(), sample_value(vector, first, 3));
        EXPECT_EQ(values.back(), sample_value(vector, first + part - 1, 3));
    }
}

TEST(CheckpointFile, DamageNamesTheTensor) {
    SharedFolder const folder(world());
    std::string const path = folder.file("a.h5");
    testing::save_sample(world(), path, 1);
    EXPECT_TRUE(verify_together(world(), path).empty());
    auto const regions = read_user_block(open_for_reading(path)).regions;
    auto const place =
        std::ranges::find(regions, "/state/adam_v tensor embedding", &FileRegion::name);
    ASSERT_NE(place, regions.end());
    world().barrier();
    if (world().rank() == 0) {
        pwrite_all(open_for_update(path), "wrong", 5, place->offset + 1'000'000);
    }
    world().barrier();
    auto const damage = verify_together(world(), path);
    ASSERT_EQ(damage.size(), 1U);
    auto const text = describe_damage(damage);
    EXPECT_NE(text.find("/state/adam_v tensor embedding"), std::string::npos) << text;
    auto const message = message_of([&] { CheckpointReader::open(path); });
    EXPECT_NE(message.find(text), std::string::npos) << message;
}

TEST(CheckpointFile, OtherFilesAreRefused) {
    SharedFolder const folder(world());
    std::string const path = folder.file("shard.h5");
    if (world().rank() == 0) {
        auto file = Hdf5File::create(path, 8192);
        file.write("/tokens", std::vector<std::uint16_t>{1});
        file.close_and_seal();
    }
    world().barrier();
    auto const message = message_of([&] { CheckpointReader::open(path); });
    EXPECT_NE(message.find("is no checkpoint (but another file of dnagpt)"), std::string::npos)
        << message;
    auto const missing = message_of([&] { verify_together(world(), folder.file("none.h5")); });
    EXPECT_NE(missing.find("cannot open"), std::string::npos) << missing;
}

/// A checkpoint as another program might write it: one tensor of 2 x 3 among 8 elements.
std::string foreign_checkpoint(SharedFolder const& folder, std::int64_t offset,
                               std::vector<std::int64_t> const& shape, std::int64_t version = 1) {
    std::string path = folder.file("foreign.h5");
    auto file = Hdf5File::create(path, 8192);
    file.set_attribute("/", "kind", "checkpoint");
    for (char const* name : {"sampler", "config", "vocabulary", "true_word", "false_word", "build",
                             "device_model", "libraries"}) {
        file.set_attribute("/", name, "");
    }
    file.set_attribute("/", "format_version", version);
    for (char const* name : {"step", "seed", "world_size", "threads"}) {
        file.set_attribute("/", name, 1);
    }
    file.write("/skip_list", std::vector<std::int64_t>());
    file.write_strings("/state/layout/name", {"w"});
    file.write("/state/layout/offset", std::vector{offset});
    file.write("/state/layout/shape", shape, std::ssize(shape));
    for (char const* name : state_datasets) {
        file.write(name, std::vector<float>(8));
    }
    file.close_and_seal();
    return path;
}

TEST(CheckpointFile, AnotherVersionIsRefused) {
    SharedFolder const folder(world());
    if (world().rank() != 0) {
        return;
    }
    std::string const path = foreign_checkpoint(folder, 2, {2, 3}, 2);
    auto const message = message_of([&] { CheckpointReader::open(path); });
    EXPECT_NE(message.find("has checkpoint version 2 (this program reads 1); use the version of"),
              std::string::npos)
        << message;
}

TEST(CheckpointFile, TensorsOutsideTheWeightsAreRefused) {
    SharedFolder const folder(world());
    if (world().rank() != 0) {
        return;
    }
    auto const problem = [&](std::int64_t offset, std::vector<std::int64_t> const& shape) {
        std::string const path = foreign_checkpoint(folder, offset, shape);
        return message_of([&] { CheckpointReader::open(path); });
    };
    std::string const wanted = "the tensor 'w' lies outside the stored weights";
    EXPECT_EQ(problem(2, {2, 3}), "no error");
    EXPECT_NE(problem(3, {2, 3}).find(wanted), std::string::npos);
    EXPECT_NE(problem(-1, {2, 3}).find(wanted), std::string::npos);
    EXPECT_NE(problem(INT64_MAX, {2, 3}).find(wanted), std::string::npos);
    EXPECT_NE(problem(0, {-2, -3}).find(wanted), std::string::npos);
    EXPECT_NE(problem(0, {INT64_MAX, 4}).find(wanted), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
