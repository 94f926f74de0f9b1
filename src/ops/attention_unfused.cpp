#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/attention_engine.hpp"

namespace dnagpt {

struct AttentionEngine::State {};

AttentionEngine::AttentionEngine() = default;
AttentionEngine::~AttentionEngine() = default;
AttentionEngine::AttentionEngine(AttentionEngine&&) noexcept = default;
AttentionEngine& AttentionEngine::operator=(AttentionEngine&&) noexcept = default;

std::string AttentionEngine::description() const {
    return tiled_attention;
}

std::string AttentionEngine::library() {
    return {};
}

void AttentionEngine::set_deterministic(bool /*deterministic*/) {}

bool AttentionEngine::takes(AttentionShape const& /*shape*/) {
    return false;
}

std::int64_t AttentionEngine::workspace_bytes(AttentionShape const& /*shape*/) {
    return 0;
}

void AttentionEngine::forward(Stream /*stream*/, AttentionShape const& /*shape*/,
                              bf16 const* /*qkv*/, bf16* /*output*/, float* /*log_sum_exp*/) {
    DNAGPT_EXPECT(!"a shape that takes denies");
}

void AttentionEngine::backward(Stream /*stream*/, AttentionShape const& /*shape*/,
                               bf16 const* /*qkv*/, bf16 const* /*output*/,
                               float const* /*log_sum_exp*/, bf16 const* /*doutput*/,
                               bf16* /*dqkv*/) {
    DNAGPT_EXPECT(!"a shape that takes denies");
}

}  // namespace dnagpt
