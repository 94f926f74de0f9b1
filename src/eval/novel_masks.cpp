#include "dnagpt/eval/novel_masks.hpp"

#include <cstddef>

#include "dnagpt/data/batch_loader.hpp"

namespace dnagpt {

std::vector<std::vector<std::uint8_t>> novel_masks(PretrainData const& data,
                                                   std::span<EvaluationWindow const> windows,
                                                   PretrainData const& training,
                                                   Communicator const& world) {
    auto const windows_of = [&](int rank) {
        RowRange const range =
            rows_of_rank(static_cast<std::int64_t>(windows.size()), rank, world.size());
        return windows.subspan(static_cast<std::size_t>(range.first),
                               static_cast<std::size_t>(range.last - range.first));
    };
    auto const own = novel_words(data, windows_of(world.rank()), training);
    std::vector<std::vector<std::uint8_t>> masks;
    for (int root = 0; root < world.size(); ++root) {
        auto const theirs = windows_of(root);
        for (std::size_t i = 0; i < theirs.size(); ++i) {
            masks.push_back(root == world.rank() ? own[i]
                                                 : std::vector<std::uint8_t>(
                                                       static_cast<std::size_t>(theirs[i].words)));
            world.broadcast(std::as_writable_bytes(std::span(masks.back())), root);
        }
    }
    return masks;
}

}  // namespace dnagpt
