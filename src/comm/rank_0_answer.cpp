#include "dnagpt/comm/rank_0_answer.hpp"

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

}  // namespace dnagpt
