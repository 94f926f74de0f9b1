#include "dnagpt/model/flops.hpp"

#include "dnagpt/model/parameter_layout.hpp"

namespace dnagpt {

std::int64_t parameter_count(ModelShape const& shape) {
    return make_parameter_layout(shape).parameters;
}

std::int64_t matrix_parameter_count(ModelShape const& shape) {
    std::int64_t count = 0;
    for (TensorEntry const& tensor : make_parameter_layout(shape).tensors) {
        count += tensor.traits.decay ? tensor.count() : 0;
    }
    return count;
}

double training_flops_per_token(ModelShape const& shape) {
    return 6.0 * static_cast<double>(matrix_parameter_count(shape)) +
           12.0 * static_cast<double>(shape.layers * shape.channels * shape.context_length);
}

}  // namespace dnagpt
