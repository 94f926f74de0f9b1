#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/base_scores.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/score_tables.hpp"
#include "dnagpt/eval/sequence_scores.hpp"
#include "dnagpt/eval/shared_text_file.hpp"
#include "dnagpt/eval/variant_scores.hpp"
#include "dnagpt/eval/variant_source.hpp"

namespace dnagpt {
namespace {

struct ScoreOptions {
    RecordOptions records{"", "scores.tsv"};
    std::string species_token;
    std::string fasta;
    VariantSourceOptions variants{"", "", "", "", -1};
    std::string strand = "forward";
    bool fast = false;
    std::int64_t overlap = -1;
    std::string bedgraph;

    VariantForm form() const { return {strand_called(strand), fast}; }
};

/// At most: every base becomes a line or a number, and a rank holds those of a block.
constexpr std::int64_t bases_of_block = std::int64_t{1} << 22;

/// Records of a block, of so many bases each.
std::int64_t block_of(std::int64_t bases) {
    return std::clamp(bases_of_block / bases, std::int64_t{1}, records_of_block);
}

/// Separates a block's rows from its bedGraph lines on their way to rank 0.
constexpr char rows_end = '\x1e';

template <class T>
class Scoring {
  public:
    Scoring(ScoreOptions const& options, CheckpointReader const& reader, Communicator const& world,
            DeviceSession const& device)
        : options_(options),
          context_length_(stored_config(reader.header()).model.context_length),
          positions_(std::max(options.records.positions, context_length_)),
          model_(reader, forms_up_to(context_length_, positions_), device.stream()),
          forward_{model_.context, model_.params, model_.saved, model_.batch},
          scorer_(forward_, model_.vocabulary, species_token(options.species_token.front()),
                  positions_),
          world_(world),
          step_(reader.header().step),
          piece_(piece_from(options.records.piece)) {
        require_words(model_.shape, reader.path());
    }

    void run() { options_.fasta.empty() ? score_variant_file() : score_fasta(); }

  private:
    void score_variant_file() {
        settle_flank();
        std::int64_t const block = block_of(options_.fast ? 1 : 2 * options_.variants.flank);
        RecordRange const range = range_of_piece(
            [this] { return count_variants(options_.variants); }, piece_, world_, block);
        ReadRecords const read = [&](AddRecord const& add) {
            for_each_variant(options_.variants, range,
                             [&](VariantPlace const& place) { add(to_text(place)); });
        };
        BlockWork work{"variant scoring", read, range, {}, {}, block};
        VariantForm const form = options_.form();
        work.answer = [&](BlockRound const& round) {
            std::vector<VariantPlace> places;
            std::ranges::transform(round.own(), std::back_inserter(places), variant_place_from);
            auto const results =
                score_variants(scorer_, std::span<VariantPlace const>(places), form, round.report);
            std::string rows;
            for (std::size_t i = 0; i < places.size(); ++i) {
                rows += variant_row(places[i], results[i], form);
            }
            return rows;
        };
        write_blocks(work, variant_head(options_.variants.flank, options_.fast, step_), "variants");
    }

    void score_fasta() {
        WindowForm const form = windows();
        Strand const strand = strand_called(options_.strand);
        ReadRecords const read = [&](AddRecord const& add) {
            for_each_scored_window(options_.fasta, form, strand,
                                   [&](ScoredWindow const& window) { add(to_text(window)); });
        };
        BlockWork work{"scoring", read, {}, {}, {}, block_of(form.bases)};
        work.range =
            range_of_piece([&] { return count_records(read); }, piece_, world_, work.block);
        work.answer = [&](BlockRound const& round) {
            std::vector<ScoredWindow> windows;
            std::ranges::transform(round.own(), std::back_inserter(windows), scored_window_from);
            auto const scores = score_windows(scorer_, std::span<ScoredWindow const>(windows),
                                              strand, round.report);
            std::string rows;
            std::string bedgraph;
            for (std::size_t i = 0; i < windows.size(); ++i) {
                rows += base_rows(windows[i], scores[i]);
                if (!options_.bedgraph.empty()) {
                    bedgraph += bedgraph_rows(windows[i], scores[i]);
                }
            }
            return rows + rows_end + bedgraph;
        };
        write_blocks(work, base_head(form, strand, step_), "windows");
    }

    void write_blocks(BlockWork& work, std::string const& head, std::string const& records) {
        SharedTextFile table(piece_path(options_.records.output, piece_), head, world_);
        std::optional<SharedTextFile> bedgraph;
        if (!options_.bedgraph.empty()) {
            bedgraph.emplace(piece_path(options_.bedgraph, piece_),
                             bedgraph_head(strand_called(options_.strand)), world_);
        }
        work.write = [&](std::string_view text) {
            std::size_t const end = std::min(text.find(rows_end), text.size());
            table.append(text.substr(0, end));
            if (bedgraph) {
                bedgraph->append(text.substr(std::min(end + 1, text.size())));
            }
        };
        std::int64_t const scored = for_each_block(work, world_);
        table.finish();
        if (bedgraph) {
            bedgraph->finish();
        }
        log_info(fmt::format("wrote {} {} to {}", scored, records, table.path()));
    }

