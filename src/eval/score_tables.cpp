#include "dnagpt/eval/score_tables.hpp"

#include <fmt/format.h>

#include <cmath>

#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

constexpr char missing[] = "NA";

/// What a base's bits are.
std::string meaning_of_bits(Strand strand) {
    return strand == Strand::both ? "bits: mean of -log2 p over both strands"
                                  : fmt::format("bits: -log2 p, {} strand", strand_name(strand));
}

/// Visits the scored bases that are no N: "contig start end", the base's code and its score.
template <class Visit>
void for_each_base(ScoredWindow const& window, std::vector<BaseScore> const& scores,
                   Visit const& visit) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
        std::int64_t const at = window.first + static_cast<std::int64_t>(i);
        std::uint8_t const code = window.codes[static_cast<std::size_t>(at)];
        if (code != 0) {
            std::int64_t const start = window.start + at;
            visit(fmt::format("{}\t{}\t{}", window.name, start, start + 1), code, scores[i]);
        }
    }
}

}  // namespace

std::string variant_head(std::int64_t flank, bool fast, std::int64_t step) {
    return fmt::format(
        "# pos counts from 1, as in VCF; log p in nats; llr = log_p_alt - log_p_ref; flank {}; {}"
        "weights of step {}\n"
        "chrom\tpos\tid\tref\talt\tlog_p_ref\tlog_p_alt\tllr\tlog_p_base_ref\tlog_p_base_alt\t"
        "strand\tstatus\n",
        flank, fast ? "fast; " : "", step);
}

std::string variant_row(VariantPlace const& place, VariantResult const& result,
                        VariantForm const& form) {
    bool const ok = result.status == "ok";
    auto const number = [](bool known, double value) {
        return known ? fmt::format("{:.8g}", value) : std::string(missing);
    };
    VariantScore const& score = result.score;
    bool const sums = ok && !form.fast;
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", place.contig,
                       place.position + 1, place.id, place.reference, place.alternative,
                       number(sums, score.log_p_ref), number(sums, score.log_p_alt),
                       number(sums, score.llr()), number(ok, score.log_p_base_ref),
                       number(ok, score.log_p_base_alt), strand_name(form.strand), result.status);
}

std::string base_head(WindowForm const& form, Strand strand, std::int64_t step) {
    return fmt::format(
        "# start and end count from 0, half-open; {}; windows of {} bases share {}; weights of "
        "step {}\n"
        "contig\tstart\tend\tbase\tbits\tp_A\tp_C\tp_G\tp_T\n",
        meaning_of_bits(strand), form.bases, form.overlap, step);
}

std::string base_rows(ScoredWindow const& window, std::vector<BaseScore> const& scores) {
    std::string rows;
    for_each_base(window, scores, [&](auto const& place, std::uint8_t code, auto const& score) {
        BaseLogP const& log_p = score.log_p;  // A G C T
        rows += fmt::format("{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\n", place,
                            base_letters[code], score.bits, std::exp(log_p[0]), std::exp(log_p[2]),
                            std::exp(log_p[1]), std::exp(log_p[3]));
    });
    return rows;
}

std::string bedgraph_head(Strand strand) {
    return fmt::format(
        "# start and end count from 0, half-open\n"
        "track type=bedGraph name=\"dnagpt bits\" description=\"{}\"\n",
        meaning_of_bits(strand));
}

std::string bedgraph_rows(ScoredWindow const& window, std::vector<BaseScore> const& scores) {
    std::string rows;
    for_each_base(window, scores, [&](auto const& place, std::uint8_t, auto const& score) {
        rows += fmt::format("{}\t{:.6g}\n", place, score.bits);
    });
    return rows;
}

}  // namespace dnagpt
