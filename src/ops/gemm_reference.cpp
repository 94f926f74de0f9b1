#include "gemm_reference.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace dnagpt {
namespace {

constexpr std::int64_t panel_rows = 4;
constexpr std::int64_t panel_columns = 16;

/// Element (row, column) of an operand as it stands in the product.
template <class T>
struct Operand {
    T const* data;
    std::int64_t row_stride;
    std::int64_t column_stride;

    Operand(T const* values, std::int64_t stride, bool transposed)
        : data(values),
          row_stride(transposed ? 1 : stride),
          column_stride(transposed ? stride : 1) {}
    double at(std::int64_t row, std::int64_t column) const {
        return static_cast<double>(data[row * row_stride + column * column_stride]);
    }
};

/// panel (k, panel_columns) = columns of b from `first`, zero behind the last.
template <class T>
void pack_columns(Operand<T> const& b, std::int64_t k, std::int64_t first, std::int64_t count,
                  double* panel) {
    for (std::int64_t i = 0; i < k; ++i) {
        for (std::int64_t j = 0; j < panel_columns; ++j) {
            panel[i * panel_columns + j] = j < count ? b.at(i, first + j) : 0.0;
        }
    }
}

/// panels of (k, panel_rows): every row of a, zero behind the last.
template <class T>
std::vector<double> pack_rows(Operand<T> const& a, std::int64_t m, std::int64_t k) {
    std::int64_t const panels = (m + panel_rows - 1) / panel_rows;
    std::vector<double> packed(static_cast<std::size_t>(panels * panel_rows * k));
    for (std::int64_t row = 0; row < m; ++row) {
        double* panel = packed.data() + row / panel_rows * panel_rows * k + row % panel_rows;
        for (std::int64_t i = 0; i < k; ++i) {
            panel[i * panel_rows] = a.at(row, i);
        }
    }
    return packed;
}

struct Tile {
    double sums[panel_rows][panel_columns];
};

Tile multiply_panels(double const* __restrict a, double const* __restrict b, std::int64_t k) {
    Tile tile{};
    for (std::int64_t i = 0; i < k; ++i) {
        for (std::int64_t row = 0; row < panel_rows; ++row) {
            for (std::int64_t column = 0; column < panel_columns; ++column) {
                tile.sums[row][column] += a[i * panel_rows + row] * b[i * panel_columns + column];
            }
        }
    }
    return tile;
}

}  // namespace

template <class T>
void gemm_reference(GemmShape const& shape, T const* a, T const* b, T* c) {
    auto const packed_rows =
        pack_rows(Operand<T>(a, shape.lda, shape.transpose_a), shape.m, shape.k);
    Operand<T> const right(b, shape.ldb, shape.transpose_b);
    std::vector<double> panel(static_cast<std::size_t>(shape.k * panel_columns));
    for (std::int64_t first = 0; first < shape.n; first += panel_columns) {
        std::int64_t const columns = std::min(panel_columns, shape.n - first);
        pack_columns(right, shape.k, first, columns, panel.data());
        for (std::int64_t row = 0; row < shape.m; row += panel_rows) {
            Tile const tile =
                multiply_panels(packed_rows.data() + row * shape.k, panel.data(), shape.k);
            for (std::int64_t i = 0; i < std::min(panel_rows, shape.m - row); ++i) {
                T* target = c + (row + i) * shape.ldc + first;
                for (std::int64_t j = 0; j < columns; ++j) {
                    double const before = shape.accumulate ? static_cast<double>(target[j]) : 0.0;
                    target[j] = static_cast<T>(tile.sums[i][j] + before);
                }
            }
        }
    }
}

template void gemm_reference(GemmShape const&, float const*, float const*, float*);
template void gemm_reference(GemmShape const&, double const*, double const*, double*);

}  // namespace dnagpt
