#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnagpt/data/batch.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// Whole words of one contig, read forward; what bits per base are measured on.
struct EvaluationWindow {
    std::int32_t species = 0;
    std::int64_t contig = 0;
    /// Number of the first word within the contig, and how many follow on.
    std::int64_t first_word = 0;
    std::int64_t words = 0;
};

/// Cuts every contig into windows of `window_words` words (the last one of a contig shorter; the
/// word that is filled up is left out), and keeps `windows_per_species` of each species, drawn by
/// `seed` (0: all of them). Ordered by species, then length, longest first, so that neighbours
/// fill a batch without much padding.
std::vector<EvaluationWindow> evaluation_windows(PretrainData const& data,
                                                 std::int64_t window_words,
                                                 std::int64_t windows_per_species,
                                                 std::uint64_t seed);

/// The words of a window.
std::vector<std::uint16_t> read_window(PretrainData const& data, EvaluationWindow const& window);

/// Rows to be scored for bits per base.
struct EvaluationBatch {
    /// `<S> w1 .. wn`, as long as the longest row, the others filled with `<P>`. Each word is a
    /// target but those holding N.
    Batch batch;
    /// (rows T): A, C, G, T of the target at this position; 0 where there is no target.
    std::vector<std::uint8_t> target_bases;
};
EvaluationBatch make_evaluation_batch(PretrainData const& data,
                                      std::span<EvaluationWindow const> windows,
                                      Vocabulary vocabulary);

}  // namespace dnagpt
