#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/ops/gemm.hpp"
#include "gemm_choices.hpp"
#include "gemm_cublaslt_choice.hpp"
#include "gemm_cublaslt_product.hpp"

namespace dnagpt {
namespace {

/// Batches of ever new lengths must not fill the memory with descriptions of products.
constexpr std::size_t prepared_limit = 1024;
/// NVIDIA's advice for Hopper and Blackwell (cuBLAS, cublasSetWorkspace).
constexpr std::int64_t workspace_size = 32 << 20;
constexpr std::int64_t leading_dimension_step = 128;
/// What cuBLASLt asks of a pre-activation's leading dimension (elements), and what tensor cores ask
/// of addresses (bytes).
constexpr std::int64_t pre_activation_step = 8;
constexpr std::uint32_t epilogue_alignment = 16;
constexpr int timed_rounds = 3;
constexpr int products_a_round = 4;

void check(cudaError_t status, char const* call) {
    DNAGPT_VALIDATE(status == cudaSuccess,
                    << call << " failed (" << cudaGetErrorString(status)
                    << "); see what nvidia-smi says of the GPU and its driver");
}

struct Release {
    void operator()(void* memory) const { cudaFree(memory); }
    void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
using DeviceMemory = std::unique_ptr<void, Release>;
using Event = std::unique_ptr<CUevent_st, Release>;

DeviceMemory allocate(std::size_t bytes, char const* purpose) {
    constexpr double mebi = 1 << 20;
    void* memory = nullptr;
    cudaError_t const status = cudaMalloc(&memory, bytes);
    if (status == cudaErrorMemoryAllocation) {
        std::size_t free = 0;
        std::size_t total = 0;
        check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
        DNAGPT_VALIDATE(false, << "no device memory for " << purpose << " (" << bytes / mebi
                               << " MiB wanted, " << free / mebi << " of " << total / mebi
                               << " MiB free); use a smaller batch.micro_batch");
    }
    check(status, "cudaMalloc");
    return DeviceMemory(memory);
}

Event make_event() {
    cudaEvent_t event = nullptr;
    check(cudaEventCreate(&event), "cudaEventCreate");
    return Event(event);
}

/// A product made ready: execution changes the pointers only.
struct PreparedProduct {
    std::shared_ptr<CublasLtProduct> description;
    AlgorithmBytes algorithm;
};

}  // namespace

struct GemmEngine::State {
    bool reference = false;
    ChosenAlgorithms chosen;
    std::map<GemmShape, bool> offered_epilogues;
    std::map<GemmProduct, PreparedProduct> prepared;
    DeviceMemory workspace;
    std::shared_ptr<CublasLt> library;
};

GemmEngine::GemmEngine() : state_(std::make_unique<State>()) {}
GemmEngine::~GemmEngine() = default;
GemmEngine::GemmEngine(GemmEngine&&) noexcept = default;
GemmEngine& GemmEngine::operator=(GemmEngine&&) noexcept = default;

std::string GemmEngine::description() const {
    return cublaslt_name(cublaslt_version());
}

std::string GemmEngine::library() {
    return cublaslt_name(compiled_cublaslt_version());
}

int GemmEngine::threads() {
    return 1;
}

/// Products read weights where they stand.
void GemmEngine::weights_changed() {}

/// What was prepared for float may have been chosen by timing.
void GemmEngine::use_reference() {
    state_->reference = true;
    state_->prepared.clear();
}

void GemmEngine::choose_by_timing(bool timed) {
    state_->chosen.timed = timed;
}

bool GemmEngine::chooses_by_timing() const {
    return state_->chosen.timed;
}

std::int64_t GemmEngine::workspace_bytes() {
    return workspace_size;
}

std::string GemmEngine::choices() const {
    return format_choices(state_->chosen.choices, cublaslt_version());
}

void GemmEngine::take_choices(std::string const& choices) {
    state_->chosen.choices = parse_choices(choices, cublaslt_version());
    state_->chosen.first_proposals.clear();
    state_->prepared.clear();
}

std::optional<bool> GemmEngine::epilogue_pays(GemmShape const& shape) const {
    auto const& noted = state_->chosen.choices.epilogue_pays;
    auto const found = noted.find(without_weight(shape));
    return found == noted.end() ? std::nullopt : std::optional(found->second);
}

void GemmEngine::note_epilogue_pays(GemmShape const& shape, bool pays) {
    state_->chosen.choices.epilogue_pays[without_weight(shape)] = pays;
}

namespace {

/// A product with what it is run on.
struct Call {
    GemmProduct product;
    GemmOperands operands;
    Stream stream;
};

cudaStream_t queue_of(Call const& call) {
    return static_cast<cudaStream_t>(call.stream.handle);
}

void start(GemmEngine::State& state) {
    if (!state.library) {
        state.workspace = allocate(workspace_size, "the workspace of matrix products");
        state.library = start_cublaslt(state.workspace.get(), workspace_size);
    }
}

/// Milliseconds of a round of products after one that warms up; infinite where the algorithm cannot
/// run.
float time_round(CublasLt& library, CublasLtProduct const& description,
                 AlgorithmBytes const& algorithm, Call const& call) {
    if (!try_product(library, description, algorithm, call.operands, call.stream)) {
        cudaGetLastError();  // not to be taken for a later call's
        return std::numeric_limits<float>::infinity();
    }
    Event const first = make_event();
    Event const last = make_event();
    check(cudaEventRecord(first.get(), queue_of(call)), "cudaEventRecord");
    for (int i = 0; i < products_a_round; ++i) {
        run_product(library, description, algorithm, call.operands, call.stream);
    }
    check(cudaEventRecord(last.get(), queue_of(call)), "cudaEventRecord");
    check(cudaEventSynchronize(last.get()), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, first.get(), last.get()), "cudaEventElapsedTime");
    return milliseconds;
}

/// The algorithm with the shortest round; rounds go through all of them, so that a GPU that speeds
/// up favours none. C that is added to is replaced by memory of its size.
AlgorithmBytes choose_fastest(CublasLt& library, CublasLtProduct const& description,
                              std::vector<AlgorithmBytes> const& proposals, Call call) {
    ProfileScope const scope("ops", "timing of algorithms");
    DeviceMemory sums;
    if (call.product.shape.accumulate) {
        std::size_t const bytes = bytes_of_c(call.product);
        sums = allocate(bytes, "the timing of a matrix product");
        call.operands.c = sums.get();
        check(cudaMemsetAsync(sums.get(), 0, bytes, queue_of(call)), "cudaMemsetAsync");
    }
    std::vector<float> shortest(proposals.size(), std::numeric_limits<float>::infinity());
    for (int round = 0; round < timed_rounds; ++round) {
        for (std::size_t i = 0; i < proposals.size(); ++i) {
            shortest[i] =
                std::min(shortest[i], time_round(library, description, proposals[i], call));
        }
    }
    auto const best = std::min_element(shortest.begin(), shortest.end());
    return proposals[static_cast<std::size_t>(best - shortest.begin())];
}

/// The reference order is no matter of choice: any engine takes the same.
AlgorithmBytes find_algorithm(GemmEngine::State& state, CublasLtProduct const& description,
                              Call const& call) {
    if (state.reference && call.product.input == GemmElement::float32) {
        return first_algorithm(*state.library, call.product, description);
    }
    return choose_algorithm(state.chosen, *state.library, call.product, description,
                            [&](std::vector<AlgorithmBytes> const& proposals) {
                                return choose_fastest(*state.library, description, proposals, call);
                            });
}

void multiply(GemmEngine::State& state, Call const& call) {
    start(state);
    auto found = state.prepared.find(call.product);
    if (found == state.prepared.end()) {
        if (state.prepared.size() >= prepared_limit) {
            state.prepared.clear();
        }
        auto const description = describe_product(call.product);
        auto const algorithm = find_algorithm(state, *description, call);
        found = state.prepared.emplace(call.product, PreparedProduct{description, algorithm}).first;
    }
    run_product(*state.library, *found->second.description, found->second.algorithm, call.operands,
                call.stream);
}

/// Each row is a product of its own, described as if no address were aligned, so that all rows have
/// one algorithm.
void multiply_rows(GemmEngine::State& state, Stream stream, GemmShape const& shape, float const* a,
                   float const* b, float* c) {
    GemmShape row = shape;
    row.m = 1;
    row.lda = shape.transpose_a ? shape.lda : shape.k;
    row.ldc = shape.n;
    auto const product = gemm_product<float, float>(row, alignof(float));
    std::int64_t const step = shape.transpose_a ? 1 : shape.lda;
    for (std::int64_t i = 0; i < shape.m; ++i) {
        multiply(state, {product, {a + i * step, b, c + i * shape.ldc, nullptr}, stream});
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
void gemm(GemmEngine& engine, Stream stream, GemmShape const& shape, T const* a, T const* b,
          Out* c) {
    check_shape(shape);
    DNAGPT_EXPECT(shape.epilogue == Epilogue::none);
    if (shape.m == 0 || shape.n == 0) {
        return;
    }
    GemmEngine::State& state = engine.state();
    if constexpr (std::is_same_v<T, float>) {
        if (state.reference) {
            multiply_rows(state, stream, shape, a, b, c);
            return;
        }
    }
    GemmOperands const operands{a, b, c, nullptr};
    multiply(state, {gemm_product<T, Out>(shape, alignment_of(operands)), operands, stream});
}

template <class T>
bool has_epilogue(GemmEngine& engine, GemmShape const& shape) {
    check_shape(shape);
    if (!std::is_same_v<T, bf16> || shape.epilogue == Epilogue::none || shape.accumulate ||
        shape.m == 0 || shape.n == 0 || shape.n % pre_activation_step != 0) {
        return false;
    }
    GemmEngine::State& state = engine.state();
    auto const product = gemm_product<T, T>(shape, epilogue_alignment);
    auto const found = state.offered_epilogues.find(product.shape);
    if (found != state.offered_epilogues.end()) {
        return found->second;
    }
    start(state);
    bool const offered = !propose_algorithms(*state.library, *describe_product(product), 1).empty();
    return state.offered_epilogues.emplace(product.shape, offered).first->second;
}

template <class T>
void gemm_with_epilogue(GemmEngine& engine, Stream stream, GemmShape const& shape, T const* a,
                        T const* b, T* pre_activation, T* c) {
    check_shape(shape);
    if (shape.m == 0 || shape.n == 0) {
        return;
    }
    GemmOperands const operands{a, b, c, pre_activation};
    DNAGPT_EXPECT(has_epilogue<T>(engine, shape));
    DNAGPT_EXPECT(pre_activation != c && alignment_of(operands) >= epilogue_alignment);
    multiply(engine.state(), {gemm_product<T, T>(shape, alignment_of(operands)), operands, stream});
}

template <class T>
std::int64_t suitable_leading_dimension(std::int64_t columns) {
    return (columns + leading_dimension_step - 1) / leading_dimension_step * leading_dimension_step;
}

template <class T>
bool wants_rows_without_gaps(GemmEngine& /*engine*/) {
    return false;
}

template <class T>
bool widens_operands(GemmEngine& /*engine*/) {
    return false;
}

template <class T>
std::int64_t kept_weight_bytes(GemmEngine& /*engine*/, GemmShape const& /*shape*/) {
    return 0;
}

#define DNAGPT_INSTANTIATE(T, Out) \
    template void gemm<T, Out>(GemmEngine&, Stream, GemmShape const&, T const*, T const*, Out*);
#define DNAGPT_INSTANTIATE_TYPE(T)                                                              \
    template bool has_epilogue<T>(GemmEngine&, GemmShape const&);                               \
    template void gemm_with_epilogue(GemmEngine&, Stream, GemmShape const&, T const*, T const*, \
                                     T*, T*);                                                   \
    template std::int64_t suitable_leading_dimension<T>(std::int64_t);                          \
    template bool wants_rows_without_gaps<T>(GemmEngine&);                                      \
    template bool widens_operands<T>(GemmEngine&);                                              \
    template std::int64_t kept_weight_bytes<T>(GemmEngine&, GemmShape const&);
DNAGPT_INSTANTIATE(bf16, float)
DNAGPT_INSTANTIATE(bf16, bf16)
DNAGPT_INSTANTIATE(float, float)
#if defined(DNAGPT_HAVE_DOUBLE)
DNAGPT_INSTANTIATE(double, double)
#endif
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE_TYPE)

}  // namespace dnagpt
