#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace dnagpt {

/// How a sequence is cut that is longer than what a model reads at once.
struct WindowForm {
    std::int64_t bases = 0;    ///< of a window
    std::int64_t overlap = 0;  ///< bases that a window shares with the one before

    std::int64_t stride() const { return bases - overlap; }
};

/// Windows of `bases` bases; an overlap below 0 is half of them. Error unless it is less than them.
WindowForm window_form(std::int64_t bases, std::int64_t overlap);

/// Bases start .. start + codes.size() - 1 (0-based) of a record.
struct SequenceWindow {
    std::string name;
    std::int64_t start = 0;
    std::span<std::uint8_t const> codes;  ///< base codes; valid during the visit
};

/// Visits the windows of every record of a FASTA file, in order: one where the record fits into
/// it, else one every stride, of which the last ends with the record and may be shorter. Memory
/// holds one window. Errors as FastaReader's, and for a record without bases.
void for_each_window(std::string const& path, WindowForm const& form,
                     std::function<void(SequenceWindow const&)> const& visit);

/// The same for a sequence that is held whole.
void for_each_window_of(std::string const& name, std::span<std::uint8_t const> codes,
                        WindowForm const& form,
                        std::function<void(SequenceWindow const&)> const& visit);

}  // namespace dnagpt
