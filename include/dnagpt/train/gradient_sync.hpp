#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/parameter_layout.hpp"
#include "dnagpt/ops/context.hpp"
#include "dnagpt/train/partition.hpp"

namespace dnagpt {

/// What all ranks know about a step after its one wait.
struct StepSums {
    double next_token = 0;     ///< sum of cross-entropies over the step's next-token targets
    double regression = 0;     ///< sum of squared errors
    double answer = 0;         ///< sum of cross-entropies over the order answers
    double grad_norm = 0;      ///< Euclidean norm of the whole gradient, before clipping
    bool finite = true;        ///< no infinity or NaN in losses and gradient
    float gradient_scale = 1;  ///< min(1, max_norm / grad_norm)
};

/// Sums gradients over the ranks, bucket by bucket, into this rank's slices. Buckets go in the
/// order in which backward completes them, on every rank.
class GradientSync {
  public:
    GradientSync(DeviceCollectives& collectives, Partition const& partition,
                 ParameterLayout const& layout);

    /// Begins to sum the buckets that `stage` of backward (gpt_backward), the last micro-batch's,
    /// completes; gradients (padded size). A rank may do without: reduce makes up for it.
    void begin_stage(Context& context, Vector<float> gradients, int stage);
    /// Begins to sum all other buckets of gradients (padded size). What is queued afterwards finds
    /// the sum over ranks in own_gradient.
    void reduce(Context& context, Vector<float> gradients);

    /// sums (3): next-token, regression and answer loss of this rank. The step's one wait for the
    /// device; max_norm 0 means no clipping.
    StepSums finish(Context& context, Vector<double> sums, double max_norm);

    /// (own size)
    Vector<float> own_gradient() const { return own_gradient_.view(); }

  private:
    DeviceCollectives& collectives_;
    Partition const& partition_;
    std::vector<int> stages_;         // of the buckets
    std::vector<std::size_t> order_;  // of the buckets
    std::size_t begun_ = 0;           // of order_, in this step
    Buffer<float> own_gradient_;
    Buffer<double> totals_;
};

}  // namespace dnagpt
