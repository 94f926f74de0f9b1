#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/apps/prompt_sources.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/eval/token_sampling.hpp"

namespace dnagpt {

struct GenerateOptions {
    std::string checkpoint;
    bool haplotypes = false;
    PromptSourceOptions source;  ///< of texts: free prompts
    std::int64_t count = -1;     ///< haplotypes, or texts of each prompt; below 0: the default
    std::int64_t bases = 600;
    std::vector<std::string> stops;
    bool unmasked = false;
    bool slide = false;
    bool reference = false;
    Sampling sampling;
    std::uint64_t seed = 1;
    std::int64_t batch = 64;
    std::string output;
    std::string precision = "float";
    std::string piece = "1/1";
    bool merge = false;
};

/// Draws haplotypes and writes a .hapt file. Error where the checkpoint was not fine-tuned on them.
/// Collective.
template <class T>
void generate_haplotypes(GenerateOptions const& options, CheckpointReader const& reader,
                         Communicator const& world, DeviceSession const& device);

/// Continues prompts and writes a FASTA file. Collective.
template <class T>
void generate_texts(GenerateOptions const& options, CheckpointReader const& reader,
                    Communicator const& world, DeviceSession const& device);

}  // namespace dnagpt
