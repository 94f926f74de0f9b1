#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace dnagpt {

/// The one exception type. Its text is for people: "problem (why); suggestion".
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Ends a broken DNAGPT_EXPECT: throws Error naming condition, file and line.
[[noreturn]] void throw_broken_expectation(char const* condition, char const* file, int line);

}  // namespace dnagpt

/// For the programmer: a condition that no input can break. Always on.
#define DNAGPT_EXPECT(condition)                                                \
    do {                                                                        \
        if (!(condition)) [[unlikely]] {                                        \
            ::dnagpt::throw_broken_expectation(#condition, __FILE__, __LINE__); \
        }                                                                       \
    } while (false)

/// For users, files and the environment: DNAGPT_VALIDATE(ok, << "problem (why); suggestion").
#define DNAGPT_VALIDATE(condition, message)              \
    do {                                                 \
        if (!(condition)) [[unlikely]] {                 \
            std::ostringstream dnagpt_message;           \
            dnagpt_message message;                      \
            throw ::dnagpt::Error(dnagpt_message.str()); \
        }                                                \
    } while (false)
