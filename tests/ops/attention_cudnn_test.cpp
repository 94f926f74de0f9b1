#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/attention_engine.hpp"
#include "harness/gpu_array.hpp"
#include "ops/attention_definition.hpp"

namespace dnagpt {
namespace {

using testing::Bounded;
using testing::GpuArray;
using testing::require_cuda;
using testing::rows_of;
using Definition = testing::AttentionDefinition;
using Inputs = testing::AttentionInputs;

/// What cuDNN promises: T from 2 on, multiples of 64 or not, and the contexts of the models.
std::vector<AttentionShape> const shapes = {{2, 2, 3, 32},    {2, 7, 3, 32},    {1, 64, 12, 64},
                                            {3, 100, 2, 64},  {2, 128, 4, 128}, {1, 192, 5, 40},
                                            {1, 512, 12, 32}, {1, 512, 2, 64}};

std::string name_of(AttentionShape const& shape) {
    return "B " + std::to_string(shape.batch) + " T " + std::to_string(shape.context_length) +
           " H " + std::to_string(shape.heads) + " D " + std::to_string(shape.head_dimension);
}

template <class T>
std::vector<T> stored_as(std::vector<double> const& values) {
    std::vector<T> result;
    result.reserve(values.size());
    for (double const value : values) {
        result.push_back(T(static_cast<float>(value)));
    }
    return result;
}

struct Result {
    std::vector<bf16> output, dqkv;
    std::vector<float> log_sum_exp;
};

bool same_bits(Result const& a, Result const& b) {
    auto const equal = [](bf16 x, bf16 y) { return x.bits == y.bits; };
    return std::equal(a.output.begin(), a.output.end(), b.output.begin(), equal) &&
           std::equal(a.dqkv.begin(), a.dqkv.end(), b.dqkv.begin(), equal) &&
           a.log_sum_exp == b.log_sum_exp;
}

/// Operands on the GPU; results are NaNs at first.
struct Operands {
    GpuArray<bf16> qkv, doutput, output, dqkv;
    GpuArray<float> log_sum_exp;

    Operands(AttentionShape const& shape, Inputs const& in)
        : qkv(stored_as<bf16>(in.qkv)),
          doutput(stored_as<bf16>(in.doutput)),
          output(in.doutput.size()),
          dqkv(in.qkv.size()),
          log_sum_exp(rows_of(shape) * static_cast<std::size_t>(shape.heads)) {}

