#include "train/tiny_run.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dnagpt/core/random.hpp"
#include "dnagpt/data/token_shard.hpp"

namespace dnagpt::testing {
namespace {

constexpr std::int64_t word_total = 4000;

void write_shard(std::string const& folder, std::string const& species, char token, Split split) {
    std::vector<std::uint16_t> words;
    std::uint64_t const key =
        random_key({static_cast<std::uint64_t>(token), static_cast<std::uint64_t>(split)});
    for (std::int64_t i = 0; i < word_total; ++i) {
        // Letters 1 .. 4 in each of six places: no N.
        std::uint16_t word = 0;
        for (std::uint64_t base = 0; base < 6; ++base) {
            auto const at = static_cast<std::uint64_t>(i) * 6 + base;
            word = static_cast<std::uint16_t>(word * 5 + 1 + random_below(key, at % 12, 4));
        }
        words.push_back(word);
    }
    ShardInfo info;
    info.species = species;
    info.species_token = token;
    info.assembly = "made for tests";
    info.split = split;
    info.bases = word_total * 6;
    ShardContig const contig{"one", 0, word_total * 6, 0};
    ShardWriter writer(folder + "/" + shard_file_name(species, split, 0), info, {&contig, 1});
    writer.append(words);
    writer.finish();
}

}  // namespace

void write_tiny_shards(SharedFolder const& folder, Communicator const& world) {
    if (world.rank() == 0) {
        std::string const shards = folder.file("shards");
        std::filesystem::create_directories(shards);
        for (Split const split : {Split::train, Split::validation}) {
            write_shard(shards, "first_species", 'R', split);
            write_shard(shards, "second_species", 'S', split);
        }
    }
    world.barrier();
}

RunConfig tiny_config(SharedFolder const& folder) {
    RunConfig config;
    config.run.folder = folder.file("run");
    config.data.shards = folder.file("shards");
    config.model = {"", 1, 2, 16, 32, "fixed", "none"};
    config.batch = {8 * 32, 2};
    config.optimizer.learning_rate = 3e-3;
    config.run.time_products = false;  // equal runs take equal algorithms
    config.schedule.steps = 20;
    config.schedule.warmup_steps = 4;
    config.checkpoint.every_steps = 10;
    config.evaluation.every_steps = 10;
    config.evaluation.windows_per_species = 4;
    return config;
}

}  // namespace dnagpt::testing
