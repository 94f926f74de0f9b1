#include "dnagpt/eval/novel_masks.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace dnagpt {
namespace {

/// The windows [first, last) of a rank.
std::pair<std::size_t, std::size_t> share_of(int rank, int world_size, std::size_t count) {
    auto const at = [&](int r) {
        return count * static_cast<std::size_t>(r) / static_cast<std::size_t>(world_size);
    };
    return {at(rank), at(rank + 1)};
}

}  // namespace

std::vector<std::vector<std::uint8_t>> novel_masks(PretrainData const& data,
                                                   std::span<EvaluationWindow const> windows,
                                                   PretrainData const& training,
                                                   Communicator const& world) {
    auto const [first, last] = share_of(world.rank(), world.size(), windows.size());
    auto const own = novel_words(data, windows.subspan(first, last - first), training);
    std::vector<std::vector<std::uint8_t>> masks(windows.size());
    for (int root = 0; root < world.size(); ++root) {
        auto const [begin, end] = share_of(root, world.size(), windows.size());
        for (std::size_t i = begin; i < end; ++i) {
            masks[i] = root == world.rank()
                           ? own[i - first]
                           : std::vector<std::uint8_t>(static_cast<std::size_t>(windows[i].words));
            world.broadcast(std::as_writable_bytes(std::span(masks[i])), root);
        }
    }
    return masks;
}

}  // namespace dnagpt
