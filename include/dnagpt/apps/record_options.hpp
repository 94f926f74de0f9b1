#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace dnagpt {

/// What the commands have in common that answer records one after the other.
struct RecordOptions {
    std::string checkpoint;
    std::string output;
    std::int64_t positions = 8192;
    std::string precision = "float";
    std::string piece = "1/1";
    bool merge = false;

    /// The pieces are joined, or a checkpoint is asked.
    bool is_complete() const { return merge || !checkpoint.empty(); }
};

/// `output`: what --output holds. `merged`: the options whose files --merge joins.
void add_record_options(CLI::App& command, RecordOptions& options, std::string const& output,
                        std::string const& merged);

/// --precision, float or bf16.
void add_precision_option(CLI::App& command, std::string& precision);

}  // namespace dnagpt
