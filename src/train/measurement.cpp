#include "dnagpt/train/measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/train/pretrain_run.hpp"

namespace dnagpt {
namespace {

using Clock = std::chrono::steady_clock;

/// A new folder on this host, the same name on every rank; removed by rank 0.
class PassingFolder {
  public:
    explicit PassingFolder(Communicator const& world) : owns_(world.rank() == 0) {
        std::string path;
        if (owns_) {
            path = (std::filesystem::temp_directory_path() / "dnagpt_measure_XXXXXX").string();
            DNAGPT_VALIDATE(::mkdtemp(path.data()) != nullptr,
                            << "cannot make a folder " << path
                            << " (no space or no right to write); set TMPDIR");
        }
        path_ = world.broadcast(path);
    }
    ~PassingFolder() {
        if (owns_) {
            std::error_code ignored;
            std::filesystem::remove_all(path_, ignored);
        }
    }
    PassingFolder(PassingFolder const&) = delete;
    PassingFolder& operator=(PassingFolder const&) = delete;
    std::string const& path() const { return path_; }

  private:
    bool owns_;
    std::string path_;
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    std::size_t const middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

template <class T>
void measure_as(RunConfig const& config, Communicator const& world, DeviceSession const& device,
                MeasurementOptions const& options) {
    PretrainRun<T> pretraining(config, world, device);
    TrainingRun<T>& run = pretraining.training();
    run.train_step();
    if (options.profile) {
        start_profile(device_fence);
    }
    std::vector<double> seconds;
    double const waited_before = run.memory().collectives.waited_seconds();
    for (std::int64_t step = 0; step < options.steps; ++step) {
        auto const began = Clock::now();
        run.train_step();
        device_fence();
        world.barrier();
        seconds.push_back(std::chrono::duration<double>(Clock::now() - began).count());
    }
    double const waited = run.memory().collectives.waited_seconds() - waited_before;
    if (options.profile) {
        log_info("profile of rank 0\n" + format_profile(profile_lines(), options.steps));
        stop_profile();
    }
    nlohmann::ordered_json result;
    result["ranks"] = world.size();
    result["threads"] = run.identity().threads;
    result["precision"] = config.run.precision;
    result["products"] = run.context().gemm.description();
    result["tokens_per_step"] = config.batch.tokens_per_step;
    result["step_seconds"] = seconds;
    if (used_gpu_memory() > 0) {  // near 0 the launches of kernels would hold the GPU up
        result["host_waits_share"] = waited / std::accumulate(seconds.begin(), seconds.end(), 0.0);
    }
    result["tokens_per_second"] =
        static_cast<double>(config.batch.tokens_per_step) / median(seconds);
    MemoryByKind const planned = training_memory(config, world.size());
    std::int64_t const on_gpu = used_gpu_memory();
    result["peak_memory_bytes"] = world.all_reduce_max(on_gpu > 0 ? on_gpu : peak_resident_bytes());
    result["planned_memory_bytes"] = on_gpu > 0 ? planned.on_device() : planned.total();
    if (world.rank() == 0) {
        fmt::print("{}\n", result.dump());
    }
}

}  // namespace

void measure_pretraining(RunConfig const& config, Communicator const& world,
                         DeviceSession const& device, MeasurementOptions const& options) {
    DNAGPT_EXPECT(options.steps >= 1);
    PassingFolder const folder(world);
    RunConfig passing = config;
    passing.run.folder = folder.path();
    passing.schedule = {};
    passing.schedule.steps = options.steps + 1;
    passing.evaluation.every_steps = 0;
    if (config.run.precision == "bf16") {
        measure_as<bf16>(passing, world, device, options);
    } else {
        measure_as<float>(passing, world, device, options);
    }
    world.barrier();
}

}  // namespace dnagpt
