#include "dnagpt/device/buffer.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <utility>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"

namespace dnagpt {
namespace {

template <class T>
using HostView = Kokkos::View<T*, Kokkos::LayoutRight, Kokkos::HostSpace,
                              Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

std::atomic<std::int64_t> held_bytes = 0;
std::atomic<std::int64_t> peak_bytes = 0;

void count_taken(std::int64_t bytes) {
    std::int64_t const held = held_bytes.fetch_add(bytes) + bytes;
    std::int64_t peak = peak_bytes.load();
    while (peak < held && !peak_bytes.compare_exchange_weak(peak, held)) {
    }
}

std::byte* allocate_zeroed(std::string const& name, std::size_t bytes) {
    std::byte* memory = nullptr;
    try {
        memory = static_cast<std::byte*>(Kokkos::kokkos_malloc<DeviceMemory>(name, bytes));
    } catch (std::exception const& failure) {
        DNAGPT_VALIDATE(false, << "no device memory for '" << name << "', " << format_bytes(bytes)
                               << " (" << failure.what()
                               << "); lower batch.micro_batch or use more ranks");
    }
    Kokkos::deep_copy(Vector<std::byte>(memory, bytes), std::byte{0});
    count_taken(static_cast<std::int64_t>(bytes));
    return memory;
}

}  // namespace

template <class T>
Buffer<T>::Buffer(std::string const& name, std::int64_t count) : count_(count) {
    DNAGPT_EXPECT(count >= 0);
    if (count > 0) {
        auto const bytes = static_cast<std::size_t>(count) * sizeof(T);
        data_ = reinterpret_cast<T*>(allocate_zeroed(name, bytes));
    }
}

template <class T>
Buffer<T>::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), count_(std::exchange(other.count_, 0)) {}

template <class T>
Buffer<T>& Buffer<T>::operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
}

template <class T>
Buffer<T>::~Buffer() {
    if (data_ != nullptr) {
        Kokkos::kokkos_free<DeviceMemory>(data_);
        held_bytes -= count_ * static_cast<std::int64_t>(sizeof(T));
    }
}

std::int64_t peak_buffer_bytes() {
    return peak_bytes;
}

template <class T>
void copy_to_device(T const* host, T* device, std::int64_t count) {
    auto const extent = static_cast<std::size_t>(count);
    Kokkos::deep_copy(Vector<T>(device, extent), HostView<T const>(host, extent));
}

template <class T>
void copy_to_host(T const* device, T* host, std::int64_t count) {
    auto const extent = static_cast<std::size_t>(count);
    Kokkos::deep_copy(HostView<T>(host, extent), Vector<T const>(device, extent));
}

#define DNAGPT_INSTANTIATE(T)                                 \
    template class Buffer<T>;                                 \
    template void copy_to_device(T const*, T*, std::int64_t); \
    template void copy_to_host(T const*, T*, std::int64_t)
DNAGPT_INSTANTIATE(bf16);
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(double);
DNAGPT_INSTANTIATE(std::int32_t);
DNAGPT_INSTANTIATE(std::int64_t);
DNAGPT_INSTANTIATE(std::byte);

}  // namespace dnagpt
