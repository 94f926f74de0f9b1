#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <string>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"

namespace dnagpt {
namespace {

std::string shape_text(std::vector<std::int64_t> const& shape) {
    return fmt::format("({})", fmt::join(shape, ", "));
}

void print_tensors(CheckpointHeader const& header) {
    fmt::print("tensors    offset in the flat vectors, shape\n");
    for (auto const& tensor : header.layout) {
        fmt::print("  {:<40} {:>12} {}\n", tensor.name, tensor.offset, shape_text(tensor.shape));
    }
}

void print_header(std::string const& path, CheckpointHeader const& header) {
    std::int64_t parameters = 0;
    for (auto const& tensor : header.layout) {
        std::int64_t count = 1;
        for (std::int64_t const extent : tensor.shape) {
            count *= extent;
        }
        parameters += count;
    }
    fmt::print("checkpoint {}\n", path);
    fmt::print("digests    all match\n");
    fmt::print("step       {}\n", header.step);
    fmt::print("parameters {} in {} tensors\n",
               format_count(static_cast<std::uint64_t>(parameters)), header.layout.size());
    fmt::print("vocabulary {}, true word {}, false word {}\n", header.vocabulary, header.true_word,
               header.false_word);
    fmt::print("seed       {}\n", header.seed);
    fmt::print("sampler    {}\n", header.sampler);
    if (!header.task.empty()) {
        fmt::print("task       {}\n", header.task);
    }
    fmt::print("left out   {} blocks of rows\n", header.skip_list.size());
    fmt::print("written by {}, {} ranks x {} threads, {}, {}\n", header.build, header.world_size,
               header.threads, header.device_model, header.libraries);
    fmt::print("settings\n{}\n", header.config);
}

int inspect(std::vector<std::string> const& paths, bool tensors) {
    for (std::string const& path : paths) {
        CheckpointReader const reader = CheckpointReader::open(path);
        print_header(path, reader.header());
        if (tensors) {
            print_tensors(reader.header());
        }
    }
    return exit_success;
}

}  // namespace

void add_inspect_command(CLI::App& program, Action& action) {
    CLI::App* command =
        program.add_subcommand("inspect", "Says what a checkpoint holds; verifies its checksums");
    static std::vector<std::string> paths;
    static bool tensors = false;
    command->add_option("checkpoint", paths, "Checkpoint files (.h5)")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_flag("--tensors", tensors, "List every tensor too");
    command->callback([&action] { action = [] { return inspect(paths, tensors); }; });
}

}  // namespace dnagpt
