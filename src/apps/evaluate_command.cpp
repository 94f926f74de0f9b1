#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dnagpt/apps/chosen_sets.hpp"
#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/evaluate_sets.hpp"
#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/eval/evaluation_report.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/novel_masks.hpp"
#include "dnagpt/eval/task_rows_file.hpp"
#include "dnagpt/eval/validation.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/train/state_file.hpp"

namespace dnagpt {
namespace {

struct EvaluateOptions {
    std::string checkpoint;
    std::string shards;
    EvaluateSetsOptions sets;
    std::string split = "validation";
    std::string output = "evaluation.json";
    std::string precision = "float";
    std::int64_t windows = 0;
    std::int64_t task_rows = 256;
    std::int64_t micro_batch = 16;
    bool novel = false;
    std::string rows_file;
};

template <class T>
int evaluate_as(EvaluateOptions const& options, Communicator const& world,
                DeviceSession const& device) {
    CheckpointReader const reader = open_checkpoint(options.checkpoint, world);
    BatchForm const form{options.micro_batch, stored_config(reader.header()).model.context_length};
    LoadedModel<T> model(reader, {form}, device.stream());
    ShardCheck const check = world.rank() == 0 ? ShardCheck::all : ShardCheck::heads;
    PretrainData const training(options.shards, Split::train, check);
    PretrainData const data(options.shards, split_called(options.split), check);
    require_same_source(training, data);
    if (stored_data_digest(reader.header()) != hash_to_hex(training.digest())) {
        log_shared_warning(options.shards + " is not what " + reader.path() +
                           " was trained on; its training may have held bases that are scored now");
    }
    ValidationSettings settings;
    settings.windows_per_species = options.windows;
    settings.task_rows_per_species = options.task_rows;
    settings.context_length = model.shape.context_length;
    settings.micro_batch = options.micro_batch;
    ValidationSet set(data, model.vocabulary, settings);
    if (options.novel) {
        log_info("looking for novel bases");
        set.novel = novel_masks(data, set.windows(), training, world);
    }
    if (!options.rows_file.empty() && world.rank() == 0) {
        write_task_rows(options.rows_file, set);
    }
    auto const sums =
        score_validation(model.context, model.params, model.saved, model.batch, set, world);
    log_info("fitting Markov models");
    auto const markov = score_markov_models(training, set, world);
    if (world.rank() == 0) {
        EvaluationSource const source{reader.path(), reader.header().step, options.split};
        write_text_atomically(options.output,
                              evaluation_report(source, data, sums, markov).dump(2) + "\n");
    }
    log_info("wrote " + options.output);
    return exit_success;
}

EvaluateSetsOptions sets_options(EvaluateOptions const& options) {
    EvaluateSetsOptions sets = options.sets;
    sets.checkpoint = options.checkpoint;
    sets.output = options.output;
    sets.micro_batch = options.micro_batch;
    return sets;
}

std::vector<std::string> inputs_of(EvaluateOptions const& options) {
    std::vector<std::string> inputs = {options.checkpoint, options.shards};
    for (std::string const& set : options.sets.sets) {
        inputs.push_back(given_set(set).path);
    }
    return inputs;
}

int evaluate(EvaluateOptions const& options) {
    return run_ranks_in(options.precision, [&]<class T>(std::type_identity<T>,
                                                        Communicator const& world,
                                                        DeviceSession const& device) {
        return options.sets.sets.empty() ? evaluate_as<T>(options, world, device)
                                         : evaluate_sets<T>(sets_options(options), world, device);
    });
}

}  // namespace

void add_evaluate_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "evaluate",
        "Scores a checkpoint on shards (bits per base, GC, order) or, fine-tuned, on labelled sets "
        "(start it with mpirun or srun)");
    static EvaluateOptions options;
    command
        ->add_option("--checkpoint", options.checkpoint,
                     "Checkpoint file or run folder (its newest; of fine-tuning its best)")
        ->required();
    CLI::Option_group* const data = command->add_option_group("data", "what it is scored on");
    data->add_option("--shards", options.shards, "Folder of token shards");
    data->add_option("--set", options.sets.sets,
                     "Labelled set; NAME=FILE where the model was fine-tuned for several");
    data->require_option(1);
    command
        ->add_option("--blank", options.sets.blank,
                     "With --set: leave an input out, sequence (all N) or numbers (their means)")
        ->check(CLI::IsMember({"sequence", "numbers"}));
    command->add_option("--predictions", options.sets.predictions,
                        "With --set: TSV file for what is predicted of each example");
    command->add_option("--split", options.split, "validation or test")
        ->check(CLI::IsMember({"validation", "test"}));
    command->add_option("--output", options.output, "File to write");
    add_precision_option(*command, options.precision);
    command
        ->add_option("--windows", options.windows, "Windows per species for bits per base; 0: all")
        ->check(from_zero);
    command->add_option("--task-rows", options.task_rows, "Rows per species for GC and order")
        ->check(from_zero);
    command->add_option("--micro-batch", options.micro_batch, "Rows at once on a rank")
        ->check(from_one);
    command->add_flag("--novel", options.novel,
                      "Also bits per base on bases under no 32-mer seen in training (takes 24 "
                      "bytes of memory a scored base, spread over the ranks)");
    command->add_option("--write-task-rows", options.rows_file,
                        "TSV file for the GC and order rows, e.g. for tools/order_baseline.py");
    for (char const* name :
         {"--split", "--windows", "--task-rows", "--novel", "--write-task-rows"}) {
        command->get_option(name)->needs("--shards");
    }
    for (char const* name : {"--blank", "--predictions"}) {
        command->get_option(name)->needs("--set");
    }
    command->callback([&action] {
        require_own_files({options.output, options.sets.predictions, options.rows_file},
                          inputs_of(options));
        action = [] { return evaluate(options); };
    });
}

}  // namespace dnagpt
