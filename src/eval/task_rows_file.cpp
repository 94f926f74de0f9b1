#include "dnagpt/eval/task_rows_file.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

std::string text_of(std::vector<std::uint16_t> const& units) {
    std::string text;
    std::array<std::uint8_t, bases_per_word> codes{};
    for (std::uint16_t const unit : units) {
        if (unit == join_unit) {
            text += 'N';
            continue;
        }
        unpack_words({&unit, 1}, codes);
        text += bases_text(codes);
    }
    return text;
}

}  // namespace

void write_task_rows(std::string const& path, ValidationSet const& set) {
    std::string lines = "species\tanswer\tsequence\n";
    for (std::int64_t number = 0; number < set.task_rows(); ++number) {
        auto const row = set.task_row(number);
        lines += fmt::format("{}\t{}\t{}\n",
                             set.data().species()[static_cast<std::size_t>(row.species)].name(),
                             row.choice.reversed ? "reversed" : "forward", text_of(row.units));
    }
    write_text_atomically(path, lines);
}

}  // namespace dnagpt
