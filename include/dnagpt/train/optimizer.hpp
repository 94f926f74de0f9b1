#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/parameter_layout.hpp"
#include "dnagpt/ops/context.hpp"
#include "dnagpt/train/gradient_sync.hpp"
#include "dnagpt/train/partition.hpp"

namespace dnagpt {

/// A run of a slice whose weights decay alike.
struct DecaySegment {
    Slice slice;
    bool decay;
};

/// AdamW on this rank's slices, bucket by bucket; the new weights of a bucket are gathered from all
/// ranks while the next one is updated. T: what the kernels read.
template <class T>
class Optimizer {
  public:
    Optimizer(OptimizerSection const& settings, ParameterLayout const& layout,
              Partition const& partition, DeviceCollectives& collectives);

    /// Update number `update` (from 1) with the gradient slices; assigns weights (padded size).
    void step(Context& context, StepSums const& total, double learning_rate, std::int64_t update,
              Vector<float> own_gradient, Vector<T> weights);

    /// Rounds the master weights of all ranks into weights (padded size): after loading or drawing.
    void publish(Context& context, Vector<T> weights);

    /// True on every rank when no master weight of any rank is infinite or NaN. Waits for the
    /// device.
    bool finite(Context& context);

    /// Own slices (own size) of master weights and moments.
    Vector<float> master() const { return master_.view(); }
    Vector<float> first_moment() const { return first_moment_.view(); }
    Vector<float> second_moment() const { return second_moment_.view(); }

  private:
    /// assign(segment) of every bucket, each followed by the bucket's all-gather.
    template <class Assign>
    void gather_each(Context& context, Vector<T> weights, Assign const& assign);

    OptimizerSection settings_;
    Partition const& partition_;
    DeviceCollectives& collectives_;
    std::vector<std::vector<DecaySegment>> segments_;  // by bucket
    Buffer<float> master_;
    Buffer<float> first_moment_;
    Buffer<float> second_moment_;
    Buffer<double> non_finite_;
};

}  // namespace dnagpt
