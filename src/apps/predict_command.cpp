#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/apps/prompt_model.hpp"
#include "dnagpt/apps/prompt_question.hpp"
#include "dnagpt/apps/prompt_reader.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/row_file.hpp"
#include "dnagpt/eval/shared_text_file.hpp"

namespace dnagpt {
namespace {

struct PredictOptions {
    RecordOptions records{"", "predictions.tsv"};
    PromptSourceOptions source;
    QuestionOptions question;
    std::string logits;
    std::string logits_at = "last";
};

enum LogitsDataset : std::size_t { logits_dataset, record_dataset, position_dataset };

RowFileForm logits_form(std::int64_t vocabulary, std::string const& at) {
    nlohmann::ordered_json settings;
    settings["logits_at"] = at;
    return {"dnagpt logits",
            1,
            {{"/logits", vocabulary, RowElement::float32},
             {"/record", 0, RowElement::int64},
             {"/position", 0, RowElement::int32}},
            settings.dump()};
}

/// A rank's part in answering.
template <class T>
class Predictor {
  public:
    Predictor(PredictOptions const& options, PromptQuestion const& question,
              CheckpointReader const& reader, Communicator const& world,
              DeviceSession const& device)
        : options_(options),
          question_(question),
          asked_(options.records, options.source, question, reader, device.stream()),
          world_(world) {}

    void run() {
        Piece const piece = piece_from(options_.records.piece);
        RecordCount const count = count_records(piece);
        if (!options_.logits.empty()) {
            logits_.emplace(piece_path(options_.logits, piece),
                            logits_form(asked_.model.shape.vocabulary_size, options_.logits_at),
                            count.rows, world_);
        }
        SharedTextFile table(piece_path(options_.records.output, piece),
                             asked_.prompts.head() + answer_columns(question_.form) + "\n", world_);
        BlockWork const work{"prediction",
                             [this](AddRecord const& add) { asked_.prompts.read(add); },
                             count.range, [this](BlockRound const& round) { return answer(round); },
                             [&](std::string_view text) { table.append(text); }};
        std::int64_t const answered = for_each_block(work, world_);
        if (logits_) {
            logits_->finish();
        }
        table.finish();
        log_info(fmt::format("wrote {} predictions to {}", answered, table.path()));
    }

  private:
    bool every_position() const { return options_.logits_at == "every"; }

    RowsOfRecord logit_rows() const { return {1, every_position()}; }

    RecordCount count_records(Piece piece) const {
        bool const known = piece.count == 1 && options_.logits.empty();
        return known ? RecordCount() : asked_.prompts.count(piece, logit_rows(), world_);
    }

    /// Answers this rank's records, in lines; their logits go to their rows.
    std::string answer(BlockRound const& round) {
        std::vector<PromptRecord> records;
        std::vector<PromptInput> inputs;
        std::vector<std::size_t> first_input{0};
        for (std::string const& record : round.own()) {
            records.push_back(prompt_record_from(record));
            for (PromptInput& input : asked_.prompts.inputs(records.back())) {
                inputs.push_back(std::move(input));
            }
            first_input.push_back(inputs.size());
        }
        std::vector<PromptAnswer> const answers =
            answers_to(inputs, places_of_logits(round, first_input), round.report);
        std::string text;
        for (std::size_t i = 0; i < records.size(); ++i) {
            text += asked_.prompts.fields(records[i]);
            std::size_t const count = first_input[i + 1] - first_input[i];
            text += answer_fields(question_.form, inputs[first_input[i]],
                                  std::span(answers).subspan(first_input[i], count)) +
                    "\n";
        }
        return text;
    }

    /// Where the logits of an input go; row -1: nowhere.
    struct LogitsPlace {
        std::int64_t row = -1;
        std::int64_t record = 0;
    };

    /// By input of this rank's records: behind the rows of all records before.
    std::vector<LogitsPlace> places_of_logits(BlockRound const& round,
                                              std::vector<std::size_t> const& first_input) {
        std::vector<LogitsPlace> places(first_input.back());
        if (logits_) {
            auto const rows = asked_.prompts.first_rows(round, logit_rows(), next_logit_row_);
            for (std::size_t i = 0; i < rows.size(); ++i) {
                places[first_input[i]] = {
                    rows[i], round.first_number + round.own_first + static_cast<std::int64_t>(i)};
            }
        }
        return places;
    }

