#include "dnagpt/apps/launch_choices.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// Starts a program, found by PATH, without a shell; its standard output and its messages go to
/// these files.
pid_t start(std::vector<std::string> words, int output, int messages) {
    posix_spawn_file_actions_t actions;
    DNAGPT_EXPECT(::posix_spawn_file_actions_init(&actions) == 0);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
    pid_t child = 0;
    int const error = ::posix_spawnp(&child, words.front().c_str(), &actions, nullptr,
                                     pointers_to(words).data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    DNAGPT_VALIDATE(error == 0, << "cannot start '" << words.front() << "' ("
                                << std::generic_category().message(error) << ")");
    return child;
}

/// Standard output of a command; its messages are told only when it fails.
std::string output_of(std::vector<std::string> const& words) {
    std::string const folder = std::filesystem::temp_directory_path();
    FileDescriptor const output = create_nameless(folder);
    FileDescriptor const messages = create_nameless(folder);
    pid_t const child = start(words, output.number(), messages.number());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    DNAGPT_VALIDATE(
        status == 0, << read_text(messages)
                     << fmt::format("'{}' failed (see above); DNAGPT_LAUNCH names the launcher and "
                                    "its options",
                                    fmt::join(words, " ")));
    return read_text(output);
}

/// The words between blanks, as jobs/slurm/launch.sh splits DNAGPT_LAUNCH.
std::vector<std::string> words_of_line(std::string const& line) {
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), {}};
}

struct Measured {
    double tokens_per_second = 0;
    std::int64_t peak_memory_bytes = 0;
};

Measured measure(LaunchChoice const& choice, std::vector<std::string> const& command) {
    std::vector<std::string> words = words_of_line(launch_line(choice));
    words.insert(words.end(), command.begin(), command.end());
    std::string const text = output_of(words);
    auto const result = nlohmann::json::parse(text, nullptr, false);
    DNAGPT_VALIDATE(!result.is_discarded() && result.value("ranks", 0) == choice.ranks,
                    << "'" << launch_line(choice) << "' did not start " << choice.ranks
                    << " ranks; DNAGPT_LAUNCH names the launcher and its options");
    return {result.at("tokens_per_second"), result.at("peak_memory_bytes")};
}

/// The child's command; the rows of a step are as many for every choice.
std::vector<std::string> child_command(std::string const& config_path,
                                       std::vector<std::string> const& settings,
                                       RunConfig const& config, int cores, int steps) {
    std::int64_t const rows = std::min(rows_per_step(config), cores * config.batch.micro_batch);
    std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                        "pretrain", config_path};
    command.insert(command.end(), settings.begin(), settings.end());
    command.push_back(fmt::format("batch.tokens_per_step={}", rows * config.model.context_length));
    command.insert(command.end(), {"--measure", "--measure-steps", std::to_string(steps)});
    return command;
}

}  // namespace

std::vector<LaunchChoice> launch_choices(int cores, std::int64_t rows_per_step) {
    std::vector<LaunchChoice> choices;
    for (int ranks = cores; ranks >= 1; --ranks) {
        if (cores % ranks == 0 && ranks <= rows_per_step) {
            choices.push_back({ranks, cores / ranks});
        }
    }
    return choices;
}

std::string launch_line(LaunchChoice const& choice) {
    char const* const given = std::getenv("DNAGPT_LAUNCH");
    std::string const launcher = given != nullptr ? given : "mpirun --oversubscribe --bind-to none";
    std::string cores;
    if (launcher.starts_with("srun")) {
        cores = fmt::format(" --cpus-per-task={}", choice.threads);
    } else if (launcher.find("--bind-to core") != std::string::npos) {
        cores = fmt::format(" --map-by slot:PE={}", choice.threads);
    }
    return fmt::format("env OMP_NUM_THREADS={} {}{} -n {}", choice.threads, launcher, cores,
                       choice.ranks);
}

void measure_launch_choices(std::string const& config_path,
                            std::vector<std::string> const& settings, RunConfig const& config,
                            int steps) {
    DNAGPT_VALIDATE(!config.data.shards.empty(),
                    << "--measure trains on real rows; give data.shards=FOLDER (dnagpt-prep "
                       "synthesize and dnagpt-prep shard make some)");
    int const cores = allowed_core_count();
    DNAGPT_VALIDATE(cores > 0, << "cannot read which cores this process may use");
    std::vector<std::string> const command =
        child_command(config_path, settings, config, cores, steps);
    std::int64_t const free = host_free_memory();
    fmt::print("{:>6}{:>9}{:>14}{:>20}\n", "ranks", "threads", "tokens/s", "memory of a rank");
    LaunchChoice best;
    double best_speed = 0;
    for (LaunchChoice const& choice : launch_choices(cores, rows_per_step(config))) {
        std::int64_t const needed = choice.ranks * training_memory(config, choice.ranks).total();
        if (needed > free) {
            fmt::print("{:>6}{:>9}  left out: needs {}, free are {}\n", choice.ranks,
                       choice.threads, format_bytes(static_cast<std::uint64_t>(needed)),
                       format_bytes(static_cast<std::uint64_t>(free)));
            continue;
        }
        Measured const found = measure(choice, command);
        fmt::print("{:>6}{:>9}{:>14.1f}{:>20}\n", choice.ranks, choice.threads,
                   found.tokens_per_second,
                   format_bytes(static_cast<std::uint64_t>(found.peak_memory_bytes)));
        std::fflush(stdout);
        if (found.tokens_per_second > best_speed) {
            best = choice;
            best_speed = found.tokens_per_second;
        }
    }
    DNAGPT_VALIDATE(best_speed > 0,
                    << "no choice of ranks and threads has enough memory here; lower "
                       "batch.micro_batch, set model.recompute=blocks, or use more hosts");
    fmt::print("launch: {}\n", launch_line(best));
}

}  // namespace dnagpt
