#pragma once

#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/data/finetune_data.hpp"

namespace dnagpt {

/// Labelled sets for the tasks that a checkpoint was fine-tuned for. `given`: FILE, or NAME=FILE to
/// name the task. Errors: a checkpoint of pretraining, a task that it does not know, a file for one
/// of several tasks that names none.
FinetuneData chosen_sets(std::vector<std::string> const& given, CheckpointReader const& reader);

}  // namespace dnagpt
