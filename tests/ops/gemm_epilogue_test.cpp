#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/gemm.hpp"
#include "harness/gpu_array.hpp"
#include "ops/gemm_check.hpp"

namespace dnagpt {
namespace {

using testing::gemm_bound;
using testing::GemmElementValue;
using testing::GemmOperandValues;
using testing::GpuArray;
using testing::make_gemm_shape;
using testing::naive_element;
using testing::random_values;

constexpr double gelu_scale = 0.7978845608028654;  // sqrt(2/pi)
constexpr double gelu_cubic = 0.044715;
/// Relative error of the hardware's tanh (PTX, tanh.approx.f32).
constexpr double tanh_error = 0x1.0p-11;
constexpr double largest_gelu_slope = 1.13;

double tanh_term(double x) {
    return std::tanh(gelu_scale * (x + gelu_cubic * x * x * x));
}

double gelu(double x) {
    return 0.5 * x * (1 + tanh_term(x));
}

double slope_in_tanh(double x) {
    return gelu_scale * (1 + 3 * gelu_cubic * x * x);
}

double gelu_slope(double x) {
    double const t = tanh_term(x);
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope_in_tanh(x);
}

class GemmEpilogue : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!testing::has_gpu()) {
            GTEST_SKIP() << "no GPU";
        }
    }

    GemmEngine engine_;
};

/// The product's terms are scaled so that most pre-activations are of the order of 1.
struct Product {
    GemmShape shape;
    GemmOperandValues<bf16> operands;
    GpuArray<bf16> a, b, c;

    explicit Product(GemmShape const& of)
        : shape(of), operands(of), a(scaled(operands.a, of.k)), b(operands.b), c(size()) {}

    std::size_t size() const { return static_cast<std::size_t>(shape.m * shape.n); }
    GemmElementValue exact(std::size_t at) const {
        auto const i = static_cast<std::int64_t>(at);
        return naive_element(shape, operands, i / shape.n, i % shape.n);
    }

  private:
    static std::vector<bf16> const& scaled(std::vector<bf16>& values, std::int64_t k) {
        auto const factor = static_cast<float>(1 / std::sqrt(static_cast<double>(k)));
        for (bf16& value : values) {
            value = bf16(static_cast<float>(value) * factor);
        }
        return values;
    }
};

std::vector<GemmShape> shapes(Epilogue epilogue) {
    std::vector<GemmShape> all;
    for (std::vector<std::int64_t> const& extents :
         std::vector<std::vector<std::int64_t>>{{64, 256, 128}, {200, 384, 96}, {33, 40, 24}}) {
        for (int const flags : {0, 2}) {
            all.push_back(make_gemm_shape(extents, flags, 0));
            all.back().epilogue = epilogue;
        }
    }
    return all;
}

/// Calls check(shape) for the shapes that the library has the epilogue for.
template <class Check>
void for_each_shape(GemmEngine& engine, Epilogue epilogue, Check const& check) {
    int had = 0;
    for (GemmShape const& shape : shapes(epilogue)) {
        if (has_epilogue<bf16>(engine, shape)) {
            EXPECT_TRUE(has_epilogue<bf16>(engine, shape));
            check(shape);
            ++had;
        }
    }
    if (had == 0) {
        GTEST_SKIP() << "on this GPU cuBLASLt has the epilogue for no shape of this test";
    }
}

TEST_F(GemmEpilogue, GeluGivesTheProductAndItsGelu) {
    for (bool const timed : {false, true}) {
        engine_.choose_by_timing(timed);
        for_each_shape(engine_, Epilogue::gelu, [&](GemmShape const& shape) {
            Product const product(shape);
            GpuArray<bf16> const pre_activation(product.size());
            gemm_with_epilogue<bf16>(engine_, {}, shape, product.a.data(), product.b.data(),
                                     pre_activation.data(), product.c.data());
            auto const before = pre_activation.host();
            auto const after = product.c.host();
            for (std::size_t i = 0; i < product.size(); ++i) {
                auto const x = product.exact(i);
                double const bound = gemm_bound<bf16, bf16>(shape, x);
                ASSERT_NEAR(static_cast<double>(before[i]), x.value, bound) << i;
                ASSERT_NEAR(static_cast<double>(after[i]), gelu(x.value),
                            largest_gelu_slope * bound + 0.5 * tanh_error * std::abs(x.value) +
                                unit_roundoff<bf16>() * std::abs(gelu(x.value)))
                    << i;
            }
        });
        engine_ = GemmEngine();
    }
}

TEST_F(GemmEpilogue, GeluGradientMultipliesTheProduct) {
    for_each_shape(engine_, Epilogue::gelu_gradient, [&](GemmShape const& shape) {
        Product const product(shape);
        auto const x = random_values<bf16>(5, shape.m * shape.n);
        GpuArray<bf16> const pre_activation(x);
        gemm_with_epilogue<bf16>(engine_, {}, shape, product.a.data(), product.b.data(),
                                 pre_activation.data(), product.c.data());
        auto const gradient = product.c.host();
        for (std::size_t i = 0; i < product.size(); ++i) {
            auto const at = static_cast<double>(x[i]);
            auto const dy = product.exact(i);
            double const slope = gelu_slope(at);
            double const slope_error =
                tanh_error * (0.5 + std::abs(at) * slope_in_tanh(at) * std::pow(tanh_term(at), 2));
            ASSERT_NEAR(static_cast<double>(gradient[i]), dy.value * slope,
                        (gemm_bound<bf16, bf16>(shape, dy)) * std::abs(slope) +
                            std::abs(dy.value) * slope_error +
                            unit_roundoff<bf16>() * std::abs(dy.value * slope))
                << i << ", pre-activation " << at;
        }
        EXPECT_EQ(pre_activation.host(), x);
    });
}

TEST_F(GemmEpilogue, RepeatsItsBits) {
    for (Epilogue const epilogue : {Epilogue::gelu, Epilogue::gelu_gradient}) {
        for_each_shape(engine_, epilogue, [&](GemmShape const& shape) {
            Product const first(shape);
            Product const second(shape);
            GpuArray<bf16> const pre_activation(random_values<bf16>(5, shape.m * shape.n));
            for (auto const* product : {&first, &second}) {
                gemm_with_epilogue<bf16>(engine_, {}, shape, product->a.data(), product->b.data(),
                                         pre_activation.data(), product->c.data());
            }
            EXPECT_EQ(first.c.host(), second.c.host());
        });
    }
}

TEST_F(GemmEpilogue, WantsAlignedOperands) {
    for_each_shape(engine_, Epilogue::gelu, [&](GemmShape const& shape) {
        Product const product(shape);
        GpuArray<bf16> const pre_activation(product.size() + 1);
        EXPECT_THROW(
            gemm_with_epilogue<bf16>(engine_, {}, shape, product.a.data(), product.b.data(),
                                     pre_activation.data() + 1, product.c.data()),
            Error);
    });
}

}  // namespace
}  // namespace dnagpt
