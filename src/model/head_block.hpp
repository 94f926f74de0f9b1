#pragma once

#include <algorithm>
#include <cstdint>

#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/head.hpp"
#include "dnagpt/ops/context.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "ranges.hpp"

namespace dnagpt {

/// A head's activations for some rows of the hidden states.
template <class T>
struct HeadBlock {
    std::int64_t first = 0;          ///< of the list of positions
    Vector<std::int32_t> positions;  ///< (R)
    Matrix<T> hidden;                ///< (R, C)
    HeadWork<T> work;                ///< (R, C)
    Matrix<T> output;                ///< (R, out or more)
};

/// `width` is the length of the output's rows, `out` or more.
template <class T>
void take_head_block(HeadBlock<T>& block, std::int64_t rows, std::int64_t channels,
                     std::int64_t width, Arena& scratch) {
    block.hidden = scratch.matrix<T>(rows, channels);
    block.work = layout_head_work<T>(channels, rows, scratch);
    block.output = scratch.matrix<T>(rows, width);
}

/// Runs a head at the listed positions, `rows_per_block` at a time, and hands each block to `body`.
/// `width`: length of the output's rows.
template <class T, class Body>
void for_each_head_block(Context& context, HeadParams<T> const& params, Matrix<T> hidden,
                         Vector<std::int32_t> positions, std::int64_t rows_per_block,
                         std::int64_t width, Body const& body) {
    for (std::int64_t first = 0; first < rows_of(positions); first += rows_per_block) {
        std::int64_t const rows = std::min(rows_per_block, rows_of(positions) - first);
        ArenaScope const scope(context.scratch);
        HeadBlock<T> block;
        block.first = first;
        block.positions = element_range(positions, first, rows);
        take_head_block(block, rows, columns_of(hidden), width, context.scratch);
        gather_rows(context, hidden, block.positions, block.hidden);
        head_forward(context, params, block.hidden, block.work, block.output);
        body(block);
    }
}

}  // namespace dnagpt
