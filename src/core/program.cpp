#include "dnagpt/core/program.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"

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

std::string program_digest() {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(file), {}};
    return hash_to_hex(hash_text(bytes));
}

std::string allowed_cores() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof(cores), &cores) != 0) {
        return "unknown";
    }
    std::string text;
    for (int first = 0; first < CPU_SETSIZE; ++first) {
        if (!CPU_ISSET(first, &cores)) {
            continue;
        }
        int last = first;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &cores)) {
            ++last;
        }
        text += text.empty() ? "" : ",";
        text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
        first = last;
    }
    return text;
}

int allowed_core_count() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    return ::sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 0;
}

std::int64_t host_free_memory() {
    std::ifstream meminfo("/proc/meminfo");
    constexpr std::string_view key = "MemAvailable:";
    for (std::string line; std::getline(meminfo, line);) {
        if (line.starts_with(key)) {
            return std::strtoll(line.c_str() + key.size(), nullptr, 10) * 1024;
        }
    }
    return 0;
}

std::int64_t peak_resident_bytes() {
    rusage usage{};
    DNAGPT_EXPECT(::getrusage(RUSAGE_SELF, &usage) == 0);
    return std::int64_t{usage.ru_maxrss} * 1024;
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
#if defined(__AVX512DQ__)
    require(__builtin_cpu_supports("avx512dq"), "AVX-512DQ", missing);
#endif
#if defined(__AVX512CD__)
    require(__builtin_cpu_supports("avx512cd"), "AVX-512CD", missing);
#endif
#if defined(__AVX512VBMI__)
    require(__builtin_cpu_supports("avx512vbmi"), "AVX-512 VBMI", missing);
#endif
#if defined(__AVX512VBMI2__)
    require(__builtin_cpu_supports("avx512vbmi2"), "AVX-512 VBMI2", missing);
#endif
#if defined(__AVX512VNNI__)
    require(__builtin_cpu_supports("avx512vnni"), "AVX-512 VNNI", missing);
#endif
#if defined(__AVX512BITALG__)
    require(__builtin_cpu_supports("avx512bitalg"), "AVX-512 BITALG", missing);
#endif
#if defined(__AVX512VPOPCNTDQ__)
    require(__builtin_cpu_supports("avx512vpopcntdq"), "AVX-512 VPOPCNTDQ", missing);
#endif
#if defined(__BMI2__)
    require(__builtin_cpu_supports("bmi2"), "BMI2", missing);
#endif
#if defined(__GFNI__)
    require(__builtin_cpu_supports("gfni"), "GFNI", missing);
#endif
#if defined(__AVX512FP16__)
    require(__builtin_cpu_supports("avx512fp16"), "AVX-512 FP16", missing);
#endif
#if defined(__AVX512BF16__)
    require(__builtin_cpu_supports("avx512bf16"), "AVX-512 BF16", missing);
#endif
    return missing;
}

void require_instruction_sets(std::string const& program) {
    std::string const missing = missing_instruction_sets();
    DNAGPT_VALIDATE(missing.empty(),
                    << program_version(program) << " uses instructions that this CPU lacks ("
                    << missing << "); rebuild with -DDNAGPT_ARCH=x86-64-v3 or on this machine");
}

}  // namespace dnagpt
