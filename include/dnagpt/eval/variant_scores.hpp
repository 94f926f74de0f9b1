#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/eval/base_scores.hpp"
#include "dnagpt/genome/strand.hpp"

namespace dnagpt {

/// The longest allele, less what both share in front, that is scored (bases).
inline constexpr std::int64_t longest_allele = 50;

/// One alternative allele of a variant, with the reference around it.
struct VariantPlace {
    std::string contig;
    std::int64_t position = 0;  ///< 0-based, of the first base of `reference`
    std::string id;
    std::string reference;    ///< as written
    std::string alternative;  ///< as written
    std::string status;       ///< "ok", or why there is no score: then what follows is empty
    std::vector<std::uint8_t> around;  ///< the reference from left flank to right flank
    std::int64_t left = 0;             ///< bases of `around` before the alleles
    std::int64_t removed = 0;          ///< bases of it that the alternative replaces
    std::vector<std::uint8_t> added;   ///< what it puts there
};

/// Why an allele cannot be scored: "symbolic" (<DEL>, breakends), "overlapping_deletion" (*),
/// "no_alternative" (.), "ambiguous_letter" (another letter than A, C, G, T) or "too_long"; "ok".
std::string allele_status(std::string const& reference, std::string const& alternative);
/// How many first bases two alleles share, in either case.
std::int64_t shared_prefix(std::string const& left, std::string const& right);

/// Natural logs. The sums run from the first base that differs to the end of the right flank (on
/// the reverse strand of the left one).
struct VariantScore {
    double log_p_ref = 0;
    double log_p_alt = 0;
    double log_p_base_ref = 0;  ///< the term of the first base that differs
    double log_p_base_alt = 0;

    double llr() const { return log_p_alt - log_p_ref; }
};

/// What is asked of a variant.
struct VariantForm {
    Strand strand = Strand::forward;
    /// Only the term of the first base that differs, for which one forward pass is enough: the sums
    /// are not computed.
    bool fast = false;
};

/// A variant's scores, or why it has none.
struct VariantResult {
    /// "ok"; that of the place where it is not "ok"; "same_sequence": the alternative gives the
    /// same sequence as the reference; "past_flank": they differ past the flank
    /// only (on one of the strands), in a long repeat or at a contig's end;
    /// "ambiguous_letter": they differ at an N.
    std::string status;
    VariantScore score;
};

/// Over both strands the mean.
template <class T>
std::vector<VariantResult> score_variants(BaseScorer<T> const& scorer,
                                          std::span<VariantPlace const> variants,
                                          VariantForm const& form, ReportShare const& report = {});

/// A place as one text, for ranks; variant_place_from reads it back.
std::string to_text(VariantPlace const& place);
VariantPlace variant_place_from(std::string const& text);

}  // namespace dnagpt
