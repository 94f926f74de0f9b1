#include "kernel_benchmark.hpp"

#include <cstddef>
#include <cstdint>

namespace dnagpt {

Context make_context() {
    Context context;
    context.scratch = Arena(std::int64_t{256} << 20);
    return context;
}

double memory_limit() {
    static double const limit = [] {
        constexpr std::size_t bytes = std::size_t{on_host ? 256 : 2048} << 20;
        Buffer<std::byte> const from("from", bytes);
        Buffer<std::byte> const to("to", bytes);
        return 2.0 * bytes / shortest([&] {
                   Kokkos::deep_copy(ExecutionSpace(), to.view(), from.view());
                   device_fence();
               });
    }();
    return limit;
}

}  // namespace dnagpt
