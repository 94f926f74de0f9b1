#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/gemm.hpp"
#include "harness/gpu_array.hpp"
#include "harness/message_of.hpp"
#include "ops/gemm_check.hpp"

namespace dnagpt {
namespace {

using testing::gemm_bound;
using testing::GemmOperandValues;
using testing::GpuArray;
using testing::make_gemm_shape;
using testing::naive_element;
using testing::random_values;

TEST(GemmCublasLt, TellsItsVersions) {
    GemmEngine engine;
    EXPECT_EQ(engine.description().substr(0, 9), "cuBLASLt ");
    EXPECT_EQ(GemmEngine::library().substr(0, 9), "cuBLASLt ");
    EXPECT_EQ(GemmEngine::threads(), 1);
    EXPECT_EQ(GemmEngine::workspace_bytes(), 32 << 20);
}

TEST(GemmCublasLt, StartsNoGpuBeforeTheFirstProduct) {
    GemmEngine engine;
    engine.choose_by_timing(true);
    engine.use_reference();
    engine.weights_changed();
    EXPECT_EQ(engine.choices(), "");
    if (testing::has_gpu()) {
        GTEST_SKIP() << "a GPU: products start it";
    }
    auto const shape = make_gemm_shape({1, 1, 1}, 0, 0);
    float one = 1;
    auto const message =
        testing::message_of([&] { gemm<float, float>(engine, {}, shape, &one, &one, &one); });
    EXPECT_NE(message.find(" failed ("), std::string::npos) << message;
    EXPECT_NE(message.find("); see what nvidia-smi says"), std::string::npos) << message;
}

TEST(GemmCublasLt, LikesLeadingDimensionsOf128) {
    EXPECT_EQ(suitable_leading_dimension<bf16>(1), 128);
    EXPECT_EQ(suitable_leading_dimension<bf16>(128), 128);
    EXPECT_EQ(suitable_leading_dimension<float>(15664), 15744);
}

TEST(GemmCublasLt, ReadsOperandsWhereTheyStand) {
    GemmEngine engine;
    EXPECT_FALSE(wants_rows_without_gaps<bf16>(engine));
    EXPECT_FALSE(widens_operands<bf16>(engine));
    EXPECT_EQ(kept_weight_bytes<bf16>(engine, make_gemm_shape({8, 8, 8}, 2, 0)), 0);
}

TEST(GemmCublasLt, EmptyProductsNeedNoGpu) {
    GemmEngine engine;
    auto const shape = make_gemm_shape({0, 3, 2}, 0, 0);
    EXPECT_NO_THROW((gemm<float, float>(engine, {}, shape, nullptr, nullptr, nullptr)));
}

TEST(GemmCublasLt, RefusesWrongShapes) {
    GemmEngine engine;
    auto narrow = make_gemm_shape({2, 3, 4}, 0, 0);
    narrow.lda = 3;
    EXPECT_THROW((gemm<float, float>(engine, {}, narrow, nullptr, nullptr, nullptr)), Error);
    auto fused = make_gemm_shape({2, 8, 4}, 0, 0);
    fused.epilogue = Epilogue::gelu;
    EXPECT_THROW((gemm<bf16, bf16>(engine, {}, fused, nullptr, nullptr, nullptr)), Error);
}

TEST(GemmCublasLt, KnowsWithoutAGpuWhichEpiloguesThereAreNot) {
    GemmEngine engine;
    auto shape = make_gemm_shape({64, 256, 128}, 2, 0);
    EXPECT_FALSE(has_epilogue<bf16>(engine, shape));
    shape.epilogue = Epilogue::gelu;
    EXPECT_FALSE(has_epilogue<float>(engine, shape));
    shape.accumulate = true;
    EXPECT_FALSE(has_epilogue<bf16>(engine, shape));
    shape.accumulate = false;
    shape.n = 257;
    shape.ldc = 257;
    EXPECT_FALSE(has_epilogue<bf16>(engine, shape));
}

class GemmCublasLtOnGpu : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!testing::has_gpu()) {
            GTEST_SKIP() << "no GPU";
        }
    }

    GemmEngine engine_;
};

/// Values that stand `skipped` elements after an address that 256 divides.
template <class T>
class SkewedArray {
  public:
    SkewedArray(std::vector<T> const& values, std::int64_t skipped)
        : skipped_(skipped), array_(skewed(values, skipped)) {}

    T* data() const { return array_.data() + skipped_; }
    std::vector<T> host() const {
        auto const all = array_.host();
        return {all.begin() + skipped_, all.end()};
    }

  private:
    static std::vector<T> skewed(std::vector<T> values, std::int64_t skipped) {
        values.insert(values.begin(), static_cast<std::size_t>(skipped), T{});
        return values;
    }

    std::int64_t skipped_;
    GpuArray<T> array_;
};

