#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/core/stream.hpp"

namespace dnagpt {

/// shared: through memory that all ranks of the host see, where there is enough of it. apart:
/// through messages, as between hosts; the results are the same, bit by bit.
enum class HostMemory { shared, apart };

/// Collectives on device memory. One .cpp each for MPI (host memory, where everything is done when
/// a call returns) and NCCL (GPUs, on a stream of its own), chosen when the program is linked. All
/// ranks call in the same order with the same counts.
class DeviceCollectives {
  public:
    /// Collective. `host_memory`: how ranks of one host exchange what lies in host memory.
    /// `deterministic`: equal inputs give equal sums, bit by bit, at some cost in time on GPUs.
    explicit DeviceCollectives(Communicator const& world,
                               HostMemory host_memory = HostMemory::shared,
                               bool deterministic = true);
    ~DeviceCollectives();
    DeviceCollectives(DeviceCollectives const&) = delete;
    DeviceCollectives& operator=(DeviceCollectives const&) = delete;

    /// Each begins when what stands on `stream` now is done; `stream` may read the result, or
    /// overwrite the operand, after `join`.
    ///
    /// slice (count) = this rank's part of the sum over ranks of values (count * world size).
    void reduce_scatter(Stream stream, float const* values, float* slice, std::int64_t count);
    /// values (bytes * world size): rank r's part stands at r * bytes already; fills in the
    /// others'.
    void all_gather_in_place(Stream stream, void* values, std::int64_t bytes);
    /// values (count): summed over ranks in place.
    void all_reduce_sum(Stream stream, double* values, std::int64_t count);

    /// What is queued on `stream` from now on waits for everything begun before.
    void join(Stream stream);
    /// Waits until `stream` is done. Error when another rank or the network between is lost
    /// meanwhile.
    void wait(Stream stream);
    /// Seconds that `wait` took so far: the lead of the host over its device.
    double waited_seconds() const;
    /// Whether collectives run beside what is queued on the stream after them.
    bool overlaps() const;

    std::string description() const;
    /// The library and the version that this was compiled with.
    static std::string library();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dnagpt
