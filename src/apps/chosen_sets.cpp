#include "dnagpt/apps/chosen_sets.hpp"

#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/eval/loaded_model.hpp"

namespace dnagpt {

GivenSet given_set(std::string const& text) {
    std::size_t const equals = text.find('=');
    return equals == std::string::npos ? GivenSet{"", text}
                                       : GivenSet{text.substr(0, equals), text.substr(equals + 1)};
}

FinetuneData chosen_sets(std::vector<std::string> const& given, CheckpointReader const& reader) {
    FinetuneTask const task = finetune_task_from(reader.header().task);
    DNAGPT_VALIDATE(!task.sets.empty(), << reader.path()
                                        << " was pretrained only (it answers no classes "
                                        << "or numbers); run dnagpt finetune first");
    FinetuneTask chosen;
    std::vector<LabelledSet> sets;
    chosen.reverse_complement = task.reverse_complement;
    for (std::string const& each : given) {
        auto const [name, path] = given_set(each);
        DNAGPT_VALIDATE(!name.empty() || task.sets.size() == 1,
                        << "the checkpoint was fine-tuned for " << task.sets.size()
                        << " sets; name the one that " << each << " is for: --set NAME=" << each);
        chosen.sets.push_back(name.empty() ? task.sets.front() : task_called(task, name));
        sets.push_back(read_labelled_set(path));
    }
    RunConfig const config = stored_config(reader.header());
    return {std::move(sets), std::move(chosen),
            Vocabulary{vocabulary_kind(config.model.vocabulary)}, config.model.context_length};
}

}  // namespace dnagpt
