#include "dnagpt/eval/piece_files.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/genome/text_lines.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

constexpr char comment_mark = '#';
constexpr std::int64_t copied_bytes = std::int64_t{1} << 20;
constexpr std::string_view middle = ".piece_";
constexpr std::string_view of = "_of_";

/// "2_of_8" as a piece; number 0 for another text.
Piece piece_of_name(std::string_view text) {
    std::size_t const at = text.find(of);
    if (at == std::string_view::npos) {
        return {0, 0};
    }
    return {parse_whole_number(text.substr(0, at)).value_or(0),
            parse_whole_number(text.substr(at + of.size())).value_or(0)};
}

}  // namespace

std::string piece_path(std::string const& path, Piece piece) {
    if (piece.count == 1) {
        return path;
    }
    return path + std::string(middle) + std::to_string(piece.number) + std::string(of) +
           std::to_string(piece.count);
}

std::vector<std::string> find_pieces(std::string const& path) {
    namespace fs = std::filesystem;
    fs::path const folder = fs::path(path).parent_path();
    std::string const prefix = fs::path(path).filename().string() + std::string(middle);
    std::map<std::int64_t, std::string> found;
    std::int64_t count = 0;
    for (auto const& entry : fs::directory_iterator(folder.empty() ? "." : folder)) {
        std::string const name = entry.path().filename().string();
        Piece const piece =
            name.starts_with(prefix) ? piece_of_name(name.substr(prefix.size())) : Piece{0, 0};
        if (piece.number < 1 || piece.number > piece.count) {
            continue;
        }
        DNAGPT_VALIDATE(count == 0 || count == piece.count,
                        << path << " has pieces of " << count << " and of " << piece.count
                        << "; take those of the older array away");
        count = piece.count;
        found[piece.number] = (folder / name).string();
    }
    DNAGPT_VALIDATE(count > 0, << "there is no piece of " << path << " (" << prefix
                               << "1_of_N); run the command with --piece 1/N to N/N first");
    std::vector<std::string> pieces;
    for (std::int64_t number = 1; number <= count; ++number) {
        DNAGPT_VALIDATE(found.contains(number), << piece_path(path, {number, count})
                                                << " is missing; run its --piece " << number << "/"
                                                << count << " again");
        pieces.push_back(found[number]);
    }
    return pieces;
}

void join_files(std::vector<std::string> const& parts, std::string const& path) {
    TextWriter writer(path);
    Progress progress("joining", "B", 0);
    for (std::string const& part : parts) {
        FileDescriptor const file = open_for_reading(part);
        std::int64_t const length = file_length(file);
        std::string some;
        for (std::int64_t at = 0; at < length; at += std::ssize(some)) {
            some.resize(static_cast<std::size_t>(std::min(length - at, copied_bytes)));
            pread_all(file, some.data(), some.size(), at);
            writer.append(some);
            progress.advance(some.size());
        }
    }
    writer.finish();
}

void join_tables(std::vector<std::string> const& parts, std::string const& path) {
    TextWriter writer(path);
    Progress progress("joining", "lines", 0);
    std::string head;
    for (std::string const& part : parts) {
        std::string own_head;
        bool in_head = true;
        for_each_line(part, [&](std::string_view line, std::int64_t) {
            if (!in_head) {
                writer.append(std::string(line) + "\n");
                progress.advance(1);
                return;
            }
            own_head += std::string(line) + "\n";
            in_head = line.starts_with(comment_mark);
            if (!in_head && head.empty()) {
                head = own_head;
                writer.append(head);
            }
        });
        DNAGPT_VALIDATE(!in_head && own_head == head, << part << " has another head than "
                                                      << parts.front()
                                                      << "; make all pieces with one command");
    }
    writer.finish();
}

}  // namespace dnagpt
