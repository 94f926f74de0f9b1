#include "dnagpt/comm/device_collectives.hpp"

#include <sys/statvfs.h>

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

/// Elements of one of a rank's two parts: 2 MiB, and 32 MiB of all ranks together at most.
std::int64_t part_elements(Communicator const& world) {
    constexpr std::int64_t most = std::int64_t{1} << 19;
    return std::min(most, 16 * most / world.size());
}

/// Whether /dev/shm has space for the parts of all ranks. To be known before the window is asked
/// for: where one rank fails to make it, MPI leaves the others waiting.
bool has_shared_memory(Communicator const& world) {
    constexpr std::int64_t margin = std::int64_t{16} << 20;
    std::int64_t const needed =
        2 * part_elements(world) * std::int64_t{sizeof(float)} * world.size();
    struct statvfs state {};
    bool const known = ::statvfs("/dev/shm", &state) == 0;
    auto const free = static_cast<std::int64_t>(state.f_bavail * state.f_frsize);
    return world.all(known && free >= needed + margin);
}

/// Memory that all ranks of a host see: two parts for each rank, used in turn. Small enough for the
/// cores' shared cache and for a container's /dev/shm.
class SharedParts {
  public:
    explicit SharedParts(Communicator const& world)
        : world_(world), elements_(part_elements(world)) {
        void* own = nullptr;
        check_mpi(MPI_Win_allocate_shared(2 * elements_ * MPI_Aint{sizeof(float)}, sizeof(float),
                                          MPI_INFO_NULL, world.state().comm, &own, &window_),
                  "MPI_Win_allocate_shared");
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
        if (std::uncaught_exceptions() == 0) {
            MPI_Win_unlock_all(window_);
            MPI_Win_free(&window_);
        }
    }
    SharedParts(SharedParts const&) = delete;
    SharedParts& operator=(SharedParts const&) = delete;

    std::int64_t elements() const { return elements_; }
    /// The part that is in use until the next turn. A part is written again two turns later: by
    /// then every rank has come to the barrier between, which it does after its reading.
    float* of(int rank) const {
        return begins_[static_cast<std::size_t>(rank)] + (odd_ ? elements_ : 0);
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
    std::int64_t elements_;
    bool odd_ = false;
};

}  // namespace

struct DeviceCollectives::State {
    Communicator world;
    std::unique_ptr<SharedParts> shared;  ///< where all ranks share a host
    std::vector<float> parts;             ///< elsewhere: (world size, count)
};

DeviceCollectives::DeviceCollectives(Communicator const& world, HostMemory host_memory,
                                     bool /*deterministic*/)
    : state_(std::make_unique<State>(State{world, nullptr, {}})) {
    bool const one_host = world.size() > 1 && world.local_size() == world.size();
    if (!one_host || host_memory == HostMemory::apart) {
        return;
    }
    if (has_shared_memory(world)) {
        state_->shared = std::make_unique<SharedParts>(world);
    } else {
        log_shared_warning(
            "too little space in /dev/shm for sums over the ranks: they go through messages, which "
            "is slower; give the container more (--shm-size)");
    }
}

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
    std::int64_t const piece = shared.elements() / ranks;
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

}  // namespace

/// Each rank takes the others' values of its slice and sums them in the order of the ranks: the
/// least traffic, and the same bits on either way.
void DeviceCollectives::reduce_scatter(Stream /*stream*/, float const* values, float* slice,
                                       std::int64_t count) {
    DNAGPT_EXPECT(count <= INT32_MAX);
    ProfileScope const scope("comm", "reduce-scatter of gradients");
    if (state_->world.size() == 1) {
        std::copy_n(values, count, slice);
    } else if (state_->shared) {
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

void DeviceCollectives::join(Stream /*stream*/) {}

void DeviceCollectives::wait(Stream /*stream*/) {}

double DeviceCollectives::waited_seconds() const {
    return 0;
}

bool DeviceCollectives::overlaps() const {
    return false;
}

std::string DeviceCollectives::description() const {
    return mpi_library();
}

std::string DeviceCollectives::library() {
    return {};
}

}  // namespace dnagpt
