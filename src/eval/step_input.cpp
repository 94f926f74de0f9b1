#include "dnagpt/eval/step_input.hpp"

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

template <class T>
Vector<T> uploaded(std::vector<T> const& host, Buffer<T> const& device) {
    DNAGPT_EXPECT(std::ssize(host) <= device.size());
    copy_to_device(host.data(), device.data(), std::ssize(host));
    return element_range(device.view(), 0, std::ssize(host));
}

}  // namespace

void HostStep::read_token(std::size_t row, std::int32_t token, std::int64_t position) {
    tokens[row] = token;
    positions[row] = static_cast<std::int32_t>(position);
}

void HostStep::read_number(std::size_t row, float number, std::int64_t position) {
    read_token(row, -1, position);
    numbers.push_back(number);
    number_rows.push_back(static_cast<std::int32_t>(row));
}

StepInput::StepInput(std::int64_t rows)
    : tokens_("tokens to read", rows),
      positions_("their positions", rows),
      numbers_("numbers to read", rows),
      number_rows_("rows that read numbers", rows),
      chosen_("rows of a head", rows) {}

DecoderInput StepInput::upload(HostStep const& step) {
    return {uploaded(step.tokens, tokens_), uploaded(step.positions, positions_),
            uploaded(step.numbers, numbers_), uploaded(step.number_rows, number_rows_)};
}

Vector<std::int32_t> StepInput::upload_rows(std::vector<std::int32_t> const& rows) {
    return uploaded(rows, chosen_);
}

}  // namespace dnagpt
