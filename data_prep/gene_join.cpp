#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "expression_genes.hpp"
#include "set_splits.hpp"

namespace dnagpt {
namespace {

struct NumberRow {
    std::int64_t row = 0;
    std::vector<std::optional<double>> numbers;
};

/// Numbers of genes, by id.
struct NumberTable {
    std::string path;
    std::vector<std::string> names;
    std::vector<std::string> order;
    std::unordered_map<std::string, NumberRow> rows;
};

NumberTable read_numbers(std::string const& path, std::string const& id_column,
                         NumberColumns const& numbers) {
    NumberTable table{path, {}, {}, {}};
    GeneRows ids(path);
    std::vector<std::string> columns = {id_column};
    columns.insert(columns.end(), numbers.columns().begin(), numbers.columns().end());
    auto names = for_each_table_row(path, columns, [&](TableRow const& row) {
        std::string const& id = row.fields.front();
        ids.add(id, row.number);
        table.order.push_back(id);
        table.rows.emplace(id, NumberRow{row.number, numbers.read(row, 1)});
    });
    names.erase(names.begin());
    table.names = numbers.names(std::move(names));
    return table;
}

/// The inputs of a join; features or starts may be absent.
struct GeneSources {
    NumberTable targets;
    std::optional<NumberTable> features;
    std::optional<std::vector<TranscriptionStart>> starts;
    std::unordered_map<std::string, std::size_t> start_of;
};

GeneSources read_sources(ExpressionOptions const& options) {
    GeneSources sources{read_numbers(options.targets, options.targets_id,
                                     NumberColumns(options.targets, {options.targets_value}, {})),
                        {},
                        {},
                        {}};
    if (!options.features.empty()) {
        sources.features =
            read_numbers(options.features, options.features_id,
                         NumberColumns(options.features, options.number_columns, options.log10));
    }
    if (!options.tss.empty()) {
        sources.starts = read_transcription_starts(options.tss);
        GeneRows ids(options.tss);
        for (std::size_t i = 0; i < sources.starts->size(); ++i) {
            TranscriptionStart const& start = (*sources.starts)[i];
            ids.add(start.gene, start.row);
            sources.start_of.emplace(start.gene, i);
        }
    }
    return sources;
}

/// Genes that stand in every source, in the order of the first.
std::vector<std::string> joined_ids(GeneSources const& sources) {
    std::vector<std::string> ids;
    if (sources.starts) {
        for (TranscriptionStart const& start : *sources.starts) {
            ids.push_back(start.gene);
        }
    } else {
        ids = sources.features->order;
    }
    std::erase_if(ids, [&](std::string const& id) {
        return !sources.targets.rows.contains(id) ||
               (sources.features && !sources.features->rows.contains(id));
    });
    return ids;
}

void print_source(std::string const& path, std::size_t genes, std::size_t joined) {
    fmt::print("read      {} genes in {}, {} of them are not in every file\n",
               count_text(static_cast<std::int64_t>(genes)), path,
               count_text(static_cast<std::int64_t>(genes - joined)));
}

void print_sources(GeneSources const& sources, std::string const& tss, std::size_t joined) {
    if (sources.starts) {
        print_source(tss, sources.starts->size(), joined);
    }
    if (sources.features) {
        print_source(sources.features->path, sources.features->rows.size(), joined);
    }
    print_source(sources.targets.path, sources.targets.rows.size(), joined);
}

/// Sets the gene's numbers; false, naming row and column, when one is missing.
bool take_numbers(NumberTable const& features, bool drop_incomplete, LabelledExample& gene) {
    NumberRow const& row = features.rows.at(gene.id);
    for (std::size_t i = 0; i < row.numbers.size(); ++i) {
        if (!row.numbers[i]) {
            DNAGPT_VALIDATE(drop_incomplete,
                            << features.path << " row " << row.row << ": " << features.names[i]
                            << " of " << gene.id
                            << " is missing; give it, or drop such genes with --drop-incomplete");
            return false;
        }
        gene.numbers.push_back(*row.numbers[i]);
    }
    return true;
}

/// Genes with target and numbers, still without sequence.
void add_genes(GeneSources const& sources, std::vector<std::string> const& ids,
               bool drop_incomplete, GeneSet& genes) {
    for (std::string const& id : ids) {
        auto const target = sources.targets.rows.at(id).numbers.front();
        if (!target) {
            ++genes.without_target;
            continue;
        }
        LabelledExample gene;
        gene.id = id;
        gene.target = *target;
        if (sources.features && !take_numbers(*sources.features, drop_incomplete, gene)) {
            ++genes.incomplete;
            continue;
        }
        genes.set.examples.push_back(std::move(gene));
    }
}

/// Cuts the genes' windows; genes of contigs that no file has go, or are an error.
void add_windows(ExpressionOptions const& options, GeneSources const& sources, GeneSet& genes) {
    WindowShape const shape = window_shape(options);
    std::vector<TranscriptionStart> starts;
    for (LabelledExample const& gene : genes.set.examples) {
        starts.push_back((*sources.starts)[sources.start_of.at(gene.id)]);
    }
    auto windows = cut_windows(options.genomes, options.tss, starts, shape);
    std::vector<LabelledExample> kept;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        DNAGPT_VALIDATE(!windows[i].empty() || options.drop_incomplete,
                        << options.tss << " row " << starts[i].row << ": no --genome file has '"
                        << starts[i].contig << "', the contig of " << starts[i].gene
                        << "; give its file, or drop such genes with --drop-incomplete");
        if (windows[i].empty()) {
            ++genes.incomplete;
            continue;
        }
        kept.push_back(std::move(genes.set.examples[i]));
        kept.back().codes = std::move(windows[i]);
        genes.loci.push_back(window_region(starts[i], shape));
    }
    genes.set.examples = std::move(kept);
}

}  // namespace

GeneSet join_genes(ExpressionOptions const& options) {
    GeneSources const sources = read_sources(options);
    auto const ids = joined_ids(sources);
    print_sources(sources, options.tss, ids.size());
    DNAGPT_VALIDATE(!ids.empty(), << "no gene stands in every file (the ids differ); check the id "
                                     "columns");
    GeneSet genes;
    genes.set.target_name = sources.targets.names.front();
    if (sources.features) {
        genes.set.number_names = sources.features->names;
    }
    add_genes(sources, ids, options.drop_incomplete, genes);
    if (sources.starts) {
        add_windows(options, sources, genes);
    }
    return genes;
}

}  // namespace dnagpt
