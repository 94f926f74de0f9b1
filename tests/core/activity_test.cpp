#include "dnagpt/core/activity.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "dnagpt/core/profile.hpp"

namespace dnagpt {
namespace {

TEST(Activity, IsTheInnermostScopeOfTheWatchedThread) {
    std::thread([] {
        { ProfileScope const unseen("ops", "before anybody watches"); }
        EXPECT_EQ(current_activity().changes, 0U);
        watch_this_thread();
        note_activity_step(7);
        ProfileScope const outer("eval", "outer");
        {
            ProfileScope const inner("comm", "inner");
            EXPECT_EQ(current_activity().operation, std::string("inner"));
            std::thread([] { ProfileScope const other("data", "of another thread"); }).join();
            EXPECT_EQ(current_activity().room, std::string("comm"));
        }
        Activity const after = current_activity();
        EXPECT_EQ(after.room, std::string("eval"));
        EXPECT_EQ(after.operation, std::string("outer"));
        EXPECT_EQ(after.step, 7);
        EXPECT_EQ(after.changes, 3U);
    }).join();
}

}  // namespace
}  // namespace dnagpt
