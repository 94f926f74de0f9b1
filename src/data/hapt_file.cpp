#include "dnagpt/data/hapt_file.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/table_rows.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {
namespace {

constexpr std::string_view blanks = " \t";

/// Takes the first field off `rest`; empty at the end.
std::string_view next_field(std::string_view& rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    std::string_view const field = rest.substr(0, rest.find_first_of(blanks));
    rest.remove_prefix(field.size());
    return field;
}

Haplotype haplotype_of(std::string const& path, std::int64_t row, std::string_view line) {
    next_field(line);
    std::string const id(next_field(line));
    DNAGPT_VALIDATE(id.size() > 2 && (id.ends_with("_A") || id.ends_with("_B")),
                    << path << " row " << row << ": the id '" << id.substr(0, 40)
                    << "' ends in neither _A nor _B (a row is a tag, <person>_A or <person>_B, and "
                       "the alleles); correct it");
    Haplotype haplotype{id, id.substr(0, id.size() - 2), {}};
    for (auto field = next_field(line); !field.empty(); field = next_field(line)) {
        DNAGPT_VALIDATE(field == "0" || field == "1",
                        << path << " row " << row << ": '" << field.substr(0, 40) << "' at site "
                        << haplotype.codes.size() + 1
                        << " is no allele (0 or 1); correct it, or leave the site out of all rows");
        haplotype.codes.push_back(allele_code(field == "1" ? 1 : 0));
    }
    return haplotype;
}

/// Rows by id, and what each row is checked against.
class SeenRows {
  public:
    explicit SeenRows(std::string path) : path_(std::move(path)) {}

    void add(Haplotype const& haplotype, std::int64_t row) {
        if (rows_.empty()) {
            first_row_ = row;
            sites_ = haplotype.codes.size();
        }
        DNAGPT_VALIDATE(!haplotype.codes.empty(),
                        << path_ << " row " << row << " has no alleles; correct it");
        DNAGPT_VALIDATE(haplotype.codes.size() == sites_,
                        << path_ << " row " << row << " has " << haplotype.codes.size()
                        << " alleles (row " << first_row_ << " has " << sites_
                        << "); the file may be cut short: fetch or make it again");
        auto const [entry, added] = rows_.emplace(haplotype.id, row);
        DNAGPT_VALIDATE(added, << path_ << " row " << row << ": the id " << haplotype.id
                               << " stands already on row " << entry->second
                               << "; take one out or rename it");
    }
    void require_pairs() const {
        DNAGPT_VALIDATE(!rows_.empty(), << path_ << " holds no row; check the file");
        for (auto const& [id, row] : rows_) {
            std::string const other = id.substr(0, id.size() - 1) + (id.ends_with('A') ? "B" : "A");
            DNAGPT_VALIDATE(rows_.contains(other), << path_ << " row " << row << ": " << id
                                                   << " has no " << other
                                                   << " beside it (a person has two haplotypes); "
                                                      "add it or take the row out");
        }
    }

  private:
    std::string path_;
    std::int64_t first_row_ = 0;
    std::size_t sites_ = 0;
    std::map<std::string, std::int64_t> rows_;
};

/// The column of a legend that bears one of `names`, in either case; empty when there is none.
std::string legend_column(std::vector<std::string> const& head,
                          std::vector<std::string_view> const& names) {
    auto const column = std::ranges::find_if(head, [&](std::string const& field) {
        return std::ranges::any_of(
            names, [&](std::string_view name) { return equals_in_any_case(field, name); });
    });
    return column == head.end() ? "" : *column;
}

/// contig, position, reference, alternative and, where it is there, id.
std::vector<std::string> legend_columns(std::string const& path) {
    auto const head = table_head(path);
    std::vector<std::string> columns = {legend_column(head, {"contig", "chrom", "chr"}),
                                        legend_column(head, {"position", "pos"}),
                                        legend_column(head, {"ref", "reference", "a0"}),
                                        legend_column(head, {"alt", "alternative", "a1"})};
    DNAGPT_VALIDATE(std::ranges::find(columns, "") == columns.end(),
                    << path
                    << ": the head line lacks one of contig, position, ref and alt; write a head "
                       "line with these columns");
    std::string const id = legend_column(head, {"id", "rsid"});
    if (!id.empty()) {
        columns.push_back(id);
    }
    return columns;
}

}  // namespace

std::uint8_t allele_code(std::int32_t allele) {
    static auto const codes = base_codes("AG");
    return codes[static_cast<std::size_t>(allele)];
}

std::vector<Haplotype> read_hapt(std::string const& path) {
    std::vector<Haplotype> haplotypes;
    SeenRows seen(path);
    for_each_line(path, [&](std::string_view line, std::int64_t row) {
        if (!without_blanks(line).empty()) {
            haplotypes.push_back(haplotype_of(path, row, line));
            seen.add(haplotypes.back(), row);
        }
    });
    seen.require_pairs();
    return haplotypes;
}

std::vector<HaplotypeSite> read_legend(std::string const& path) {
    std::vector<HaplotypeSite> sites;
    for_each_table_row(path, legend_columns(path), [&](TableRow const& row) {
        auto const& fields = row.fields;
        auto const position = parse_whole_number(fields[1]);
        DNAGPT_VALIDATE(position && *position >= 1,
                        << path << " row " << row.number << ": '" << fields[1]
                        << "' is no position (counted from 1); correct it");
        std::string const id = fields.size() > 4 && !fields[4].empty() ? fields[4] : ".";
        sites.push_back({fields[0], *position - 1, id, fields[2], fields[3]});
    });
    return sites;
}

std::int64_t count_monomorphic(std::vector<LabelledExample> const& haplotypes) {
    std::int64_t count = 0;
    for (std::size_t site = 0; site < haplotypes.front().codes.size(); ++site) {
        std::uint8_t const first = haplotypes.front().codes[site];
        count += std::ranges::all_of(haplotypes, [&](LabelledExample const& haplotype) {
            return haplotype.codes[site] == first;
        });
    }
    return count;
}

}  // namespace dnagpt
