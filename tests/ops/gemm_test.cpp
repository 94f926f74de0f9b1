#include "dnagpt/ops/gemm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "harness/device_array.hpp"
#include "ops/gemm_check.hpp"

namespace dnagpt {
namespace {

using testing::DeviceArray;
using testing::gemm_bound;
using testing::GemmElementValue;
using testing::GemmOperandValues;
using testing::make_gemm_shape;
using testing::naive_element;
using testing::random_values;

template <class T, class Out>
void expect_product(GemmEngine& engine, GemmShape const& shape) {
    GemmOperandValues<T> const operands(shape);
    auto const before = random_values<Out>(3, shape.m * shape.ldc);
    DeviceArray<T> const a(operands.a);
    DeviceArray<T> const b(operands.b);
    DeviceArray<Out> const c(before);
    gemm<T, Out>(engine, {}, shape, a.vector().data(), b.vector().data(), c.vector().data());
    auto const after = c.host();
    for (std::int64_t row = 0; row < shape.m; ++row) {
        for (std::int64_t column = 0; column < shape.ldc; ++column) {
            auto const at = static_cast<std::size_t>(row * shape.ldc + column);
            auto const old = static_cast<double>(before[at]);
            if (column >= shape.n) {
                ASSERT_EQ(static_cast<double>(after[at]), old) << "written outside C, row " << row;
                continue;
            }
            GemmElementValue expected = naive_element(shape, operands, row, column);
            if (shape.accumulate) {
                expected = {expected.value + old, expected.magnitude + std::abs(old)};
            }
            ASSERT_NEAR(static_cast<double>(after[at]), expected.value,
                        (gemm_bound<T, Out>(shape, expected)))
                << "row " << row << " column " << column << " of " << shape.m << " " << shape.n
                << " " << shape.k << " transposes " << shape.transpose_a << shape.transpose_b;
        }
    }
}

std::vector<std::vector<std::int64_t>> const sizes = {
    {1, 1, 1}, {1, 5, 3}, {5, 1, 7}, {3, 4, 1}, {17, 33, 19}, {64, 64, 32}, {130, 70, 257}};

template <class T, class Out>
void expect_all_products(GemmEngine engine = {}) {
    for (auto const& extents : sizes) {
        for (int flags = 0; flags < 8; ++flags) {
            for (std::int64_t const gap : {0, 5}) {
                expect_product<T, Out>(engine, make_gemm_shape(extents, flags, gap));
                if (::testing::Test::HasFatalFailure()) {
                    return;
                }
            }
        }
    }
}

GemmEngine reference_engine() {
    GemmEngine engine;
    engine.use_reference();
    return engine;
}

TEST(Gemm, TheReferenceOrderMultipliesTheSame) {
    expect_all_products<float, float>(reference_engine());
}

TEST(Gemm, InTheReferenceOrderARowDoesNotDependOnTheOthers) {
    GemmEngine engine = reference_engine();
    constexpr std::int64_t rows = 37;
    constexpr std::int64_t inner = 129;
    constexpr std::int64_t columns = 50;
    DeviceArray<float> const a(random_values<float>(1, rows * inner));
    DeviceArray<float> const b(random_values<float>(2, inner * columns));
    DeviceArray<float> const together(rows * columns);
    DeviceArray<float> const alone(rows * columns);
    GemmShape shape{.m = rows, .n = columns, .k = inner, .lda = inner, .ldb = columns};
    shape.ldc = columns;
    auto const multiply = [&](std::int64_t first, float* c) {
        gemm<float, float>(engine, {}, shape, a.vector().data() + first * inner, b.vector().data(),
                           c + first * columns);
    };
    multiply(0, together.vector().data());
    shape.m = 1;
    for (std::int64_t row = 0; row < rows; ++row) {
        multiply(row, alone.vector().data());
    }
    EXPECT_EQ(together.host(), alone.host());
}

TEST(Gemm, MultipliesByHand) {
    GemmEngine engine;
    DeviceArray<float> const a(std::vector<float>{1, 2, 3, 4, 5, 6});
    DeviceArray<float> const b(std::vector<float>{1, 0, 2, 0, 1, -1});
    DeviceArray<float> const c(std::vector<float>{10, 10, 10, 10});
    GemmShape shape{.m = 2, .n = 2, .k = 3, .transpose_b = true, .lda = 3, .ldb = 3, .ldc = 2};
    gemm<float, float>(engine, {}, shape, a.vector().data(), b.vector().data(), c.vector().data());
    EXPECT_EQ(c.host(), (std::vector<float>{7, -1, 16, -1}));
    shape.accumulate = true;
    gemm<float, float>(engine, {}, shape, a.vector().data(), b.vector().data(), c.vector().data());
    EXPECT_EQ(c.host(), (std::vector<float>{14, -2, 32, -2}));
}

TEST(Gemm, FloatAgreesWithNaiveProduct) {
    expect_all_products<float, float>();
}

TEST(Gemm, Bf16AgreesWithNaiveProduct) {
    expect_all_products<bf16, bf16>();
}

TEST(Gemm, Bf16WithFloatOutputAgreesWithNaiveProduct) {
    expect_all_products<bf16, float>();
}

#if defined(DNAGPT_HAVE_DOUBLE)
TEST(Gemm, DoubleAgreesWithNaiveProduct) {
    expect_all_products<double, double>();
}
#endif

/// Products with one weight at two numbers of rows, before and after it takes other values.
template <class T>
void expect_weights_are_followed() {
    GemmEngine engine;
    for (bool const transpose_b : {false, true}) {
        GemmShape shape = make_gemm_shape({96, 130, 64}, transpose_b ? 2 : 0, 0);
        shape.weight = true;
        GemmOperandValues<T> operands(shape);
        DeviceArray<T> const a(operands.a);
        DeviceArray<T> const b(operands.b);
        auto const expect_product_of = [&](std::int64_t rows, std::vector<T> const& weight) {
            operands.b = weight;
            shape.m = rows;
            DeviceArray<T> const c(rows * shape.ldc);
            gemm<T, T>(engine, {}, shape, a.vector().data(), b.vector().data(), c.vector().data());
            auto const product = c.host();
            for (std::int64_t i = 0; i < rows * shape.n; ++i) {
                GemmElementValue const exact =
                    naive_element(shape, operands, i / shape.n, i % shape.n);
                ASSERT_NEAR(static_cast<double>(product[static_cast<std::size_t>(i)]), exact.value,
                            (gemm_bound<T, T>(shape, exact)))
                    << i;
            }
        };
        std::vector<T> const first = operands.b;
        std::vector<T> const second = random_values<T>(7, shape.n * shape.k);
        std::vector<T> const third = random_values<T>(8, shape.n * shape.k);
        for (auto const& weight : {first, second, third}) {
            copy_to_device(weight.data(), b.vector().data(), shape.n * shape.k);
            if (&weight != &first || transpose_b) {
                engine.weights_changed();
            }
            expect_product_of(96, weight);
            expect_product_of(17, weight);
            expect_product_of(96, weight);
        }
    }
}

TEST(Gemm, FollowsTheValuesOfFloatWeights) {
    expect_weights_are_followed<float>();
}

TEST(Gemm, FollowsTheValuesOfBf16Weights) {
    expect_weights_are_followed<bf16>();
}

TEST(Gemm, WithoutNoticeOfChangesAWeightIsReadEachTime) {
    GemmEngine engine;
    GemmShape shape = make_gemm_shape({64, 64, 64}, 2, 0);
    shape.weight = true;
    DeviceArray<bf16> const a(std::vector<bf16>(64 * 64, bf16(1.0F)));
    DeviceArray<bf16> const b(std::vector<bf16>(64 * 64, bf16(1.0F)));
    DeviceArray<bf16> const c(64 * 64);
    for (float const value : {1.0F, 2.0F}) {
        std::vector<bf16> const weight(64 * 64, bf16(value));
        copy_to_device(weight.data(), b.vector().data(), 64 * 64);
        gemm<bf16, bf16>(engine, {}, shape, a.vector().data(), b.vector().data(),
                         c.vector().data());
        EXPECT_EQ(c.host(), std::vector<bf16>(64 * 64, bf16(64 * value)));
    }
}

TEST(Gemm, TheCopyOfAWeightIsNoSmallerThanTheWeight) {
    GemmEngine engine;
    GemmShape shape = make_gemm_shape({512, 768, 768}, 2, 0);
    shape.weight = true;
    std::int64_t const bytes = kept_weight_bytes<bf16>(engine, shape);
    if (bytes == 0) {
        GTEST_SKIP() << "on this CPU products read bf16 weights in place: no copy is tested";
    }
    EXPECT_GE(bytes, 768 * 768 * 2);
}

TEST(Gemm, RepeatsItsBits) {
    GemmEngine engine;
    GemmShape const shape = make_gemm_shape({130, 70, 257}, 1, 0);
    GemmOperandValues<bf16> const operands(shape);
    DeviceArray<bf16> const a(operands.a);
    DeviceArray<bf16> const b(operands.b);
    DeviceArray<float> const first(shape.m * shape.n);
    DeviceArray<float> const second(shape.m * shape.n);
    for (auto const* c : {&first, &second}) {
        gemm<bf16, float>(engine, {}, shape, a.vector().data(), b.vector().data(),
                          c->vector().data());
    }
    EXPECT_EQ(first.host(), second.host());
}

TEST(Gemm, ForgetsOldShapesWithoutHarm) {
    GemmEngine engine;
    for (std::int64_t m = 1; m <= 1100; ++m) {
        DeviceArray<bf16> const a(std::vector<bf16>(static_cast<std::size_t>(m), bf16(2.0F)));
        DeviceArray<bf16> const b(std::vector<bf16>{bf16(3.0F)});
        DeviceArray<float> const c(m);
        gemm<bf16, float>(engine, {}, make_gemm_shape({m, 1, 1}, 0, 0), a.vector().data(),
                          b.vector().data(), c.vector().data());
        ASSERT_EQ(c.host(), std::vector<float>(static_cast<std::size_t>(m), 6.0F));
    }
}

TEST(Gemm, EmptyProductTouchesNothing) {
    GemmEngine engine;
    GemmShape const shape{.m = 0, .n = 3, .k = 2, .lda = 2, .ldb = 3, .ldc = 3};
    EXPECT_NO_THROW((gemm<float, float>(engine, {}, shape, nullptr, nullptr, nullptr)));
}

TEST(Gemm, RefusesLeadingDimensionBelowWidth) {
    GemmEngine engine;
    GemmShape shape = make_gemm_shape({2, 3, 4}, 0, 0);
    shape.lda = 3;
    EXPECT_THROW((gemm<float, float>(engine, {}, shape, nullptr, nullptr, nullptr)), Error);
}

TEST(Gemm, DescriptionNamesLibraryAndInstructionSet) {
    GemmEngine engine;
    // Of GPUs there is one set for each.
    EXPECT_EQ(engine.description().find('(') != std::string::npos, on_host) << engine.description();
    EXPECT_GT(engine.description().size(), 8U);
}

}  // namespace
}  // namespace dnagpt
