#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/ops/attention_engine.hpp"
#include "harness/gradient_check.hpp"

namespace dnagpt::testing {

inline std::size_t rows_of(AttentionShape const& shape) {
    return static_cast<std::size_t>(shape.batch * shape.context_length);
}
inline std::size_t channels_of(AttentionShape const& shape) {
    return static_cast<std::size_t>(shape.heads * shape.head_dimension);
}

/// Values that bf16 holds.
inline std::vector<double> random_bf16(std::size_t count, std::uint64_t seed) {
    auto values = random_values(static_cast<std::int64_t>(count), seed);
    for (double& value : values) {
        value = bf16(static_cast<float>(value));
    }
    return values;
}

struct AttentionInputs {
    std::vector<double> qkv, doutput;

    explicit AttentionInputs(AttentionShape const& shape)
        : qkv(random_bf16(rows_of(shape) * 3 * channels_of(shape), 1)),
          doutput(random_bf16(rows_of(shape) * channels_of(shape), 2)) {}
};

/// Values, and for each the sum of the absolute values of the terms that are rounded on the way.
struct Bounded {
    std::vector<double> value, size;

    explicit Bounded(std::size_t count) : value(count), size(count) {}
    void add(std::size_t place, double term, double term_size) {
        value[place] += term;
        size[place] += term_size;
    }
    void add(std::size_t place, double term) { add(place, term, std::abs(term)); }
};

/// Attention and its gradient by the definition, in double.
class AttentionDefinition {
  public:
    AttentionDefinition(AttentionShape const& of, AttentionInputs const& from)
        : output(rows_of(of) * channels_of(of)),
          log_sum_exp(rows_of(of) * static_cast<std::size_t>(of.heads)),
          dqkv(rows_of(of) * 3 * channels_of(of)),
          shape_(of),
          in_(from),
          scale_(1 / std::sqrt(static_cast<double>(of.head_dimension))) {
        for (std::int64_t sequence = 0; sequence < of.batch; ++sequence) {
            for (std::int64_t head = 0; head < of.heads; ++head) {
                for (std::int64_t query = 0; query < of.context_length; ++query) {
                    add_row({sequence, head, query});
                }
            }
        }
    }

    Bounded output;
    Bounded log_sum_exp;  ///< size: the largest sum of |q_d k_d| of the row's scores
    Bounded dqkv;

  private:
    struct Row {
        std::int64_t sequence, head, query;
    };

    /// Of q, k or v (part 0, 1, 2) at a position, in qkv and dqkv.
    std::size_t place(Row const& row, std::int64_t position, std::int64_t part) const {
        std::int64_t const at = row.sequence * shape_.context_length + position;
        return static_cast<std::size_t>((at * 3 + part) * shape_.heads + row.head) * dimension();
    }
    std::size_t output_place(Row const& row) const {
        std::int64_t const at = row.sequence * shape_.context_length + row.query;
        return static_cast<std::size_t>(at * shape_.heads + row.head) * dimension();
    }
    std::size_t dimension() const { return static_cast<std::size_t>(shape_.head_dimension); }

    void add_row(Row const& row) {
        std::vector<double> weights = scores(row);
        double const highest = *std::max_element(weights.begin(), weights.end());
        double sum = 0;
        for (double& weight : weights) {
            weight = std::exp(weight - highest);
            sum += weight;
        }
        for (double& weight : weights) {
            weight /= sum;
        }
        std::int64_t const statistic =
            (row.sequence * shape_.heads + row.head) * shape_.context_length + row.query;
        log_sum_exp.value[static_cast<std::size_t>(statistic)] = highest + std::log(sum);
        log_sum_exp.size[static_cast<std::size_t>(statistic)] = largest_score_;
        add_output(row, weights);
        add_gradients(row, weights);
    }

    std::vector<double> scores(Row const& row) {
        std::size_t const q = place(row, row.query, 0);
        std::vector<double> result;
        largest_score_ = 0;
        for (std::int64_t key = 0; key <= row.query; ++key) {
            std::size_t const k = place(row, key, 1);
            double score = 0;
            double size = 0;
            for (std::size_t d = 0; d < dimension(); ++d) {
                double const term = scale_ * in_.qkv[q + d] * in_.qkv[k + d];
                score += term;
                size += std::abs(term);
            }
            result.push_back(score);
            largest_score_ = std::max(largest_score_, size);
        }
        return result;
    }

    void add_output(Row const& row, std::vector<double> const& weights) {
        std::size_t const o = output_place(row);
        for (std::size_t key = 0; key < weights.size(); ++key) {
            std::size_t const v = place(row, static_cast<std::int64_t>(key), 2);
            for (std::size_t d = 0; d < dimension(); ++d) {
                output.add(o + d, weights[key] * in_.qkv[v + d]);
            }
        }
    }

    /// dS = P (dP - sum dO O): each of the three is rounded, and so is the O that is read.
    void add_gradients(Row const& row, std::vector<double> const& weights) {
        std::size_t const o = output_place(row);
        std::size_t const q = place(row, row.query, 0);
        double sum = 0;
        double sum_size = 0;
        for (std::size_t d = 0; d < dimension(); ++d) {
            sum += in_.doutput[o + d] * output.value[o + d];
            sum_size += std::abs(in_.doutput[o + d]) * output.size[o + d];
        }
        for (std::size_t key = 0; key < weights.size(); ++key) {
            std::size_t const k = place(row, static_cast<std::int64_t>(key), 1);
            std::size_t const v = place(row, static_cast<std::int64_t>(key), 2);
            double dweight = 0;
            for (std::size_t d = 0; d < dimension(); ++d) {
                dweight += in_.doutput[o + d] * in_.qkv[v + d];
                dqkv.add(v + d, weights[key] * in_.doutput[o + d]);
            }
            double const dscore = scale_ * weights[key] * (dweight - sum);
            double const size = scale_ * weights[key] * (std::abs(dweight) + sum_size);
            for (std::size_t d = 0; d < dimension(); ++d) {
                dqkv.add(q + d, dscore * in_.qkv[k + d], size * std::abs(in_.qkv[k + d]));
                dqkv.add(k + d, dscore * in_.qkv[q + d], size * std::abs(in_.qkv[q + d]));
            }
        }
    }

    AttentionShape const& shape_;
    AttentionInputs const& in_;
    double scale_;
    double largest_score_ = 0;
};

}  // namespace dnagpt::testing
