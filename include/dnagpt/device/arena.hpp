#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/device/views.hpp"

namespace dnagpt {

/// One block of device memory from which arrays are taken in order and given back in reverse order.
/// An arena without memory only counts: running the layout code on it gives the size to allocate.
/// Every array starts at a multiple of 512 bytes.
class Arena {
  public:
    /// Counts only; the arrays it hands out have extents and must not be touched.
    Arena() = default;
    explicit Arena(std::int64_t bytes) : memory_("arena", bytes), capacity_(bytes) {}

    template <class T>
    Vector<T> vector(std::int64_t count) {
        return Vector<T>(take<T>(count), static_cast<std::size_t>(count));
    }
    template <class T>
    Matrix<T> matrix(std::int64_t rows, std::int64_t columns) {
        return Matrix<T>(take<T>(rows * columns), static_cast<std::size_t>(rows),
                         static_cast<std::size_t>(columns));
    }

    std::int64_t mark() const { return used_; }
    /// Gives back everything taken since `mark`.
    void release(std::int64_t mark) {
        DNAGPT_EXPECT(mark <= used_);
        used_ = mark;
    }
    std::int64_t high_water() const { return high_water_; }
    bool counting() const { return capacity_ == 0; }

  private:
    template <class T>
    T* take(std::int64_t count) {
        constexpr std::int64_t alignment = 512;
        std::int64_t const begin = used_;
        auto const bytes = count * static_cast<std::int64_t>(sizeof(T));
        used_ += (bytes + alignment - 1) / alignment * alignment;
        high_water_ = std::max(high_water_, used_);
        if (counting()) {
            return nullptr;
        }
        DNAGPT_EXPECT(used_ <= capacity_);
        return reinterpret_cast<T*>(memory_.data() + begin);
    }

    Buffer<std::byte> memory_;
    std::int64_t capacity_ = 0;
    std::int64_t used_ = 0;
    std::int64_t high_water_ = 0;
};

/// Gives back at the end of a scope what was taken in it.
class ArenaScope {
  public:
    explicit ArenaScope(Arena& arena) : arena_(arena), mark_(arena.mark()) {}
    ~ArenaScope() { arena_.release(mark_); }
    ArenaScope(ArenaScope const&) = delete;
    ArenaScope& operator=(ArenaScope const&) = delete;

  private:
    Arena& arena_;
    std::int64_t mark_;
};

}  // namespace dnagpt