/// C after the product, C before it being random_values<Out>(3). Every product of a shape has the
/// same operands.
template <class T, class Out>
std::vector<Out> multiply(GemmEngine& engine, GemmShape const& shape,
                          std::vector<std::int64_t> const& skipped = {0, 0, 0}) {
    GemmOperandValues<T> const operands(shape);
    SkewedArray<T> const a(operands.a, skipped[0]);
    SkewedArray<T> const b(operands.b, skipped[1]);
    SkewedArray<Out> const c(random_values<Out>(3, shape.m * shape.ldc), skipped[2]);
    gemm<T, Out>(engine, {}, shape, a.data(), b.data(), c.data());
    return c.host();
}

template <class T, class Out>
void expect_product(GemmShape const& shape, std::vector<Out> const& product) {
    GemmOperandValues<T> const operands(shape);
    auto const before = random_values<Out>(3, shape.m * shape.ldc);
    for (std::int64_t row = 0; row < shape.m; ++row) {
        for (std::int64_t column = 0; column < shape.ldc; ++column) {
            auto const at = static_cast<std::size_t>(row * shape.ldc + column);
            auto const old = static_cast<double>(before[at]);
            if (column >= shape.n) {
                ASSERT_EQ(static_cast<double>(product[at]), old) << "outside C, row " << row;
                continue;
            }
            auto expected = naive_element(shape, operands, row, column);
            if (shape.accumulate) {
                expected = {expected.value + old, expected.magnitude + std::abs(old)};
            }
            ASSERT_NEAR(static_cast<double>(product[at]), expected.value,
                        (gemm_bound<T, Out>(shape, expected)))
                << "row " << row << " column " << column << " of " << shape.m << " " << shape.n
                << " " << shape.k << " transposes " << shape.transpose_a << shape.transpose_b;
        }
    }
}

template <class T, class Out>
void expect_all_products(GemmEngine& engine, std::vector<std::int64_t> const& skipped = {0, 0, 0}) {
    for (std::vector<std::int64_t> const& extents :
         std::vector<std::vector<std::int64_t>>{{1, 1, 1},
                                                {1, 5, 3},
                                                {5, 1, 7},
                                                {3, 4, 1},
                                                {17, 33, 19},
                                                {64, 64, 32},
                                                {130, 70, 257},
                                                {128, 192, 256},
                                                {3, 8, 4096}}) {
        for (int flags = 0; flags < 8; ++flags) {
            for (std::int64_t const gap : {0, 5, 8}) {
                auto const shape = make_gemm_shape(extents, flags, gap);
                expect_product<T, Out>(shape, multiply<T, Out>(engine, shape, skipped));
                if (::testing::Test::HasFatalFailure()) {
                    return;
                }
            }
        }
    }
}

TEST_F(GemmCublasLtOnGpu, Bf16AgreesWithNaiveProduct) {
    expect_all_products<bf16, bf16>(engine_);
}

TEST_F(GemmCublasLtOnGpu, Bf16WithFloatOutputAgreesWithNaiveProduct) {
    expect_all_products<bf16, float>(engine_);
}

TEST_F(GemmCublasLtOnGpu, FloatAgreesWithNaiveProduct) {
    expect_all_products<float, float>(engine_);
}

#if defined(DNAGPT_HAVE_DOUBLE)
TEST_F(GemmCublasLtOnGpu, DoubleAgreesWithNaiveProduct) {
    expect_all_products<double, double>(engine_);
}
#endif

TEST_F(GemmCublasLtOnGpu, TakesOperandsAtAnyAddress) {
    expect_all_products<bf16, bf16>(engine_, {1, 0, 0});
    expect_all_products<bf16, float>(engine_, {8, 2, 1});
    expect_all_products<bf16, float>(engine_, {1, 0, 0});
    expect_all_products<float, float>(engine_, {1, 2, 3});
}

TEST_F(GemmCublasLtOnGpu, TheReferenceOrderMultipliesTheSame) {
    engine_.use_reference();
    expect_all_products<float, float>(engine_);
}

TEST_F(GemmCublasLtOnGpu, RepeatsItsBits) {
    for (int flags = 0; flags < 8; ++flags) {
        auto const shape = make_gemm_shape({64, 96, 16384}, flags, 0);
        auto const first = multiply<bf16, float>(engine_, shape);
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ((multiply<bf16, float>(engine_, shape)), first) << flags;
        }
        GemmEngine other;
        EXPECT_EQ((multiply<bf16, float>(other, shape)), first) << flags;
    }
}

TEST_F(GemmCublasLtOnGpu, ForgetsOldShapesWithoutHarm) {
    for (std::int64_t m = 1; m <= 1100; ++m) {
        auto const shape = make_gemm_shape({m, 8, 8}, 0, 0);
        auto const product = multiply<bf16, float>(engine_, shape);
        if (m % 100 == 1) {
            expect_product<bf16, float>(shape, product);
        }
    }
    auto const first = make_gemm_shape({1, 8, 8}, 0, 0);
    expect_product<bf16, float>(first, multiply<bf16, float>(engine_, first));
}

