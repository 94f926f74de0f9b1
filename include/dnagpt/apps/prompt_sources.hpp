#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dnagpt/data/prompt_template.hpp"
#include "dnagpt/eval/prompt_records.hpp"

namespace dnagpt {

/// Where prompts come from: one of the first four.
struct PromptSourceOptions {
    std::vector<std::string> prompts;
    std::string prompts_file;
    std::string fasta;
    std::string table;
    std::string id_column;
    std::string sequence_column;
    std::vector<std::string> number_columns;
    std::int64_t overlap = -1;  ///< bases; below 0: half a window

    bool free_prompts() const { return !prompts.empty() || !prompts_file.empty(); }
    bool is_standard_input() const { return prompts_file == "-"; }
    /// Those that are read, and `checkpoint`; some may be empty.
    std::vector<std::string> inputs_with(std::string const& checkpoint) const {
        return {checkpoint, fasta, table, prompts_file};
    }
};

/// What sequences are cut to, and where long ones are cut.
struct PromptRoom {
    PromptTemplate prompt;
    std::int64_t context_length = 0;
    std::int64_t numbers = 0;  ///< in each prompt
};

/// Visits every prompt or window in the order of its source. `room` is read for sequences alone.
/// Errors name file and line: no prompt, an empty sequence, a missing column, a number that is none
/// or missing, a prompt without a place for its sequence or numbers, one that leaves no room for
/// bases.
void for_each_prompt(PromptSourceOptions const& options, PromptRoom const* room,
                     std::function<void(PromptRecord)> const& visit);

}  // namespace dnagpt
