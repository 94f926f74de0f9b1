#include "dnagpt/apps/evaluate_sets.hpp"

#include <nlohmann/json.hpp>

#include "dnagpt/apps/chosen_sets.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/finetune_report.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

Blank blank_called(std::string const& name) {
    return name.empty() ? Blank::nothing : name == "sequence" ? Blank::sequence : Blank::numbers;
}

void write_results(EvaluateSetsOptions const& options, std::string const& path, std::int64_t step,
                   FinetuneData const& data, std::vector<Prediction> const& predictions) {
    auto const scores = set_scores(data, predictions, Intervals::bootstrap);
    write_text_atomically(options.output,
                          finetune_evaluation(path, step, {}, scores).dump(2) + "\n");
    if (!options.predictions.empty()) {
        write_text_atomically(options.predictions, predictions_table(data, 0, predictions));
    }
}

}  // namespace

template <class T>
int evaluate_sets(EvaluateSetsOptions const& options, Communicator const& world,
                  DeviceSession const& device) {
    DNAGPT_VALIDATE(options.predictions.empty() || options.sets.size() == 1,
                    << "--predictions is one table; give one --set");
    CheckpointReader const reader = open_checkpoint(options.checkpoint, world);
    FinetuneData const data = chosen_sets(options.sets, reader);
    std::int64_t const positions = options.micro_batch * data.lengths().back();
    LoadedModel<T> model(reader, forms_within(data.lengths(), positions), device.stream());
    auto const places = data.examples({Split::validation, Split::test});
    DNAGPT_VALIDATE(!places.empty(), << "the sets have no validation and no test examples; make "
                                     << "them with other --split shares");
    ForwardModel<T> const forward{model.context, model.params, model.saved, model.batch};
    auto const predictions =
        predict(forward, data, places, positions, blank_called(options.blank), world);
    if (world.rank() == 0) {
        write_results(options, reader.path(), reader.header().step, data, predictions);
    }
    log_info("wrote " + options.output);
    return exit_success;
}

template int evaluate_sets<float>(EvaluateSetsOptions const&, Communicator const&,
                                  DeviceSession const&);
template int evaluate_sets<bf16>(EvaluateSetsOptions const&, Communicator const&,
                                 DeviceSession const&);

}  // namespace dnagpt
