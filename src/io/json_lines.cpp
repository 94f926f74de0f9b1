#include "dnagpt/io/json_lines.hpp"

#include <filesystem>

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

bool is_dropped(std::string const& path, std::size_t number, nlohmann::ordered_json const& object,
                std::function<bool(nlohmann::ordered_json const&)> const& drop) {
    try {
        return drop(object);
    } catch (nlohmann::json::exception const&) {
        throw Error(path + " line " + std::to_string(number) +
                    " lacks a key, or its value has another type (it is damaged); repair or remove "
                    "the line");
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

std::vector<nlohmann::ordered_json> read_json_lines(std::string const& path) {
    std::vector<nlohmann::ordered_json> objects;
    if (!std::filesystem::exists(path)) {
        return objects;
    }
    std::string const text = read_text(path);
    std::size_t start = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', start)) {
        objects.push_back(parse_line(path, text.substr(start, end - start), objects.size() + 1));
        start = end + 1;
    }
    return objects;
}

std::size_t cut_after(std::string const& path,
                      std::function<bool(nlohmann::ordered_json const&)> const& drop) {
    std::string kept;
    std::size_t lines = 0;
    for (auto const& object : read_json_lines(path)) {
        if (is_dropped(path, lines + 1, object, drop)) {
            break;
        }
        kept += object.dump() + '\n';
        ++lines;
    }
    if (std::filesystem::exists(path)) {
        write_text_atomically(path, kept);
    }
    return lines;
}

}  // namespace dnagpt
