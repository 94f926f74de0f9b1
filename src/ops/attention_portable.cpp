#include "attention_portable.hpp"

#include <algorithm>
#include <cstdint>

#include "attention_kernels.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"

namespace dnagpt {
namespace {

/// Calls work(group) for every group of heads of every sequence.
template <class Work>
void for_each_head_group(AttentionShape const& shape, Work const& work) {
    for (std::int64_t sequence = 0; sequence < shape.batch; ++sequence) {
        for (std::int64_t head = 0; head < shape.heads; head += heads_together) {
            work(HeadGroup{sequence, head, std::min(heads_together, shape.heads - head),
                           shape.context_length, shape.head_dimension, shape.heads});
        }
    }
}

std::int64_t tile_extent(std::int64_t first, std::int64_t context_length) {
    return std::min(tile_length, context_length - first);
}

/// One matrix per head, `stride` elements apart, its rows `leading` elements apart.
template <class T>
struct HeadArrays {
    T* data;
    std::int64_t stride;
    std::int64_t leading;
};

/// Rows of scratch (heads, rows, columns).
template <class T>
HeadArrays<T> packed(T* data, std::int64_t rows, std::int64_t columns) {
    return {data, rows * columns, columns};
}

/// Rows from `first_row` on of scratch (heads, T, D).
template <class T>
HeadArrays<T> rows_from(HeadGroup const& group, T* data, std::int64_t first_row) {
    return {data + first_row * group.head_dimension, group.context_length * group.head_dimension,
            group.head_dimension};
}

/// The group's heads of an operand that holds `parts` arrays: in place, (B T, parts C), or copied
/// to (parts, heads, T, D) where the products want rows without gaps.
template <class T>
class HeadOperand {
  public:
    HeadOperand(Context& context, HeadGroup const& group, std::int64_t parts, T* operand, T* copy)
        : group_(group),
          parts_(parts),
          copied_(wants_rows_without_gaps<T>(context.gemm)),
          data_(copied_ ? copy : operand) {
        if (copied_) {
            pack_heads<T>(group, parts, operand, copy);
        }
    }

    /// From position `first_row` on of array `part`.
    HeadArrays<T> rows_from(std::int64_t part, std::int64_t first_row) const {
        if (copied_) {
            return dnagpt::rows_from(group_, data_ + part * group_.elements(), first_row);
        }
        std::int64_t const width = parts_ * group_.channels();
        return {data_ + (group_.first_row() + first_row) * width +
                    (part * group_.all_heads + group_.first_head) * group_.head_dimension,
                group_.head_dimension, width};
    }

