#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/core/check.hpp"
#include "mpi_state.hpp"

namespace dnagpt {

struct DeviceCollectives::State {
    Communicator world;
};

DeviceCollectives::DeviceCollectives(Communicator const& world)
    : state_(std::make_unique<State>(State{world})) {}

DeviceCollectives::~DeviceCollectives() = default;

void DeviceCollectives::reduce_scatter(Stream /*stream*/, float const* values, float* slice,
                                       std::int64_t count) {
    DNAGPT_EXPECT(count <= INT32_MAX);
    check_mpi(MPI_Reduce_scatter_block(values, slice, static_cast<int>(count), MPI_FLOAT, MPI_SUM,
                                       state_->world.state().comm),
              "MPI_Reduce_scatter_block");
}

void DeviceCollectives::all_gather_in_place(Stream /*stream*/, void* values, std::int64_t bytes) {
    DNAGPT_EXPECT(bytes <= INT32_MAX);
    check_mpi(MPI_Allgather(MPI_IN_PLACE, 0, MPI_BYTE, values, static_cast<int>(bytes), MPI_BYTE,
                            state_->world.state().comm),
              "MPI_Allgather");
}

void DeviceCollectives::all_reduce_sum(Stream /*stream*/, double* values, std::int64_t count) {
    DNAGPT_EXPECT(count <= INT32_MAX);
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values, static_cast<int>(count), MPI_DOUBLE, MPI_SUM,
                            state_->world.state().comm),
              "MPI_Allreduce");
}

std::string DeviceCollectives::description() const {
    return mpi_library();
}

}  // namespace dnagpt
