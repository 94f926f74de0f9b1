#include "harness/held_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> held = 0;
std::atomic<std::int64_t> most_held = 0;

}  // namespace

void* operator new(std::size_t bytes) {
    void* const memory = std::malloc(bytes);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    std::int64_t const now = held += static_cast<std::int64_t>(malloc_usable_size(memory));
    if (now > most_held) {
        most_held = now;
    }
    return memory;
}

void operator delete(void* memory) noexcept {
    held -= static_cast<std::int64_t>(malloc_usable_size(memory));
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

namespace dnagpt::testing {

std::int64_t most_held_memory() {
    return most_held;
}

std::int64_t watch_held_memory() {
    std::int64_t const now = held;
    most_held = now;
    return now;
}

}  // namespace dnagpt::testing