  private:
    HeadGroup group_;
    std::int64_t parts_;
    bool copied_;
    T* data_;
};

/// shape, for each head.
template <class T>
void multiply_heads(Context& context, std::int64_t heads, GemmShape shape, HeadArrays<T> a,
                    HeadArrays<T> b, HeadArrays<accum_t<T>> c) {
    shape.lda = a.leading;
    shape.ldb = b.leading;
    shape.ldc = c.leading;
    ProfileScope const scope("ops", "attention products",
                             2.0 * static_cast<double>(heads * shape.m * shape.n * shape.k));
    for (std::int64_t head = 0; head < heads; ++head) {
        gemm<T, accum_t<T>>(context.gemm, context.stream, shape, a.data + head * a.stride,
                            b.data + head * b.stride, c.data + head * c.stride);
    }
}

template <class T>
void forward_queries(Context& context, HeadGroup const& group, Tile tile, HeadOperand<T> const& qkv,
                     ForwardScratch<T> const& scratch) {
    std::int64_t const dimension = group.head_dimension;
    for (tile.first_key = 0; tile.first_key <= tile.first_query; tile.first_key += tile_length) {
        tile.keys = tile_extent(tile.first_key, group.context_length);
        multiply_heads<T>(context, group.heads,
                          {.m = tile.queries, .n = tile.keys, .k = dimension, .transpose_b = true},
                          qkv.rows_from(0, tile.first_query), qkv.rows_from(1, tile.first_key),
                          packed(scratch.scores, tile.queries, tile.keys));
        softmax_tile(group, tile, scratch);
        multiply_heads<T>(
            context, group.heads,
            {.m = tile.queries, .n = dimension, .k = tile.keys, .accumulate = tile.first_key > 0},
            packed(scratch.probabilities, tile.queries, tile.keys),
            qkv.rows_from(2, tile.first_key), packed(scratch.sums, tile.queries, dimension));
    }
}

/// Adds what one tile gives to dq, dk and dv; assigns where the tile is the first of its rows.
template <class T>
void backward_tile(Context& context, HeadGroup const& group, Tile const& tile,
                   HeadOperand<T> const& qkv, HeadOperand<T> const& doutput,
                   accum_t<T> const* log_sum_exp, BackwardScratch<T> const& scratch) {
    std::int64_t const dimension = group.head_dimension;
    bool const add_to_keys = tile.first_query > tile.first_key;
    auto const q = qkv.rows_from(0, tile.first_query);
    auto const k = qkv.rows_from(1, tile.first_key);
    auto const v = qkv.rows_from(2, tile.first_key);
    auto const dout = doutput.rows_from(0, tile.first_query);
    auto const dq = rows_from(group, scratch.dqkv, tile.first_query);
    auto const dk = rows_from(group, scratch.dqkv + group.elements(), tile.first_key);
    auto const dv = rows_from(group, scratch.dqkv + 2 * group.elements(), tile.first_key);
    auto const scores = packed(scratch.scores, tile.queries, tile.keys);
    auto const dprobabilities = packed(scratch.dprobabilities, tile.queries, tile.keys);
    auto const probabilities = packed(scratch.probabilities, tile.queries, tile.keys);
    auto const dscores = packed(scratch.dscores, tile.queries, tile.keys);
    GemmShape const to_tile{.m = tile.queries, .n = tile.keys, .k = dimension, .transpose_b = true};
    GemmShape const to_keys{.m = tile.keys,
                            .n = dimension,
                            .k = tile.queries,
                            .transpose_a = true,
                            .accumulate = add_to_keys};
    GemmShape const to_queries{
        .m = tile.queries, .n = dimension, .k = tile.keys, .accumulate = tile.first_key > 0};
    multiply_heads<T>(context, group.heads, to_tile, q, k, scores);
    multiply_heads<T>(context, group.heads, to_tile, dout, v, dprobabilities);
    differentiate_tile(group, tile, log_sum_exp, scratch);
    multiply_heads<T>(context, group.heads, to_keys, probabilities, dout, dv);
    multiply_heads<T>(context, group.heads, to_keys, dscores, q, dk);
    multiply_heads<T>(context, group.heads, to_queries, dscores, k, dq);
}

}  // namespace

template <class T>
void portable_attention_forward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                                Matrix<T> output, Vector<accum_t<T>> log_sum_exp) {
    ArenaScope const scope(context.scratch);
    ForwardScratch<T> const scratch(shape, context.scratch);
    for_each_head_group(shape, [&](HeadGroup const& group) {
        HeadOperand<T> const qkv_rows(context, group, 3, qkv.data(), scratch.qkv);
        for (std::int64_t first = 0; first < shape.context_length; first += tile_length) {
            Tile const tile{first, tile_extent(first, shape.context_length), 0, 0};
            forward_queries<T>(context, group, tile, qkv_rows, scratch);
            finish_queries(group, tile, scratch, output.data(), log_sum_exp.data());
        }
    });
}

template <class T>
void portable_attention_backward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                                 Matrix<T> output, Vector<accum_t<T>> log_sum_exp,
                                 Matrix<T> doutput, Matrix<T> dqkv) {
    ArenaScope const scope(context.scratch);
    BackwardScratch<T> const scratch(shape, context.scratch);
    std::int64_t const length = shape.context_length;
    for_each_head_group(shape, [&](HeadGroup const& group) {
        HeadOperand<T> const qkv_rows(context, group, 3, qkv.data(), scratch.qkv);
        HeadOperand<T> const doutput_rows(context, group, 1, doutput.data(), scratch.doutput);
        begin_backward<T>(group, output.data(), doutput.data(), scratch);
        for (std::int64_t key = 0; key < length; key += tile_length) {
            for (std::int64_t query = key; query < length; query += tile_length) {
                Tile const tile{query, tile_extent(query, length), key, tile_extent(key, length)};
                backward_tile<T>(context, group, tile, qkv_rows, doutput_rows, log_sum_exp.data(),
                                 scratch);
            }
        }
        unpack_heads<T>(group, 3, scratch.dqkv, dqkv.data());
    });
}

template <class T>
void portable_attention_scratch(AttentionShape const& shape, Arena& scratch) {
    {
        ArenaScope const scope(scratch);
        ForwardScratch<T> const forward(shape, scratch);
    }
    ArenaScope const scope(scratch);
    BackwardScratch<T> const backward(shape, scratch);
}

#define DNAGPT_INSTANTIATE(T)                                                             \
    template void portable_attention_forward(Context&, AttentionShape const&, Matrix<T>,  \
                                             Matrix<T>, Vector<accum_t<T>>);              \
    template void portable_attention_backward(Context&, AttentionShape const&, Matrix<T>, \
                                              Matrix<T>, Vector<accum_t<T>>, Matrix<T>,   \
                                              Matrix<T>);                                 \
    template void portable_attention_scratch<T>(AttentionShape const&, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
