#include "dnagpt/eval/loaded_model.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_folder.hpp"
#include "dnagpt/comm/rank_0_answer.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/elementwise.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t read_elements = std::int64_t{4} << 20;

/// Assigns weights, rounded to T, from what take(first, elements) gives.
template <class T, class Take>
void assign_weights(Context& context, Vector<T> weights, Take const& take) {
    std::vector<float> host;
    Buffer<float> staging("weights on their way", std::min(read_elements, rows_of(weights)));
    for (std::int64_t first = 0; first < rows_of(weights); first += read_elements) {
        std::int64_t const count = std::min(read_elements, rows_of(weights) - first);
        host.resize(static_cast<std::size_t>(count));
        take(first, std::span<float>(host));
        copy_to_device(host.data(), staging.data(), count);
        convert(context, Vector<float>(staging.data(), host.size()),
                Vector<T>(weights.data() + first, host.size()));
    }
}

}  // namespace

RunConfig stored_config(CheckpointHeader const& header) {
    return parse_run_config(header.config, "the checkpoint's settings", {});
}

void require_words(ModelShape const& shape, std::string const& checkpoint) {
    DNAGPT_VALIDATE(shape.token_head, << checkpoint
                                      << " answers numbers alone (it was fine-tuned without the "
                                         "token head); use another checkpoint");
}

void require_same_layout(CheckpointHeader const& header, ParameterLayout const& layout) {
    bool same = header.elements == layout.size && header.layout.size() == layout.tensors.size();
    for (std::size_t i = 0; i < std::min(header.layout.size(), layout.tensors.size()); ++i) {
        auto const& stored = header.layout[i];
        auto const& wanted = layout.tensors[i];
        DNAGPT_VALIDATE(
            stored.name == wanted.name && stored.offset == wanted.offset &&
                stored.shape == wanted.shape,
            << "the checkpoint's tensor '" << stored.name << "' is not '" << wanted.name
            << "' of its settings (another version of the program wrote it); use that version");
    }
    DNAGPT_VALIDATE(
        same, << "the checkpoint's tensors are not those of its settings (another version of "
                 "the program wrote it); use that version");
}

std::string resolve_checkpoint(std::string const& path) {
    namespace fs = std::filesystem;
    DNAGPT_VALIDATE(fs::exists(path),
                    << "there is no '" << path << "'; give a checkpoint file or a run folder");
    if (!fs::is_directory(path)) {
        return path;
    }
    bool const is_run = fs::is_directory(fs::path(path) / "checkpoints");
    std::string const folder = is_run ? path + "/checkpoints" : path;
    if (auto const best = noted_best(folder); best && fs::exists(*best)) {
        return *best;
    }
    auto const entries = list_checkpoints(folder);
    for (char const* const part : {"seed_1", "fold_1"}) {
        DNAGPT_VALIDATE(!entries.empty() || !fs::is_directory(fs::path(path) / part),
                        << "'" << path
                        << "' holds several runs, not one; name one of them, such as " << path
                        << "/" << part);
    }
    DNAGPT_VALIDATE(!entries.empty(),
                    << "'" << path << "' holds no checkpoint (step_*.h5); give another run folder");
    return entries.back().path;
}

CheckpointReader open_checkpoint(std::string const& path, Communicator const& world) {
    std::string const found = rank_0_answer(world, [&] { return resolve_checkpoint(path); });
    require_whole(world, found);
    return CheckpointReader::open_verified(found);
}

template <class T>
LoadedModel<T>::LoadedModel(CheckpointReader const& reader, std::vector<BatchForm> const& forms,
                            Stream stream)
    : config(stored_config(reader.header())),
      shape(model_shape(config.model)),
      vocabulary{vocabulary_kind(config.model.vocabulary)},
      layout(make_parameter_layout(shape)),
      weights("weights", layout.size),
      params(bind_parameters(shape, layout, weights.data())),
      activations(gpt_saved_bytes<T>(shape, largest_form(forms).positions(), Purpose::inference)),
      saved(layout_gpt_saved<T>(shape, largest_form(forms).positions(), Purpose::inference,
                                activations)),
      batch(shape, largest_form(forms).positions()),
      context{stream, GemmEngine(), Arena(gpt_scratch_bytes<T>(shape, forms))} {
    require_same_layout(reader.header(), layout);
    assign_weights(context, weights.view(), [&](std::int64_t first, std::span<float> host) {
        reader.read(StateVector::master, first, host);
        auto const bad = std::ranges::find_if_not(host, [](float w) { return std::isfinite(w); });
        DNAGPT_VALIDATE(bad == host.end(),
                        << reader.path() << " holds weights that are not finite, the first of them "
                        << "number " << first + (bad - host.begin())
                        << "; its training went wrong, use an earlier checkpoint");
    });
    context.gemm.weights_changed();
}

template <class T>
void LoadedModel<T>::draw_weights(std::uint64_t seed) {
    assign_weights(context, weights.view(), [&](std::int64_t first, std::span<float> host) {
        draw_initial_weights(layout, seed, first, std::ssize(host), host.data());
    });
    context.gemm.weights_changed();
}

template struct LoadedModel<float>;
template struct LoadedModel<bf16>;

}  // namespace dnagpt
