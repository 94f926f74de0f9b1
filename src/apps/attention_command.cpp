#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dnagpt/apps/attention_of_set.hpp"
#include "dnagpt/apps/chosen_sets.hpp"
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
#include "dnagpt/eval/prompt_attention.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/row_file.hpp"

namespace dnagpt {
namespace {

struct AttentionOptions {
    RecordOptions records{"", "attention.h5"};
    PromptSourceOptions source;
    QuestionOptions question;
    std::vector<std::string> layers{"all"};
    std::string from = "every";
    AttentionOfSetOptions set;
};

enum MapDataset : std::size_t {
    map_dataset,
    record_dataset,
    layer_dataset,
    head_dataset,
    position_dataset
};

RowFileForm maps_form(std::int64_t columns, std::string const& from, std::int64_t step) {
    nlohmann::ordered_json settings;
    settings["from"] = from;
    settings["step"] = step;
    return {"dnagpt attention",
            1,
            {{"/attention", columns, RowElement::float32},
             {"/record", 0, RowElement::int64},
             {"/layer", 0, RowElement::int32},
             {"/head", 0, RowElement::int32},
             {"/position", 0, RowElement::int32}},
            settings.dump()};
}

/// A rank's part in writing maps: of each record the layers, of each layer the heads, of each head
/// the positions that look, a row each.
template <class T>
class MapWriter {
  public:
    MapWriter(AttentionOptions const& options, PromptQuestion const& question,
              CheckpointReader const& reader, Communicator const& world,
              DeviceSession const& device)
        : options_(options),
          asked_(options.records, options.source, question, reader, device.stream()),
          layers_(layers_called(options.layers, {1, asked_.model.shape.layers, false})),
          world_(world),
          piece_(piece_from(options.records.piece)),
          count_(asked_.prompts.count(piece_, rows_of_record(), world)),
          file_(piece_path(options.records.output, piece_),
                maps_form(count_.longest, options.from, reader.header().step), count_.rows, world) {
    }

    void run() {
        write_indexed_rows(
            {"attention", options_.records.output, "first_row\trows\tpositions", piece_,
             count_.range, [this](BlockRound const& round) { return write_maps(round); }},
            asked_.prompts, file_, world_);
    }

  private:
    bool from_every() const { return options_.from == "every"; }
    std::int64_t maps() const { return std::ssize(layers_) * asked_.model.shape.heads; }
    RowsOfRecord rows_of_record() const { return {maps(), from_every(), true}; }

    std::string write_maps(BlockRound const& round) {
        std::vector<std::int64_t> const firsts =
            asked_.prompts.first_rows(round, rows_of_record(), next_row_);
        std::vector<PromptInput> inputs;
        std::string lines;
        for (std::string const& text : round.own()) {
            PromptRecord const record = prompt_record_from(text);
            inputs.push_back(asked_.prompts.inputs(record).front());
            std::int64_t const length = inputs.back().length();
            lines += fmt::format("{}\t{}\t{}\t{}\n", asked_.prompts.fields(record),
                                 count_.rows_before + firsts[inputs.size() - 1],
                                 maps() * queries_of(length), length);
        }
        std::int64_t const number = round.first_number + round.own_first;
        read_attention(asked_.forward, std::span<PromptInput const>(inputs),
                       {asked_.positions, round.report}, layers_,
                       from_every() ? AttentionFrom::every_position : AttentionFrom::last_position,
                       [&](std::size_t input, std::int64_t layer, std::span<float const> values) {
                           write_layer(number + static_cast<std::int64_t>(input), firsts[input],
                                       layer, inputs[input].length(), values);
                       });
        return lines;
    }

    std::int64_t queries_of(std::int64_t length) const { return from_every() ? length : 1; }

