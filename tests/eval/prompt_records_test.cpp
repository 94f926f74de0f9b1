#include "dnagpt/eval/prompt_records.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace dnagpt {
namespace {

TEST(PromptRecord, ComesBackFromItsText) {
    PromptRecord const window{"chr1 odd, name", 1200, 1800, "ACGTN", {}};
    EXPECT_EQ(prompt_record_from(to_text(window)), window);
    PromptRecord const gene{"gene\t7", 0, 0, "", {0.1, -2.5e-300, 1.0 / 3, 7}};
    EXPECT_EQ(prompt_record_from(to_text(gene)), gene);
    PromptRecord const edge{"", 0, std::numeric_limits<std::int64_t>::max(), "<R>A<M>", {}};
    EXPECT_EQ(prompt_record_from(to_text(edge)), edge);
}

}  // namespace
}  // namespace dnagpt
