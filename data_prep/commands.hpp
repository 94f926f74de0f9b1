#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnagpt {

struct SynthesizeOptions {
    std::string output;
    std::uint64_t seed = 1;
    double size_factor = 1;
};
/// Writes nine synthetic genomes (FASTA.gz) and their species.toml.
void synthesize(SynthesizeOptions const& options);

struct ShardOptions {
    std::string species;
    std::string genomes;  ///< empty: the folder of the species table
    std::string output;
    double validation_fraction = 0.05;
    double test_fraction = 0.05;
    std::vector<std::string> validation_contigs;
    std::vector<std::string> test_contigs;
    std::string exclude;  ///< BED file or empty
    bool replace = false;
    std::string piece = "1/1";  ///< of an array of jobs
};
/// Makes the token shards of a table's species, or of every N-th for piece K/N, spread over the
/// ranks; starts MPI. Returns the exit code; a failing rank prints its message and ends all.
int shard(ShardOptions const& options, int& argc, char**& argv);

struct SignalsOptions {
    std::vector<std::string> positive;
    std::vector<std::string> negative;
    std::string table;
    std::string id_column;                    ///< of the table; empty: file and row are the id
    std::vector<std::string> number_columns;  ///< of the table
    std::string train;
    std::string validation;
    std::string test;
    std::int64_t signal_start = 0;   ///< 0-based
    std::int64_t signal_length = 0;  ///< bases that are taken out; 0: none
    bool keep_signal = false;
    char species_token = 'R';
    std::vector<double> split = {6, 1.5, 2.5};
    std::uint64_t seed = 1;
    std::string group_by = "cluster";
    std::string output;
};
/// Makes a labelled set of sequences with classes and prints what became of the records.
void signals(SignalsOptions const& options);

struct ExpressionOptions {
    // one table of genes ..
    std::string table;
    std::string id_column = "gene_id";
    std::string sequence_column;
    std::string target_column;
    std::vector<std::string> locus_columns;  ///< contig, start, end
    bool whole_sequence = false;
    // .. or tables that are joined by gene, with or without windows cut from a genome
    std::string features;
    std::string features_id = "gene_id";
    std::string targets;
    std::string targets_id = "gene_id";
    std::string targets_value;
    std::string tss;  ///< BED6
    std::vector<std::string> genomes;

    std::vector<std::string> number_columns;  ///< of the table or the features
    std::vector<std::string> log10;           ///< those of them that become log10(x + 0.1)
    std::int64_t window_up = 7000;            ///< bases
    std::int64_t window_down = 3500;
    bool drop_incomplete = false;
    char species_token = 'R';
    std::vector<double> split = {8, 1, 1};
    std::uint64_t seed = 1;
    std::string group_by;  ///< empty: locus, cluster or none, by what is known of the genes
    std::string output;
};
/// Makes a labelled set of genes with a number to be answered and prints what became of them.
void expression(ExpressionOptions const& options);

struct HaplotypesOptions {
    std::string hapt;
    std::string legend;
    std::string vcf;
    std::string region;
    std::string samples;  ///< a file with a name a line, or names separated by commas
    char species_token = 'R';
    std::vector<double> split = {8, 0, 2};
    std::uint64_t seed = 1;
    std::string output;
};
/// Makes a set of haplotypes, split by person, and prints what became of them.
void haplotypes(HaplotypesOptions const& options);

/// Prints id, text and category of every token of the vocabulary "fixed" or "dynamic".
void inspect_vocabulary(std::string const& name);

/// Prints what shards (or folders of them) and labelled sets hold after verifying them. Returns the
/// exit code.
int inspect(std::vector<std::string> const& paths);

}  // namespace dnagpt
