#pragma once

#include <string>

#include "dnagpt/core/check.hpp"

namespace dnagpt::testing {

/// The text of the Error that `action` throws; "no error" when it throws none.
template <class Action>
std::string message_of(Action&& action) {
    try {
        action();
    } catch (Error const& error) {
        return error.what();
    }
    return "no error";
}

}  // namespace dnagpt::testing
