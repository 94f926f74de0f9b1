#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/indexed_rows.hpp"
#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/apps/prompt_model.hpp"
#include "dnagpt/apps/prompt_question.hpp"
#include "dnagpt/apps/prompt_reader.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/layer_choice.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/prompt_embeddings.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/row_file.hpp"

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
          asked_(options.records, options.source, question, reader, device.stream()),
          form_{pooling_called(options.pool),
                layers_called(options.layers, {0, asked_.model.shape.layers, true})},
          world_(world),
          piece_(piece_from(options.records.piece)),
          count_(asked_.prompts.count(piece_, rows_of_record(), world)),
          file_(piece_path(options.records.output, piece_),
                embeddings_form(options, form_, asked_.model.shape.channels, reader.header().step),
                count_.rows, world) {}

    void run() {
        write_indexed_rows({"embeddings", options_.records.output, "first_row\trows", piece_,
                            count_.range, [this](BlockRound const& round) { return embed(round); }},
                           asked_.prompts, file_, world_);
    }

  private:
    RowsOfRecord rows_of_record() const { return {1, form_.pooling == Pooling::every}; }

    /// Writes the rows of this rank's records; their places as lines.
    std::string embed(BlockRound const& round) {
        std::vector<std::int64_t> const firsts =
            asked_.prompts.first_rows(round, rows_of_record(), next_row_);
        std::vector<PromptInput> inputs;
        std::string lines;
        for (std::string const& text : round.own()) {
            PromptRecord const record = prompt_record_from(text);
            inputs.push_back(asked_.prompts.inputs(record).front());
            std::size_t const at = inputs.size() - 1;
            std::int64_t const rows = pooled_rows(inputs[at].length(), form_.pooling);
            lines += fmt::format("{}\t{}\t{}\n", asked_.prompts.fields(record),
                                 count_.rows_before + firsts[at], rows);
            write_places(round.first_number + round.own_first + static_cast<std::int64_t>(at),
                         firsts[at], inputs[at].length(), rows);
        }
        embed_prompts(asked_.forward, std::span<PromptInput const>(inputs),
                      {asked_.positions, round.report}, form_,
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
    PromptModel<T> asked_;
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
        require_own_files({options.records.output, index_path(options.records.output)},
                          options.source.inputs_with(options.records.checkpoint));
        action = [] { return embed(options); };
    });
}

}  // namespace dnagpt
