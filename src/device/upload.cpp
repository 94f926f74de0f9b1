#include "dnagpt/device/upload.hpp"

#include <algorithm>
#include <array>

#include "dnagpt/core/check.hpp"
#if defined(DNAGPT_CUDA)
#include <cuda_runtime_api.h>

#include "cuda_check.hpp"
#endif

namespace dnagpt {

#if defined(DNAGPT_CUDA)

/// Two host arrays that the GPU reads by itself, and when it has read each.
template <class T>
struct Upload<T>::Pinned {
    explicit Pinned(std::int64_t capacity) {
        for (Turn& turn : turns) {
            auto const bytes = static_cast<std::size_t>(capacity) * sizeof(T);
            check_cuda(cudaMallocHost(reinterpret_cast<void**>(&turn.values), bytes),
                       "cudaMallocHost");
            check_cuda(cudaEventCreateWithFlags(&turn.read, cudaEventDisableTiming),
                       "cudaEventCreateWithFlags");
        }
    }
    ~Pinned() {
        for (Turn& turn : turns) {
            cudaEventDestroy(turn.read);
            cudaFreeHost(turn.values);
        }
    }
    Pinned(Pinned const&) = delete;
    Pinned& operator=(Pinned const&) = delete;

    T* values() const { return turns[current].values; }
    void begin() {
        current = 1 - current;
        check_cuda(cudaEventSynchronize(turns[current].read), "cudaEventSynchronize");
    }
    void copy(T* device, std::int64_t count) const {
        cudaStream_t const stream = ExecutionSpace().cuda_stream();
        check_cuda(cudaMemcpyAsync(device, values(), static_cast<std::size_t>(count) * sizeof(T),
                                   cudaMemcpyHostToDevice, stream),
                   "cudaMemcpyAsync");
        check_cuda(cudaEventRecord(turns[current].read, stream), "cudaEventRecord");
    }

    struct Turn {
        T* values = nullptr;
        cudaEvent_t read = nullptr;
    };
    std::array<Turn, 2> turns;
    std::size_t current = 0;
};

#else

template <class T>
struct Upload<T>::Pinned {
    explicit Pinned(std::int64_t capacity) : array(static_cast<std::size_t>(capacity)) {}

    T* values() { return array.data(); }
    void begin() {}
    void copy(T* device, std::int64_t count) const { copy_to_device(array.data(), device, count); }

    std::vector<T> array;
};

#endif

template <class T>
Upload<T>::Upload(std::string const& name, std::int64_t capacity)
    : device_(name, capacity), pinned_(std::make_unique<Pinned>(capacity)) {}

template <class T>
Upload<T>::~Upload() = default;

template <class T>
Upload<T>::Upload(Upload&&) noexcept = default;

template <class T>
void Upload<T>::clear() {
    pinned_->begin();
    count_ = 0;
}

template <class T>
Vector<T> Upload<T>::append(std::vector<T> const& values) {
    auto const added = static_cast<std::int64_t>(values.size());
    DNAGPT_EXPECT(count_ + added <= device_.size());
    std::ranges::copy(values, pinned_->values() + count_);
    Vector<T> const place(device_.data() + count_, values.size());
    count_ += added;
    return place;
}

template <class T>
void Upload<T>::send() {
    if (count_ > 0) {
        pinned_->copy(device_.data(), count_);
    }
}

template class Upload<std::int32_t>;
template class Upload<float>;

}  // namespace dnagpt
