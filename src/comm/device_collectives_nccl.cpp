#include <cuda_runtime_api.h>
#include <nccl.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"

namespace dnagpt {
namespace {

using Clock = std::chrono::steady_clock;

/// For ranks to find each other, one of which may still be reading a checkpoint.
constexpr std::chrono::seconds longest_start{600};
constexpr std::chrono::microseconds pause_between_looks{20};
/// A call that finds its peers ready is done sooner than a sleeping host wakes up.
constexpr std::chrono::microseconds longest_spin{200};

void check_cuda(cudaError_t status, char const* call) {
    DNAGPT_VALIDATE(status == cudaSuccess, << call << " failed (" << cudaGetErrorString(status)
                                           << "); look at the other ranks' messages and at "
                                              "nvidia-smi");
}

cudaStream_t cuda_stream(Stream stream) {
    return static_cast<cudaStream_t>(stream.handle);
}

/// Sums are repeatable where the order of the additions is: one algorithm, and none in the switch
/// (NVLS), which adds in the order of arrival. Whoever sets a variable knows better.
void fix_algorithms() {
    constexpr int keep = 0;
    ::setenv("NCCL_ALGO", "Ring", keep);
    ::setenv("NCCL_NVLS_ENABLE", "0", keep);
}

std::string version_text(int code) {
    return std::to_string(code / 10000) + "." + std::to_string(code / 100 % 100) + "." +
           std::to_string(code % 100);
}

/// A communicator whose calls return at once, so that a lost rank can be seen and left behind.
class NcclCommunicator {
  public:
    explicit NcclCommunicator(Communicator const& world) {
        ncclUniqueId id{};
        if (world.rank() == 0) {
            require(ncclGetUniqueId(&id), "ncclGetUniqueId");
        }
        world.broadcast(std::as_writable_bytes(std::span(id.internal)));
        ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
        config.blocking = 0;
        finish(ncclCommInitRankConfig(&comm_, world.size(), id, world.rank(), &config),
               "ncclCommInitRankConfig");
    }
    /// After an error the others may never come to the end of what was begun.
    ~NcclCommunicator() {
        if (comm_ == nullptr) {
            return;
        }
        if (std::uncaught_exceptions() == 0 && is_finalized()) {
            ncclCommDestroy(comm_);
        } else {
            ncclCommAbort(comm_);
        }
    }
    NcclCommunicator(NcclCommunicator const&) = delete;
    NcclCommunicator& operator=(NcclCommunicator const&) = delete;

    ncclComm_t get() const { return comm_; }

    /// A call is done when the communicator is no longer in progress.
    void finish(ncclResult_t status, char const* call) {
        auto const began = Clock::now();
        while (status == ncclInProgress) {
            auto const waited = Clock::now() - began;
            if (waited > longest_start) {
                give_up(std::string(call) + " is not done after " +
                        std::to_string(longest_start.count()) +
                        " s (a rank is missing, or the network is not the right one); look at the "
                        "other ranks' messages, set NCCL_SOCKET_IFNAME, or NCCL_DEBUG=INFO to see "
                        "more");
            }
            if (waited > longest_spin) {
                std::this_thread::sleep_for(pause_between_looks);
            }
            require(ncclCommGetAsyncError(comm_, &status), "ncclCommGetAsyncError");
        }
        require(status, call);
    }
    /// Error when a peer or the network is lost.
    void require_whole() {
        ncclResult_t state = ncclSuccess;
        require(ncclCommGetAsyncError(comm_, &state), "ncclCommGetAsyncError");
        require(state == ncclInProgress ? ncclSuccess : state, "a sum over the GPUs");
    }

  private:
    void require(ncclResult_t status, char const* call) {
        if (status != ncclSuccess) {
            give_up(std::string(call) + " failed (" + ncclGetErrorString(status) + ": " +
                    ncclGetLastError(comm_) +
                    "); look at the other ranks' messages, or set NCCL_DEBUG=INFO");
        }
    }
    /// What waits on the GPU for a lost peer would let nobody free memory: it is ended first, and
    /// the message comes before, in case that hangs, too.
    [[noreturn]] void give_up(std::string const& problem) {
        log_error(problem);
        if (comm_ != nullptr) {
            ncclCommAbort(std::exchange(comm_, nullptr));
        }
        throw Error(problem);
    }

    /// Whether all that was begun came to its end, on all ranks.
    bool is_finalized() const {
        auto const latest = Clock::now() + longest_start;
        ncclResult_t state = ncclCommFinalize(comm_);
        while (state == ncclInProgress && Clock::now() < latest) {
            std::this_thread::sleep_for(pause_between_looks);
            if (ncclCommGetAsyncError(comm_, &state) != ncclSuccess) {
                return false;
            }
        }
        return state == ncclSuccess;
    }

