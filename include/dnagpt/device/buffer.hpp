#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/device/views.hpp"

namespace dnagpt {

/// Owns one zero-filled array on the device. Throws Error naming the buffer when memory is short.
template <class T>
class Buffer {
  public:
    Buffer() = default;
    Buffer(std::string const& name, std::int64_t count);
    Buffer(Buffer&&) noexcept;
    Buffer& operator=(Buffer&&) noexcept;
    Buffer(Buffer const&) = delete;
    Buffer& operator=(Buffer const&) = delete;
    ~Buffer();

    T* data() const { return data_; }
    std::int64_t size() const { return count_; }
    Vector<T> view() const { return Vector<T>(data_, static_cast<std::size_t>(count_)); }

  private:
    T* data_ = nullptr;
    std::int64_t count_ = 0;
};

/// The most memory that all buffers of this process had at once so far (bytes).
std::int64_t peak_buffer_bytes();

/// Copies `count` elements and waits for them.
template <class T>
void copy_to_device(T const* host, T* device, std::int64_t count);
template <class T>
void copy_to_host(T const* device, T* host, std::int64_t count);

template <class T>
std::vector<T> to_host(T const* device, std::int64_t count) {
    std::vector<T> host(static_cast<std::size_t>(count));
    copy_to_host(device, host.data(), count);
    return host;
}

}  // namespace dnagpt
