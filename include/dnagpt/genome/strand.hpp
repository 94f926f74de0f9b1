#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dnagpt {

/// From which side a sequence is read.
enum class Strand : std::uint8_t { forward, reverse, both };

/// "forward", "reverse" or "both"; Error for another name.
Strand strand_called(std::string const& name);
std::string_view strand_name(Strand strand);
/// Of each reading, whether the sequence is the reverse complement in it.
std::vector<bool> reversals(Strand strand);

}  // namespace dnagpt
