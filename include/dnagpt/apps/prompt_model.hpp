#pragma once

#include <algorithm>
#include <cstdint>

#include "dnagpt/apps/prompt_reader.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/core/stream.hpp"
#include "dnagpt/eval/forward_model.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/model/batch_form.hpp"

namespace dnagpt {

/// The prompts of a source and the model that reads them, in batches of at most `positions`.
template <class T>
struct PromptModel {
    PromptModel(RecordOptions const& options, PromptSourceOptions const& source,
                PromptQuestion const& question, CheckpointReader const& reader, Stream stream)
        : context_length(stored_config(reader.header()).model.context_length),
          positions(std::max(options.positions, context_length)),
          prompts(source, question, context_length),
          model(reader, forms_up_to(context_length, positions), stream),
          forward{model.context, model.params, model.saved, model.batch} {}

    std::int64_t context_length;
    std::int64_t positions;
    PromptReader prompts;
    LoadedModel<T> model;
    ForwardModel<T> forward;
};

}  // namespace dnagpt
