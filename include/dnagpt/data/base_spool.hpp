#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {

/// The base codes of a species, one byte each, between reading its files and writing its shards:
/// files are inflated once and memory stays small. It is a nameless file in `folder`, gone when
/// the program ends, whatever ends it.
class BaseSpool {
  public:
    explicit BaseSpool(std::string const& folder) : file_(create_nameless(folder)) {}

    /// Number of bases appended so far.
    [[nodiscard]] std::int64_t size() const { return size_; }
    /// Appends base codes; a full disk is an Error.
    void append(std::span<std::uint8_t const> codes);
    /// Fills `codes` with the bases from number `first` on.
    void read(std::int64_t first, std::span<std::uint8_t> codes) const;

  private:
    FileDescriptor file_;
    std::int64_t size_ = 0;
};

}  // namespace dnagpt
