#include "dnagpt/io/json_lines.hpp"

#include <filesystem>
#include <utility>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

FileDescriptor open_or_create(std::string const& path) {
    return std::filesystem::exists(path) ? open_for_update(path) : create_for_writing(path);
}

nlohmann::ordered_json parse_line(std::string const& path, std::string const& line,
                                  std::size_t number) {
    auto value = nlohmann::ordered_json::parse(line, nullptr, false);
    DNAGPT_VALIDATE(value.is_object(), << path << " line " << number
                                       << " is no JSON object; repair or remove the line");
    return value;
}

LineFate fate_of(std::string const& path, std::size_t number, std::string const& line,
                 std::function<LineFate(nlohmann::ordered_json const&)> const& judge) {
    auto const object = parse_line(path, line, number);
    try {
        return judge(object);
    } catch (nlohmann::json::exception const&) {
        throw Error(path + " line " + std::to_string(number) +
                    " lacks a key, or its value has another type (it is damaged); repair or remove "
                    "the line");
    }
}

/// Calls visit(line, number) for the whole lines until it returns false.
template <class Visit>
void visit_lines(std::string const& path, Visit const& visit) {
    std::string const text = std::filesystem::exists(path) ? read_text(path) : std::string();
    std::size_t start = 0;
    std::size_t number = 1;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', start)) {
        if (!visit(text.substr(start, end - start), number++)) {
            return;
        }
        start = end + 1;
    }
}

}  // namespace

JsonLinesWriter::JsonLinesWriter(std::string const& path)
    : file_(open_or_create(path)), end_(file_length(file_)) {}

void JsonLinesWriter::append(nlohmann::ordered_json const& object) {
    DNAGPT_EXPECT(object.is_object());
    std::string const line =
        object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
    pwrite_all(file_, line.data(), line.size(), end_);
    end_ += static_cast<std::int64_t>(line.size());
}

void JsonLinesWriter::sync() {
    sync_file(file_);
}

std::vector<nlohmann::ordered_json> read_json_lines(std::string const& path) {
    std::vector<nlohmann::ordered_json> objects;
    visit_lines(path, [&](std::string const& line, std::size_t number) {
        objects.push_back(parse_line(path, line, number));
        return true;
    });
    return objects;
}

std::size_t cut_after(std::string const& path,
                      std::function<LineFate(nlohmann::ordered_json const&)> const& judge) {
    std::string kept;
    std::size_t lines = 0;
    bool last_seen = false;
    visit_lines(path, [&](std::string const& line, std::size_t number) {
        LineFate fate = LineFate::drop;
        try {
            fate = fate_of(path, number, line, judge);
        } catch (Error const&) {
            if (!last_seen) {
                throw;
            }
        }
        last_seen = last_seen || fate == LineFate::keep_as_last;
        bool const stays = fate != LineFate::drop;
        kept += stays ? line + '\n' : "";
        lines += stays ? 1 : 0;
        return stays;
    });
    if (std::filesystem::exists(path)) {
        write_text_atomically(path, kept);
    }
    return lines;
}

}  // namespace dnagpt
