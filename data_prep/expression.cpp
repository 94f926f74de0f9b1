#include <fmt/format.h>

#include <algorithm>

#include "commands.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/data/labelled_groups.hpp"
#include "dnagpt/data/labelled_split.hpp"
#include "dnagpt/data/number_statistics.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "expression_genes.hpp"
#include "set_splits.hpp"

namespace dnagpt {
namespace {

void check_table(ExpressionOptions const& options) {
    DNAGPT_VALIDATE(!options.target_column.empty(),
                    << "--table needs --target-column (the number to be answered); name it");
    DNAGPT_VALIDATE(!options.sequence_column.empty() || !options.number_columns.empty(),
                    << "a gene needs a sequence or numbers; give --sequence-column, "
                       "--number-columns or both");
    DNAGPT_VALIDATE(!options.whole_sequence || !options.sequence_column.empty(),
                    << "--whole-sequence belongs to --sequence-column; give both");
    DNAGPT_VALIDATE(options.locus_columns.empty() || options.locus_columns.size() == 3,
                    << "--locus-columns wants the columns of contig, start and end, such as "
                       "chrom,start0,end");
    DNAGPT_VALIDATE(options.features.empty() && options.targets.empty() && options.tss.empty() &&
                        options.genomes.empty(),
                    << "--table holds all of a gene; leave --features, --targets, --tss and "
                       "--genome out");
}

void check_join(ExpressionOptions const& options) {
    DNAGPT_VALIDATE(!options.targets.empty(),
                    << "give --table, or --targets with --features, --tss and --genome, or both");
    DNAGPT_VALIDATE(!options.targets_value.empty(),
                    << "--targets needs --targets-value (the column of the number to be "
                       "answered); name it or give its 1-based number");
    DNAGPT_VALIDATE(!options.features.empty() || !options.tss.empty(),
                    << "a gene needs a sequence or numbers; give --features, or --tss and "
                       "--genome, or all three");
    DNAGPT_VALIDATE(options.features.empty() == options.number_columns.empty(),
                    << "--features and --number-columns belong together; give both");
    DNAGPT_VALIDATE(options.tss.empty() == options.genomes.empty(),
                    << "--tss and --genome belong together; give both");
    DNAGPT_VALIDATE(options.sequence_column.empty() && options.target_column.empty() &&
                        options.locus_columns.empty() && !options.whole_sequence,
                    << "--sequence-column, --target-column, --locus-columns and --whole-sequence "
                       "belong to --table; leave them out");
}

GeneSet read_genes(ExpressionOptions const& options) {
    if (options.table.empty()) {
        check_join(options);
        return join_genes(options);
    }
    check_table(options);
    return read_gene_table(options);
}

bool has_sequences(GeneSet const& genes) {
    return !genes.set.examples.front().codes.empty();
}

/// What keeps neighbours together, by what is known of the genes.
std::string chosen_grouping(ExpressionOptions const& options, GeneSet const& genes) {
    std::string const& chosen = options.group_by;
    if (chosen.empty()) {
        return !genes.loci.empty() ? "locus" : has_sequences(genes) ? "cluster" : "none";
    }
    DNAGPT_VALIDATE(
        !genes.loci.empty() || (chosen != "locus" && chosen != "contig"),
        << "--group-by " << chosen << " needs the genes' places; give --locus-columns or --tss");
    DNAGPT_VALIDATE(has_sequences(genes) || chosen != "cluster",
                    << "--group-by cluster needs sequences; use locus, contig or none");
    return chosen;
}

void print_genes(GeneSet const& genes) {
    fmt::print("dropped   {} genes without a target, {} incomplete\n",
               count_text(genes.without_target), count_text(genes.incomplete));
    DNAGPT_VALIDATE(!genes.set.examples.empty(),
                    << "no gene with a target is left; check the columns");
    std::int64_t holding = 0;
    std::int64_t most = 0;
    for (LabelledExample const& gene : genes.set.examples) {
        std::int64_t const unknown = std::ranges::count(gene.codes, 0);
        holding += unknown > 0 ? 1 : 0;
        most = std::max(most, unknown);
    }
    fmt::print("genes     {}\n", count_text(static_cast<std::int64_t>(genes.set.examples.size())));
    if (has_sequences(genes)) {
        fmt::print("N         {} sequences hold N, the most {} bases\n", count_text(holding),
                   count_text(most));
    }
}

/// A number that is the same everywhere tells nothing and cannot be scaled.
void warn_of_constants(LabelledSet const& set) {
    SetStatistics const statistics = training_statistics(set);
    for (std::size_t i = 0; i < set.number_names.size(); ++i) {
        if (statistics.numbers[i].deviation == 0) {
            log_warning(set.number_names[i] + " is the same in all training genes");
        }
    }
    if (statistics.target.deviation == 0) {
        log_warning("the target " + set.target_name + " is the same in all training genes");
    }
}

}  // namespace

void expression(ExpressionOptions const& options) {
    auto const shares = split_shares(options.split, EmptySplits::allowed);
    species_token(options.species_token);
    GeneSet genes = read_genes(options);
    print_genes(genes);
    std::string const group_by = chosen_grouping(options, genes);
    LabelledSet& set = genes.set;
    set.answer = AnswerKind::number;
    set.species_token = options.species_token;
    set.settings = split_settings(options.split, options.seed, group_by);
    set.program_version = DNAGPT_VERSION;
    fmt::print("group-by  {}\n", group_by);
    print_groups(assign_groups(set.examples, group_by_called(group_by), genes.loci));
    assign_splits_by_target(set.examples, shares, options.seed);
    require_filled_splits(set, shares);
    print_split_head("");
    print_split_row("genes", examples_by_split(set));
    print_split_row("groups", groups_by_split(set));
    print_statistics(set, "");
    warn_of_constants(set);
    write_labelled_set(options.output, set);
    fmt::print("wrote     {}\n", options.output);
}

}  // namespace dnagpt
