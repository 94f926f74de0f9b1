#include "dnagpt/model/decoder.hpp"

#include "dnagpt/core/check.hpp"
#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/model/number_embedding.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/linear.hpp"
#include "dnagpt/ops/reduction.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

template <class T>
Matrix<T> cached_positions(CacheShape const& shape, Arena& arena) {
    return arena.matrix<T>(shape.rows * shape.heads * shape.capacity, shape.head_dimension);
}

template <class T>
DecoderState<T> layout_decoder_state(ModelShape const& shape, std::int64_t rows,
                                     std::int64_t capacity, Arena& arena) {
    std::int64_t const c = shape.channels;
    DecoderState<T> state;
    state.cache = {rows, capacity, shape.heads, shape.head_dimension()};
    for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
        state.keys.push_back(cached_positions<T>(state.cache, arena));
        state.values.push_back(cached_positions<T>(state.cache, arena));
    }
    state.residual = arena.matrix<T>(rows, c);
    state.normed = arena.matrix<T>(rows, c);
    state.qkv = arena.matrix<T>(rows, 3 * c);
    state.attended = arena.matrix<T>(rows, c);
    state.fc = arena.matrix<T>(rows, 4 * c);
    state.mean = arena.vector<accum_t<T>>(rows);
    state.rstd = arena.vector<accum_t<T>>(rows);
    state.hidden = arena.matrix<T>(rows, c);
    return state;
}

template <class T>
std::int64_t decoder_state_bytes(ModelShape const& shape, std::int64_t rows,
                                 std::int64_t capacity) {
    Arena counting;
    layout_decoder_state<T>(shape, rows, capacity, counting);
    return counting.high_water();
}

template <class T>
std::int64_t decoder_scratch_bytes(ModelShape const& shape, std::int64_t rows,
                                   std::int64_t capacity) {
    Arena scratch;
    auto const measure = [&](auto const& take) {
        ArenaScope const scope(scratch);
        take();
    };
    measure([&] {
        cached_attention_scratch<T>({rows, capacity, shape.heads, shape.head_dimension()}, scratch);
    });
    measure([&] { number_embedding_scratch<T>(shape.channels, scratch); });
    measure([&] { mlp_block_scratch<T>(shape.channels, rows, scratch); });
    measure([&] { head_scratch<T>(shape, rows, scratch); });
    measure([&] { layernorm_scratch<T>(rows, shape.channels, scratch); });
    return scratch.high_water() + reduction_scratch_bytes;
}

}  // namespace

template <class T>
Decoder<T>::Decoder(GptParams<T> const& given, std::int64_t rows, std::int64_t capacity,
                    Stream stream)
    : params(given),
      memory(decoder_state_bytes<T>(given.shape, rows, capacity)),
      state(layout_decoder_state<T>(given.shape, rows, capacity, memory)),
      context{stream, GemmEngine(), Arena(decoder_scratch_bytes<T>(given.shape, rows, capacity))} {
    context.gemm.weights_changed();
}

template <class T>
void decode_step(Decoder<T>& decoder, DecoderInput const& input) {
    Context& context = decoder.context;
    GptParams<T> const& params = decoder.params;
    DecoderState<T> const& state = decoder.state;
    Vector<std::int32_t> const& positions = input.positions;
    DNAGPT_EXPECT(rows_of(input.tokens) == state.cache.rows &&
                  rows_of(positions) == state.cache.rows);
    embedding_at_positions(context, input.tokens, positions, params.token_table,
                           params.position_table, state.residual);
    number_embedding_forward(context, params.number_embedding, input.numbers, input.number_rows,
                             state.residual);
    for (std::size_t layer = 0; layer < params.layers.size(); ++layer) {
        AttentionBlockParams<T> const& attention = params.layers[layer].attention;
        layernorm_forward(context, state.residual, attention.norm, state.mean, state.rstd,
                          state.normed);
        linear_forward(context, state.normed, attention.qkv, state.qkv);
        cached_attention_forward(context, state.cache, state.qkv, positions, state.keys[layer],
                                 state.values[layer], state.attended);
        linear_forward(context, state.attended, attention.proj, state.residual, Write::add);
        mlp_block_forward(context, params.layers[layer].mlp, {state.residual, state.fc},
                          state.residual);
    }
    layernorm_forward(context, state.residual, params.final_norm, state.mean, state.rstd,
                      state.hidden);
}

#define DNAGPT_INSTANTIATE(T)   \
    template struct Decoder<T>; \
    template void decode_step(Decoder<T>&, DecoderInput const&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
