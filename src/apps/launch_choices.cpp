#include "dnagpt/apps/launch_choices.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {
namespace {

int core_count() {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    DNAGPT_VALIDATE(::sched_getaffinity(0, sizeof(cores), &cores) == 0,
                    << "cannot read which cores this process may use");
    return CPU_COUNT(&cores);
}

std::string text_of(std::string const& path) {
    std::ifstream const file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Standard output of a shell command; its messages are told only when it fails.
std::string output_of(std::string const& command) {
    std::string const messages =
        (std::filesystem::temp_directory_path() / fmt::format("dnagpt_plan_{}.log", ::getpid()))
            .string();
    std::FILE* const pipe = ::popen((command + " 2>" + shell_word(messages)).c_str(), "r");
    DNAGPT_VALIDATE(pipe != nullptr, << "cannot start '" << command << "'");
    std::string text;
    std::array<char, 4096> part{};
    while (std::size_t const read = std::fread(part.data(), 1, part.size(), pipe)) {
        text.append(part.data(), read);
    }
    int const status = ::pclose(pipe);
    std::string const told = text_of(messages);
    std::filesystem::remove(messages);
    DNAGPT_VALIDATE(status == 0, << told << "'" << command << "' failed (see above); DNAGPT_LAUNCH "
                                 << "names the launcher and its options");
    return text;
}

struct Measured {
    double tokens_per_second = 0;
    std::int64_t peak_memory_bytes = 0;
};

Measured measure(LaunchChoice const& choice, std::string const& command) {
    std::string const text = output_of(launch_line(choice) + " " + command);
    auto const result = nlohmann::json::parse(text, nullptr, false);
    DNAGPT_VALIDATE(!result.is_discarded() && result.value("ranks", 0) == choice.ranks,
                    << "'" << launch_line(choice) << "' did not start " << choice.ranks
                    << " ranks; DNAGPT_LAUNCH names the launcher and its options");
    return {result.at("tokens_per_second"), result.at("peak_memory_bytes")};
}

/// The child's command; the rows of a step are as many for every choice.
std::string child_command(std::string const& config_path, std::vector<std::string> const& settings,
                          RunConfig const& config, int cores, int steps) {
    std::int64_t const rows = std::min(rows_per_step(config), cores * config.batch.micro_batch);
    std::string command = shell_word(std::filesystem::read_symlink("/proc/self/exe").string()) +
                          " pretrain " + shell_word(config_path);
    for (std::string const& setting : settings) {
        command += " " + shell_word(setting);
    }
    return command + fmt::format(" batch.tokens_per_step={} --measure --measure-steps {}",
                                 rows * config.model.context_length, steps);
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

std::string shell_word(std::string const& text) {
    std::string quoted = "'";
    for (char const letter : text) {
        quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    }
    return quoted + "'";
}

void measure_launch_choices(std::string const& config_path,
                            std::vector<std::string> const& settings, RunConfig const& config,
                            int steps) {
    DNAGPT_VALIDATE(!config.data.shards.empty(),
                    << "--measure trains on real rows; give data.shards=FOLDER (dnagpt-prep "
                       "synthesize and dnagpt-prep shard make some)");
    int const cores = core_count();
    std::string const command = child_command(config_path, settings, config, cores, steps);
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
