#include "dnagpt/ops/embedding.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

using Values = std::vector<double>;
using Ids = std::vector<std::int32_t>;

constexpr std::int64_t vocabulary = 11;

/// Rows of length `columns` of a problem with `sequences` sequences of `context_length`.
struct Problem {
    std::int64_t context_length, columns, rows;
    Ids tokens;
    Values token_table, position_table, doutput;

    Problem(std::int64_t sequences, std::int64_t length, std::int64_t channels)
        : context_length(length),
          columns(channels),
          rows(sequences * length),
          token_table(random_values(vocabulary * channels, 1)),
          position_table(random_values((length + 2) * channels, 2)),
          doutput(random_values(rows * channels, 3)) {
        for (std::int64_t r = 0; r < rows; ++r) {
            tokens.push_back(r % 6 == 5 ? -1 : static_cast<std::int32_t>(r * r % vocabulary));
        }
    }
};

template <class T>
Values forward(Problem const& problem) {
    auto context = make_context();
    DeviceArray<std::int32_t> const ids(problem.tokens);
    DeviceArray<T> const tokens(rounded<T>(problem.token_table));
    DeviceArray<T> const positions(rounded<T>(problem.position_table));
    DeviceArray<T> const output(problem.rows * problem.columns);
    embedding_forward(context, ids.vector(), problem.context_length,
                      tokens.matrix(vocabulary, problem.columns),
                      positions.matrix(problem.context_length + 2, problem.columns),
                      output.matrix(problem.rows, problem.columns));
    return as_double(output.host());
}

struct Gradients {
    Values tokens;
    Values positions;
};

/// Adds to tables that hold `before`.
template <class T>
Gradients backward(Problem const& problem, double before = 0) {
    auto context = make_context();
    using A = accum_t<T>;
    DeviceArray<std::int32_t> const ids(problem.tokens);
    DeviceArray<T> const doutput(rounded<T>(problem.doutput));
    DeviceArray<A> const tokens(rounded<A>(Values(problem.token_table.size(), before)));
    DeviceArray<A> const positions(rounded<A>(Values(problem.position_table.size(), before)));
    RowsByToken const grouped = rows_by_token(problem.tokens);
    DeviceArray<std::int32_t> const rows(grouped.rows);
    DeviceArray<std::int32_t> const first(grouped.first);
    embedding_backward(context, ids.vector(), rows.vector(), first.vector(), problem.context_length,
                       doutput.matrix(problem.rows, problem.columns),
                       tokens.matrix(vocabulary, problem.columns),
                       positions.matrix(problem.context_length + 2, problem.columns));
    return {as_double(tokens.host()), as_double(positions.host())};
}

TEST(Embedding, RowsAreListedByToken) {
    RowsByToken const grouped = rows_by_token({7, 2, -1, 7, 0, 2, 7});
    EXPECT_EQ(grouped.rows, (Ids{4, 1, 5, 0, 3, 6}));
    EXPECT_EQ(grouped.first, (Ids{0, 1, 3, 6}));
    EXPECT_EQ(rows_by_token({-1, -1}).first, Ids{0});
    EXPECT_TRUE(rows_by_token({}).rows.empty());
}

TEST(Embedding, OracleByHand) {
    Problem problem(2, 2, 1);
    problem.tokens = {3, 0, -1, 3};
    for (std::size_t v = 0; v < problem.token_table.size(); ++v) {
        problem.token_table[v] = static_cast<double>(v) * 10;
    }
    problem.position_table = {1, 2, 3, 4};
    problem.doutput = {1, 2, 4, 8};
    EXPECT_EQ(forward<float>(problem), (Values{31, 2, 1, 32}));
    auto const gradients = backward<float>(problem, 100);
    Values tokens(vocabulary, 100);
    tokens[0] += 2;
    tokens[3] += 9;
    EXPECT_EQ(gradients.tokens, tokens);
    EXPECT_EQ(gradients.positions, (Values{105, 110, 100, 100}));
}

