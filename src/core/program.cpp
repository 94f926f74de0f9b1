#include "dnagpt/core/program.hpp"

#include <fmt/format.h>

namespace dnagpt {
namespace {

void require(bool present, char const* name, std::string& missing) {
    if (!present) {
        missing += missing.empty() ? name : std::string(", ") + name;
    }
}

}  // namespace

std::string program_version(std::string const& program) {
    return fmt::format("{} {} ({}, g++ {}.{}.{}, -march={})", program, DNAGPT_VERSION,
                       DNAGPT_BUILD_TYPE, __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__,
                       DNAGPT_ARCH_NAME);
}

std::string missing_instruction_sets() {
    std::string missing;
#if defined(__AVX2__)
    require(__builtin_cpu_supports("avx2"), "AVX2", missing);
#endif
#if defined(__FMA__)
    require(__builtin_cpu_supports("fma"), "FMA", missing);
#endif
#if defined(__AVX512F__)
    require(__builtin_cpu_supports("avx512f"), "AVX-512F", missing);
#endif
#if defined(__AVX512BW__)
    require(__builtin_cpu_supports("avx512bw"), "AVX-512BW", missing);
#endif
#if defined(__AVX512VL__)
    require(__builtin_cpu_supports("avx512vl"), "AVX-512VL", missing);
#endif
#if defined(__AVX512BF16__)
    require(__builtin_cpu_supports("avx512bf16"), "AVX-512 BF16", missing);
#endif
    return missing;
}

}  // namespace dnagpt
