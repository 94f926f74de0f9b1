#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/stream.hpp"

namespace dnagpt {

/// B sequences of T positions, H heads of D channels, C = H D.
struct AttentionShape {
    std::int64_t batch = 0;
    std::int64_t context_length = 0;
    std::int64_t heads = 0;
    std::int64_t head_dimension = 0;

    auto operator<=>(AttentionShape const&) const = default;
};

/// Description of attention that no vendor's library computes (attention_portable.hpp).
inline constexpr char const* tiled_attention = "tiles through matrix products";

/// A vendor's fused attention: handles, plans and workspace. attention_cudnn.cpp defines it, or,
/// where that library is not there, attention_unfused.cpp, which takes no shape. The constructor
/// starts no GPU.
class AttentionEngine {
  public:
    AttentionEngine();
    ~AttentionEngine();
    AttentionEngine(AttentionEngine&&) noexcept;
    AttentionEngine& operator=(AttentionEngine&&) noexcept;
    struct State;
    /// What bf16 attention runs on, for the log: "cuDNN 9.19.0" or "tiles through matrix products".
    std::string description() const;
    /// The library and the version that this was compiled with; empty: none.
    static std::string library();
    /// Whether equal inputs give equal gradients, bit by bit, at some cost in time; true at first.
    void set_deterministic(bool deterministic);

    /// Whether this engine computes bf16 attention of this shape on the present device.
    bool takes(AttentionShape const& shape);
    /// Device memory that it takes for a shape beside the operands (bytes), known without a GPU; 0
    /// where it takes no shape.
    static std::int64_t workspace_bytes(AttentionShape const& shape);

    /// attention_forward of attention.hpp on plain pointers.
    void forward(Stream stream, AttentionShape const& shape, bf16 const* qkv, bf16* output,
                 float* log_sum_exp);
    /// attention_backward of attention.hpp on plain pointers.
    void backward(Stream stream, AttentionShape const& shape, bf16 const* qkv, bf16 const* output,
                  float const* log_sum_exp, bf16 const* doutput, bf16* dqkv);

  private:
    std::unique_ptr<State> state_;
};

}  // namespace dnagpt