    void queue(AttentionEngine& engine, AttentionShape const& shape, Stream stream = {}) const {
        engine.forward(stream, shape, qkv.data(), output.data(), log_sum_exp.data());
        engine.backward(stream, shape, qkv.data(), output.data(), log_sum_exp.data(),
                        doutput.data(), dqkv.data());
    }
    Result result() const { return {output.host(), dqkv.host(), log_sum_exp.host()}; }
};

Result run(AttentionEngine& engine, AttentionShape const& shape, Inputs const& in) {
    Operands const operands(shape, in);
    operands.queue(engine, shape);
    return operands.result();
}

/// |actual - value| <= units size of the definition; `first`: where the definition's place 0 is.
template <class T>
void expect_near(std::vector<T> const& actual, Bounded const& expected, double units,
                 std::string const& what, std::size_t first = 0) {
    ASSERT_LE(first + expected.value.size(), actual.size()) << what;
    for (std::size_t i = 0; i < expected.value.size(); ++i) {
        ASSERT_NEAR(actual[first + i], expected.value[i], units * expected.size[i])
            << what << " " << i;
    }
}

/// Rounded to bf16 on the way: P and the output; for the gradients dS, the result and either dP or
/// the output that is read, with its 2.5 roundings. Half a rounding for what is float.
constexpr double output_units = 2.5 * unit_roundoff<bf16>();
constexpr double gradient_units = 5 * unit_roundoff<bf16>();

/// Rounding errors are independent: together they are far smaller than the bound above, under which
/// an error of some per cent could hide.
void expect_near_in_norm(std::vector<bf16> const& actual, Bounded const& expected,
                         std::string const& what) {
    double error = 0;
    for (std::size_t i = 0; i < expected.value.size(); ++i) {
        error += std::pow(actual[i] - expected.value[i], 2);
    }
    double const norm = std::sqrt(testing::dot(expected.value, expected.value));
    EXPECT_LE(std::sqrt(error), 2 * unit_roundoff<bf16>() * norm) << what;
}

void expect_definition(Result const& result, AttentionShape const& shape, Definition const& exact,
                       std::size_t sequence = 0) {
    std::size_t const first = sequence * exact.output.value.size();
    expect_near(result.output, exact.output, output_units, name_of(shape) + " output", first);
    expect_near(result.dqkv, exact.dqkv, gradient_units, name_of(shape) + " gradient", 3 * first);
    // D terms to a score, T to a sum; tensor cores cut off where others round: twice the error.
    double const units = 2 * unit_roundoff<float>() *
                         static_cast<double>(shape.head_dimension + shape.context_length);
    for (std::size_t i = 0; i < exact.log_sum_exp.value.size(); ++i) {
        double const size = std::max(1.0, exact.log_sum_exp.size[i]);
        ASSERT_NEAR(result.log_sum_exp[sequence * exact.log_sum_exp.value.size() + i],
                    exact.log_sum_exp.value[i], units * size + 0x1.0p-20)
            << name_of(shape) << " log sum exp " << i;
    }
}

TEST(CudnnAttention, NamesItsLibrary) {
    EXPECT_NE(AttentionEngine().description().find("cuDNN 9."), std::string::npos);
    EXPECT_EQ(AttentionEngine::library().substr(0, 8), "cuDNN 9.");
    EXPECT_NE(AttentionEngine::library().find("frontend 1."), std::string::npos);
}

TEST(CudnnAttention, WorkspaceGrowsWithTheShapeUpToALimit) {
    auto const bytes = [](AttentionShape const& shape) {
        return AttentionEngine::workspace_bytes(shape);
    };
    // dP of one head: 512 x 512 values of two bytes.
    EXPECT_GE(bytes({1, 512, 1, 64}), 512 * 512 * 2);
    EXPECT_GT(bytes({2, 512, 12, 64}), bytes({1, 512, 12, 64}));
    EXPECT_GT(bytes({1, 1024, 12, 64}), bytes({1, 512, 12, 64}));
    EXPECT_GT(bytes({1, 512, 16, 64}), bytes({1, 512, 12, 64}));
    EXPECT_GT(bytes({1, 64, 12, 128}), bytes({1, 64, 12, 64}));
    EXPECT_LT(bytes({10000, 512, 12, 64}), std::int64_t{300} << 20);
    EXPECT_EQ(bytes({64, 4096, 12, 64}), bytes({1, 4096, 12, 64}));
}

TEST(CudnnAttention, TakesNoShapeThatCudnnLacks) {
    AttentionEngine engine;
    for (AttentionShape const& shape : std::vector<AttentionShape>{
             {2, 1, 2, 32}, {2, 64, 2, 12}, {2, 64, 2, 136}, {0, 64, 2, 32}, {65536, 64, 2, 32}}) {
        EXPECT_FALSE(engine.takes(shape)) << name_of(shape);
        EXPECT_EQ(AttentionEngine::workspace_bytes(shape), 0) << name_of(shape);
    }
}

TEST(CudnnAttention, TakesNothingWithoutGpu) {
    if (testing::has_gpu()) {
        return;  // there is one
    }
    AttentionEngine engine;
    AttentionShape const shape{1, 64, 12, 64};
    EXPECT_FALSE(engine.takes(shape));
    EXPECT_THROW(engine.forward({}, shape, nullptr, nullptr, nullptr), Error);
}

class CudnnAttentionOnGpu : public ::testing::Test {
  protected:
    void SetUp() override {
        int capability = 0;
        if (testing::has_gpu()) {
            require_cuda(cudaDeviceGetAttribute(&capability, cudaDevAttrComputeCapabilityMajor, 0));
        }
        if (capability < 8) {
            GTEST_SKIP() << "no GPU of compute capability 8.0 or later";
        }
    }
    AttentionEngine engine;
};

TEST_F(CudnnAttentionOnGpu, TakesTheModelsShapes) {
    for (AttentionShape const& shape :
         std::vector<AttentionShape>{{8, 512, 12, 64}, {4, 512, 64, 32}, {2, 4096, 12, 64}}) {
        EXPECT_TRUE(engine.takes(shape)) << name_of(shape);
    }
}

/// One engine for all shapes, in both modes.
TEST_F(CudnnAttentionOnGpu, AgreesWithTheDefinition) {
    for (AttentionShape const& shape : shapes) {
        Inputs const in(shape);
        Definition const exact(shape, in);
        for (bool const deterministic : {true, false}) {
            engine.set_deterministic(deterministic);
            ASSERT_EQ(engine.takes(shape), AttentionEngine::workspace_bytes(shape) > 0)
                << name_of(shape);
            if (!engine.takes(shape)) {
                continue;
            }
            Result const result = run(engine, shape, in);
            expect_definition(result, shape, exact);
            expect_near_in_norm(result.output, exact.output, name_of(shape) + " output");
            expect_near_in_norm(result.dqkv, exact.dqkv, name_of(shape) + " gradient");
        }
    }
}

/// exp(0 - log_sum_exp) of rows or keys past the end would overflow below -88.
TEST_F(CudnnAttentionOnGpu, VeryLowScoresStayFinite) {
    for (std::int64_t const length : {64, 100, 192}) {
        AttentionShape const shape{1, length, 2, 64};
        Inputs in(shape);
        for (std::size_t head = 0; head < in.qkv.size(); head += 64) {
            std::size_t const part = head / 64 % 6 / 2;
            in.qkv[head] = part == 0 ? 1 : part == 1 ? -960 : in.qkv[head];
        }
        ASSERT_TRUE(engine.takes(shape)) << name_of(shape);
        expect_definition(run(engine, shape, in), shape, Definition(shape, in));
    }
}

/// Large enough for many blocks to add to the same dQ.
TEST_F(CudnnAttentionOnGpu, SameBitsTwiceAlsoAfterOtherShapes) {
    AttentionShape const shape{8, 1024, 12, 64};
    Inputs const in(shape);
    ASSERT_TRUE(engine.takes(shape));
    Result const first = run(engine, shape, in);
    EXPECT_TRUE(same_bits(run(engine, shape, in), first));
    AttentionShape const other{1, 2048, 12, 64};
    run(engine, other, Inputs(other));
    EXPECT_TRUE(same_bits(run(engine, shape, in), first));
}

/// All sequences are equal, so that one of them is the definition of all.
TEST_F(CudnnAttentionOnGpu, TakesALargeBatchInParts) {
    AttentionShape const one{1, 2048, 2, 32};
    AttentionShape all = one;
    all.batch = 25;
    ASSERT_TRUE(engine.takes(all));
    ASSERT_LT(AttentionEngine::workspace_bytes(all), 13 * AttentionEngine::workspace_bytes(one));
    Inputs const in(one);
    Inputs repeated = in;
    for (std::int64_t sequence = 1; sequence < all.batch; ++sequence) {
        repeated.qkv.insert(repeated.qkv.end(), in.qkv.begin(), in.qkv.end());
        repeated.doutput.insert(repeated.doutput.end(), in.doutput.begin(), in.doutput.end());
    }
    Definition const exact(one, in);
    Result const result = run(engine, all, repeated);
    for (std::size_t sequence = 0; sequence < 25; ++sequence) {
        expect_definition(result, one, exact, sequence);
    }
}

/// Prepared shapes wait for nothing and allocate nothing: a CUDA graph can hold them.
TEST_F(CudnnAttentionOnGpu, RunsWithinACapturedStream) {
    AttentionShape const shape{2, 128, 4, 64};
    Inputs const in(shape);
    ASSERT_TRUE(engine.takes(shape));
    Operands const prepared(shape, in);
    Operands const captured(shape, in);
    cudaStream_t stream = nullptr;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    require_cuda(cudaStreamCreate(&stream));
    prepared.queue(engine, shape, {stream});
    require_cuda(cudaStreamSynchronize(stream));
    require_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    captured.queue(engine, shape, {stream});
    require_cuda(cudaStreamEndCapture(stream, &graph));
    require_cuda(cudaGraphInstantiate(&executable, graph, 0));
    require_cuda(cudaGraphLaunch(executable, stream));
    EXPECT_TRUE(same_bits(captured.result(), prepared.result()));
    require_cuda(cudaGraphExecDestroy(executable));
    require_cuda(cudaGraphDestroy(graph));
    require_cuda(cudaStreamDestroy(stream));
}

}  // namespace
}  // namespace dnagpt
