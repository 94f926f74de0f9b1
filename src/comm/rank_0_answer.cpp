#include "dnagpt/comm/rank_0_answer.hpp"

#include <cstring>
#include <exception>

namespace dnagpt {

std::string rank_0_answer(Communicator const& world, std::function<std::string()> const& find) {
    std::string text;
    std::string problem;
    if (world.rank() == 0) {
        try {
            text = find();
        } catch (std::exception const& failure) {
            problem = failure.what();
        }
    }
    world.throw_together(problem);
    return world.broadcast(text);
}

std::vector<std::int64_t> rank_0_numbers(Communicator const& world,
                                         std::function<std::vector<std::int64_t>()> const& find) {
    std::string const bytes = rank_0_answer(world, [&] {
        std::vector<std::int64_t> const found = find();
        std::string text;
        for (std::int64_t const number : found) {
            text.append(reinterpret_cast<char const*>(&number), sizeof number);
        }
        return text;
    });
    std::vector<std::int64_t> numbers;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::int64_t)) {
        std::memcpy(&numbers.emplace_back(), bytes.data() + at, sizeof(std::int64_t));
    }
    return numbers;
}

}  // namespace dnagpt
