#pragma once

#include <cstdint>

#include "dnagpt/core/work_share.hpp"

namespace dnagpt {

/// How inputs are put into batches.
struct Batching {
    std::int64_t positions = 0;  ///< of a batch, unless one input alone has more
    ReportShare report = {};     ///< told the share of the inputs that was read, batch by batch
};

}  // namespace dnagpt
