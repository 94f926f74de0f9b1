#include <CLI/CLI.hpp>
#include <exception>
#include <string>
#include <vector>

#include "commands.hpp"
#include "dnagpt/core/log.hpp"
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
    command->add_option("--train", options.train, "table of a ready-made training split");
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
    command->add_option("--output", options.output, "labelled set (HDF5)")->required();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Prepares genomes for the pretraining of DNAGPT.", "dnagpt-prep");
    app.set_version_flag("--version", program_version("dnagpt-prep"));
    app.require_subcommand(1);
    SynthesizeOptions synthesize_options;
    ShardOptions shard_options;
    SignalsOptions signals_options;
    std::vector<std::string> inspected;
    add_synthesize(app, synthesize_options);
    add_shard(app, shard_options);
    add_signals(app, signals_options);
    app.add_subcommand("inspect", "what token shards hold; verifies their checksums")
        ->add_option("FILE", inspected, "shards, or folders of them")
        ->required();
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
            return inspect(inspected);
        }
        if (app.got_subcommand("signals")) {
            signals(signals_options);
            return exit_success;
        }
        synthesize(synthesize_options);
        return exit_success;
    } catch (std::exception const& error) {
        log_error(error.what());
        return exit_failure;
    }
}
