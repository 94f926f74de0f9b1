#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "comm/device_collectives_check.hpp"
#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/core/random.hpp"
#include "harness/gpu_array.hpp"

namespace dnagpt {
namespace {

using testing::GpuArray;
using testing::world;

TEST(NcclLibrary, TellWhatTheyWereCompiledWith) {
    EXPECT_EQ(DeviceCollectives::library().substr(0, 5), "NCCL ");
}

/// Rank r of a host takes its GPU number r.
class DeviceCollectivesNccl : public ::testing::Test {
  protected:
    void SetUp() override {
        int devices = 0;
        bool const enough =
            cudaGetDeviceCount(&devices) == cudaSuccess && world().local_size() <= devices;
        if (!world().all(enough)) {
            GTEST_SKIP() << "no GPU for each of " << world().local_size() << " ranks (" << devices
                         << " here)";
        }
        testing::require_cuda(cudaSetDevice(world().local_rank()));
        collectives_ = std::make_unique<DeviceCollectives>(world());
    }

    std::unique_ptr<DeviceCollectives> collectives_;
};

TEST_F(DeviceCollectivesNccl, ReduceScatterGivesEachRankItsPartOfTheSum) {
    testing::expect_reduce_scatter<GpuArray>(*collectives_);
}

TEST_F(DeviceCollectivesNccl, ManySumsOfManyLengthsInTurnStayApart) {
    testing::expect_many_sums_apart<GpuArray>(*collectives_);
}

TEST_F(DeviceCollectivesNccl, AllGatherFillsInTheOthersParts) {
    testing::expect_all_gather<GpuArray>(*collectives_);
}

TEST_F(DeviceCollectivesNccl, AllReduceSumsInPlace) {
    testing::expect_all_reduce<GpuArray>(*collectives_);
}

TEST_F(DeviceCollectivesNccl, EqualOperandsGiveEqualBits) {
    constexpr std::int64_t count = (std::int64_t{1} << 20) + 3;
    std::vector<float> values(static_cast<std::size_t>(world().size() * count));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] =
            static_cast<float>(random_normal(7 + static_cast<std::uint64_t>(world().rank()), i));
    }
    GpuArray<float> const operand(values);
    std::vector<std::vector<float>> sums;
    for (int turn = 0; turn < 3; ++turn) {
        GpuArray<float> const slice(static_cast<std::size_t>(count));
        collectives_->reduce_scatter({}, operand.data(), slice.data(), count);
        collectives_->join({});
        sums.push_back(slice.host());
    }
    EXPECT_EQ(sums[0], sums[1]);
    EXPECT_EQ(sums[0], sums[2]);
}

TEST_F(DeviceCollectivesNccl, ASumIsDoneWhileLaterWorkGoesOn) {
    constexpr std::size_t large = std::size_t{1} << 26;
    constexpr std::int64_t count = 1000;
    GpuArray<float> const from(large);
    GpuArray<float> const to(large);
    GpuArray<float> const operand(
        std::vector<float>(static_cast<std::size_t>(world().size() * count), 1.0F));
    GpuArray<float> const slice(static_cast<std::size_t>(count));
    collectives_->reduce_scatter({}, operand.data(), slice.data(), count);
    collectives_->wait({});
    cudaStream_t compute = nullptr;
    cudaStream_t reader = nullptr;
    testing::require_cuda(cudaStreamCreateWithFlags(&compute, cudaStreamNonBlocking));
    testing::require_cuda(cudaStreamCreateWithFlags(&reader, cudaStreamNonBlocking));
    collectives_->reduce_scatter({compute}, operand.data(), slice.data(), count);
    for (int turn = 0; turn < 200; ++turn) {
        testing::require_cuda(cudaMemcpyAsync(to.data(), from.data(), large * sizeof(float),
                                              cudaMemcpyDeviceToDevice, compute));
    }
    collectives_->join({reader});
    collectives_->wait({reader});
    EXPECT_EQ(cudaStreamQuery(compute), cudaErrorNotReady);
    testing::require_cuda(cudaDeviceSynchronize());
    EXPECT_EQ(slice.host().front(), static_cast<float>(world().size()));
    testing::require_cuda(cudaStreamDestroy(compute));
    testing::require_cuda(cudaStreamDestroy(reader));
}

TEST_F(DeviceCollectivesNccl, ASumWaitsForWhatStoodOnTheStreamBefore) {
    constexpr std::int64_t count = std::int64_t{1} << 22;
    auto const all = static_cast<std::size_t>(world().size() * count);
    GpuArray<float> const late(std::vector<float>(all, 1.0F));
    GpuArray<float> const operand(std::vector<float>(all, 0.0F));
    GpuArray<float> const slice(static_cast<std::size_t>(count));
    cudaStream_t stream = nullptr;
    testing::require_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    for (int turn = 0; turn < 20; ++turn) {
        testing::require_cuda(cudaMemcpyAsync(operand.data(), late.data(), all * sizeof(float),
                                              cudaMemcpyDeviceToDevice, stream));
    }
    collectives_->reduce_scatter({stream}, operand.data(), slice.data(), count);
    collectives_->join({stream});
    collectives_->wait({stream});
    auto const sums = slice.host();
    EXPECT_EQ(sums.front(), static_cast<float>(world().size()));
    EXPECT_EQ(sums.back(), static_cast<float>(world().size()));
    testing::require_cuda(cudaStreamDestroy(stream));
}

}  // namespace
}  // namespace dnagpt
