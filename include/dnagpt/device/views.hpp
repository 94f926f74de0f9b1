#pragma once

#include <Kokkos_Core.hpp>
#include <cstdint>
#include <type_traits>

namespace dnagpt {

using ExecutionSpace = Kokkos::DefaultExecutionSpace;
using DeviceMemory = ExecutionSpace::memory_space;

/// Whether kernels run on CPUs, where a team is a thread or a few and the compiler makes vectors of
/// plain loops.
inline constexpr bool on_host = std::is_same_v<DeviceMemory, Kokkos::HostSpace>;

/// Every array is row-major and unmanaged: a view never owns, copies like a pointer, and its
/// elements may be written through a const view. Owners are Buffer and Arena.
template <class T>
using Vector =
    Kokkos::View<T*, Kokkos::LayoutRight, DeviceMemory, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
template <class T>
using Matrix =
    Kokkos::View<T**, Kokkos::LayoutRight, DeviceMemory, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

/// Extents as signed numbers.
template <class View>
std::int64_t rows_of(View const& view) {
    return static_cast<std::int64_t>(view.extent(0));
}
template <class View>
std::int64_t columns_of(View const& view) {
    return static_cast<std::int64_t>(view.extent(1));
}

/// The first `rows` rows.
template <class T>
Matrix<T> first_rows(Matrix<T> const& matrix, std::int64_t rows) {
    return Matrix<T>(matrix.data(), static_cast<std::size_t>(rows), matrix.extent(1));
}

/// `count` elements beginning with element `first`.
template <class T>
Vector<T> element_range(Vector<T> const& vector, std::int64_t first, std::int64_t count) {
    return Vector<T>(vector.data() + first, static_cast<std::size_t>(count));
}

}  // namespace dnagpt
