#include "dnagpt/eval/variant_scores.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/eval/text_fields.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

bool is_unambiguous(std::string const& allele) {
    return allele.find_first_not_of("ACGTacgt") == std::string::npos;
}

/// Both alleles in their surroundings, on one strand.
struct Haplotypes {
    std::vector<std::uint8_t> reference;
    std::vector<std::uint8_t> alternative;
    std::int64_t first = 0;  ///< the first base that differs

    std::string status() const {
        auto const shorter = std::min(std::ssize(reference), std::ssize(alternative));
        if (first == shorter) {
            return reference.size() == alternative.size() ? "same_sequence" : "past_flank";
        }
        auto const at = static_cast<std::size_t>(first);
        return reference[at] == 0 || alternative[at] == 0 ? "ambiguous_letter" : "ok";
    }
};

Haplotypes haplotypes_of(VariantPlace const& variant, bool reverse) {
    Haplotypes both{variant.around, variant.around, 0};
    auto const at = both.alternative.begin() + variant.left;
    auto const behind = both.alternative.erase(at, at + variant.removed);
    both.alternative.insert(behind, variant.added.begin(), variant.added.end());
    if (reverse) {
        reverse_complement_bases(both.reference);
        reverse_complement_bases(both.alternative);
    }
    both.first =
        std::ranges::mismatch(both.reference, both.alternative).in1 - both.reference.begin();
    return both;
}

double sum_of_bases(std::span<std::uint8_t const> codes, std::vector<BaseLogP> const& log_p) {
    double sum = 0;
    for (std::size_t i = 0; i < log_p.size(); ++i) {
        sum += log_p_of(log_p[i], codes[i]);
    }
    return sum;
}

void add_share(VariantScore const& score, double share, VariantScore& sum) {
    sum.log_p_ref += share * score.log_p_ref;
    sum.log_p_alt += share * score.log_p_alt;
    sum.log_p_base_ref += share * score.log_p_base_ref;
    sum.log_p_base_alt += share * score.log_p_base_alt;
}

/// The sequences to read: both of a variant, or of the fast form what stands before its base.
void add_asks(Haplotypes const& both, bool fast, std::vector<BaseAsk>& asks) {
    if (fast) {
        asks.push_back({both.reference, both.first, both.first + 1});
        return;
    }
    asks.push_back({both.reference, both.first, std::ssize(both.reference)});
    asks.push_back({both.alternative, both.first, std::ssize(both.alternative)});
}

VariantScore score_of(Haplotypes const& both, bool fast,
                      std::span<std::vector<BaseLogP> const> answers) {
    VariantScore score;
    auto const at = static_cast<std::size_t>(both.first);
    auto const reference = std::span(both.reference).subspan(at);
    auto const alternative = std::span(both.alternative).subspan(at);
    BaseLogP const& first = answers.front().front();
    score.log_p_base_ref = log_p_of(first, reference.front());
    score.log_p_base_alt = log_p_of(first, alternative.front());
    if (!fast) {
        score.log_p_ref = sum_of_bases(reference, answers[0]);
        score.log_p_alt = sum_of_bases(alternative, answers[1]);
    }
    return score;
}

/// A variant on one strand.
struct Reading {
    std::size_t number = 0;
    Haplotypes both;
};

/// The readings of variants that can be scored on each strand that is asked for; notes the others.
std::vector<Reading> readings_of(std::span<VariantPlace const> variants, Strand strand,
                                 std::vector<VariantResult>& results) {
    std::vector<Reading> readings;
    for (std::size_t number = 0; number < variants.size(); ++number) {
        std::string& status = results[number].status;
        status = variants[number].status;
        std::vector<Reading> own;
        for (bool const reverse : reversals(strand)) {
            if (status == "ok") {
                own.push_back({number, haplotypes_of(variants[number], reverse)});
                status = own.back().both.status();
            }
        }
        if (status == "ok") {
            std::ranges::move(own, std::back_inserter(readings));
        }
    }
    return readings;
}

}  // namespace

std::string allele_status(std::string const& reference, std::string const& alternative) {
    if (alternative.empty() || alternative == ".") {
        return "no_alternative";
    }
    if (alternative == "*") {
        return "overlapping_deletion";
    }
    if (alternative.find_first_of("<>[].:") != std::string::npos) {
        return "symbolic";
    }
    if (!is_unambiguous(reference) || !is_unambiguous(alternative)) {
        return "ambiguous_letter";
    }
    auto const longer = static_cast<std::int64_t>(std::max(reference.size(), alternative.size()));
    return longer - shared_prefix(reference, alternative) > longest_allele ? "too_long" : "ok";
}

std::int64_t shared_prefix(std::string const& left, std::string const& right) {
    auto const same = [](char a, char b) {
        return std::toupper(static_cast<unsigned char>(a)) ==
               std::toupper(static_cast<unsigned char>(b));
    };
    return std::ranges::mismatch(left, right, same).in1 - left.begin();
}

template <class T>
std::vector<VariantResult> score_variants(BaseScorer<T> const& scorer,
                                          std::span<VariantPlace const> variants,
                                          VariantForm const& form, ReportShare const& report) {
    std::vector<VariantResult> results(variants.size());
    std::vector<Reading> const readings = readings_of(variants, form.strand, results);
    std::vector<BaseAsk> asks;
    for (Reading const& reading : readings) {
        add_asks(reading.both, form.fast, asks);
    }
    auto const answers = scorer.score(asks, report);
    std::span<std::vector<BaseLogP> const> rest(answers);
    double const share = form.strand == Strand::both ? 0.5 : 1;
    for (Reading const& reading : readings) {
        auto const own = rest.first(form.fast ? 1 : 2);
        rest = rest.subspan(own.size());
        add_share(score_of(reading.both, form.fast, own), share, results[reading.number].score);
    }
    return results;
}

std::string to_text(VariantPlace const& place) {
    return joined_fields({place.contig, std::to_string(place.position), place.id, place.reference,
                          place.alternative, place.status, bases_text(place.around),
                          std::to_string(place.left), std::to_string(place.removed),
                          bases_text(place.added)});
}

VariantPlace variant_place_from(std::string const& text) {
    TextFields fields(text);
    VariantPlace place;
    place.contig = fields.take();
    place.position = fields.take_integer();  // -1 in front of a contig
    place.id = fields.take();
    place.reference = fields.take();
    place.alternative = fields.take();
    place.status = fields.take();
    place.around = base_codes(fields.take());
    place.left = fields.take_whole_number();
    place.removed = fields.take_whole_number();
    place.added = base_codes(fields.take());
    return place;
}

#define DNAGPT_INSTANTIATE(T)                                                         \
    template std::vector<VariantResult> score_variants(BaseScorer<T> const&,          \
                                                       std::span<VariantPlace const>, \
                                                       VariantForm const&, ReportShare const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
