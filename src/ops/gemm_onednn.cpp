#include <fmt/format.h>
#include <omp.h>

#include <cstddef>
#include <dnnl.hpp>
#include <map>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/ops/gemm.hpp"
#include "gemm_reference.hpp"

namespace dnagpt {
namespace {

using DataType = dnnl::memory::data_type;

/// Batches of ever new lengths must not fill the memory with primitives.
constexpr std::size_t prepared_limit = 1024;

/// A product made ready once per shape; execution changes the pointers only.
struct PreparedProduct {
    dnnl::matmul primitive;
    std::size_t scratchpad_bytes = 0;
    std::unordered_map<int, dnnl::memory> arguments;
    bool reads_copy = false;  ///< B is a weight in another order than it is stored in
};

struct PreparedKey {
    GemmShape shape;
    bool float_input = false;
    bool float_output = false;

    auto operator<=>(PreparedKey const&) const = default;
};

/// A weight in the order that its products ask for.
struct KeptWeight {
    dnnl::memory source;
    dnnl::memory copy;
    dnnl::reorder reorder;
    std::int64_t version = 0;  ///< of the weights when it was copied
};

char const* instruction_set_name(dnnl::cpu_isa isa) {
    switch (isa) {
        case dnnl::cpu_isa::avx512_core_amx:
            return "avx512_core_amx";
        case dnnl::cpu_isa::avx512_core_bf16:
            return "avx512_core_bf16";
        case dnnl::cpu_isa::avx512_core_vnni:
            return "avx512_core_vnni";
        case dnnl::cpu_isa::avx512_core:
            return "avx512_core";
        case dnnl::cpu_isa::avx2_vnni:
            return "avx2_vnni";
        case dnnl::cpu_isa::avx2:
            return "avx2";
        case dnnl::cpu_isa::avx:
            return "avx";
        case dnnl::cpu_isa::sse41:
            return "sse41";
        default:
            return "other instruction set";
    }
}

/// Whether the CPU multiplies bf16; oneDNN emulates it elsewhere, slower than float.
bool has_native_bf16() {
    auto const needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & needed) == needed;
}

/// A row-major (rows, columns) operand as it stands in the product.
dnnl::memory::desc describe_operand(std::int64_t rows, std::int64_t columns, std::int64_t stride,
                                    bool transposed, DataType type) {
    auto const strides = transposed ? dnnl::memory::dims{1, stride} : dnnl::memory::dims{stride, 1};
    return {{rows, columns}, type, strides};
}

DataType input_type(PreparedKey const& key) {
    return key.float_input ? DataType::f32 : DataType::bf16;
}

dnnl::memory::desc describe_b(PreparedKey const& key) {
    GemmShape const& shape = key.shape;
    return describe_operand(shape.k, shape.n, shape.ldb, shape.transpose_b, input_type(key));
}

dnnl::matmul::primitive_desc describe_product(dnnl::engine const& engine, PreparedKey const& key,
                                              dnnl::memory::desc const& b) {
    GemmShape const& shape = key.shape;
    auto const a =
        describe_operand(shape.m, shape.k, shape.lda, shape.transpose_a, input_type(key));
    auto const c = describe_operand(shape.m, shape.n, shape.ldc, false,
                                    key.float_output ? DataType::f32 : DataType::bf16);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (shape.accumulate) {
        dnnl::post_ops after;
        after.append_sum(1.0F);
        attributes.set_post_ops(after);
    }
#if DNNL_VERSION_MAJOR >= 3
    return {engine, a, b, c, attributes};
#else
    return {dnnl::matmul::desc(a, b, c), attributes, engine};
#endif
}

/// destination (rows, columns) without gaps = source with `stride`.
void widen(bf16 const* source, std::int64_t rows, std::int64_t columns, std::int64_t stride,
           std::vector<float>& destination) {
    destination.resize(static_cast<std::size_t>(rows * columns));
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) {
            destination[static_cast<std::size_t>(row * columns + column)] =
                source[row * stride + column];
        }
    }
}

void narrow(std::vector<float> const& source, std::int64_t rows, std::int64_t columns,
            std::int64_t stride, bf16* destination) {
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < columns; ++column) {
            destination[row * stride + column] =
                bf16(source[static_cast<std::size_t>(row * columns + column)]);
        }
    }
}

}  // namespace

