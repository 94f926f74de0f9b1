#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_saver.hpp"
#include "dnagpt/checkpoint/training_state.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/device/buffer.hpp"

namespace dnagpt::testing {

/// Two tensors in vectors of three buckets of which every rank owns a slice, as ZeRO-1 cuts them.
inline constexpr std::int64_t sample_buckets = 3;
inline constexpr std::int64_t sample_bucket = 512 * 1024;
inline constexpr std::int64_t sample_elements = sample_buckets * sample_bucket;

inline CheckpointHeader sample_header(std::int64_t step) {
    CheckpointHeader header;
    header.step = step;
    header.seed = ~std::uint64_t{6};
    header.sampler = R"({"epoch": 2})";
    header.task = R"({"sets": []})";
    header.skip_list = {4, 9};
    header.config = "[run]\nseed = 1\n";
    header.elements = sample_elements;
    header.layout = {{"embedding", 0, {1000, 700}}, {"scalar", 700032, {5}}};
    header.vocabulary = "fixed";
    header.true_word = "A";
    header.false_word = "B";
    header.build = "0.1.0";
    header.threads = 3;
    header.device_model = "a device";
    header.libraries = "some";
    header.product_choices = "{\"algorithms\": []}";
    return header;
}

inline float sample_value(int vector, std::int64_t element, std::int64_t step) {
    return static_cast<float>(1000 * vector + step) + static_cast<float>(element % 4096) / 4096;
}

/// This rank's slabs and the memory that they lie in.
class SampleState {
  public:
    SampleState(Communicator const& comm, std::int64_t step) {
        std::int64_t const slice = sample_bucket / comm.size();
        for (int vector = 0; vector < 3; ++vector) {
            buffers_.emplace_back("sample state", slice * sample_buckets);
            auto& slabs = list(vector);
            for (std::int64_t bucket = 0; bucket < sample_buckets; ++bucket) {
                std::int64_t const offset = bucket * sample_bucket + comm.rank() * slice;
                float* const data = buffers_.back().data() + bucket * slice;
                std::vector<float> values;
                for (std::int64_t i = 0; i < slice; ++i) {
                    values.push_back(sample_value(vector, offset + i, step));
                }
                copy_to_device(values.data(), data, slice);
                slabs.push_back({offset, data, slice});
            }
        }
    }

    StateSlabs const& slabs() const { return slabs_; }

  private:
    std::vector<StateSlab>& list(int vector) {
        return vector == 0 ? slabs_.master : vector == 1 ? slabs_.adam_m : slabs_.adam_v;
    }

    std::vector<Buffer<float>> buffers_;
    StateSlabs slabs_;
};

inline void save_sample(Communicator const& comm, std::string const& path, std::int64_t step) {
    SampleState const state(comm, step);
    CheckpointSaver saver;
    saver.start(comm, path, sample_header(step), state.slabs());
    saver.finish(comm);
}

}  // namespace dnagpt::testing
