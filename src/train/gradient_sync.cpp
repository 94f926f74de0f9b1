#include "dnagpt/train/gradient_sync.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/reduction.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t norm_at = loss_sums;
constexpr std::int64_t non_finite_at = loss_sums + 1;
constexpr std::int64_t total_count = loss_sums + 2;

/// The stage of backward that completes each bucket.
std::vector<int> stages_of(Partition const& partition, ParameterLayout const& layout) {
    std::vector<int> stages;
    for (std::size_t i = 0; i < partition.buckets.size(); ++i) {
        std::int64_t const begin = partition.buckets[i].flat_offset;
        std::int64_t const end = i + 1 < partition.buckets.size()
                                     ? partition.buckets[i + 1].flat_offset
                                     : partition.padded_size;
        int stage = 0;
        for (TensorEntry const& tensor : layout.tensors) {
            if (tensor.offset < end && begin < tensor.offset + tensor.count()) {
                stage = std::max(stage, tensor.traits.backward_stage);
            }
        }
        stages.push_back(stage);
    }
    return stages;
}

}  // namespace

GradientSync::GradientSync(DeviceCollectives& collectives, Partition const& partition,
                           ParameterLayout const& layout)
    : collectives_(collectives),
      partition_(partition),
      stages_(stages_of(partition, layout)),
      order_(partition.buckets.size()),
      own_gradient_("gradient slices", partition.own_size),
      totals_("step sums", total_count) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::ranges::stable_sort(order_, {}, [this](std::size_t bucket) { return stages_[bucket]; });
}

void GradientSync::begin_stage(Context& context, Vector<float> gradients, int stage) {
    for (; begun_ < order_.size() && stages_[order_[begun_]] <= stage; ++begun_) {
        Bucket const& bucket = partition_.buckets[order_[begun_]];
        collectives_.reduce_scatter(context.stream, gradients.data() + bucket.flat_offset,
                                    own_gradient_.data() + bucket.own_offset, bucket.slice_count);
    }
}

void GradientSync::reduce(Context& context, Vector<float> gradients) {
    begin_stage(context, gradients, std::numeric_limits<int>::max());
    begun_ = 0;
    collectives_.join(context.stream);
}

StepSums GradientSync::finish(Context& context, Vector<double> sums, double max_norm) {
    Vector<double> const totals = totals_.view();
    auto const at = [&](std::int64_t index) { return Vector<double>(totals.data() + index, 1); };
    fill(context, totals, 0.0);
    convert(context, sums, Vector<double>(totals.data(), loss_sums));
    add_sum_of_squares(context, own_gradient_.view(), at(norm_at));
    count_non_finite(context, own_gradient_.view(), at(non_finite_at));
    count_non_finite(context, sums, at(non_finite_at));
    collectives_.all_reduce_sum(context.stream, totals.data(), total_count);
    collectives_.join(context.stream);
    collectives_.wait(context.stream);
    auto const host = to_host(totals.data(), total_count);
    StepSums result;
    result.next_token = host[next_token_sum];
    result.regression = host[regression_sum];
    result.answer = host[answer_sum];
    result.grad_norm = std::sqrt(host[norm_at]);
    result.finite = host[non_finite_at] == 0;
    if (max_norm > 0 && result.grad_norm > max_norm) {
        result.gradient_scale = static_cast<float>(max_norm / result.grad_norm);
    }
    return result;
}

}  // namespace dnagpt