struct GemmEngine::State {
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream{engine};
    bool native_bf16 = has_native_bf16();
    bool reference = false;
    std::map<PreparedKey, PreparedProduct> prepared;
    /// By what of_weight leaves of a product.
    std::map<PreparedKey, dnnl::memory::desc> weight_orders;
    std::map<std::pair<void const*, PreparedKey>, KeptWeight> kept_weights;
    std::int64_t weights_version = 0;
    /// One for all products, as large as the largest wants.
    dnnl::memory scratchpad;
    std::size_t scratchpad_bytes = 0;
    /// Operands in float where the CPU lacks bf16.
    std::vector<float> wide_a, wide_b, wide_c;
};

GemmEngine::GemmEngine() : state_(std::make_unique<State>()) {}
GemmEngine::~GemmEngine() = default;
GemmEngine::GemmEngine(GemmEngine&&) noexcept = default;
GemmEngine& GemmEngine::operator=(GemmEngine&&) noexcept = default;

void GemmEngine::weights_changed() {
    ++state_->weights_version;
}

void GemmEngine::use_reference() {
    state_->reference = true;
}

void GemmEngine::choose_by_timing(bool /*timed*/) {}

bool GemmEngine::chooses_by_timing() const {
    return false;
}

std::string GemmEngine::choices() const {
    return {};
}

void GemmEngine::take_choices(std::string const& /*choices*/) {}

std::optional<bool> GemmEngine::epilogue_pays(GemmShape const& /*shape*/) const {
    return {};
}

void GemmEngine::note_epilogue_pays(GemmShape const& /*shape*/, bool /*pays*/) {}

std::int64_t GemmEngine::workspace_bytes() {
    return 0;
}

int GemmEngine::threads() {
    return omp_get_max_threads();
}

std::string GemmEngine::library() {
    return fmt::format("oneDNN {}.{}.{}", DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR,
                       DNNL_VERSION_PATCH);
}

std::string GemmEngine::description() const {
    auto const* version = dnnl::version();
    return fmt::format("oneDNN {}.{}.{} ({}){}", version->major, version->minor, version->patch,
                       instruction_set_name(dnnl::get_effective_cpu_isa()),
                       state_->native_bf16 ? "" : ", bf16 products computed in float");
}

