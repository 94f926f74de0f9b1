#pragma once

#include <string>

#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// What a token is for (arXiv 2307.05628): "discrete" (DNA words), "true/false" (class answers),
/// "instruction" (a number or a class follows), "connection" (`+` joins, `=` separates input from
/// output) or "reserved". The dynamic vocabulary's class answers are words, too: "discrete,
/// true/false". The sixth category, continuous, are numbers, which are no tokens.
std::string token_category(TokenId id, Vocabulary vocabulary);

}  // namespace dnagpt
