#include "dnagpt/core/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace dnagpt {
namespace {

struct LogRank {
    int rank = 0;
    int world_size = 1;
};

LogRank& log_rank() {
    static LogRank instance;
    return instance;
}

spdlog::logger& logger() {
    static std::shared_ptr<spdlog::logger> const instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "dnagpt", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        made->set_pattern("%^%v%$");
        made->flush_on(spdlog::level::info);
        return made;
    }();
    return *instance;
}

std::string with_rank(char const* kind, std::string const& text) {
    if (log_rank().world_size > 1) {
        return fmt::format("{}: rank {}: {}", kind, log_rank().rank, text);
    }
    return fmt::format("{}: {}", kind, text);
}

}  // namespace

void set_log_rank(int rank, int world_size) {
    log_rank() = {rank, world_size};
}

bool logs_info() {
    return log_rank().rank == 0;
}

void log_info(std::string const& text) {
    if (logs_info()) {
        logger().log(spdlog::level::info, text);
    }
}

void log_warning(std::string const& text) {
    logger().log(spdlog::level::warn, with_rank("warning", text));
}

void log_shared_warning(std::string const& text) {
    if (logs_info()) {
        logger().log(spdlog::level::warn, "warning: " + text);
    }
}

void log_error(std::string const& text) {
    logger().log(spdlog::level::err, with_rank("error", text));
}

}  // namespace dnagpt