    ncclComm_t comm_ = nullptr;
};

class CudaEvent {
  public:
    CudaEvent() {
        check_cuda(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming),
                   "cudaEventCreateWithFlags");
    }
    ~CudaEvent() { cudaEventDestroy(event_); }
    CudaEvent(CudaEvent const&) = delete;
    CudaEvent& operator=(CudaEvent const&) = delete;

    /// What is queued on `later` from now on waits for what stands on `earlier`.
    void order(cudaStream_t earlier, cudaStream_t later) const {
        check_cuda(cudaEventRecord(event_, earlier), "cudaEventRecord");
        check_cuda(cudaStreamWaitEvent(later, event_, 0), "cudaStreamWaitEvent");
    }

  private:
    cudaEvent_t event_ = nullptr;
};

/// Goes before what other streams have waiting: sums are short, and others wait for them.
class CudaStream {
  public:
    CudaStream() {
        int least = 0;
        int greatest = 0;
        check_cuda(cudaDeviceGetStreamPriorityRange(&least, &greatest),
                   "cudaDeviceGetStreamPriorityRange");
        check_cuda(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, greatest),
                   "cudaStreamCreateWithPriority");
    }
    ~CudaStream() { cudaStreamDestroy(stream_); }
    CudaStream(CudaStream const&) = delete;
    CudaStream& operator=(CudaStream const&) = delete;

    cudaStream_t get() const { return stream_; }

  private:
    cudaStream_t stream_ = nullptr;
};

}  // namespace

struct DeviceCollectives::State {
    Communicator world;
    bool deterministic;
    CudaStream stream;
    CudaEvent begins;
    CudaEvent ends;
    NcclCommunicator nccl;
    Clock::duration waited{};
};

DeviceCollectives::DeviceCollectives(Communicator const& world, HostMemory /*host_memory*/,
                                     bool deterministic) {
    if (deterministic) {
        fix_algorithms();
    }
    state_ = std::unique_ptr<State>(
        new State{world, deterministic, {}, {}, {}, NcclCommunicator(world)});
}

DeviceCollectives::~DeviceCollectives() = default;

void DeviceCollectives::reduce_scatter(Stream stream, float const* values, float* slice,
                                       std::int64_t count) {
    ProfileScope const scope("comm", "reduce-scatter of gradients");
    State& state = *state_;
    state.begins.order(cuda_stream(stream), state.stream.get());
    state.nccl.finish(ncclReduceScatter(values, slice, static_cast<std::size_t>(count), ncclFloat,
                                        ncclSum, state.nccl.get(), state.stream.get()),
                      "ncclReduceScatter");
}

void DeviceCollectives::all_gather_in_place(Stream stream, void* values, std::int64_t bytes) {
    ProfileScope const scope("comm", "all-gather of weights");
    State& state = *state_;
    state.begins.order(cuda_stream(stream), state.stream.get());
    auto const* const own = static_cast<std::byte const*>(values) + state.world.rank() * bytes;
    state.nccl.finish(ncclAllGather(own, values, static_cast<std::size_t>(bytes), ncclInt8,
                                    state.nccl.get(), state.stream.get()),
                      "ncclAllGather");
}

void DeviceCollectives::all_reduce_sum(Stream stream, double* values, std::int64_t count) {
    ProfileScope const scope("comm", "all-reduce of sums");
    State& state = *state_;
    state.begins.order(cuda_stream(stream), state.stream.get());
    state.nccl.finish(ncclAllReduce(values, values, static_cast<std::size_t>(count), ncclDouble,
                                    ncclSum, state.nccl.get(), state.stream.get()),
                      "ncclAllReduce");
}

void DeviceCollectives::join(Stream stream) {
    state_->ends.order(state_->stream.get(), cuda_stream(stream));
}

void DeviceCollectives::wait(Stream stream) {
    ProfileScope const scope("comm", "wait for the GPU");
    auto const began = Clock::now();
    cudaError_t status = cudaErrorNotReady;
    while ((status = cudaStreamQuery(cuda_stream(stream))) == cudaErrorNotReady) {
        cudaGetLastError();  // "not ready" is no failure of a later call
        state_->nccl.require_whole();
        std::this_thread::sleep_for(pause_between_looks);
    }
    state_->waited += Clock::now() - began;
    if (status != cudaSuccess) {
        log_error(std::string("a kernel or copy of this step failed: ") +
                  cudaGetErrorString(status));
    }
    check_cuda(status, "a kernel or copy of this step");
}

double DeviceCollectives::waited_seconds() const {
    return std::chrono::duration<double>(state_->waited).count();
}

bool DeviceCollectives::overlaps() const {
    return true;
}

std::string DeviceCollectives::description() const {
    int code = 0;
    ncclGetVersion(&code);
    return "NCCL " + version_text(code) + (state_->deterministic ? " (one algorithm)" : "");
}

std::string DeviceCollectives::library() {
    return "NCCL " + version_text(NCCL_VERSION_CODE);
}

}  // namespace dnagpt
