#pragma once

#include <cstdint>

#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/device/buffer.hpp"
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

/// Sums gradients over the ranks, bucket by bucket, into this rank's slices.
class GradientSync {
  public:
    GradientSync(DeviceCollectives& collectives, Partition const& partition);

    /// gradients (padded size) is read; afterwards own_gradient holds the sum over ranks.
    void reduce(Context& context, Vector<float> gradients);

    /// sums (3): next-token, regression and answer loss of this rank. Waits for the device;
    /// max_norm 0 means no clipping.
    StepSums finish(Context& context, Vector<double> sums, double max_norm);

    /// (own size)
    Vector<float> own_gradient() const { return own_gradient_.view(); }

  private:
    DeviceCollectives& collectives_;
    Partition const& partition_;
    Buffer<float> own_gradient_;
    Buffer<double> totals_;
};

}  // namespace dnagpt
