#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/decoder.hpp"

namespace dnagpt {

/// What the rows of a decoder read in its next step, on the host. A row reads token 0 at position 0
/// unless it is told otherwise: what that gives is of no use.
struct HostStep {
    explicit HostStep(std::int64_t rows)
        : tokens(static_cast<std::size_t>(rows)), positions(static_cast<std::size_t>(rows)) {}

    void read_token(std::size_t row, std::int32_t token, std::int64_t position);
    void read_number(std::size_t row, float number, std::int64_t position);

    std::vector<std::int32_t> tokens;
    std::vector<std::int32_t> positions;
    std::vector<float> numbers;
    std::vector<std::int32_t> number_rows;
};

/// The same on the device; memory is taken once.
class StepInput {
  public:
    explicit StepInput(std::int64_t rows);

    DecoderInput upload(HostStep const& step);
    /// Chosen rows, for the heads; holds until the next call.
    Vector<std::int32_t> upload_rows(std::vector<std::int32_t> const& rows);

  private:
    Buffer<std::int32_t> tokens_;
    Buffer<std::int32_t> positions_;
    Buffer<float> numbers_;
    Buffer<std::int32_t> number_rows_;
    Buffer<std::int32_t> chosen_;
};

}  // namespace dnagpt
