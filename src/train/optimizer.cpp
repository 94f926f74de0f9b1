#include "dnagpt/train/optimizer.hpp"

#include <algorithm>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/ops/adamw.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/non_finite.hpp"

namespace dnagpt {
namespace {

/// End of the run of tensors, beginning with `first`, that decay alike; gaps belong to the tensor
/// before.
std::int64_t end_of_run(ParameterLayout const& layout, std::size_t first) {
    bool const decay = layout.tensors[first].traits.decay;
    for (std::size_t i = first + 1; i < layout.tensors.size(); ++i) {
        if (layout.tensors[i].traits.decay != decay) {
            return layout.tensors[i].offset;
        }
    }
    return layout.size;
}

std::vector<DecaySegment> segments_of(ParameterLayout const& layout, Slice const& slice) {
    std::vector<DecaySegment> segments;
    for (std::size_t i = 0; i < layout.tensors.size(); ++i) {
        bool const begins_run =
            i == 0 || layout.tensors[i].traits.decay != layout.tensors[i - 1].traits.decay;
        if (!begins_run) {
            continue;
        }
        std::int64_t const begin = std::max(slice.flat_offset, layout.tensors[i].offset);
        std::int64_t const end = std::min(slice.flat_offset + slice.count, end_of_run(layout, i));
        if (begin < end) {
            segments.push_back({{begin, slice.own_offset + begin - slice.flat_offset, end - begin},
                                layout.tensors[i].traits.decay});
        }
    }
    return segments;
}

}  // namespace

template <class T>
Optimizer<T>::Optimizer(OptimizerSection const& settings, ParameterLayout const& layout,
                        Partition const& partition, DeviceCollectives& collectives)
    : settings_(settings),
      partition_(partition),
      collectives_(collectives),
      master_("master weights", partition.own_size),
      first_moment_("Adam first moment", partition.own_size),
      second_moment_("Adam second moment", partition.own_size),
      non_finite_("non-finite weights", 1) {
    auto slice = partition.slices.begin();
    for (Bucket const& bucket : partition.buckets) {
        bool const owns = slice != partition.slices.end() && slice->own_offset == bucket.own_offset;
        segments_.push_back(owns ? segments_of(layout, *slice++) : std::vector<DecaySegment>());
    }
}

template <class T>
template <class Assign>
void Optimizer<T>::gather_each(Context& context, Vector<T> weights, Assign const& assign) {
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        for (DecaySegment const& segment : segments_[i]) {
            assign(segment);
        }
        Bucket const& bucket = partition_.buckets[i];
        collectives_.all_gather_in_place(context.stream, weights.data() + bucket.flat_offset,
                                         bucket.slice_count * static_cast<std::int64_t>(sizeof(T)));
    }
    collectives_.join(context.stream);
    context.gemm.weights_changed();
}

template <class T>
void Optimizer<T>::step(Context& context, StepSums const& total, double learning_rate,
                        std::int64_t update, Vector<float> own_gradient, Vector<T> weights) {
    AdamwStep step;
    step.learning_rate = static_cast<float>(learning_rate);
    step.beta1 = static_cast<float>(settings_.beta1);
    step.beta2 = static_cast<float>(settings_.beta2);
    step.epsilon = static_cast<float>(settings_.epsilon);
    step.gradient_scale = total.gradient_scale;
    step.update = update;
    gather_each(context, weights, [&](DecaySegment const& segment) {
        Slice const& slice = segment.slice;
        step.weight_decay = segment.decay ? static_cast<float>(settings_.weight_decay) : 0.0F;
        adamw_update(context, step, element_range(own_gradient, slice.own_offset, slice.count),
                     element_range(master(), slice.own_offset, slice.count),
                     element_range(first_moment(), slice.own_offset, slice.count),
                     element_range(second_moment(), slice.own_offset, slice.count),
                     element_range(weights, slice.flat_offset, slice.count));
    });
}

template <class T>
void Optimizer<T>::publish(Context& context, Vector<T> weights) {
    gather_each(context, weights, [&](DecaySegment const& segment) {
        Slice const& slice = segment.slice;
        convert(context, element_range(master(), slice.own_offset, slice.count),
                element_range(weights, slice.flat_offset, slice.count));
    });
}

template <class T>
bool Optimizer<T>::finite(Context& context) {
    fill(context, non_finite_.view(), 0.0);
    count_non_finite(context, master(), non_finite_.view());
    collectives_.all_reduce_sum(context.stream, non_finite_.view().data(), 1);
    collectives_.join(context.stream);
    collectives_.wait(context.stream);
    return to_host(non_finite_.view().data(), 1)[0] == 0;
}

template class Optimizer<float>;
template class Optimizer<bf16>;

}  // namespace dnagpt