    void settle_flank() {
        std::int64_t const room = (scored_bases(context_length_) - longest_allele) / 2;
        DNAGPT_VALIDATE(room > 0, << "a context of " << context_length_ << " positions leaves no "
                                  << "room beside an allele of " << longest_allele
                                  << " bases; use a checkpoint with a longer one");
        DNAGPT_VALIDATE(options_.variants.flank <= room,
                        << "--flank " << options_.variants.flank << " is more than a context of "
                        << context_length_ << " positions holds; give " << room << " or less");
        if (options_.variants.flank < 0) {
            options_.variants.flank = room;
        }
    }

    WindowForm windows() const {
        std::int64_t const bases = scored_bases(context_length_);
        DNAGPT_VALIDATE(bases > 0, << "a context of " << context_length_ << " positions leaves no "
                                   << "room for bases; use a checkpoint with a longer one");
        return window_form(bases, options_.overlap);
    }

    ScoreOptions options_;
    std::int64_t context_length_;
    std::int64_t positions_;
    LoadedModel<T> model_;
    ForwardModel<T> forward_;
    BaseScorer<T> scorer_;
    Communicator const& world_;
    std::int64_t step_;
    Piece piece_;
};

template <class T>
int score_as(ScoreOptions const& options, Communicator const& world, DeviceSession const& device) {
    CheckpointReader const reader = open_checkpoint(options.records.checkpoint, world);
    Scoring<T>(options, reader, world, device).run();
    return exit_success;
}

int merge(ScoreOptions const& options) {
    join_tables(find_pieces(options.records.output), options.records.output);
    if (!options.bedgraph.empty()) {
        join_tables(find_pieces(options.bedgraph), options.bedgraph);
    }
    log_info("wrote " + options.records.output);
    return exit_success;
}

int score(ScoreOptions const& options) {
    if (options.records.merge) {
        return merge(options);
    }
    return run_ranks_in(
        options.records.precision,
        [&]<class T>(std::type_identity<T>, Communicator const& world,
                     DeviceSession const& device) { return score_as<T>(options, world, device); });
}

/// Options that one of the two sources reads.
using Options = std::vector<CLI::Option*>;

Options add_variant_options(CLI::App& command, ScoreOptions& options) {
    VariantSourceOptions& variants = options.variants;
    return {
        command.add_option(
            "--reference", variants.reference,
            "Of --vcf, required: FASTA (plain or bgzip); its index FILE.fai is made where "
            "it is missing"),
        command
            .add_option("--flank", variants.flank,
                        "Of --vcf: bases read on each side of a variant; default: what the "
                        "context holds")
            ->check(from_one),
        command.add_flag("--fast", options.fast,
                         "Of --vcf: only the first differing base (log_p_base_*), one pass a "
                         "variant"),
        command.add_option("--contig-aliases", variants.aliases,
                           "Of --vcf: table of contig names that mean the same, such as chr1, 1 "
                           "and NC_000001.11"),
        command.add_option("--regions", variants.regions,
                           "Of --vcf: only variants that overlap these (BED)")};
}

Options add_base_options(CLI::App& command, ScoreOptions& options) {
    return {
        command
            .add_option("--overlap", options.overlap,
                        "Of --fasta: bases that windows of a sequence longer than the context "
                        "share; default: half a window")
            ->check(from_zero),
        command.add_option("--bedgraph", options.bedgraph, "Of --fasta: the bits as bedGraph too")};
}

void require_none(Options const& given, std::string const& source) {
    for (CLI::Option const* option : given) {
        if (option->count() > 0) {
            throw CLI::ExcludesError(option->get_name(), source);
        }
    }
}

}  // namespace

void add_score_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "score",
        "Scores every base of a FASTA file, or the variants of a VCF, with a checkpoint's "
        "probabilities (may be started with mpirun or srun)");
    static ScoreOptions options;
    add_record_options(*command, options.records, "Table to write", "--output (and --bedgraph)");
    command
        ->add_option("--species", options.species_token,
                     "Token of the species, such as R for human; required, but with --merge")
        ->check(species_letter);
    CLI::Option_group* const source = command->add_option_group("source", "what is scored");
    source->add_option("--fasta", options.fasta, "Sequences (FASTA, plain or gzip): bits per base");
    source->add_option("--vcf", options.variants.vcf, "Variants (VCF or BCF), with --reference");
    source->require_option(0, 1);
    Options const of_variants = add_variant_options(*command, options);
    Options const of_bases = add_base_options(*command, options);
    command
        ->add_option("--strand", options.strand,
                     "forward, reverse, or both: the mean with the reverse complement")
        ->check(CLI::IsMember({"forward", "reverse", "both"}))
        ->capture_default_str();
    command->callback([=, &action] {
        bool const of_fasta = !options.fasta.empty();
        bool const of_vcf = !options.variants.vcf.empty();
        bool const asks = !options.species_token.empty() && of_fasta != of_vcf;
        if (!options.records.is_complete() || (!options.records.merge && !asks)) {
            throw CLI::RequiredError("--checkpoint, --species, and one of --fasta and --vcf");
        }
        if (of_vcf) {
            require_none(of_bases, "--vcf");
        }
        if (of_fasta) {
            require_none(of_variants, "--fasta");
        }
        if (of_vcf && options.variants.reference.empty()) {
            throw CLI::RequiredError("--reference");
        }
        require_own_files(
            {options.records.output, options.bedgraph},
            {options.records.checkpoint, options.fasta, options.variants.vcf,
             options.variants.reference, options.variants.aliases, options.variants.regions});
        action = [] { return score(options); };
    });
}

}  // namespace dnagpt
