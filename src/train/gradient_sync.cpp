#include "dnagpt/train/gradient_sync.hpp"

#include <cmath>

#include "dnagpt/device/device_session.hpp"
#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/reduction.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t norm_at = loss_sums;
constexpr std::int64_t non_finite_at = loss_sums + 1;
constexpr std::int64_t total_count = loss_sums + 2;

}  // namespace

GradientSync::GradientSync(DeviceCollectives& collectives, Partition const& partition)
    : collectives_(collectives),
      partition_(partition),
      own_gradient_("gradient slices", partition.own_size),
      totals_("step sums", total_count) {}

void GradientSync::reduce(Context& context, Vector<float> gradients) {
    device_fence();
    for (Bucket const& bucket : partition_.buckets) {
        collectives_.reduce_scatter(context.stream, gradients.data() + bucket.flat_offset,
                                    own_gradient_.data() + bucket.own_offset, bucket.slice_count);
    }
}

StepSums GradientSync::finish(Context& context, Vector<double> sums, double max_norm) {
    Vector<double> const totals = totals_.view();
    auto const at = [&](std::int64_t index) { return Vector<double>(totals.data() + index, 1); };
    fill(context, totals, 0.0);
    convert(context, sums, Vector<double>(totals.data(), loss_sums));
    add_sum_of_squares(context, own_gradient_.view(), at(norm_at));
    count_non_finite(context, own_gradient_.view(), at(non_finite_at));
    count_non_finite(context, sums, at(non_finite_at));
    device_fence();
    collectives_.all_reduce_sum(context.stream, totals.data(), total_count);
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
