#include "dnagpt/train/state_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {
namespace {

std::string sampler_text(RunIdentity const& identity, RunProgress const& progress) {
    nlohmann::ordered_json sampler;
    sampler["data_digest"] = hash_to_hex(identity.data_digest);
    sampler["tokens"] = progress.tokens;
    if (progress.best_step >= 0) {
        sampler["best_step"] = progress.best_step;
        sampler["best_score"] = progress.best_score;
    }
    if (progress.left_out_in_a_row > 0) {
        sampler["left_out_in_a_row"] = progress.left_out_in_a_row;
    }
    sampler["norm_mean"] = progress.norms.mean;
    sampler["norm_steps"] = progress.norms.steps;
    return sampler.dump();
}

/// What `read` takes from the sampler's JSON; Error where it is not what sampler_text made.
template <class Read>
auto read_sampler(CheckpointHeader const& header, Read const& read) {
    try {
        return read(nlohmann::json::parse(header.sampler));
    } catch (nlohmann::json::exception const& problem) {
        throw Error(std::string("the checkpoint's place in the data cannot be read (") +
                    problem.what() + "); it was written by another version: use that one");
    }
}

RunProgress progress_of(CheckpointHeader const& header, RunConfig const& config) {
    RunProgress progress;
    progress.step = header.step;
    progress.skip_list = header.skip_list;
    return read_sampler(header, [&](nlohmann::json const& sampler) {
        progress.tokens = sampler.value("tokens", header.step * config.batch.tokens_per_step);
        progress.best_step = sampler.value("best_step", std::int64_t{-1});
        progress.best_score = sampler.value("best_score", 0.0);
        progress.left_out_in_a_row = sampler.value("left_out_in_a_row", std::int64_t{0});
        progress.norms.mean = sampler.value("norm_mean", 0.0);
        progress.norms.steps = sampler.value("norm_steps", std::int64_t{0});
        return progress;
    });
}

/// The part of `tensor` that lies in `slice`, read from where the file has the tensor.
void load_part(CheckpointReader const& reader, StoredTensor const& stored,
               TensorEntry const& tensor, Slice const& slice, float* own) {
    std::int64_t const begin = std::max(slice.flat_offset, tensor.offset);
    std::int64_t const end =
        std::min(slice.flat_offset + slice.count, tensor.offset + tensor.count());
    if (begin >= end) {
        return;
    }
    std::vector<float> host(static_cast<std::size_t>(end - begin));
    reader.read(StateVector::master, stored.offset + begin - tensor.offset, host);
    copy_to_device(host.data(), own + slice.own_offset + begin - slice.flat_offset, end - begin);
}

std::vector<StateSlab> slabs_of(Partition const& partition, float const* own) {
    std::vector<StateSlab> slabs;
    for (Slice const& slice : partition.slices) {
        slabs.push_back({slice.flat_offset, own + slice.own_offset, slice.count});
    }
    return slabs;
}

void load_vector(CheckpointReader const& reader, StateVector which, Partition const& partition,
                 float* own) {
    std::vector<float> host;
    for (Slice const& slice : partition.slices) {
        host.resize(static_cast<std::size_t>(slice.count));
        reader.read(which, slice.flat_offset, host);
        copy_to_device(host.data(), own + slice.own_offset, slice.count);
    }
}

void warn_of_difference(std::string& differences, char const* what, std::string const& stored,
                        std::string const& now) {
    if (stored != now) {
        differences += fmt::format(" {} was '{}', is '{}';", what, stored, now);
    }
}

}  // namespace

template <class T>
CheckpointHeader make_header(RunConfig const& config, TrainingMemory<T> const& memory,
                             RunProgress const& progress, RunIdentity const& identity) {
    Vocabulary const vocabulary{vocabulary_kind(config.model.vocabulary)};
    CheckpointHeader header;
    header.step = progress.step;
    header.seed = static_cast<std::uint64_t>(config.run.seed);
    header.sampler = sampler_text(identity, progress);
    header.skip_list = progress.skip_list;
    header.config = to_toml(config, PathKeys::leave_out);
    header.elements = memory.layout.size;
    for (TensorEntry const& tensor : memory.layout.tensors) {
        header.layout.push_back({tensor.name, tensor.offset, tensor.shape});
    }
    header.vocabulary = config.model.vocabulary;
    header.true_word = vocabulary.token_text(vocabulary.true_word());
    header.false_word = vocabulary.token_text(vocabulary.false_word());
    header.build = identity.build;
    header.world_size = identity.world_size;
    header.threads = identity.threads;
    header.device_model = identity.device_model;
    header.libraries = identity.libraries;
    header.product_choices = identity.product_choices;
    return header;
}

