#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/data/batch.hpp"
#include "dnagpt/io/hdf5_file.hpp"

namespace dnagpt::testing {

/// Where tests/golden/small_model.h5 is: where the sources are, or where DNAGPT_GOLDEN_MODEL says,
/// for a test that was built on another machine.
inline std::string golden_path(char const* of_the_sources) {
    char const* const moved = std::getenv("DNAGPT_GOLDEN_MODEL");
    return moved == nullptr ? of_the_sources : moved;
}

/// The shape of the model in tests/golden/small_model.h5.
inline ModelShape golden_shape(Hdf5File const& file) {
    return {file.int_attribute("/", "layers"), file.int_attribute("/", "heads"),
            file.int_attribute("/", "channels"), file.int_attribute("/", "context"),
            file.int_attribute("/", "vocabulary")};
}

/// Its one batch.
inline Batch golden_batch(Hdf5File const& file) {
    Batch batch;
    std::vector<std::int64_t> const shape = file.shape("/batch/tokens");
    batch.rows = shape[0];
    batch.context_length = shape[1];
    batch.tokens = file.read<std::int32_t>("/batch/tokens");
    batch.targets = file.read<std::int32_t>("/batch/targets");
    batch.number_positions = file.read<std::int32_t>("/batch/numbers_position");
    batch.number_values = file.read<float>("/batch/numbers_value");
    batch.regression_positions = file.read<std::int32_t>("/batch/regression_position");
    batch.regression_targets = file.read<float>("/batch/regression_target");
    batch.answer_positions = file.read<std::int32_t>("/batch/order_position");
    batch.answer_targets = file.read<std::int32_t>("/batch/order_target");
    return batch;
}

}  // namespace dnagpt::testing
