#pragma once

#include <cstdint>

#include "dnagpt/core/stream.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/ops/attention_engine.hpp"
#include "dnagpt/ops/gemm.hpp"

namespace dnagpt {

/// What every operation needs beside its operands. One per process, passed by reference.
struct Context {
    Stream stream;
    /// Products: the vendor's handles and prepared primitives.
    GemmEngine gemm;
    /// Scratch that an operation takes and gives back before it returns.
    Arena scratch;
    /// Attention: likewise.
    AttentionEngine attention{};
};

/// Whether a result replaces what stands in the output or is added to it.
enum class Write { assign, add };

}  // namespace dnagpt
