#include "dnagpt/comm/device_collectives.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "mpi_state.hpp"

namespace dnagpt {
namespace {

/// Memory that all ranks of a host see: two parts for each rank, used in turn. Small enough for the
/// cores' shared cache and for a container's /dev/shm.
class SharedParts {
  public:
    static constexpr std::int64_t elements = std::int64_t{1} << 19;

    explicit SharedParts(Communicator const& world) : world_(world) {
        void* own = nullptr;
        int const status =
            MPI_Win_allocate_shared(2 * elements * MPI_Aint{sizeof(float)}, sizeof(float),
                                    MPI_INFO_NULL, world.state().comm, &own, &window_);
        usable_ = world.all(status == MPI_SUCCESS);
        if (!usable_) {
            return;
        }
        for (int rank = 0; rank < world.size(); ++rank) {
            MPI_Aint bytes = 0;
            int unit = 0;
            void* begin = nullptr;
            check_mpi(MPI_Win_shared_query(window_, rank, &bytes, &unit, &begin),
                      "MPI_Win_shared_query");
            begins_.push_back(static_cast<float*>(begin));
        }
        check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "MPI_Win_lock_all");
    }
    /// To free the window takes all ranks: one that failed must not wait for the others.
    ~SharedParts() {
        if (usable_ && std::uncaught_exceptions() == 0) {
            MPI_Win_unlock_all(window_);
            MPI_Win_free(&window_);
        }
    }
    SharedParts(SharedParts const&) = delete;
    SharedParts& operator=(SharedParts const&) = delete;

    /// The same on all ranks.
    bool usable() const { return usable_; }
    /// The part that is in use until the next turn. A part is written again two turns later: by
    /// then every rank has come to the barrier between, which it does after its reading.
    float* of(int rank) const {
        return begins_[static_cast<std::size_t>(rank)] + (odd_ ? elements : 0);
    }
    void turn() { odd_ = !odd_; }
    /// What was written before is seen by all ranks afterwards.
    void publish() const {
        check_mpi(MPI_Win_sync(window_), "MPI_Win_sync");
        check_mpi(MPI_Barrier(world_.state().comm), "MPI_Barrier");
        check_mpi(MPI_Win_sync(window_), "MPI_Win_sync");
    }

  private:
    Communicator world_;
    MPI_Win window_ = MPI_WIN_NULL;
    std::vector<float*> begins_;
    bool usable_ = false;
    bool odd_ = false;
};

}  // namespace

struct DeviceCollectives::State {
    Communicator world;
    std::unique_ptr<SharedParts> shared;  ///< made at the first sum where all ranks share a host
    std::vector<float> parts;             ///< elsewhere: (world size, count)
};

DeviceCollectives::DeviceCollectives(Communicator const& world)
    : state_(std::make_unique<State>(State{world, nullptr, {}})) {}

DeviceCollectives::~DeviceCollectives() = default;

namespace {

/// slice = the sum of part_of(rank), in the order of the ranks.
template <class PartOf>
void sum_parts(int ranks, std::int64_t count, PartOf const& part_of, float* __restrict slice) {
    std::copy_n(part_of(0), count, slice);
    for (int rank = 1; rank < ranks; ++rank) {
        float const* __restrict const part = part_of(rank);
        for (std::int64_t i = 0; i < count; ++i) {
            slice[i] += part[i];
        }
    }
}

/// Piece by piece, one copy into memory that the others read.
void reduce_scatter_shared(Communicator const& world, SharedParts& shared, float const* values,
                           float* slice, std::int64_t count) {
    int const ranks = world.size();
    int const own = world.rank();
    std::int64_t const piece = SharedParts::elements / ranks;
    for (std::int64_t first = 0; first < count; first += piece) {
        std::int64_t const length = std::min(piece, count - first);
        for (int rank = 0; rank < ranks; ++rank) {
            if (rank != own) {
                std::copy_n(values + rank * count + first, length, shared.of(own) + rank * piece);
            }
        }
        shared.publish();
        sum_parts(
            ranks, length,
            [&](int rank) {
                return rank == own ? values + own * count + first : shared.of(rank) + own * piece;
            },
            slice + first);
        shared.turn();
    }
}

void reduce_scatter_messages(Communicator const& world, std::vector<float>& parts,
                             float const* values, float* slice, std::int64_t count) {
    parts.resize(std::max(parts.size(), static_cast<std::size_t>(world.size() * count)));
    check_mpi(MPI_Alltoall(values, static_cast<int>(count), MPI_FLOAT, parts.data(),
                           static_cast<int>(count), MPI_FLOAT, world.state().comm),
              "MPI_Alltoall");
    sum_parts(
        world.size(), count, [&](int rank) { return parts.data() + rank * count; }, slice);
}

bool shares_memory(Communicator const& world, std::unique_ptr<SharedParts>& shared) {
    if (world.size() == 1 || world.local_size() != world.size() ||
        world.size() > SharedParts::elements) {
        return false;
    }
    if (!shared) {
        shared = std::make_unique<SharedParts>(world);
        if (!shared->usable()) {
            log_shared_warning(
                "no shared memory for sums over the ranks (a small /dev/shm?): they go through "
                "messages, which is slower");
        }
    }
    return shared->usable();
}

}  // namespace

/// Each rank takes the others' values of its slice and sums them in the order of the ranks: the
/// least traffic, and the same bits on either way.
void DeviceCollectives::reduce_scatter(Stream /*stream*/, float const* values, float* slice,
                                       std::int64_t count) {
    DNAGPT_EXPECT(count <= INT32_MAX);
    ProfileScope const scope("comm", "reduce-scatter of gradients");
    if (shares_memory(state_->world, state_->shared)) {
        reduce_scatter_shared(state_->world, *state_->shared, values, slice, count);
    } else {
        reduce_scatter_messages(state_->world, state_->parts, values, slice, count);
    }
}

void DeviceCollectives::all_gather_in_place(Stream /*stream*/, void* values, std::int64_t bytes) {
    DNAGPT_EXPECT(bytes <= INT32_MAX);
    ProfileScope const scope("comm", "all-gather of weights");
    check_mpi(MPI_Allgather(MPI_IN_PLACE, 0, MPI_BYTE, values, static_cast<int>(bytes), MPI_BYTE,
                            state_->world.state().comm),
              "MPI_Allgather");
}

void DeviceCollectives::all_reduce_sum(Stream /*stream*/, double* values, std::int64_t count) {
    DNAGPT_EXPECT(count <= INT32_MAX);
    ProfileScope const scope("comm", "all-reduce of sums");
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values, static_cast<int>(count), MPI_DOUBLE, MPI_SUM,
                            state_->world.state().comm),
              "MPI_Allreduce");
}

std::string DeviceCollectives::description() const {
    return mpi_library();
}

}  // namespace dnagpt
