#include "dnagpt/genome/text_lines.hpp"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/control_letters.hpp"

namespace dnagpt {
namespace {

constexpr unsigned buffer_bytes = 1U << 16;
/// More than any record of a table has; a small gzip file can hold a line of any length.
constexpr std::size_t longest_line = std::size_t{1} << 28;

struct CloseGzip {
    void operator()(gzFile_s* file) const { gzclose(file); }
};
using GzipFile = std::unique_ptr<gzFile_s, CloseGzip>;

GzipFile open_text(std::string const& path) {
    GzipFile file(gzopen(path.c_str(), "rb"));
    DNAGPT_VALIDATE(file != nullptr, << path << " cannot be opened (" << std::strerror(errno)
                                     << "); check the path");
    gzbuffer(file.get(), buffer_bytes);
    return file;
}

/// Bytes read; 0 at the end. zlib tells of a file that is cut short only by its error state.
std::size_t read_some(std::string const& path, gzFile_s* file, std::vector<char>& buffer) {
    int const count = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()));
    int state = Z_OK;
    char const* const reason = gzerror(file, &state);
    DNAGPT_VALIDATE(count >= 0 && (state == Z_OK || state == Z_STREAM_END),
                    << path << " is damaged or cut short (" << reason
                    << "); fetch it again and check it with `gzip -t`");
    return static_cast<std::size_t>(count);
}

/// Ids and names go into tables of ours: no byte of a line may end a row or a field there.
void require_text(std::string const& path, std::string_view line, std::int64_t number) {
    auto const strange = std::ranges::find_if(
        line, [](char letter) { return is_control_letter(letter) && letter != '\t'; });
    DNAGPT_VALIDATE(strange == line.end(),
                    << path << " line " << number << " holds the control character "
                    << static_cast<int>(*strange) << " at position " << strange - line.begin() + 1
                    << " (this is no text file, or it is damaged); correct or fetch it again");
}

}  // namespace

void for_each_line(std::string const& path,
                   std::function<void(std::string_view, std::int64_t)> const& visit) {
    GzipFile const file = open_text(path);
    std::vector<char> buffer(buffer_bytes);
    std::string line;
    std::int64_t number = 0;
    auto const finish = [&] {
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        require_text(path, line, ++number);
        visit(line, number);
        line.clear();
    };
    auto const lengthen = [&](std::string_view piece) {
        DNAGPT_VALIDATE(line.size() + piece.size() <= longest_line,
                        << path << " line " << number + 1 << " is longer than 256 MiB (line ends "
                        << "are missing?); check the file");
        line.append(piece);
    };
    while (std::size_t const count = read_some(path, file.get(), buffer)) {
        std::string_view rest(buffer.data(), count);
        for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
            lengthen(rest.substr(0, end));
            rest.remove_prefix(end + 1);
            finish();
        }
        lengthen(rest);
    }
    if (!line.empty()) {
        finish();
    }
}

std::string_view without_blanks(std::string_view text) {
    auto const first = text.find_first_not_of(" \t");
    return first == text.npos ? std::string_view()
                              : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view without_byte_order_mark(std::string_view line) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    return line.starts_with(mark) ? line.substr(mark.size()) : line;
}

bool equals_in_any_case(std::string_view text, std::string_view lower_case) {
    return std::ranges::equal(text, lower_case,
                              [](unsigned char a, char b) { return std::tolower(a) == b; });
}

}  // namespace dnagpt