namespace {

/// What is the same for all products with one weight.
PreparedKey of_weight(PreparedKey key) {
    key.shape.m = key.shape.lda = key.shape.ldc = 0;
    key.shape.accumulate = false;
    return key;
}

/// Whether elements stand in blocks: what is worth a copy. Another order of plain rows is not (it
/// was no faster on CPUs without AVX-512).
bool is_blocked(dnnl::memory::desc const& order) {
#if DNNL_VERSION_MAJOR >= 3
    return order.get_inner_nblks() > 0;
#else
    return order.data.format_desc.blocking.inner_nblks > 0;
#endif
}

/// The order in which all products with this weight read it: what suits the first of them.
dnnl::memory::desc const& weight_order(GemmEngine::State& state, PreparedKey const& key) {
    PreparedKey const same = of_weight(key);
    auto const found = state.weight_orders.find(same);
    if (found != state.weight_orders.end()) {
        return found->second;
    }
    dnnl::memory::desc const any({key.shape.k, key.shape.n}, input_type(key),
                                 dnnl::memory::format_tag::any);
    auto const best = describe_product(state.engine, key, any).weights_desc();
    return state.weight_orders.emplace(same, is_blocked(best) ? best : describe_b(key))
        .first->second;
}

/// A few shapes cannot read a weight in the order that suits the others: they read it in place.
dnnl::matmul::primitive_desc describe_product_with_weight(GemmEngine::State& state,
                                                          PreparedKey const& key) {
    try {
        return describe_product(state.engine, key, weight_order(state, key));
    } catch (dnnl::error const&) {
        return describe_product(state.engine, key, describe_b(key));
    }
}

PreparedProduct prepare_product(GemmEngine::State& state, PreparedKey const& key) {
    auto const description = key.shape.weight
                                 ? describe_product_with_weight(state, key)
                                 : describe_product(state.engine, key, describe_b(key));
    auto const unbound = [&](dnnl::memory::desc const& operand) {
        return dnnl::memory(operand, state.engine, DNNL_MEMORY_NONE);
    };
    PreparedProduct product;
    product.primitive = dnnl::matmul(description);
    product.scratchpad_bytes = description.scratchpad_desc().get_size();
    product.arguments = {{DNNL_ARG_SRC, unbound(description.src_desc())},
                         {DNNL_ARG_WEIGHTS, unbound(description.weights_desc())},
                         {DNNL_ARG_DST, unbound(description.dst_desc())},
                         {DNNL_ARG_SCRATCHPAD, unbound(description.scratchpad_desc())}};
    product.reads_copy = description.weights_desc() != describe_b(key);
    return product;
}

PreparedProduct& find_product(GemmEngine::State& state, PreparedKey const& key) {
    auto const found = state.prepared.find(key);
    if (found != state.prepared.end()) {
        return found->second;
    }
    if (state.prepared.size() >= prepared_limit) {
        state.prepared.clear();
    }
    auto product = prepare_product(state, key);
    if (product.scratchpad_bytes > state.scratchpad_bytes) {
        auto const extent = static_cast<dnnl::memory::dim>(product.scratchpad_bytes);
        state.scratchpad = dnnl::memory(
            dnnl::memory::desc({extent}, DataType::u8, dnnl::memory::dims{1}), state.engine);
        state.scratchpad_bytes = product.scratchpad_bytes;
    }
    return state.prepared.emplace(key, std::move(product)).first->second;
}

/// The copy of weight `b`, made anew where the weights have changed since.
void* copy_of_weight(GemmEngine::State& state, PreparedKey const& key, void* b) {
    KeptWeight& kept = state.kept_weights[{b, of_weight(key)}];
    if (!kept.copy) {
        kept.source = dnnl::memory(describe_b(key), state.engine, b);
        kept.copy = dnnl::memory(weight_order(state, key), state.engine);
        kept.reorder = dnnl::reorder(kept.source, kept.copy);
    }
    if (kept.version != state.weights_version) {
        ProfileScope const scope("ops", "weights in the products' order");
        kept.reorder.execute(state.stream, kept.source, kept.copy);
        kept.version = state.weights_version;
    }
    return kept.copy.get_data_handle();
}

void multiply_prepared(GemmEngine::State& state, PreparedKey key, void const* a, void const* b,
                       void* c) {
    key.shape.weight = key.shape.weight && state.weights_version > 0;
    try {
        PreparedProduct& product = find_product(state, key);
        void* const weights = const_cast<void*>(b);
        auto& arguments = product.arguments;
        arguments.at(DNNL_ARG_SRC).set_data_handle(const_cast<void*>(a));
        arguments.at(DNNL_ARG_WEIGHTS)
            .set_data_handle(product.reads_copy ? copy_of_weight(state, key, weights) : weights);
        arguments.at(DNNL_ARG_DST).set_data_handle(c);
        if (product.scratchpad_bytes > 0) {
            arguments.at(DNNL_ARG_SCRATCHPAD).set_data_handle(state.scratchpad.get_data_handle());
        }
        product.primitive.execute(state.stream, arguments);
        state.stream.wait();
    } catch (dnnl::error const& failure) {
        DNAGPT_VALIDATE(false, << "oneDNN matmul failed (" << failure.what()
                               << "); set ONEDNN_VERBOSE=1 to see the product");
    }
}

template <class Out>
void multiply_widened(GemmEngine::State& state, GemmShape const& shape, bf16 const* a,
                      bf16 const* b, Out* c) {
    GemmShape wide = shape;
    wide.weight = false;
    std::int64_t const a_rows = shape.transpose_a ? shape.k : shape.m;
    std::int64_t const b_rows = shape.transpose_b ? shape.n : shape.k;
    wide.lda = shape.transpose_a ? shape.m : shape.k;
    wide.ldb = shape.transpose_b ? shape.k : shape.n;
    widen(a, a_rows, wide.lda, shape.lda, state.wide_a);
    widen(b, b_rows, wide.ldb, shape.ldb, state.wide_b);
    if constexpr (std::is_same_v<Out, float>) {
        multiply_prepared(state, {wide, true, true}, state.wide_a.data(), state.wide_b.data(), c);
    } else {
        wide.ldc = shape.n;
        widen(c, shape.m, shape.n, shape.ldc, state.wide_c);
        multiply_prepared(state, {wide, true, true}, state.wide_a.data(), state.wide_b.data(),
                          state.wide_c.data());
        narrow(state.wide_c, shape.m, shape.n, shape.ldc, c);
    }
}

void check_shape(GemmShape const& shape) {
    DNAGPT_EXPECT(shape.m >= 0 && shape.n >= 0 && shape.k > 0);
    DNAGPT_EXPECT(shape.lda >= (shape.transpose_a ? shape.m : shape.k));
    DNAGPT_EXPECT(shape.ldb >= (shape.transpose_b ? shape.k : shape.n));
    DNAGPT_EXPECT(shape.ldc >= shape.n);
}

}  // namespace

