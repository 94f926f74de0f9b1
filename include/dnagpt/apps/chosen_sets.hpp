#pragma once

#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/data/finetune_data.hpp"

namespace dnagpt {

/// A set as given on a command line: FILE, or NAME=FILE to name the task.
struct GivenSet {
    std::string name;  ///< may be empty
    std::string path;
};
GivenSet given_set(std::string const& text);

/// Labelled sets for the tasks that a checkpoint was fine-tuned for, as GivenSet has them. Errors:
/// a checkpoint of pretraining, a task that it does not know, a file for one of several tasks that
/// names none.
FinetuneData chosen_sets(std::vector<std::string> const& given, CheckpointReader const& reader);

}  // namespace dnagpt
