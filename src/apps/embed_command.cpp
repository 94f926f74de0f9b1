#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/prompt_question.hpp"
#include "dnagpt/apps/prompt_reader.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/layer_choice.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/prompt_embeddings.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/row_file.hpp"
#include "dnagpt/eval/shared_text_file.hpp"

namespace dnagpt {
namespace {

struct EmbedOptions {
    RecordOptions records{"", "embeddings.h5"};
    PromptSourceOptions source;
    QuestionOptions question;
    std::vector<std::string> layers{"final"};
    std::string pool = "mean";
};

RowFileForm embeddings_form(EmbedOptions const& options, EmbeddingForm const& form,
                            std::int64_t channels, std::int64_t step) {
    nlohmann::ordered_json settings;
    settings["pool"] = options.pool;
    settings["step"] = step;
    RowFileForm file{"dnagpt embeddings", 1, {}, settings.dump()};
    for (std::int64_t const layer : form.layers) {
        file.datasets.push_back({"/" + layer_name(layer), channels, RowElement::float32});
    }
    file.datasets.push_back({"/record", 0, RowElement::int64});
    file.datasets.push_back({"/position", 0, RowElement::int32});
    return file;
}

/// A rank's part in embedding.
template <class T>
class Embedder {
  public:
    Embedder(EmbedOptions const& options, PromptQuestion const& question,
             CheckpointReader const& reader, Communicator const& world, DeviceSession const& device)
        : options_(options),
          context_length_(stored_config(reader.header()).model.context_length),
          positions_(std::max(options.records.positions, context_length_)),
          prompts_(options.source, question, context_length_),
          model_(reader, forms_up_to(context_length_, positions_), device.stream()),
          form_{pooling_called(options.pool),
                layers_called(options.layers, {0, model_.shape.layers, true})},
          world_(world),
          piece_(piece_from(options.records.piece)),
          count_(prompts_.count(piece_, rows_of_record(), world)),
          file_(piece_path(options.records.output, piece_),
                embeddings_form(options, form_, model_.shape.channels, reader.header().step),
                count_.rows, world) {}

    void run() {
        SharedTextFile index(piece_path(index_path(options_.records.output), piece_),
                             prompts_.head() + "\tfirst_row\trows\n", world_);
        BlockWork const work{"embedding", [this](AddRecord const& add) { prompts_.read(add); },
                             count_.range, [this](BlockRound const& round) { return embed(round); },
                             [&](std::string_view text) { index.append(text); }};
        std::int64_t const embedded = for_each_block(work, world_);
        file_.finish();
        index.finish();
        log_info(fmt::format("wrote {} embeddings to {} and their places to {}", embedded,
                             piece_path(options_.records.output, piece_), index.path()));
    }

  private:
    RowsOfRecord rows_of_record() const { return {1, form_.pooling == Pooling::every}; }

    /// Writes the rows of this rank's records; their places as lines.
    std::string embed(BlockRound const& round) {
        std::vector<std::int64_t> const firsts =
            prompts_.first_rows(round, rows_of_record(), next_row_);
        std::vector<PromptInput> inputs;
        std::string lines;
        for (std::string const& text : round.own()) {
            PromptRecord const record = prompt_record_from(text);
            inputs.push_back(prompts_.inputs(record).front());
            std::size_t const at = inputs.size() - 1;
            std::int64_t const rows = pooled_rows(inputs[at].length(), form_.pooling);
            lines += fmt::format("{}\t{}\t{}\n", prompts_.fields(record),
                                 count_.rows_before + firsts[at], rows);
            write_places(round.first_number + round.own_first + static_cast<std::int64_t>(at),
                         firsts[at], inputs[at].length(), rows);
        }
        ForwardModel<T> const forward{model_.context, model_.params, model_.saved, model_.batch};
        embed_prompts(forward, std::span<PromptInput const>(inputs), positions_, form_,
                      [&](std::size_t input, std::size_t layer, std::span<float const> values) {
                          file_.write(layer, firsts[input], values);
                      });
        return lines;
    }

    /// The record of each row, and its position; -1 for a mean.
    void write_places(std::int64_t number, std::int64_t first, std::int64_t length,
                      std::int64_t rows) {
        auto const count = static_cast<std::size_t>(rows);
        std::vector<std::int64_t> const record(count, number);
        std::vector<std::int32_t> position(count, -1);
        if (form_.pooling != Pooling::mean) {
            std::iota(position.begin(), position.end(), static_cast<std::int32_t>(length - rows));
        }
        file_.write(form_.layers.size(), first, std::span(record));
        file_.write(form_.layers.size() + 1, first, std::span(position));
    }

    EmbedOptions const& options_;
    std::int64_t context_length_;
    std::int64_t positions_;
    PromptReader prompts_;
    LoadedModel<T> model_;
    EmbeddingForm form_;
    Communicator const& world_;
    Piece piece_;
    RecordCount count_;
    RowFile file_;
    std::int64_t next_row_ = 0;
};

template <class T>
int embed_as(EmbedOptions const& given, Communicator const& world, DeviceSession const& device) {
    EmbedOptions options = given;
    CheckpointReader const reader = open_checkpoint(options.records.checkpoint, world);
    PromptQuestion const question =
        settle_reading(options.question, reader.header(), options.source);
    Embedder<T>(options, question, reader, world, device).run();
    return exit_success;
}

int embed(EmbedOptions const& options) {
    if (options.records.merge) {
        join_indexed_rows(options.records.output);
        return exit_success;
    }
    return run_ranks_in(
        options.records.precision,
        [&]<class T>(std::type_identity<T>, Communicator const& world,
                     DeviceSession const& device) { return embed_as<T>(options, world, device); });
}

}  // namespace

void add_embed_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "embed",
        "Writes a checkpoint's embeddings of prompts, FASTA sequences or table rows as HDF5 (may "
        "be started with mpirun or srun)");
    static EmbedOptions options;
    add_source_options(*command, options.source);
    add_template_options(*command, options.question);
    command
        ->add_option("--layers", options.layers,
                     "0 (the embeddings) to the model's number of layers, final (behind the last "
                     "layernorm), or all")
        ->delimiter(',')
        ->capture_default_str();
    command
        ->add_option("--pool", options.pool,
                     "mean over the words, last position, or every position")
        ->check(CLI::IsMember({"mean", "last", "every"}))
        ->capture_default_str();
    add_record_options(*command, options.records,
                       "HDF5 file to write; FILE.tsv says whose rows stand where", "--output");
    command->callback([&action] {
        if (!options.records.is_complete() ||
            (!options.records.merge && !has_source(options.source))) {
            throw CLI::RequiredError(
                "--checkpoint, and one of --prompt, --prompts, --fasta and --table");
        }
        action = [] { return embed(options); };
    });
}

}  // namespace dnagpt
