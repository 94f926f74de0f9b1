#include "dnagpt/apps/option_checks.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

std::string whole_number(std::string const& text, std::int64_t least) {
    auto const number = parse_whole_number(text);
    bool const fits = number && *number >= least;
    return fits ? "" : "'" + text + "' is no whole number from " + std::to_string(least) + " on";
}

/// What `read` says against a text.
template <class Read>
std::string problem_of(Read const& read) {
    try {
        read();
        return "";
    } catch (Error const& error) {
        return error.what();
    }
}

bool is_same_file(std::string const& one, std::string const& other) {
    std::error_code missing;
    return std::filesystem::equivalent(one, other, missing) ||
           std::filesystem::weakly_canonical(one, missing) ==
               std::filesystem::weakly_canonical(other, missing);
}

/// Where writing `output` would replace what `input`, a file or a run folder, holds.
bool is_lost(std::string const& input, std::string const& output) {
    std::string const folder = std::filesystem::path(output).parent_path().string();
    return is_same_file(output, input) || is_same_file(temporary_path(output), input) ||
           is_same_file(folder, input + "/checkpoints");
}

}  // namespace

std::string from_zero(std::string const& text) {
    return whole_number(text, 0);
}

std::string from_one(std::string const& text) {
    return whole_number(text, 1);
}

std::string species_letter(std::string const& text) {
    return text.size() != 1 ? "'" + text + "' is not one letter, such as R"
                            : problem_of([&] { species_token(text.front()); });
}

std::string piece_text(std::string const& text) {
    return problem_of([&] { piece_from(text); });
}

void require_own_files(std::vector<std::string> outputs, std::vector<std::string> const& inputs) {
    std::erase(outputs, "");
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        for (std::string const& input : inputs) {
            if (!input.empty() && is_lost(input, outputs[i])) {
                throw CLI::ValidationError(outputs[i],
                                           "would be written over what is read from it");
            }
        }
        for (std::size_t other = 0; other < i; ++other) {
            if (is_same_file(outputs[i], outputs[other])) {
                throw CLI::ValidationError(outputs[i], "is named for two outputs");
            }
        }
    }
}

}  // namespace dnagpt