template <class T, class Out>
void gemm(GemmEngine& engine, Stream /*stream*/, GemmShape const& shape, T const* a, T const* b,
          Out* c) {
    check_shape(shape);
    if (shape.m == 0 || shape.n == 0) {
        return;
    }
    if constexpr (std::is_same_v<T, double>) {
        gemm_reference(shape, a, b, c);
    } else if constexpr (std::is_same_v<T, float>) {
        if (engine.state().reference) {
            gemm_reference(shape, a, b, c);
            return;
        }
        multiply_prepared(engine.state(), {shape, true, true}, a, b, c);
    } else if (engine.state().native_bf16) {
        multiply_prepared(engine.state(), {shape, false, std::is_same_v<Out, float>}, a, b, c);
    } else {
        multiply_widened(engine.state(), shape, a, b, c);
    }
}

/// oneDNN's own bf16 products (brgemm) take operands without gaps only and leave others to slower
/// ones; its float products on AVX2 take both alike. Double says yes so that gradient checks see
/// that way on every CPU.
template <class T>
bool wants_rows_without_gaps(GemmEngine& engine) {
    return std::is_same_v<T, double> || (std::is_same_v<T, bf16> && engine.state().native_bf16);
}

template bool wants_rows_without_gaps<bf16>(GemmEngine&);
template bool wants_rows_without_gaps<float>(GemmEngine&);
#if defined(DNAGPT_HAVE_DOUBLE)
template bool wants_rows_without_gaps<double>(GemmEngine&);
#endif

template <class T>
bool widens_operands(GemmEngine& engine) {
    return std::is_same_v<T, bf16> && !engine.state().native_bf16;
}

template bool widens_operands<bf16>(GemmEngine&);
template bool widens_operands<float>(GemmEngine&);

template <class T>
std::int64_t kept_weight_bytes(GemmEngine& engine, GemmShape const& shape) {
    bool const wide = std::is_same_v<T, float>;
    if (widens_operands<T>(engine)) {
        return 0;
    }
    PreparedKey const key{shape, wide, wide};
    auto const& order = weight_order(engine.state(), key);
    return order == describe_b(key) ? 0 : static_cast<std::int64_t>(order.get_size());
}

template std::int64_t kept_weight_bytes<bf16>(GemmEngine&, GemmShape const&);
template std::int64_t kept_weight_bytes<float>(GemmEngine&, GemmShape const&);

template <class T>
bool has_epilogue(GemmEngine& /*engine*/, GemmShape const& /*shape*/) {
    return false;
}

template <class T>
void gemm_with_epilogue(GemmEngine& /*engine*/, Stream /*stream*/, GemmShape const& /*shape*/,
                        T const* /*a*/, T const* /*b*/, T* /*pre_activation*/, T* /*c*/) {
    DNAGPT_EXPECT(!"an epilogue that has_epilogue denies");
}

/// Gaps between rows cost oneDNN more than they bring (wants_rows_without_gaps).
template <class T>
std::int64_t suitable_leading_dimension(std::int64_t columns) {
    return columns;
}

#define DNAGPT_INSTANTIATE(T)                                                                      \
    template bool has_epilogue<T>(GemmEngine&, GemmShape const&);                                  \
    template void gemm_with_epilogue<T>(GemmEngine&, Stream, GemmShape const&, T const*, T const*, \
                                        T*, T*);                                                   \
    template std::int64_t suitable_leading_dimension<T>(std::int64_t)
DNAGPT_INSTANTIATE(bf16);
DNAGPT_INSTANTIATE(float);
#if defined(DNAGPT_HAVE_DOUBLE)
DNAGPT_INSTANTIATE(double);
#endif
#undef DNAGPT_INSTANTIATE

#define DNAGPT_INSTANTIATE(T, Out) \
    template void gemm<T, Out>(GemmEngine&, Stream, GemmShape const&, T const*, T const*, Out*)
DNAGPT_INSTANTIATE(bf16, bf16);
DNAGPT_INSTANTIATE(bf16, float);
DNAGPT_INSTANTIATE(float, float);
#if defined(DNAGPT_HAVE_DOUBLE)
DNAGPT_INSTANTIATE(double, double);
#endif

}  // namespace dnagpt