    std::vector<PromptAnswer> answers_to(std::vector<PromptInput> const& inputs,
                                         std::vector<LogitsPlace> const& places,
                                         ReportShare const& report) {
        std::vector<PromptAnswer> answers(inputs.size());
        LogitsAt const at = logits_ && every_position()                ? LogitsAt::every_position
                            : logits_ || question_.form.needs_logits() ? LogitsAt::last_position
                                                                       : LogitsAt::nowhere;
        answer_prompts(asked_.forward, std::span(inputs), {asked_.positions, report}, at,
                       [&](std::size_t number, PromptAnswer const& answer) {
                           if (places[number].row >= 0) {
                               write_logits(places[number], inputs[number].length(), answer.logits);
                           }
                           answers[number] = with_last_row(answer);
                       });
        return answers;
    }

    void write_logits(LogitsPlace const& place, std::int64_t length,
                      std::span<float const> logits) {
        auto const rows = std::ssize(logits) / asked_.model.shape.vocabulary_size;
        std::vector<std::int64_t> const record(static_cast<std::size_t>(rows), place.record);
        std::vector<std::int32_t> position(static_cast<std::size_t>(rows));
        std::iota(position.begin(), position.end(), static_cast<std::int32_t>(length - rows));
        logits_->write(logits_dataset, place.row, logits);
        logits_->write(record_dataset, place.row, std::span(record));
        logits_->write(position_dataset, place.row, std::span(position));
    }

    PromptAnswer with_last_row(PromptAnswer const& answer) const {
        auto const kept = std::min(std::ssize(answer.logits), asked_.model.shape.vocabulary_size);
        return {answer.asked, answer.number, {answer.logits.end() - kept, answer.logits.end()}};
    }

    PredictOptions const& options_;
    PromptQuestion const& question_;
    PromptModel<T> asked_;
    Communicator const& world_;
    std::optional<RowFile> logits_;
    std::int64_t next_logit_row_ = 0;
};

template <class T>
int predict_as(PredictOptions const& given, Communicator const& world,
               DeviceSession const& device) {
    PredictOptions options = given;
    CheckpointReader const reader = open_checkpoint(options.records.checkpoint, world);
    PromptQuestion const question =
        settle_question(options.question, reader.header(), options.source);
    Predictor<T>(options, question, reader, world, device).run();
    return exit_success;
}

int merge(PredictOptions const& options) {
    join_tables(find_pieces(options.records.output), options.records.output);
    if (!options.logits.empty()) {
        join_row_files(find_pieces(options.logits), options.logits);
    }
    log_info("wrote " + options.records.output);
    return exit_success;
}

int predict(PredictOptions const& options) {
    if (options.records.merge) {
        return merge(options);
    }
    return run_ranks_in(options.records.precision,
                        [&]<class T>(std::type_identity<T>, Communicator const& world,
                                     DeviceSession const& device) {
                            return predict_as<T>(options, world, device);
                        });
}

void add_question_options(CLI::App& command, QuestionOptions& question) {
    add_template_options(command, question);
    command
        .add_option("--answer", question.answer,
                    "class, number or words (the likeliest next ones); default: as the checkpoint "
                    "was fine-tuned or the template ends")
        ->check(CLI::IsMember({"class", "number", "words"}));
    command.add_option("--top", question.top, "How many words")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
}

}  // namespace

void add_predict_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "predict",
        "Answers prompts, FASTA sequences or table rows with a checkpoint: classes, numbers or the "
        "next words (may be started with mpirun or srun)");
    static PredictOptions options;
    add_record_options(*command, options.records, "Table to write", "--output (and --logits)");
    add_source_options(*command, options.source);
    add_question_options(*command, options.question);
    CLI::Option* const logits = command->add_option(
        "--logits", options.logits, "HDF5 file for the logits of the position that is read");
    command->add_option("--logits-at", options.logits_at, "last or every position")
        ->needs(logits)
        ->check(CLI::IsMember({"last", "every"}))
        ->capture_default_str();
    command->callback([&action] {
        if (!options.records.is_complete() ||
            (!options.records.merge && !has_source(options.source))) {
            throw CLI::RequiredError(
                "--checkpoint, and one of --prompt, --prompts, --fasta and --table");
        }
        require_own_files({options.records.output, options.logits},
                          options.source.inputs_with(options.records.checkpoint));
        action = [] { return predict(options); };
    });
}

}  // namespace dnagpt
