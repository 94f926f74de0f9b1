#include "dnagpt/apps/prompt_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/comm/rank_0_answer.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"

namespace dnagpt {

PromptReader::PromptReader(PromptSourceOptions const& source, PromptQuestion const& question,
                           std::int64_t context_length)
    : source_(source), question_(question), context_length_(context_length) {}

void PromptReader::read(AddRecord const& add) const {
    for_each_prompt(source_, question_.room ? &*question_.room : nullptr,
                    [&](PromptRecord const& record) { add(to_text(record)); });
}

std::int64_t PromptReader::length_of(std::string const& record) const {
    return inputs(prompt_record_from(record)).front().length();
}

RecordCount PromptReader::count(Piece piece, RowsOfRecord rows, Communicator const& world) const {
    DNAGPT_VALIDATE(!source_.is_standard_input(),
                    << "the prompts are read twice here, which standard input does not allow; "
                       "write them to a file");
    bool const measured = rows.by_position || rows.as_wide;
    auto const numbers = rank_0_numbers(world, [&] {
        std::vector<std::int64_t> lengths;
        Progress progress("counting", "records", 0);
        read([&](std::string const& record) {
            lengths.push_back(measured ? length_of(record) : 0);
            progress.advance(1);
        });
        RecordRange const range = records_of_piece(std::ssize(lengths), piece);
        auto const rows_until = [&](std::int64_t last) {
            return rows.factor *
                   (rows.by_position
                        ? std::accumulate(lengths.begin(), lengths.begin() + last, std::int64_t{0})
                        : last);
        };
        std::int64_t const before = rows_until(range.first);
        return std::vector{range.first, range.last, rows_until(range.last) - before, before,
                           std::ranges::max(lengths)};
    });
    return {{numbers.at(0), numbers.at(1)}, numbers.at(2), numbers.at(3), numbers.at(4)};
}

std::vector<std::int64_t> PromptReader::first_rows(BlockRound const& round, RowsOfRecord rows,
                                                   std::int64_t& next) const {
    std::vector<std::int64_t> firsts;
    for (std::int64_t i = 0; i < std::ssize(round.records); ++i) {
        if (i >= round.own_first && i < round.own_last) {
            firsts.push_back(next);
        }
        std::string const& record = round.records[static_cast<std::size_t>(i)];
        next += rows.factor * (rows.by_position ? length_of(record) : 1);
    }
    return firsts;
}

std::string PromptReader::head() const {
    return question_.room ? "# start and end count from 0, half-open\nid\tstart\tend" : "id";
}

std::string PromptReader::fields(PromptRecord const& record) const {
    return question_.room ? fmt::format("{}\t{}\t{}", record.id, record.start, record.end)
                          : record.id;
}

CLI::Option_group* add_source_options(CLI::App& command, PromptSourceOptions& source) {
    CLI::Option_group* const group = command.add_option_group("source", "what is asked about");
    CLI::Option* const prompt = group->add_option(
        "--prompt", source.prompts,
        "A prompt, such as \"<R>ATTGACATGAAA\", or \"<R>ATTGAC<M>\", whose <M> asks for a "
        "number; may stand several times");
    CLI::Option* const prompts =
        group->add_option("--prompts", source.prompts_file,
                          "File with a prompt a line, or id<tab>prompt; - for standard input");
    group->add_option("--fasta", source.fasta, "Sequences (FASTA, plain or gzip)");
    CLI::Option* const table = group->add_option("--table", source.table,
                                                 "Sequences and numbers (TSV or CSV with a head)");
    group->require_option(0, 1);
    command
        .add_option("--id-column", source.id_column, "Of --table; default: the rows are counted")
        ->needs(table);
    command.add_option("--sequence-column", source.sequence_column, "Of --table")
        ->default_val("sequence")
        ->needs(table);
    command
        .add_option("--number-columns", source.number_columns,
                    "Of --table; default: those that the checkpoint was fine-tuned with")
        ->delimiter(',')
        ->needs(table);
    command
        .add_option("--overlap", source.overlap,
                    "Bases that windows of a sequence longer than the context share; default: half "
                    "a window")
        ->check(from_zero)
        ->excludes(prompt, prompts);
    return group;
}

void add_template_options(CLI::App& command, QuestionOptions& question) {
    CLI::Option* const task = command.add_option(
        "--task", question.task, "Of a checkpoint that was fine-tuned for several: the set's name");
    CLI::Option* const prompt = command.get_option("--prompt");
    CLI::Option* const prompts = command.get_option("--prompts");
    command
        .add_option(
            "--template", question.prompt,
            "How a sequence is asked about: \"<S>{sequence}<=><B>\", with {numbers} for those of "
            "--number-columns, or by name: class, number, released_class, released_number, "
            "haplotypes; default: as in fine-tuning")
        ->excludes(prompt, prompts, task);
    command.add_option("--species-token", question.species_token, "What <S> stands for, such as R")
        ->check(species_letter)
        ->excludes(prompt, prompts);
}

bool has_source(PromptSourceOptions const& source) {
    return source.free_prompts() || !source.fasta.empty() || !source.table.empty();
}

}  // namespace dnagpt