    /// values (H, queries, length); rows end with 0 behind the prompt.
    void write_layer(std::int64_t record, std::int64_t first_of_record, std::int64_t layer,
                     std::int64_t length, std::span<float const> values) {
        std::int64_t const queries = queries_of(length);
        std::int64_t const rows = asked_.model.shape.heads * queries;
        auto const place = std::ranges::find(layers_, layer) - layers_.begin();
        std::int64_t const first = first_of_record + place * rows;
        std::vector<float> wide(static_cast<std::size_t>(rows * count_.longest), 0);
        std::vector<std::int32_t> head;
        std::vector<std::int32_t> position;
        for (std::int64_t row = 0; row < rows; ++row) {
            std::copy_n(values.begin() + row * length, length, wide.begin() + row * count_.longest);
            head.push_back(static_cast<std::int32_t>(row / queries));
            position.push_back(static_cast<std::int32_t>(length - queries + row % queries));
        }
        auto const count = static_cast<std::size_t>(rows);
        std::vector<std::int64_t> const of_record(count, record);
        std::vector<std::int32_t> const of_layer(count, static_cast<std::int32_t>(layer));
        file_.write(map_dataset, first, std::span<float const>(wide));
        file_.write(record_dataset, first, std::span(of_record));
        file_.write(layer_dataset, first, std::span(of_layer));
        file_.write(head_dataset, first, std::span<std::int32_t const>(head));
        file_.write(position_dataset, first, std::span<std::int32_t const>(position));
    }

    AttentionOptions const& options_;
    PromptModel<T> asked_;
    std::vector<std::int64_t> layers_;
    Communicator const& world_;
    Piece piece_;
    RecordCount count_;
    RowFile file_;
    std::int64_t next_row_ = 0;
};

template <class T>
int attention_as(AttentionOptions const& given, Communicator const& world,
                 DeviceSession const& device) {
    AttentionOptions options = given;
    CheckpointReader const reader = open_checkpoint(options.records.checkpoint, world);
    if (!options.set.path.empty()) {
        average_attention<T>(options.set, options.records, options.layers, reader, world, device);
        return exit_success;
    }
    PromptQuestion const question =
        settle_reading(options.question, reader.header(), options.source);
    MapWriter<T>(options, question, reader, world, device).run();
    return exit_success;
}

int attention(AttentionOptions const& options) {
    if (options.records.merge) {
        join_indexed_rows(options.records.output);
        return exit_success;
    }
    return run_ranks_in(options.records.precision,
                        [&]<class T>(std::type_identity<T>, Communicator const& world,
                                     DeviceSession const& device) {
                            return attention_as<T>(options, world, device);
                        });
}

}  // namespace

void add_attention_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "attention",
        "Writes how much positions attend to each other, by layer and head, as HDF5: of prompts "
        "or sequences, or averaged over a labelled set (may be started with mpirun or srun)");
    static AttentionOptions options;
    CLI::Option_group* const source = add_source_options(*command, options.source);
    add_template_options(*command, options.question);
    CLI::Option* const set = source->add_option(
        "--set", options.set.path,
        "Labelled set of the checkpoint's task: from the position of the answer, "
        "the mean over each class");
    for (char const* const unused : {"--task", "--template", "--species-token"}) {
        set->excludes(command->get_option(unused));
    }
    command->add_option("--split", options.set.split, "Of --set: train, validation or test")
        ->check(CLI::IsMember({"train", "validation", "test"}))
        ->capture_default_str()
        ->needs(set);
    command
        ->add_option("--random-weights", options.set.random_weights,
                     "Of --set: draw the model's weights with this seed instead, to compare")
        ->needs(set);
    command->add_option("--layers", options.layers, "1 to the model's number of layers, or all")
        ->delimiter(',')
        ->capture_default_str();
    command
        ->add_option("--from", options.from,
                     "last or every: the positions whose attention is written, of prompts and "
                     "sequences")
        ->check(CLI::IsMember({"last", "every"}))
        ->capture_default_str()
        ->excludes(set);
    add_record_options(*command, options.records,
                       "HDF5 file to write; of prompts and sequences FILE.tsv says whose rows "
                       "stand where",
                       "--output");
    command->callback([&action] {
        bool const asks = has_source(options.source) != !options.set.path.empty();
        if (!options.records.is_complete() || (!options.records.merge && !asks)) {
            throw CLI::RequiredError(
                "--checkpoint, and one of --prompt, --prompts, --fasta, --table and --set");
        }
        auto inputs = options.source.inputs_with(options.records.checkpoint);
        inputs.push_back(given_set(options.set.path).path);
        require_own_files({options.records.output, index_path(options.records.output)}, inputs);
        action = [] { return attention(options); };
    });
}

}  // namespace dnagpt
