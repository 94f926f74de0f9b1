#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace dnagpt {

/// What a subcommand does once its arguments are read; its result is the exit code.
using Action = std::function<int()>;

/// Each adds one subcommand to the program; when that one is chosen, `action` is set.
void add_pretrain_command(CLI::App& program, Action& action);
void add_finetune_command(CLI::App& program, Action& action);
void add_evaluate_command(CLI::App& program, Action& action);
void add_predict_command(CLI::App& program, Action& action);
void add_score_command(CLI::App& program, Action& action);
void add_embed_command(CLI::App& program, Action& action);
void add_attention_command(CLI::App& program, Action& action);
void add_generate_command(CLI::App& program, Action& action);
void add_inspect_command(CLI::App& program, Action& action);
void add_plan_command(CLI::App& program, Action& action);

}  // namespace dnagpt
