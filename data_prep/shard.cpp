#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <set>

#include "commands.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/piece.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/shard_builder.hpp"

namespace dnagpt {
namespace {

BuildSettings build_settings(ShardOptions const& options) {
    DNAGPT_VALIDATE(options.validation_fraction + options.test_fraction < 1,
                    << "--validation-fraction and --test-fraction leave nothing for training "
                    << "(their sum is 1 or more); give smaller ones");
    BuildSettings settings;
    settings.folder = options.output;
    settings.splits.validation_fraction = options.validation_fraction;
    settings.splits.test_fraction = options.test_fraction;
    settings.splits.validation_contigs = options.validation_contigs;
    settings.splits.test_contigs = options.test_contigs;
    if (!options.exclude.empty()) {
        settings.splits.exclude = read_bed(options.exclude);
    }
    settings.program_version = DNAGPT_VERSION;
    settings.replace = options.replace;
    return settings;
}

std::vector<SpeciesFiles> find_files(ShardOptions const& options) {
    std::string folder = options.genomes;
    if (folder.empty()) {
        folder = std::filesystem::absolute(options.species).parent_path().string();
    }
    return find_species_files(read_species_table(options.species), folder);
}

void make_folder(std::string const& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    DNAGPT_VALIDATE(!error, << "the folder " << folder << " cannot be made (" << error.message()
                            << "); give another --output");
}

/// The indices of the piece's species. They depend on the table alone, so that the pieces of an
/// array agree whatever files there are.
std::vector<std::size_t> species_of_piece(std::size_t species_count, Piece piece) {
    std::vector<std::size_t> own;
    for (auto index = static_cast<std::size_t>(piece.number - 1); index < species_count;
         index += static_cast<std::size_t>(piece.count)) {
        own.push_back(index);
    }
    return own;
}

/// Those of this rank among the indices in `order`: the largest species first, each to the rank
/// with least to read.
std::vector<std::size_t> species_of_rank(std::vector<SpeciesFiles> const& species,
                                         std::vector<std::size_t> order, int rank, int world_size) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return species[a].bytes > species[b].bytes;
    });
    std::vector<std::int64_t> load(static_cast<std::size_t>(world_size), 0);
    std::vector<std::size_t> own;
    for (std::size_t const index : order) {
        auto const least = std::min_element(load.begin(), load.end());
        *least += species[index].bytes + 1;
        if (least - load.begin() == rank) {
            own.push_back(index);
        }
    }
    return own;
}

std::string report_line(SpeciesFiles const& species, BuildReport const& report) {
    std::string line = fmt::format("{:<26}", species.entry.name);
    for (int s = 0; s < split_count; ++s) {
        line += fmt::format("{:>16}", format_count(static_cast<std::uint64_t>(report.bases[s])));
    }
    line += fmt::format("{:>8}{}", report.shards, report.kept ? "  kept" : "");
    if (!report.left_out.empty()) {
        line += fmt::format("\n    left out: {}", report.left_out);
    }
    return line;
}

/// Prints what all ranks have made, in the order of the species table.
void print_reports(Communicator const& world, std::size_t species_count,
                   std::vector<std::pair<std::size_t, std::string>> const& own) {
    std::vector<std::string> lines(species_count);
    for (auto const& [index, line] : own) {
        lines[index] = line;
    }
    if (world.rank() == 0) {
        fmt::print("{:<26}{:>16}{:>16}{:>16}{:>8}\n", "species (bp)", "train", "validation", "test",
                   "shards");
    }
    for (std::string const& line : lines) {
        for (std::string const& text : world.all_gather(line)) {
            if (world.rank() == 0 && !text.empty()) {
                fmt::print("{}\n", text);
            }
        }
    }
}

/// What the records of the species matched, of the names that people gave.
struct Matches {
    std::set<std::string> names;
    std::set<std::string> regions;
    bool some_kept = false;  ///< not known of all species
};

/// The names of all ranks, each between line ends.
std::string gather_names(Communicator const& world, std::set<std::string> const& own) {
    return fmt::format("\n{}\n",
                       fmt::join(world.all_gather(fmt::format("{}", fmt::join(own, "\n"))), "\n"));
}

/// What `names` are not between line ends in `matched`, each once.
std::set<std::string> names_outside(std::vector<std::string> const& names,
                                    std::string const& matched) {
    std::set<std::string> outside;
    for (std::string const& name : names) {
        if (matched.find(fmt::format("\n{}\n", name)) == matched.npos) {
            outside.insert(name);
        }
    }
    return outside;
}

void warn_of_unmatched_regions(std::set<std::string> const& unmatched) {
    if (!unmatched.empty()) {
        log_warning(
            fmt::format("no record of any species is called as {} of the names in the --exclude "
                        "file, such as '{}'; see the names after '>' in the FASTA files",
                        unmatched.size(), *unmatched.begin()));
    }
}

