#include "dnagpt/apps/indexed_rows.hpp"

#include <fmt/format.h>

#include "dnagpt/core/log.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/shared_text_file.hpp"

namespace dnagpt {

std::string index_path(std::string const& output) {
    return output + ".tsv";
}

void write_indexed_rows(IndexedRows const& rows, PromptReader const& prompts, RowFile& file,
                        Communicator const& world) {
    SharedTextFile index(piece_path(index_path(rows.output), rows.piece),
                         prompts.head() + "\t" + rows.columns + "\n", world);
    std::int64_t const answered =
        for_each_block({rows.title, [&](AddRecord const& add) { prompts.read(add); }, rows.range,
                        rows.answer, [&](std::string_view text) { index.append(text); }},
                       world);
    file.finish();
    index.finish();
    log_info(fmt::format("wrote {} of {} records to {} and their places to {}", rows.title,
                         answered, piece_path(rows.output, rows.piece), index.path()));
}

void join_indexed_rows(std::string const& output) {
    join_row_files(find_pieces(output), output);
    join_tables(find_pieces(index_path(output)), index_path(output));
    log_info("wrote " + output + " and " + index_path(output));
}

}  // namespace dnagpt
