#include "dnagpt/data/base_spool.hpp"

namespace dnagpt {

void BaseSpool::append(std::span<std::uint8_t const> codes) {
    pwrite_all(file_, codes.data(), codes.size(), size_);
    size_ += static_cast<std::int64_t>(codes.size());
}

void BaseSpool::read(std::int64_t first, std::span<std::uint8_t> codes) const {
    pread_all(file_, codes.data(), codes.size(), first);
}

}  // namespace dnagpt