template <class T>
StateSlabs state_slabs(TrainingMemory<T> const& memory) {
    return {slabs_of(memory.partition, memory.optimizer.master().data()),
            slabs_of(memory.partition, memory.optimizer.first_moment().data()),
            slabs_of(memory.partition, memory.optimizer.second_moment().data())};
}

template <class T>
void load_state(Context& context, CheckpointReader const& reader, TrainingMemory<T>& memory) {
    require_same_layout(reader.header(), memory.layout);
    Optimizer<T> const& optimizer = memory.optimizer;
    load_vector(reader, StateVector::master, memory.partition, optimizer.master().data());
    load_vector(reader, StateVector::adam_m, memory.partition, optimizer.first_moment().data());
    load_vector(reader, StateVector::adam_v, memory.partition, optimizer.second_moment().data());
    memory.optimizer.publish(context, memory.weights.view());
}

template <class T>
void load_weights(Context& context, CheckpointReader const& reader, TrainingMemory<T>& memory) {
    std::string missing;
    for (TensorEntry const& tensor : memory.layout.tensors) {
        auto const stored =
            std::ranges::find(reader.header().layout, tensor.name, &StoredTensor::name);
        if (stored == reader.header().layout.end()) {
            missing += " " + tensor.name;
            continue;
        }
        DNAGPT_VALIDATE(stored->shape == tensor.shape,
                        << "tensor " << tensor.name << " of the checkpoint has another shape than "
                        << "this model (its settings were changed); give it the checkpoint's "
                           "model settings");
        for (Slice const& slice : memory.partition.slices) {
            load_part(reader, *stored, tensor, slice, memory.optimizer.master().data());
        }
    }
    if (!missing.empty()) {
        log_shared_warning("the checkpoint lacks these tensors; they start at random:" + missing);
    }
    memory.optimizer.publish(context, memory.weights.view());
}

std::string stored_data_digest(CheckpointHeader const& header) {
    return read_sampler(header, [](nlohmann::json const& sampler) {
        return sampler.at("data_digest").get<std::string>();
    });
}

RunProgress accept_checkpoint(CheckpointHeader const& header, RunConfig const& config,
                              RunIdentity const& identity) {
    RunConfig const stored = stored_config(header);
    for (KeyChange const& change : require_compatible(stored, config)) {
        log_info(fmt::format("changed since the checkpoint: {} was {}, is {}", change.key,
                             change.stored, change.given));
    }
    std::string const digest = stored_data_digest(header);
    DNAGPT_VALIDATE(digest == hash_to_hex(identity.data_digest),
                    << "the training data are not those of this run (digest " << digest
                    << " in the checkpoint, " << hash_to_hex(identity.data_digest)
                    << " now); point data.shards or finetune.data at the same files or use "
                    << "another run.folder");
    std::string differences;
    warn_of_difference(differences, "build", header.build, identity.build);
    warn_of_difference(differences, "world size", std::to_string(header.world_size),
                       std::to_string(identity.world_size));
    warn_of_difference(differences, "threads", std::to_string(header.threads),
                       std::to_string(identity.threads));
    warn_of_difference(differences, "device", header.device_model, identity.device_model);
    warn_of_difference(differences, "libraries", header.libraries, identity.libraries);
    if (!differences.empty()) {
        log_shared_warning("results will not be bit-identical to an uninterrupted run:" +
                           differences);
    }
    return progress_of(header, config);
}

#define DNAGPT_INSTANTIATE(T)                                                         \
    template CheckpointHeader make_header(RunConfig const&, TrainingMemory<T> const&, \
                                          RunProgress const&, RunIdentity const&);    \
    template StateSlabs state_slabs(TrainingMemory<T> const&);                        \
    template void load_state(Context&, CheckpointReader const&, TrainingMemory<T>&);  \
    template void load_weights(Context&, CheckpointReader const&, TrainingMemory<T>&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
