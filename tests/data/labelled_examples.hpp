#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt::testing {

inline LabelledExample example(std::string const& id, std::string const& bases, std::int32_t label,
                               Split split = Split::train) {
    return {id, base_codes(bases), label, 0, split};
}

/// `count` sequences of 80 bases; every fifth shares a 40-mer with the one before.
inline std::vector<LabelledExample> many_examples(int count) {
    std::vector<LabelledExample> examples;
    for (int i = 0; i < count; ++i) {
        auto const seed = static_cast<std::uint64_t>(i);
        std::string bases = random_bases(80, seed);
        if (i % 5 == 4) {
            bases = random_bases(80, seed - 1).substr(20, 40) + random_bases(40, seed + 10'000);
        }
        examples.push_back(example("e" + std::to_string(i), bases, i % 3 == 0 ? 1 : 0));
    }
    return examples;
}

}  // namespace dnagpt::testing