void warn_of_unmatched_contigs(std::set<std::string> const& unmatched) {
    for (std::string const& name : unmatched) {
        log_warning(
            fmt::format("no record of any species is called '{}' (named for a "
                        "split); see the names after '>' in the FASTA files",
                        name));
    }
}

/// One piece cannot know what the others' species match.
void tell_names_outside_piece(std::string const& piece, std::set<std::string> const& contigs,
                              std::set<std::string> const& regions) {
    if (!contigs.empty() || !regions.empty()) {
        log_info(
            fmt::format("of the names for splits and in the --exclude file, {} match no record of "
                        "piece {}, such as '{}'; see that each of them matches in another piece",
                        contigs.size() + regions.size(), piece,
                        contigs.empty() ? *regions.begin() : *contigs.begin()));
    }
}

/// A name that matches nothing leaves its split to the hash, or its region in: people are told.
/// Says nothing when a species was kept, whose names are not known then.
void tell_unmatched_names(Communicator const& world, SplitSettings const& splits,
                          Matches const& own, std::string const& piece) {
    std::string const matched_names = gather_names(world, own.names);
    std::string const matched_regions = gather_names(world, own.regions);
    if (world.any(own.some_kept) || world.rank() != 0) {
        return;
    }
    std::vector<std::string> named = splits.validation_contigs;
    named.insert(named.end(), splits.test_contigs.begin(), splits.test_contigs.end());
    std::vector<std::string> excluded;
    for (BedRegion const& region : splits.exclude) {
        excluded.push_back(region.name);
    }
    auto const contigs = names_outside(named, matched_names);
    auto const regions = names_outside(excluded, matched_regions);
    if (piece_from(piece).count > 1) {
        tell_names_outside_piece(piece, contigs, regions);
        return;
    }
    warn_of_unmatched_regions(regions);
    warn_of_unmatched_contigs(contigs);
}

/// A species that is no longer in the table stays in the folder and would be trained on.
void warn_of_other_species(std::string const& folder, std::vector<SpeciesFiles> const& species) {
    std::set<std::string> others;
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
        std::string const file = entry.path().filename().string();
        std::string const name = file.substr(0, file.find('.'));
        bool const listed = std::any_of(species.begin(), species.end(),
                                        [&](auto const& each) { return each.entry.name == name; });
        if (file.ends_with(".h5") && !listed) {
            others.insert(name);
        }
    }
    for (std::string const& name : others) {
        log_warning(
            fmt::format("{} holds shards of {}, which is not in the species table; training "
                        "reads them too: remove {}/{}.*.h5 if that is not meant",
                        folder, name, folder, name));
    }
}

void shard_on_rank(ShardOptions const& options, Communicator const& world) {
    if (world.rank() == 0) {
        // wrong input stops the run here, with one message
        build_settings(options);
        find_files(options);
        make_folder(options.output);
    }
    world.barrier();
    BuildSettings const settings = build_settings(options);
    std::vector<SpeciesFiles> const species = find_files(options);
    auto const of_piece = species_of_piece(species.size(), piece_from(options.piece));
    if (of_piece.empty() && world.rank() == 0) {
        log_info(fmt::format("the table has {} species, so piece {} has nothing to do",
                             species.size(), options.piece));
    }
    auto const own = species_of_rank(species, of_piece, world.rank(), world.size());
    std::uint64_t total = 0;
    for (std::size_t const index : own) {
        total += 3 * static_cast<std::uint64_t>(species[index].bytes);
    }
    Progress progress("shard", "bytes", total);
    std::vector<std::pair<std::size_t, std::string>> reports;
    Matches matches;
    for (std::size_t const index : own) {
        BuildReport const report = build_shards(
            species[index], settings, [&](std::uint64_t bytes) { progress.advance(bytes); });
        reports.emplace_back(index, report_line(species[index], report));
        matches.names.insert(report.matched_names.begin(), report.matched_names.end());
        matches.regions.insert(report.matched_regions.begin(), report.matched_regions.end());
        matches.some_kept = matches.some_kept || report.kept;
    }
    progress.finish();
    if (world.size() > 1 && progress.seconds() >= 2) {
        log_info("rank 0 is done with its species; waiting for the other ranks");
    }
    print_reports(world, species.size(), reports);
    tell_unmatched_names(world, settings.splits, matches, options.piece);
    if (world.rank() == 0) {
        warn_of_other_species(options.output, species);
    }
}

}  // namespace

int shard(ShardOptions const& options, int& argc, char**& argv) {
    MpiSession const session(argc, argv);
    Communicator const& world = session.world();
    set_log_rank(world.rank(), world.size());
    try {
        shard_on_rank(options, world);
        return exit_success;
    } catch (std::exception const& error) {
        log_error(error.what());
        if (world.size() == 1) {
            return exit_failure;
        }
        MpiSession::abort(exit_failure);
    }
}

}  // namespace dnagpt
