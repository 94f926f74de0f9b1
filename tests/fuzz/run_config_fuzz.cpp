#include "dnagpt/config/config_file.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

/// The config file and its overrides, separated by NUL bytes.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto parts = fuzz::parts_of(fuzz::text_of(data, size));
    std::string const text = parts.front();
    parts.erase(parts.begin());
    RunConfig config;
    if (!fuzz::read_or_error([&] { config = parse_run_config(text, "fuzz.toml", parts); })) {
        return 0;
    }
    std::string const stored = to_toml(config, PathKeys::keep);
    RunConfig again;
    bool const is_read =
        fuzz::read_or_error([&] { again = parse_run_config(stored, "stored", {}); });
    fuzz::require(is_read, "a resolved config can be read:\n" + stored);
    fuzz::require(to_toml(again, PathKeys::keep) == stored, "and says the same:\n" + stored);
    fuzz::require(require_compatible(config, again).empty(), "and fits the run");
    return 0;
}
