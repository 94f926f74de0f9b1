#include "dnagpt/genome/labelled_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/fasta_reader.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {
namespace {

struct Line {
    std::int64_t number;
    std::string text;
};

/// The lines that hold more than blanks.
std::vector<Line> read_lines(std::string const& path) {
    std::vector<Line> lines;
    for_each_line(path, [&](std::string_view line, std::int64_t number) {
        if (!without_blanks(line).empty()) {
            lines.push_back(
                {number, std::string(lines.empty() ? without_byte_order_mark(line) : line)});
        }
    });
    DNAGPT_VALIDATE(!lines.empty(), << path << " holds no record (it is empty); check the file");
    return lines;
}

std::string row_id(std::string const& path, std::int64_t row) {
    return fmt::format("{}:{}", std::filesystem::path(path).filename().string(), row);
}

std::string row_place(std::string const& path, std::int64_t row) {
    return fmt::format("{} row {}", path, row);
}

std::vector<LabelledRecord> read_fasta(std::string const& path, std::string const& label) {
    std::vector<LabelledRecord> records;
    std::int64_t row = 0;
    for (FastaSequence& sequence : read_whole_fasta(path)) {
        ++row;
        std::string place = fmt::format("{} record {} ({})", path, row, sequence.record.name);
        DNAGPT_VALIDATE(!sequence.codes.empty(),
                        << place << ": the sequence is empty; take it out");
        records.push_back(
            {std::move(sequence.record.name), std::move(sequence.codes), label, std::move(place)});
    }
    return records;
}

bool all_end_in(std::vector<Line> const& lines, char letter) {
    return std::ranges::all_of(lines, [&](Line const& line) {
        std::string_view const text = without_blanks(line.text);
        return text.size() > 1 && text.back() == letter;
    });
}

LabelledFile read_plain_lines(std::string const& path, std::vector<Line> const& lines,
                              std::string const& label) {
    LabelledFile file;
    file.label_letter = all_end_in(lines, 'P') ? 'P' : all_end_in(lines, 'N') ? 'N' : '\0';
    for (Line const& line : lines) {
        std::string_view text = without_blanks(line.text);
        text.remove_suffix(file.label_letter == '\0' ? 0 : 1);
        file.records.push_back({row_id(path, line.number), sequence_field(path, line.number, text),
                                label, row_place(path, line.number)});
    }
    return file;
}

/// Places of the two columns that are read.
struct Columns {
    std::size_t sequence = 0;
    std::size_t label = 1;
};

/// Nothing when the line is no head line.
std::optional<Columns> head_line(std::vector<std::string> const& fields) {
    auto const place = [&](std::string_view name) {
        return static_cast<std::size_t>(
            std::ranges::find_if(
                fields, [&](std::string const& field) { return equals_in_any_case(field, name); }) -
            fields.begin());
    };
    Columns const columns{place("sequence"), place("label")};
    bool const found = columns.sequence < fields.size() && columns.label < fields.size();
    return found ? std::optional(columns) : std::nullopt;
}

}  // namespace

std::vector<std::string> split_fields(std::string_view line, char separator) {
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') {
            bool const doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
            if (doubled) {
                fields.back() += '"';
                ++i;
            } else {
                quoted = !quoted;
            }
        } else if (line[i] == separator && !quoted) {
            fields.emplace_back();
        } else {
            fields.back() += line[i];
        }
    }
    return fields;
}

LabelledFile read_sequences(std::string const& path, std::string const& label) {
    std::vector<Line> const lines = read_lines(path);
    if (lines.front().text.starts_with('>')) {
        return {read_fasta(path, label)};
    }
    return read_plain_lines(path, lines, label);
}

std::vector<LabelledRecord> read_labelled_table(std::string const& path) {
    std::vector<Line> const lines = read_lines(path);
    char const separator = lines.front().text.find('\t') != std::string::npos ? '\t' : ',';
    auto const head = head_line(split_fields(lines.front().text, separator));
    Columns const columns = head.value_or(Columns());
    std::vector<LabelledRecord> records;
    for (std::size_t i = head ? 1 : 0; i < lines.size(); ++i) {
        std::int64_t const row = lines[i].number;
        auto const fields = split_fields(lines[i].text, separator);
        DNAGPT_VALIDATE(fields.size() > std::max(columns.sequence, columns.label),
                        << path << " row " << row << " has " << fields.size()
                        << " column(s); sequence and label are needed, separated by commas or "
                           "tabs");
        std::string label(without_blanks(fields[columns.label]));
        DNAGPT_VALIDATE(!label.empty(), << path << " row " << row << " has no label; give one");
        DNAGPT_VALIDATE(label.find('\t') == label.npos, << path << " row " << row
                                                        << " has a tab within its label; take it "
                                                           "out");
        records.push_back({row_id(path, row),
                           sequence_field(path, row, without_blanks(fields[columns.sequence])),
                           std::move(label), row_place(path, row)});
    }
    DNAGPT_VALIDATE(!records.empty(), << path << " holds a head line and no record; check the "
                                      << "file");
    return records;
}

std::vector<std::uint8_t> sequence_field(std::string const& path, std::int64_t row,
                                         std::string_view letters) {
    DNAGPT_VALIDATE(!letters.empty(), << path << " row " << row << ": the sequence is empty; "
                                      << "take the row out or give its sequence");
    std::vector<std::uint8_t> codes(letters.size());
    std::size_t const good = normalise_bases(letters, codes);
    DNAGPT_VALIDATE(good == letters.size(),
                    << path << " row " << row << ": '" << letters[good] << "' at position "
                    << good + 1 << " is no nucleotide code; check the row and the columns");
    return codes;
}

}  // namespace dnagpt
