#include "dnagpt/config/species_table.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::MemoryFile const file(fuzz::text_of(data, size));
    fuzz::read_or_error([&] {
        for (SpeciesEntry const& entry : read_species_table(file.path())) {
            std::string const name = shard_file_name(entry.name, Split::train, 0);
            fuzz::require(name.find_first_of(std::string_view("/\0\n", 3)) == name.npos,
                          "a shard stays in its folder: " + name);
        }
    });
    return 0;
}
