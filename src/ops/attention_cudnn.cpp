// The frontend's graphs can be written as JSON, with a copy of that library beside the project's
// own: left out, which halves the time to compile.
#define CUDNN_FRONTEND_SKIP_JSON_LIB
#include <cuda_runtime_api.h>
#include <cudnn_frontend.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "attention_cudnn_shapes.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/ops/attention_engine.hpp"

namespace dnagpt {
namespace {

namespace fe = cudnn_frontend;
using fe::graph::Graph;
using fe::graph::Tensor_attributes;

/// NVIDIA's table of what attention can do is of this version (see is_cudnn_shape); older ones had
/// faults at lengths that are no multiple of 128, and no determinism on Blackwell.
constexpr std::size_t oldest_version = 91801;
constexpr int oldest_capability = 8;
/// Batches of ever new lengths must not fill the memory with plans.
constexpr std::size_t prepared_limit = 1024;

/// The operands in the graphs of both directions; q, k, v and their gradients are columns of one
/// array.
enum Operand : std::int64_t { q = 1, k, v, output, log_sum_exp, doutput, dq, dk, dv };
using Pointers = std::unordered_map<std::int64_t, void*>;

struct PreparedKey {
    AttentionShape shape;
    bool backward = false;
    bool deterministic = false;  ///< of the backward pass; forward always is

