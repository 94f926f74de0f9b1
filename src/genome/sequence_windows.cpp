#include "dnagpt/genome/sequence_windows.hpp"

#include <algorithm>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/fasta_reader.hpp"

namespace dnagpt {
namespace {

/// Fills codes from `filled` on; returns how many bases it holds then.
std::int64_t fill_up(FastaReader& reader, std::vector<std::uint8_t>& codes, std::int64_t filled) {
    std::span<std::uint8_t> rest(codes);
    rest = rest.subspan(static_cast<std::size_t>(filled));
    while (!rest.empty()) {
        std::size_t const read = reader.read_bases(rest);
        if (read == 0) {
            break;
        }
        rest = rest.subspan(read);
    }
    return std::ssize(codes) - std::ssize(rest);
}

void validate(WindowForm const& form) {
    DNAGPT_VALIDATE(form.bases > 0 && form.overlap >= 0 && form.overlap < form.bases,
                    << "windows of " << form.bases << " bases cannot share " << form.overlap
                    << " with the next; choose an overlap from 0 to " << form.bases - 1);
}

}  // namespace

WindowForm window_form(std::int64_t bases, std::int64_t overlap) {
    WindowForm const form{bases, overlap < 0 ? bases / 2 : overlap};
    validate(form);
    return form;
}

void for_each_window(std::string const& path, WindowForm const& form,
                     std::function<void(SequenceWindow const&)> const& visit) {
    validate(form);
    FastaReader reader(path);
    FastaRecord record;
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(form.bases));
    while (reader.next_record(record)) {
        std::int64_t kept = 0;
        for (std::int64_t start = 0;; start += form.stride()) {
            std::int64_t const held = fill_up(reader, codes, kept);
            DNAGPT_VALIDATE(start > 0 || held > 0,
                            << path << ": record " << record.name << " has no bases; take it out");
            if (start > 0 && held == kept) {
                break;  // the window before ended with the record
            }
            visit({record.name, start,
                   std::span<std::uint8_t const>(codes).first(static_cast<std::size_t>(held))});
            if (held < form.bases) {
                break;
            }
            std::copy(codes.end() - form.overlap, codes.end(), codes.begin());
            kept = form.overlap;
        }
    }
}

void for_each_window_of(std::string const& name, std::span<std::uint8_t const> codes,
                        WindowForm const& form,
                        std::function<void(SequenceWindow const&)> const& visit) {
    validate(form);
    auto const length = std::ssize(codes);
    for (std::int64_t start = 0; start == 0 || start + form.overlap < length;
         start += form.stride()) {
        auto const held = static_cast<std::size_t>(std::min(form.bases, length - start));
        visit({name, start, codes.subspan(static_cast<std::size_t>(start), held)});
    }
}

}  // namespace dnagpt
