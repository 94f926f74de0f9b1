#include <CLI/CLI.hpp>
#include <exception>
#include <string>
#include <vector>

#include "commands.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/piece.hpp"
#include "dnagpt/core/program.hpp"

namespace {

using namespace dnagpt;

void add_synthesize(CLI::App& app, SynthesizeOptions& options) {
    auto* const command = app.add_subcommand(
        "synthesize", "nine small synthetic genomes (FASTA.gz) and their species.toml");
    command->add_option("--output", options.output, "folder for the files")->required();
    command->add_option("--seed", options.seed, "random seed")->capture_default_str();
    command
        ->add_option("--size-factor", options.size_factor,
                     "1 gives about 13 Mbp in all, 0.1 a tenth of it")
        ->check(CLI::Range(0.01, 1000.0))
        ->capture_default_str();
}

std::string piece_text(std::string const& text) {
    try {
        piece_from(text);
        return "";
    } catch (Error const& error) {
        return error.what();
    }
}

void add_shard(CLI::App& app, ShardOptions& options) {
    auto* const command =
        app.add_subcommand("shard", "FASTA of all species -> token shards (run it under mpirun)");
    command->add_option("--species", options.species, "species table (species.toml)")->required();
    command->add_option("--genomes", options.genomes,
                        "folder of the FASTA files (default: that of the table)");
    command
        ->add_option("--output", options.output,
                     "folder for the shards; while a species is made, it also takes a byte a base")
        ->required();
    command
        ->add_option("--validation-fraction", options.validation_fraction,
                     "share of each species' bases")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str();
    command->add_option("--test-fraction", options.test_fraction, "share of each species' bases")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str();
    command
        ->add_option("--validation-contigs", options.validation_contigs,
                     "records for validation: names or globs, also species/name")
        ->delimiter(',');
    command->add_option("--test-contigs", options.test_contigs, "records for test")->delimiter(',');
    command->add_option("--exclude", options.exclude, "BED file of regions that no split gets");
    command->add_flag("--replace", options.replace,
                      "make shards of other sequence or settings again");
    command
        ->add_option("--piece", options.piece,
                     "K/N: every N-th species of the table from the K-th on, for a job of an array")
        ->check(piece_text)
        ->capture_default_str();
}

void add_signals(CLI::App& app, SignalsOptions& options) {
    auto* const command = app.add_subcommand(
        "signals",
        "sequences with classes -> labelled set: de-duplicated, grouped by shared sequence, split");
    command->add_option("--positive", options.positive,
                        "FASTA, or one sequence a line with or without a label letter; plain or "
                        "gzip, several files");
    command->add_option("--negative", options.negative, "the same for the other class");
    command->add_option("--table", options.table,
                        "CSV or TSV with the columns sequence and label, head line or not");
    command
        ->add_option("--id-column", options.id_column,
                     "column of the ids in --table (default: the file's name and the row), named "
                     "by its head line or by its 1-based number")
        ->needs("--table");
    command
        ->add_option("--number-columns", options.number_columns,
                     "columns of input numbers in --table, in their order")
        ->delimiter(',')
        ->needs("--table");
    command->add_option("--train", options.train,
                        "table of a ready-made training split; the splits are kept");
    command->add_option("--validation,--dev", options.validation, "its validation split");
    command->add_option("--test", options.test, "its test split");
    command
        ->add_option("--signal-start", options.signal_start,
                     "0-based place of bases that are taken out of each sequence")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command
        ->add_option("--signal-length", options.signal_length,
                     "how many bases are taken out (PAS 6, TIS 3, both at 300 in DeepGSR's files)")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command->add_flag("--keep-signal", options.keep_signal, "take nothing out");
    command
        ->add_option("--species-token", options.species_token,
                     "token that opens the prompt: R human, S mouse, O fruit fly, ...")
        ->capture_default_str();
    command->add_option("--split", options.split, "shares of train, validation and test")
        ->delimiter(',')
        ->expected(3)
        ->capture_default_str();
    command->add_option("--seed", options.seed, "of the split")->capture_default_str();
    command
        ->add_option("--group-by", options.group_by,
                     "what stays in one split: cluster (a shared 32-mer or overlapping "
                     "coordinates), contig (the same sequence name) or none")
        ->check(CLI::IsMember({"cluster", "contig", "none"}))
        ->capture_default_str();
    for (char const* name : {"--split", "--seed", "--group-by"}) {
        command->get_option(name)->excludes("--train");
    }
    command->add_option("--output", options.output, "labelled set (HDF5)")->required();
}

/// Where the genes of an expression set come from.
void add_gene_sources(CLI::App& command, ExpressionOptions& options) {
    command.add_option("--table", options.table,
                       "table with all of each gene (TSV or CSV, plain or gzip); columns are named "
                       "by its head line, or all by 1-based numbers where it has none");
    command.add_option("--id-column", options.id_column, "column of the gene ids in --table")
        ->capture_default_str();
    command.add_option("--sequence-column", options.sequence_column,
                       "column of the sequences in --table; without it a gene is its numbers");
    command.add_option("--target-column", options.target_column,
                       "column of the number to be answered in --table; genes without it go");
    command
        .add_option("--locus-columns", options.locus_columns,
                    "columns of contig, start and end in --table: overlapping genes share a split")
        ->delimiter(',');
    command.add_flag("--whole-sequence", options.whole_sequence, "cut no window from --table");
    command.add_option("--features", options.features, "table with numbers of each gene");
    command.add_option("--features-id", options.features_id, "its column of the gene ids")
        ->capture_default_str();
    command
        .add_option("--number-columns", options.number_columns,
                    "columns of the input numbers in --table or --features, in their order")
        ->delimiter(',');
    command.add_option("--targets", options.targets, "table with the number to be answered");
    command.add_option("--targets-id", options.targets_id, "its column of the gene ids")
        ->capture_default_str();
    command.add_option("--targets-value", options.targets_value, "its column of the number");
    command.add_option("--tss", options.tss,
                       "BED6 of transcription starts, the gene's id as name: the entry's first "
                       "base on +, its last on -");
    command.add_option("--genome", options.genomes,
                       "FASTA to cut the windows around --tss from, several files");
}

void add_expression(CLI::App& app, ExpressionOptions& options) {
    auto* const command = app.add_subcommand(
        "expression",
        "genes with a sequence, numbers or both and a number to be answered -> labelled set\n"
        "  one table:    --table genes.tsv.gz --sequence-column promoter --number-columns a,b\n"
        "                --target-column expression --locus-columns chrom,start,end\n"
        "  from places:  --tss genes.bed --genome hg38.fa.gz --features f.csv --number-columns "
        "a,b\n"
        "                --targets t.txt --targets-id 1 --targets-value 4\n"
        "  numbers only: --features f.csv --number-columns a,b --targets t.csv --targets-value x");
    add_gene_sources(*command, options);
    command
        ->add_option("--log10", options.log10,
                     "those of --number-columns that become log10(x + 0.1)")
        ->delimiter(',');
    command
        ->add_option("--window-up", options.window_up,
                     "bases before the start of transcription, the middle of a table's sequence; "
                     "N where there are none")
        ->check(CLI::Range(0, 100'000'000))
        ->capture_default_str();
    command->add_option("--window-down", options.window_down, "bases from the start on")
        ->check(CLI::Range(0, 100'000'000))
        ->capture_default_str();
    command->add_flag("--drop-incomplete", options.drop_incomplete,
                      "drop and count genes without a number or a sequence (otherwise an error)");
    command->add_option("--species-token", options.species_token, "token that opens the prompt")
        ->capture_default_str();
    command
        ->add_option("--split", options.split,
                     "shares of train, validation and test, each with its share of low and high "
                     "targets")
        ->delimiter(',')
        ->expected(3)
        ->capture_default_str();
    command->add_option("--seed", options.seed, "of the split")->capture_default_str();
    command
        ->add_option("--group-by", options.group_by,
                     "what stays in one split: locus (overlapping places or equal sequences), "
                     "cluster (a shared 32-mer or overlapping places), contig or none; default: "
                     "locus where places are known, else cluster, none for numbers only")
        ->check(CLI::IsMember({"locus", "cluster", "contig", "none"}));
    command->add_option("--output", options.output, "labelled set (HDF5)")->required();
}

void add_haplotypes(CLI::App& app, HaplotypesOptions& options) {
    auto* const command = app.add_subcommand(
        "haplotypes",
        "haplotypes of 0 and 1 -> set of sequences of A and G, split by person\n"
        "  --hapt 805_SNP_1000G_real.hapt.gz --split 8,0,2\n"
        "  --vcf phased.vcf.gz --region 15:27000001-28000000 --samples people.txt");
    command->add_option("--hapt", options.hapt,
                        "rows of tag, <person>_A or <person>_B, and 0 or 1 for each site; plain or "
                        "gzip");
    command->add_option("--legend", options.legend,
                        "table of its sites: contig, position (from 1), id, ref, alt");
    command->add_option("--vcf", options.vcf,
                        "VCF or BCF with phased genotypes; its biallelic SNPs are taken");
    command->add_option(
        "--region", options.region,
        "contig:from-to of --vcf, counted from 1; an index is used if there is one");
    command->add_option("--samples", options.samples,
                        "of --vcf: a file with one a line, or names separated by commas");
    command->add_option("--species-token", options.species_token, "token that opens the prompt")
        ->capture_default_str();
    command
        ->add_option("--split", options.split,
                     "shares of people for train, validation and test; all but train may be 0")
        ->delimiter(',')
        ->expected(3)
        ->capture_default_str();
    command->add_option("--seed", options.seed, "of the split")->capture_default_str();
    command->add_option("--output", options.output, "labelled set (HDF5)")->required();
}

void add_inspect(CLI::App& app, std::vector<std::string>& files, std::string& vocabulary) {
    CLI::App* command = app.add_subcommand(
        "inspect", "what token shards and labelled sets hold; verifies checksums");
    CLI::Option_group* const asked = command->add_option_group("what is shown");
    asked->add_option("FILE", files, "shards, folders of them, labelled sets");
    asked
        ->add_option("--vocabulary", vocabulary,
                     "fixed or dynamic: id, text and category of every token")
        ->check(CLI::IsMember({"fixed", "dynamic"}));
    asked->require_option(1);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Prepares genomes for the pretraining of DNAGPT.", "dnagpt-prep");
    app.set_version_flag("--version", program_version("dnagpt-prep"));
    app.require_subcommand(1);
    SynthesizeOptions synthesize_options;
    ShardOptions shard_options;
    SignalsOptions signals_options;
    ExpressionOptions expression_options;
    HaplotypesOptions haplotypes_options;
    std::vector<std::string> inspected;
    std::string vocabulary;
    add_synthesize(app, synthesize_options);
    add_shard(app, shard_options);
    add_signals(app, signals_options);
    add_expression(app, expression_options);
    add_haplotypes(app, haplotypes_options);
    add_inspect(app, inspected, vocabulary);
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? exit_success : exit_wrong_use;
    }
    try {
        require_instruction_sets("dnagpt-prep");
        if (app.got_subcommand("shard")) {
            return shard(shard_options, argc, argv);
        }
        if (app.got_subcommand("inspect")) {
            if (!vocabulary.empty()) {
                inspect_vocabulary(vocabulary);
                return exit_success;
            }
            return inspect(inspected);
        }
        if (app.got_subcommand("signals")) {
            signals(signals_options);
            return exit_success;
        }
        if (app.got_subcommand("expression")) {
            expression(expression_options);
            return exit_success;
        }
        if (app.got_subcommand("haplotypes")) {
            haplotypes(haplotypes_options);
            return exit_success;
        }
        synthesize(synthesize_options);
        return exit_success;
    } catch (std::exception const& error) {
        log_error(error.what());
        return exit_failure;
    }
}
