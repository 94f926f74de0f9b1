#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/eval/base_scores.hpp"
#include "dnagpt/genome/sequence_windows.hpp"
#include "dnagpt/genome/strand.hpp"

namespace dnagpt {

/// A window of a sequence, and which of its bases it is to score: each base belongs to one window.
struct ScoredWindow {
    std::string name;
    std::int64_t start = 0;  ///< 0-based, of the window's first base
    std::int64_t first = 0;  ///< scored: first .. last - 1 of the window
    std::int64_t last = 0;
    std::vector<std::uint8_t> codes;
    /// For both strands the next window's bases stand behind the window's, and this is where it
    /// begins: it reads what it holds on the reverse strand. 0: there is no next one.
    std::int64_t next = 0;
    std::int64_t length = 0;  ///< of the window itself; 0: all of `codes`

    std::int64_t own_length() const { return length > 0 ? length : std::ssize(codes); }
};

/// Visits the windows of every record of a FASTA file, in order. Of the bases that two windows
/// share, the one scores them that holds more of what comes before: the earlier one on the forward
/// strand, the later one on the reverse strand. For both strands a window comes with the next one's
/// bases, so that each strand is read as if it were asked alone; Error for an overlap above half.
void for_each_scored_window(std::string const& path, WindowForm const& form, Strand strand,
                            std::function<void(ScoredWindow const&)> const& visit);

/// What is said of a base.
struct BaseScore {
    BaseLogP log_p{};  ///< nats; over both strands the log of the mean probability
    double bits = 0;   ///< -log2 of the base's probability; over both strands the mean of bits
};

/// The scores of each window's bases first .. last - 1; an N has 0 bits, a window of N alone has no
/// scores.
template <class T>
std::vector<std::vector<BaseScore>> score_windows(BaseScorer<T> const& scorer,
                                                  std::span<ScoredWindow const> windows,
                                                  Strand strand, ReportShare const& report = {});

/// A window as one text, for ranks; scored_window_from reads it back.
std::string to_text(ScoredWindow const& window);
ScoredWindow scored_window_from(std::string const& text);

}  // namespace dnagpt