    auto operator<=>(PreparedKey const&) const = default;
};

/// A graph with the first plan that cuDNN proposes for it: no timing, so the same one every time.
struct Prepared {
    Graph graph;
    std::string refusal;  ///< why cuDNN does not take it; empty: it does
    bool planned = false;
    std::int64_t workspace_bytes = 0;
};

struct Destroy {
    void operator()(cudnnContext* handle) const { cudnnDestroy(handle); }
    void operator()(void* device_memory) const { cudaFree(device_memory); }
};

std::string version_text(std::size_t code) {
    return fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

void check(cudnnStatus_t status, char const* call) {
    DNAGPT_VALIDATE(status == CUDNN_STATUS_SUCCESS,
                    << call << " failed (" << cudnnGetErrorString(status) << "); see whether cuDNN "
                    << version_text(cudnnGetVersion()) << " fits the GPU's driver");
}

/// The frontend returns its errors, of many lines, and throws some: here the beginning, as one
/// line.
template <class Call>
std::string error_of(Call const& call) {
    constexpr std::size_t longest = 300;
    std::string text;
    try {
        fe::error_t const status = call();
        if (status.is_good()) {
            return {};
        }
        text = status.err_msg;
    } catch (std::exception const& failure) {
        text = failure.what();
    }
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text.empty() ? "no reason given" : text.substr(0, longest);
}

template <class Call>
void require(Call const& call, char const* step) {
    std::string const error = error_of(call);
    DNAGPT_VALIDATE(error.empty(),
                    << "cuDNN attention failed (" << step << ": " << error
                    << "); set CUDNN_FRONTEND_LOG_INFO=1 and CUDNN_FRONTEND_LOG_FILE=stderr to "
                       "see the graph");
}

/// (B, H, T, D) within an array (B T, width) where heads stand side by side.
Tensor_attributes& describe_heads(Tensor_attributes& tensor, Operand operand,
                                  AttentionShape const& shape, std::int64_t width) {
    return tensor.set_uid(operand)
        .set_dim({shape.batch, shape.heads, shape.context_length, shape.head_dimension})
        .set_stride({shape.context_length * width, shape.head_dimension, width, 1});
}

/// (B, H, T, 1) of float, without gaps. cuDNN calls it Stats: row maximum + ln of the row's sum of
/// exponentials, of the scaled scores.
Tensor_attributes& describe_log_sum_exp(Tensor_attributes& tensor, AttentionShape const& shape) {
    std::int64_t const length = shape.context_length;
    return tensor.set_uid(Operand::log_sum_exp)
        .set_dim({shape.batch, shape.heads, length, 1})
        .set_stride({shape.heads * length, length, 1, 1})
        .set_data_type(fe::DataType_t::FLOAT);
}

/// Of SDPA_attributes or SDPA_backward_attributes: scale 1/sqrt(D), no key after the query.
template <class Attributes>
Attributes causal(AttentionShape const& shape) {
    Attributes attributes;
    attributes.set_attn_scale(1 / std::sqrt(static_cast<float>(shape.head_dimension)))
        .set_diagonal_alignment(fe::DiagonalAlignment_t::TOP_LEFT)
        .set_diagonal_band_right_bound(0);
    return attributes;
}

auto input_heads(Graph& graph, Operand operand, AttentionShape const& shape, std::int64_t width) {
    Tensor_attributes tensor;
    return graph.tensor(describe_heads(tensor, operand, shape, width));
}

void describe_forward(Graph& graph, AttentionShape const& shape, std::int64_t channels) {
    auto const attributes = causal<fe::graph::SDPA_attributes>(shape).set_generate_stats(true);
    auto const [result, statistics] =
        graph.sdpa(input_heads(graph, Operand::q, shape, 3 * channels),
                   input_heads(graph, Operand::k, shape, 3 * channels),
                   input_heads(graph, Operand::v, shape, 3 * channels), attributes);
    describe_heads(*result, Operand::output, shape, channels).set_output(true);
    describe_log_sum_exp(*statistics, shape).set_output(true);
}

void describe_backward(Graph& graph, AttentionShape const& shape, std::int64_t channels,
                       bool deterministic) {
    auto attributes = causal<fe::graph::SDPA_backward_attributes>(shape);
    attributes.set_deterministic_algorithm(deterministic);
    Tensor_attributes statistics;
    auto const gradients =
        graph.sdpa_backward(input_heads(graph, Operand::q, shape, 3 * channels),
                            input_heads(graph, Operand::k, shape, 3 * channels),
                            input_heads(graph, Operand::v, shape, 3 * channels),
                            input_heads(graph, Operand::output, shape, channels),
                            input_heads(graph, Operand::doutput, shape, channels),
                            graph.tensor(describe_log_sum_exp(statistics, shape)), attributes);
    describe_heads(*gradients[0], Operand::dq, shape, 3 * channels).set_output(true);
    describe_heads(*gradients[1], Operand::dk, shape, 3 * channels).set_output(true);
    describe_heads(*gradients[2], Operand::dv, shape, 3 * channels).set_output(true);
}

/// Describes the graph and asks cuDNN for engines that take it; compiles nothing yet.
fe::error_t propose(Graph& graph, PreparedKey const& key, cudnnHandle_t handle) {
    graph.set_io_data_type(fe::DataType_t::BFLOAT16)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    std::int64_t const channels = key.shape.heads * key.shape.head_dimension;
    if (key.backward) {
        describe_backward(graph, key.shape, channels, key.deterministic);
    } else {
        describe_forward(graph, key.shape, channels);
    }
    fe::error_t status = graph.validate();
    if (status.is_good()) {
        status = graph.build_operation_graph(handle);
    }
    if (status.is_good()) {
        status = graph.create_execution_plans({fe::HeurMode_t::A});
    }
    return status.is_good() ? graph.check_support() : status;
}

/// Whether the present device is a GPU for which cuDNN has attention; without a GPU it is not.
bool find_capable_gpu() {
    int devices = 0;
    int device = 0;
    int capability = 0;
    bool const there = cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0 &&
                       cudaGetDevice(&device) == cudaSuccess &&
                       cudaDeviceGetAttribute(&capability, cudaDevAttrComputeCapabilityMajor,
                                              device) == cudaSuccess;
    if (!there) {
        cudaGetLastError();  // or it would pass for the failure of a later call
    }
    return there && capability >= oldest_capability && cudnnGetVersion() >= oldest_version;
}

void* address(void const* data) {
    return const_cast<void*>(data);
}

}  // namespace

struct AttentionEngine::State {
    bool deterministic = true;
    std::optional<bool> capable_gpu;
    std::unique_ptr<cudnnContext, Destroy> handle;
    void* stream = nullptr;
    std::map<PreparedKey, Prepared> prepared;
    /// One for all plans, which follow each other on one stream; as large as the largest wants.
    std::unique_ptr<void, Destroy> workspace;
    std::int64_t workspace_bytes = 0;
};

AttentionEngine::AttentionEngine() : state_(std::make_unique<State>()) {}
AttentionEngine::~AttentionEngine() = default;
AttentionEngine::AttentionEngine(AttentionEngine&&) noexcept = default;
AttentionEngine& AttentionEngine::operator=(AttentionEngine&&) noexcept = default;

std::string AttentionEngine::description() const {
    std::string const present = "cuDNN " + version_text(cudnnGetVersion());
    if (cudnnGetVersion() < oldest_version) {
        return fmt::format("tiles through matrix products ({} is older than {})", present,
                           version_text(oldest_version));
    }
    return present;
}

std::string AttentionEngine::library() {
    return fmt::format("cuDNN {} (frontend {})", version_text(CUDNN_VERSION),
                       version_text(CUDNN_FRONTEND_VERSION));
}

void AttentionEngine::set_deterministic(bool deterministic) {
    state_->deterministic = deterministic;
}

std::int64_t AttentionEngine::workspace_bytes(AttentionShape const& shape) {
    return is_cudnn_shape(shape) ? cudnn_workspace_bytes(shape) : 0;
}

namespace {

Prepared& find_proposed(AttentionEngine::State& state, PreparedKey const& key) {
    auto const found = state.prepared.find(key);
    if (found != state.prepared.end()) {
        return found->second;
    }
    if (!state.handle) {
        cudnnHandle_t handle = nullptr;
        check(cudnnCreate(&handle), "cudnnCreate");
        state.handle.reset(handle);
    }
    if (state.prepared.size() >= prepared_limit) {
        cudaDeviceSynchronize();  // some may still be queued
        state.prepared.clear();
    }
    Prepared& made = state.prepared[key];
    made.refusal = error_of([&] { return propose(made.graph, key, state.handle.get()); });
    if (!made.refusal.empty()) {
        log_shared_warning(fmt::format(
            "cuDNN takes no attention {} of {} sequences of {} positions, {} heads of {} channels "
            "({}); it goes in tiles through matrix products, which is slower",
            key.backward ? "backwards" : "forwards", key.shape.batch, key.shape.context_length,
            key.shape.heads, key.shape.head_dimension, made.refusal));
    }
    return made;
}

/// The former one is freed when the GPU has done what was queued. CUDA graphs that were captured
/// with it must not be launched any more.
void grow_workspace(AttentionEngine::State& state, std::int64_t bytes) {
    if (bytes <= state.workspace_bytes) {
        return;
    }
    cudaDeviceSynchronize();
    state.workspace.reset();
    state.workspace_bytes = 0;
    void* memory = nullptr;
    cudaError_t const status = cudaMalloc(&memory, static_cast<std::size_t>(bytes));
    DNAGPT_VALIDATE(status == cudaSuccess, << "no device memory for attention (" << (bytes >> 20)
                                           << " MiB of workspace: " << cudaGetErrorString(status)
                                           << "); use a smaller batch.micro_batch");
    state.workspace.reset(memory);
    state.workspace_bytes = bytes;
}

/// Queues the plan, which is made when it is first asked for; does not wait.
void execute(AttentionEngine::State& state, Stream stream, PreparedKey const& key,
             Pointers pointers) {
    Prepared& prepared = find_proposed(state, key);
    DNAGPT_EXPECT(prepared.refusal.empty());
    Graph& graph = prepared.graph;
    if (!prepared.planned) {
        require([&] { return graph.build_plans(); }, "plan");
        require([&] { return graph.get_workspace_size(prepared.workspace_bytes); }, "workspace");
        grow_workspace(state, prepared.workspace_bytes);
        prepared.planned = true;
    }
    cudnnHandle_t const handle = state.handle.get();
    if (stream.handle != state.stream) {
        check(cudnnSetStream(handle, static_cast<cudaStream_t>(stream.handle)), "cudnnSetStream");
        state.stream = stream.handle;
    }
    void* const workspace = prepared.workspace_bytes > 0 ? state.workspace.get() : nullptr;
    require([&] { return graph.execute(handle, pointers, workspace); }, "execution");
}

}  // namespace

bool AttentionEngine::takes(AttentionShape const& shape) {
    if (!is_cudnn_shape(shape)) {
        return false;
    }
    if (!state_->capable_gpu) {
        state_->capable_gpu = find_capable_gpu();
    }
    return *state_->capable_gpu && find_proposed(*state_, {shape, false, false}).refusal.empty() &&
           find_proposed(*state_, {backward_part(shape), true, state_->deterministic})
               .refusal.empty();
}

void AttentionEngine::forward(Stream stream, AttentionShape const& shape, bf16 const* qkv,
                              bf16* output, float* log_sum_exp) {
    DNAGPT_EXPECT(takes(shape));
    std::int64_t const channels = shape.heads * shape.head_dimension;
    execute(*state_, stream, {shape, false, false},
            {{Operand::q, address(qkv)},
             {Operand::k, address(qkv + channels)},
             {Operand::v, address(qkv + 2 * channels)},
             {Operand::output, output},
             {Operand::log_sum_exp, log_sum_exp}});
}

void AttentionEngine::backward(Stream stream, AttentionShape const& shape, bf16 const* qkv,
                               bf16 const* output, float const* log_sum_exp, bf16 const* doutput,
                               bf16* dqkv) {
    DNAGPT_EXPECT(takes(shape));
    std::int64_t const channels = shape.heads * shape.head_dimension;
    AttentionShape part = backward_part(shape);
    for (std::int64_t first = 0; first < shape.batch; first += part.batch) {
        part.batch = std::min(part.batch, shape.batch - first);
        std::int64_t const row = first * shape.context_length;
        bf16 const* const inputs = qkv + row * 3 * channels;
        bf16* const gradients = dqkv + row * 3 * channels;
        execute(*state_, stream, {part, true, state_->deterministic},
                {{Operand::q, address(inputs)},
                 {Operand::k, address(inputs + channels)},
                 {Operand::v, address(inputs + 2 * channels)},
                 {Operand::output, address(output + row * channels)},
                 {Operand::log_sum_exp, address(log_sum_exp + row * shape.heads)},
                 {Operand::doutput, address(doutput + row * channels)},
                 {Operand::dq, gradients},
                 {Operand::dk, gradients + channels},
                 {Operand::dv, gradients + 2 * channels}});
    }
}

}  // namespace dnagpt
