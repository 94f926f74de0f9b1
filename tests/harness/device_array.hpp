#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/device/buffer.hpp"

namespace dnagpt::testing {

/// A device array made from host values, with views of it.
template <class T>
class DeviceArray {
  public:
    explicit DeviceArray(std::vector<T> const& values)
        : buffer_("test array", static_cast<std::int64_t>(values.size())) {
        copy_to_device(values.data(), buffer_.data(), buffer_.size());
    }
    explicit DeviceArray(std::int64_t count) : buffer_("test array", count) {}

    Vector<T> vector() const { return buffer_.view(); }
    Matrix<T> matrix(std::int64_t rows, std::int64_t columns) const {
        return Matrix<T>(buffer_.data(), static_cast<std::size_t>(rows),
                         static_cast<std::size_t>(columns));
    }
    std::vector<T> host() const { return to_host(buffer_.data(), buffer_.size()); }

  private:
    Buffer<T> buffer_;
};

}  // namespace dnagpt::testing
