#include "dnagpt/apps/chosen_sets.hpp"

#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/eval/loaded_model.hpp"

namespace dnagpt {

FinetuneData chosen_sets(std::vector<std::string> const& given, CheckpointReader const& reader) {
    FinetuneTask const task = finetune_task_from(reader.header().task);
    DNAGPT_VALIDATE(!task.sets.empty(), << reader.path()
                                        << " was pretrained only (it answers no classes "
                                        << "or numbers); run dnagpt finetune first");
    FinetuneTask chosen;
    std::vector<LabelledSet> sets;
    chosen.reverse_complement = task.reverse_complement;
    for (std::string const& each : given) {
        std::size_t const equals = each.find('=');
        bool const named = equals != std::string::npos;
        DNAGPT_VALIDATE(named || task.sets.size() == 1,
                        << "the checkpoint was fine-tuned for " << task.sets.size()
                        << " sets; name the one that " << each << " is for: --set NAME=" << each);
        chosen.sets.push_back(named ? task_called(task, each.substr(0, equals))
                                    : task.sets.front());
        sets.push_back(read_labelled_set(named ? each.substr(equals + 1) : each));
    }
    RunConfig const config = stored_config(reader.header());
    return {std::move(sets), std::move(chosen),
            Vocabulary{vocabulary_kind(config.model.vocabulary)}, config.model.context_length};
}

}  // namespace dnagpt
