#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnagpt/device/buffer.hpp"

namespace dnagpt {

/// An array on the device that is filled from the host again and again. On GPUs the copy is queued
/// like a kernel, from one of two pinned arrays in turn: the host goes on, and waits only while the
/// copy before the last is still to come.
template <class T>
class Upload {
  public:
    Upload(std::string const& name, std::int64_t capacity);
    ~Upload();
    Upload(Upload&&) noexcept;
    Upload& operator=(Upload&&) = delete;

    /// Begins anew; what stands on the device stays until `send`.
    void clear();
    /// Adds values behind the others; returns where they will stand on the device.
    Vector<T> append(std::vector<T> const& values);
    /// Queues the copy: kernels that are queued later find the values.
    void send();

  private:
    struct Pinned;
    Buffer<T> device_;
    std::unique_ptr<Pinned> pinned_;
    std::int64_t count_ = 0;
};

}  // namespace dnagpt