TEST(Embedding, GradientsElementByElement) {
    Problem problem(2, 5, 3);
    auto const gradients = backward<double>(problem);
    auto const loss_of_tokens = [&](Values const& point) {
        Problem moved(problem);
        moved.token_table = point;
        return dot(forward<double>(moved), problem.doutput);
    };
    auto const loss_of_positions = [&](Values const& point) {
        Problem moved(problem);
        moved.position_table = point;
        return dot(forward<double>(moved), problem.doutput);
    };
    expect_each_derivative_matches(loss_of_tokens, problem.token_table, gradients.tokens, "tokens");
    expect_each_derivative_matches(loss_of_positions, problem.position_table, gradients.positions,
                                   "positions");
}

template <class T>
void expect_near_double(std::int64_t columns) {
    Problem problem(3, 21, columns);
    problem.token_table = as_double(rounded<T>(problem.token_table));
    problem.position_table = as_double(rounded<T>(problem.position_table));
    problem.doutput = as_double(rounded<T>(problem.doutput));
    auto const exact = forward<double>(problem);
    expect_all_near(forward<T>(problem), exact, tolerance<T>(largest_magnitude(exact), 1),
                    "output");
    auto const exact_gradients = backward<double>(problem);
    auto const gradients = backward<T>(problem);
    auto const depth = static_cast<double>(problem.rows);
    double const bound = tolerance<accum_t<T>>(largest_magnitude(exact_gradients.tokens), depth);
    expect_all_near(gradients.tokens, exact_gradients.tokens, bound, "dtoken_table");
    expect_all_near(gradients.positions, exact_gradients.positions, bound, "dposition_table");
    auto const again = backward<T>(problem);
    EXPECT_EQ(gradients.tokens, again.tokens);
    EXPECT_EQ(gradients.positions, again.positions);
}

TEST(Embedding, NarrowTypesNearDouble) {
    for (std::int64_t const columns : {1, 31, 33, 64, 768, 1025}) {
        expect_near_double<float>(columns);
        expect_near_double<bf16>(columns);
    }
}

TEST(Embedding, RefusesMorePositionsThanTheTableHas) {
    Problem problem(1, 4, 2);
    auto context = make_context();
    DeviceArray<std::int32_t> const ids(problem.tokens);
    DeviceArray<float> const table(vocabulary * 2);
    DeviceArray<float> const output(8);
    EXPECT_THROW(embedding_forward(context, ids.vector(), 4, table.matrix(vocabulary, 2),
                                   table.matrix(3, 2), output.matrix(4, 2)),
                 Error);
}

TEST(Embedding, GatherAndScatterAreTransposes) {
    auto context = make_context();
    constexpr std::int64_t columns = 33;
    auto const source = random_values(6 * columns, 4);
    DeviceArray<double> const from(source);
    DeviceArray<std::int32_t> const indices(Ids{4, 0, 5});
    DeviceArray<double> const gathered(3 * columns);
    gather_rows(context, from.matrix(6, columns), indices.vector(), gathered.matrix(3, columns));
    DeviceArray<double> const to(Values(6 * columns, 1.0));
    scatter_add_rows(context, gathered.matrix(3, columns), indices.vector(), to.matrix(6, columns));
    auto const rows = gathered.host();
    auto const scattered = to.host();
    for (std::int64_t row = 0; row < 6; ++row) {
        for (std::int64_t c = 0; c < columns; ++c) {
            auto const at = static_cast<std::size_t>(row * columns + c);
            bool const chosen = row == 4 || row == 0 || row == 5;
            ASSERT_EQ(scattered[at], chosen ? 1 + source[at] : 1.0);
        }
    }
    EXPECT_EQ(rows[0], source[4 * columns]);
    EXPECT_EQ(rows[columns], source[0]);
    EXPECT_EQ(rows.back(), source.back());
}

TEST(Embedding, ScatterAddsInBf16) {
    auto context = make_context();
    DeviceArray<bf16> const from(rounded<bf16>({1, 2, 3, 4}));
    DeviceArray<std::int32_t> const indices(Ids{2, 0});
    DeviceArray<bf16> const to(rounded<bf16>({10, 20, 30, 40, 50, 60}));
    scatter_add_rows(context, from.matrix(2, 2), indices.vector(), to.matrix(3, 2));
    EXPECT_EQ(as_double(to.host()), (Values{13, 24, 30, 40, 51, 62}));
}

}  // namespace
}  // namespace dnagpt::testing