/// Each row alone, at another address, between other gaps, against all rows at once.
TEST_F(GemmCublasLtOnGpu, InTheReferenceOrderARowDoesNotDependOnTheOthers) {
    engine_.use_reference();
    for (int const flags : {0, 2}) {
        auto const all = make_gemm_shape({37, 50, 129}, flags, 0);
        GemmOperandValues<float> const operands(all);
        GpuArray<float> const a(operands.a);
        GpuArray<float> const b(operands.b);
        GpuArray<float> const together(static_cast<std::size_t>(all.m * all.n));
        gemm<float, float>(engine_, {}, all, a.data(), b.data(), together.data());
        auto const expected = together.host();
        GemmShape one = all;
        one.m = 1;
        one.lda = 256;
        one.ldc = 64;
        for (std::int64_t row = 0; row < all.m; ++row) {
            auto const begin = operands.a.begin() + row * all.k;
            SkewedArray<float> const alone({begin, begin + all.k}, row % 8);
            SkewedArray<float> const c(std::vector<float>(64), row % 5);
            gemm<float, float>(engine_, {}, one, alone.data(), b.data(), c.data());
            auto product = c.host();
            product.resize(static_cast<std::size_t>(all.n));
            EXPECT_EQ(product, std::vector<float>(expected.begin() + row * all.n,
                                                  expected.begin() + (row + 1) * all.n))
                << row;
        }
    }
}

TEST_F(GemmCublasLtOnGpu, TimedChoicesMultiplyTheSameAndAreTaken) {
    engine_.choose_by_timing(true);
    for (int flags = 0; flags < 8; ++flags) {
        auto const shape = make_gemm_shape({200, 128, 512}, flags, 0);
        expect_product<bf16, bf16>(shape, multiply<bf16, bf16>(engine_, shape));
        expect_product<bf16, float>(shape, multiply<bf16, float>(engine_, shape));
    }
    auto const text = engine_.choices();
    EXPECT_EQ(nlohmann::json::parse(text).at("products").size(), 16U);
    GemmEngine second;
    second.take_choices(text);
    for (int flags = 0; flags < 8; ++flags) {
        auto const shape = make_gemm_shape({200, 128, 512}, flags, 0);
        EXPECT_EQ((multiply<bf16, bf16>(second, shape)), (multiply<bf16, bf16>(engine_, shape)));
        EXPECT_EQ((multiply<bf16, float>(second, shape)), (multiply<bf16, float>(engine_, shape)));
    }
    EXPECT_EQ(second.choices(), text);
    EXPECT_EQ(engine_.choices(), text);
}

TEST_F(GemmCublasLtOnGpu, WhatIsChosenOnceStays) {
    auto const shape = make_gemm_shape({200, 128, 512}, 2, 0);
    auto const first = multiply<bf16, float>(engine_, shape);
    engine_.choose_by_timing(true);
    EXPECT_EQ((multiply<bf16, float>(engine_, shape)), first);
    EXPECT_EQ(engine_.choices(), "");
}

TEST_F(GemmCublasLtOnGpu, ARefusedAlgorithmIsReplacedByTheFirstProposal) {
    auto const shape = make_gemm_shape({200, 128, 512}, 2, 0);
    auto const expected = multiply<bf16, float>(engine_, shape);
    GemmEngine timed;
    timed.choose_by_timing(true);
    multiply<bf16, float>(timed, shape);
    auto choices = nlohmann::ordered_json::parse(timed.choices());
    choices["products"][0]["algorithm"] = std::string(128, 'f');
    timed.take_choices(choices.dump());
    EXPECT_EQ((multiply<bf16, float>(timed, shape)), expected);
    EXPECT_EQ(timed.choices(), "");
}

/// A prepared product allocates nothing and waits for nothing.
TEST_F(GemmCublasLtOnGpu, CanBeCaptured) {
    auto const shape = make_gemm_shape({64, 64, 64}, 4, 0);
    GpuArray<bf16> const a(std::vector<bf16>(64 * 64, bf16(1.0F)));
    GpuArray<float> const c(std::vector<float>(64 * 64, 0.0F));
    cudaStream_t stream = nullptr;
    testing::require_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    auto const queue = [&] {
        gemm<bf16, float>(engine_, {stream}, shape, a.data(), a.data(), c.data());
    };
    queue();
    testing::require_cuda(cudaStreamSynchronize(stream));
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    testing::require_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    queue();
    testing::require_cuda(cudaStreamEndCapture(stream, &graph));
    testing::require_cuda(cudaGraphInstantiate(&executable, graph, 0));
    EXPECT_EQ(c.host(), std::vector<float>(64 * 64, 64.0F));
    testing::require_cuda(cudaGraphLaunch(executable, stream));
    testing::require_cuda(cudaGraphLaunch(executable, stream));
    EXPECT_EQ(c.host(), std::vector<float>(64 * 64, 3 * 64.0F));
    cudaGraphExecDestroy(executable);
    cudaGraphDestroy(graph);
    cudaStreamDestroy(stream);
}

}  // namespace
}  // namespace dnagpt
