#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/base_scores.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/sequence_scores.hpp"
#include "dnagpt/eval/variant_scores.hpp"
#include "dnagpt/eval/variant_source.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

struct ScoreOptions {
    std::string checkpoint;
    std::string species_token;
    std::string fasta;
    VariantSourceOptions variants{"", "", "", "", -1};
    std::string strand = "forward";
    bool fast = false;
    std::int64_t overlap = -1;
    std::string output = "scores.tsv";
    std::string bedgraph;
    std::int64_t positions = 8192;
    std::string precision = "float";
    std::string piece = "1/1";
    bool merge = false;

    VariantForm form() const { return {strand_called(strand), fast}; }
};

constexpr char missing[] = "NA";

std::string variant_head(ScoreOptions const& options, std::int64_t step) {
    return fmt::format(
        "# pos counts from 1, as in VCF; log p in nats; llr = log_p_alt - log_p_ref; flank {}; {}"
        "weights of step {}\n"
        "chrom\tpos\tid\tref\talt\tlog_p_ref\tlog_p_alt\tllr\tlog_p_base_ref\tlog_p_base_alt\t"
        "strand\tstatus\n",
        options.variants.flank, options.fast ? "fast; " : "", step);
}

/// What a base's bits are.
std::string meaning_of_bits(Strand strand) {
    return strand == Strand::both ? "bits: mean of -log2 p over both strands"
                                  : fmt::format("bits: -log2 p, {} strand", strand_name(strand));
}

std::string window_head(WindowForm const& form, Strand strand, std::int64_t step) {
    return fmt::format(
        "# start and end count from 0, half-open; {}; windows of {} bases share {}; weights of "
        "step {}\n"
        "contig\tstart\tend\tbase\tbits\tp_A\tp_C\tp_G\tp_T\n",
        meaning_of_bits(strand), form.bases, form.overlap, step);
}

std::string bedgraph_head(Strand strand) {
    return fmt::format(
        "# start and end count from 0, half-open\n"
        "track type=bedGraph name=\"dnagpt bits\" description=\"{}\"\n",
        meaning_of_bits(strand));
}

