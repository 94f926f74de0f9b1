#pragma once

#include "dnagpt/core/bf16.hpp"

/// Instantiates with macro(T) for every element type of the build.
#if defined(DNAGPT_HAVE_DOUBLE)
#define DNAGPT_FOR_ELEMENT_TYPES(macro) macro(bf16) macro(float) macro(double)
#else
#define DNAGPT_FOR_ELEMENT_TYPES(macro) macro(bf16) macro(float)
#endif
