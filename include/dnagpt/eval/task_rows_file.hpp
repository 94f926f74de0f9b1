#pragma once

#include <string>

#include "dnagpt/eval/validation.hpp"

namespace dnagpt {

/// Writes the task rows as they are shown, one line each: species, answer (forward or reversed),
/// bases; a join is N. For other programs that answer the same questions (tools/order_baseline.py).
void write_task_rows(std::string const& path, ValidationSet const& set);

}  // namespace dnagpt
