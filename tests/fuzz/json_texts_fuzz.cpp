#include "dnagpt/data/finetune_task.hpp"
#include "dnagpt/io/json_lines.hpp"
#include "fuzz_input.hpp"
#include "harness/temporary_folder.hpp"

using namespace dnagpt;

namespace {

void read_lines(std::string const& path) {
    std::size_t const lines = cut_after(path, [](auto const& object) {
        if (!object.contains("step")) {
            return LineFate::keep;
        }
        return object["step"] == 3 ? LineFate::drop : LineFate::keep_as_last;
    });
    fuzz::require(read_json_lines(path).size() == lines, "what stays can be read");
    JsonLinesWriter(path).append({{"step", 4}});
    fuzz::require(read_json_lines(path).size() == lines + 1, "and continued");
}

}  // namespace

/// metrics.jsonl, and the JSON in a checkpoint.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static testing::TemporaryFolder const folder;
    std::string_view const text = fuzz::text_of(data, size);
    std::string const path = folder.write("metrics.jsonl", text);
    fuzz::read_or_error([&] { read_lines(path); });
    fuzz::read_or_error([&] {
        std::string const stored = to_text(finetune_task_from(std::string(text)));
        fuzz::require(to_text(finetune_task_from(stored)) == stored, "a task keeps its meaning");
    });
    return 0;
}
