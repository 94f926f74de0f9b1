#include "dnagpt/train/state_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_saver.hpp"
#include "dnagpt/device/device_session.hpp"
#include "harness/device_test_session.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "harness/shared_folder.hpp"
#include "train/tiny_run.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::world;

class StateFile : public ::testing::Test {
  protected:
    StateFile()
        : folder_(world()),
          config_(testing::tiny_config(folder_)),
          collectives_(world()),
          memory_(model_shape(config_.model), config_.optimizer, {1, config_.model.context_length},
                  collectives_, world()),
          context_{testing::device().stream(), GemmEngine(), Arena(0)} {
        identity_.build = "a build";
        identity_.world_size = world().size();
        identity_.data_digest = 0x1234;
        progress_.step = 17;
        progress_.skip_list = {3, 9};
    }

    CheckpointHeader header() const { return make_header(config_, memory_, progress_, identity_); }

    testing::SharedFolder folder_;
    RunConfig config_;
    DeviceCollectives collectives_;
    TrainingMemory<float> memory_;
    Context context_;
    RunIdentity identity_;
    RunProgress progress_;
};

TEST_F(StateFile, WhatIsSavedIsLoaded) {
    initialise_weights(context_, memory_, 5);
    auto const before = to_host(memory_.weights.data(), memory_.layout.size);
    CheckpointSaver saver;
    saver.start(world(), folder_.file("a.h5"), header(), state_slabs(memory_));
    saver.finish(world());
    initialise_weights(context_, memory_, 6);
    EXPECT_NE(to_host(memory_.weights.data(), memory_.layout.size), before);
    load_state(context_, CheckpointReader::open(folder_.file("a.h5")), memory_);
    EXPECT_EQ(to_host(memory_.weights.data(), memory_.layout.size), before);
}

TEST_F(StateFile, ProgressComesBack) {
    progress_.norms = {1.0 / 3, 41};
    progress_.left_out_in_a_row = 2;
    RunProgress const progress = accept_checkpoint(header(), config_, identity_);
    EXPECT_EQ(progress.step, 17);
    EXPECT_EQ(progress.norms.mean, 1.0 / 3);
    EXPECT_EQ(progress.norms.steps, 41);
    EXPECT_EQ(progress.left_out_in_a_row, 2);
    EXPECT_EQ(progress.skip_list, (std::vector<std::int64_t>{3, 9}));
    EXPECT_EQ(stored_data_digest(header()), "0000000000001234");
}

TEST_F(StateFile, ASamplerThatCannotBeReadIsNamed) {
    for (char const* const sampler : {"", "{", "[]", "{}", R"({"data_digest":1})",
                                      R"({"data_digest":"0000000000001234","tokens":"many"})"}) {
        CheckpointHeader damaged = header();
        damaged.sampler = sampler;
        std::string const message =
            message_of([&] { accept_checkpoint(damaged, config_, identity_); });
        EXPECT_NE(message.find("place in the data cannot be read"), std::string::npos) << sampler;
    }
}

TEST_F(StateFile, OtherDataAreRefusedAndOtherMachinesAreNot) {
    RunIdentity other = identity_;
    other.device_model = "another device";
    EXPECT_NO_THROW(accept_checkpoint(header(), config_, other));
    other.data_digest = 0x1235;
    std::string const message = message_of([&] { accept_checkpoint(header(), config_, other); });
    EXPECT_NE(message.find("0000000000001234 in the checkpoint, 0000000000001235 now"),
              std::string::npos)
        << message;
}

TEST_F(StateFile, WeightsAreTakenByNameAndOthersKept) {
    initialise_weights(context_, memory_, 5);
    auto const source = to_host(memory_.weights.data(), memory_.layout.size);
    CheckpointSaver saver;
    saver.start(world(), folder_.file("a.h5"), header(), state_slabs(memory_));
    saver.finish(world());
    ModelShape without = memory_.shape;
    without.token_head = false;
    TrainingMemory<float> smaller(without, config_.optimizer, {1, config_.model.context_length},
                                  collectives_, world());
    initialise_weights(context_, smaller, 6);
    load_weights(context_, CheckpointReader::open(folder_.file("a.h5")), smaller);
    auto const taken = to_host(smaller.weights.data(), smaller.layout.size);
    auto stored = memory_.layout.tensors.begin();
    for (TensorEntry const& tensor : smaller.layout.tensors) {
        stored = std::find_if(stored, memory_.layout.tensors.end(),
                              [&](TensorEntry const& each) { return each.name == tensor.name; });
        ASSERT_NE(stored, memory_.layout.tensors.end());
        EXPECT_TRUE(std::equal(taken.begin() + tensor.offset,
                               taken.begin() + tensor.offset + tensor.count(),
                               source.begin() + stored->offset))
            << tensor.name;
    }
    ModelShape wider = memory_.shape;
    wider.channels *= 2;
    TrainingMemory<float> other(wider, config_.optimizer, {1, config_.model.context_length},
                                collectives_, world());
    EXPECT_NE(message_of([&] {
                  load_weights(context_, CheckpointReader::open(folder_.file("a.h5")), other);
              }).find("another shape"),
              std::string::npos);
}

TEST_F(StateFile, AnotherModelIsRefused) {
    CheckpointSaver saver;
    saver.start(world(), folder_.file("a.h5"), header(), state_slabs(memory_));
    saver.finish(world());
    ModelShape wider = memory_.shape;
    wider.channels *= 2;
    TrainingMemory<float> memory(wider, config_.optimizer, {1, config_.model.context_length},
                                 collectives_, world());
    auto const reader = CheckpointReader::open(folder_.file("a.h5"));
    EXPECT_NE(message_of([&] { load_state(context_, reader, memory); }).find("is not"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
