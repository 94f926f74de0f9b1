#pragma once

#include <cstdint>

// A program that links dnagpt_held_memory counts what its operator new gives.

namespace dnagpt::testing {

/// Bytes that are held now, from which most_held_memory begins anew.
std::int64_t watch_held_memory();

/// The most bytes held at once since then.
std::int64_t most_held_memory();

}  // namespace dnagpt::testing