std::string row_of(VariantPlace const& place, VariantResult const& result,
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

/// The rows of a window's bases, and the same as bedGraph lines.
struct WindowRows {
    std::string table;
    std::string bedgraph;
};

void append_rows(ScoredWindow const& window, std::vector<BaseScore> const& scores,
                 WindowRows& rows) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
        std::int64_t const at = window.first + static_cast<std::int64_t>(i);
        std::uint8_t const code = window.codes[static_cast<std::size_t>(at)];
        if (code == 0) {
            continue;
        }
        std::string const place =
            fmt::format("{}\t{}\t{}", window.name, window.start + at, window.start + at + 1);
        BaseLogP const& log_p = scores[i].log_p;  // A G C T
        rows.table += fmt::format("{}\t{}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\t{:.6g}\n", place,
                                  base_letters[code], scores[i].bits, std::exp(log_p[0]),
                                  std::exp(log_p[2]), std::exp(log_p[1]), std::exp(log_p[3]));
        rows.bedgraph += fmt::format("{}\t{:.6g}\n", place, scores[i].bits);
    }
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
          positions_(std::max(options.positions, context_length_)),
          model_(reader, forms_up_to(context_length_, positions_), device.stream()),
          forward_{model_.context, model_.params, model_.saved, model_.batch},
          scorer_(forward_, model_.vocabulary, species_token(options.species_token.front()),
                  positions_),
          world_(world),
          step_(reader.header().step),
          piece_(piece_from(options.piece)) {
        DNAGPT_VALIDATE(model_.shape.token_head,
                        << reader.path()
                        << " answers numbers alone (it was fine-tuned without the "
                           "token head); use another checkpoint");
    }

    void run() { options_.fasta.empty() ? score_variant_file() : score_fasta(); }

  private:
    void score_variant_file() {
        settle_flank();
        RecordRange const range = range_of_piece(
            [this](AddRecord const& add) {
                for (std::int64_t left = count_variants(options_.variants); left > 0; --left) {
                    add("");
                }
            },
            piece_, world_);
        ReadRecords const read = [&](AddRecord const& add) {
            for_each_variant(options_.variants, range,
                             [&](VariantPlace const& place) { add(to_text(place)); });
        };
        BlockWork work{"variant scoring", read, range, {}, {}};
        VariantForm const form = options_.form();
        work.answer = [&](BlockRound const& round) {
            std::vector<VariantPlace> places;
            for (std::int64_t i = round.own_first; i < round.own_last; ++i) {
                places.push_back(variant_place_from(round.records[static_cast<std::size_t>(i)]));
            }
            auto const results =
                score_variants(scorer_, std::span<VariantPlace const>(places), form);
            std::string rows;
            for (std::size_t i = 0; i < places.size(); ++i) {
                rows += row_of(places[i], results[i], form);
            }
            return rows;
        };
        write_blocks(work, variant_head(options_, step_), "variants");
    }

    void score_fasta() {
        WindowForm const form = window_form();
        Strand const strand = strand_called(options_.strand);
        ReadRecords const read = [&](AddRecord const& add) {
            for_each_scored_window(options_.fasta, form, strand,
                                   [&](ScoredWindow const& window) { add(to_text(window)); });
        };
        BlockWork work{"scoring", read, range_of_piece(read, piece_, world_), {}, {}};
        work.answer = [&](BlockRound const& round) {
            std::vector<ScoredWindow> windows;
            for (std::int64_t i = round.own_first; i < round.own_last; ++i) {
                windows.push_back(scored_window_from(round.records[static_cast<std::size_t>(i)]));
            }
            auto const scores =
                score_windows(scorer_, std::span<ScoredWindow const>(windows), strand);
            WindowRows rows;
            for (std::size_t i = 0; i < windows.size(); ++i) {
                append_rows(windows[i], scores[i], rows);
            }
            return options_.bedgraph.empty() ? rows.table : rows.table + rows_end + rows.bedgraph;
        };
        write_blocks(work, window_head(form, strand, step_), "windows");
    }

    void write_blocks(BlockWork& work, std::string const& head, std::string const& records) {
        std::optional<TextWriter> table;
        std::optional<TextWriter> bedgraph;
        std::string const output = piece_path(options_.output, piece_);
        if (world_.rank() == 0) {
            table.emplace(output);
            table->append(head);
        }
        if (world_.rank() == 0 && !options_.bedgraph.empty()) {
            bedgraph.emplace(piece_path(options_.bedgraph, piece_));
            bedgraph->append(bedgraph_head(strand_called(options_.strand)));
        }
        work.write = [&](std::string_view text) {
            std::size_t const end = std::min(text.find(rows_end), text.size());
            table->append(text.substr(0, end));
            if (bedgraph && end < text.size()) {
                bedgraph->append(text.substr(end + 1));
            }
        };
        std::int64_t const scored = for_each_block(work, world_);
        for (auto* writer : {&table, &bedgraph}) {
            if (*writer) {
                (*writer)->finish();
            }
        }
        world_.barrier();
        log_info(fmt::format("wrote {} {} to {}", scored, records, output));
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

    WindowForm window_form() const {
        std::int64_t const bases = scored_bases(context_length_);
        DNAGPT_VALIDATE(bases > 0, << "a context of " << context_length_ << " positions leaves no "
                                   << "room for bases; use a checkpoint with a longer one");
        WindowForm const form{bases, options_.overlap < 0 ? bases / 2 : options_.overlap};
        validate(form);
        return form;
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
    CheckpointReader const reader = open_checkpoint(options.checkpoint, world);
    Scoring<T>(options, reader, world, device).run();
    return exit_success;
}

int merge(ScoreOptions const& options) {
    join_tables(find_pieces(options.output), options.output);
    if (!options.bedgraph.empty()) {
        join_tables(find_pieces(options.bedgraph), options.bedgraph);
    }
    log_info("wrote " + options.output);
    return exit_success;
}

int score(ScoreOptions const& options) {
    if (options.merge) {
        return merge(options);
    }
    return run_ranks([&](Communicator const& world, DeviceSession const& device) {
        return options.precision == "bf16" ? score_as<bf16>(options, world, device)
                                           : score_as<float>(options, world, device);
    });
}

/// Options that one of the two sources reads.
using Options = std::vector<CLI::Option*>;

Options add_variant_options(CLI::App& command, ScoreOptions& options) {
    VariantSourceOptions& variants = options.variants;
    return {
        command.add_option("--reference", variants.reference,
                           "Of --vcf: FASTA (plain or bgzip); its index FILE.fai is made where "
                           "it is missing"),
        command
            .add_option("--flank", variants.flank,
                        "Of --vcf: bases read on each side of a variant; default: what the "
                        "context holds")
            ->check(CLI::PositiveNumber),
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
            ->check(CLI::NonNegativeNumber),
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
    CLI::Option* const checkpoint =
        command->add_option("--checkpoint", options.checkpoint,
                            "Checkpoint file or run folder (of fine-tuning its best)");
    CLI::Option* const species =
        command
            ->add_option("--species", options.species_token,
                         "Token of the species, such as R for human")
            ->check([](std::string const& text) {
                return text.size() == 1 ? std::string() : "one letter, such as R";
            });
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
    command->add_option("--output", options.output, "Table to write")->capture_default_str();
    command->add_option("--positions", options.positions, "At once on a rank")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--precision", options.precision, "float or bf16")
        ->check(CLI::IsMember({"float", "bf16"}))
        ->capture_default_str();
    command->add_option("--piece", options.piece,
                        "2/8: only this share of the input, for a job array");
    CLI::Option* const merging = command->add_flag(
        "--merge", options.merge, "Join the pieces of --output (and --bedgraph) into one file");
    command->callback([=, &action] {
        bool const of_fasta = !options.fasta.empty();
        bool const of_vcf = !options.variants.vcf.empty();
        if (merging->count() == 0 &&
            (checkpoint->count() == 0 || species->count() == 0 || of_fasta == of_vcf)) {
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
        if (options.bedgraph == options.output) {
            throw CLI::ValidationError("--bedgraph", "is the file of --output");
        }
        action = [] { return score(options); };
    });
}

}  // namespace dnagpt
