#include "dnagpt/data/batch_loader.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/data/pretrain_tasks.hpp"
#include "dnagpt/data/sampler.hpp"

namespace dnagpt {
namespace {

constexpr std::size_t steps_ahead = 2;

StepBatches assemble_step(PretrainData const& data, Sampler const& sampler, Vocabulary vocabulary,
                          BatchPlan const& plan, std::int64_t step, std::int64_t block) {
    StepBatches result;
    result.step = step;
    result.block = block;
    RowRange const rows = rows_of_rank(plan.rows_per_step, plan.rank, plan.world_size);
    std::vector<std::uint16_t> row(static_cast<std::size_t>(sampler.row_units()));
    for (std::int64_t begin = rows.first; begin < rows.last; begin += plan.micro_batch) {
        std::int64_t const count = std::min(plan.micro_batch, rows.last - begin);
        Batch batch = empty_batch(count, plan.context_length);
        for (std::int64_t i = 0; i < count; ++i) {
            std::int64_t const sample = block * plan.rows_per_step + begin + i;
            std::int32_t const species = sampler.read_sample(sample, row);
            ExampleChoice const choice = draw_example(plan.seed, sample, row);
            fill_pretrain_row(batch, i, vocabulary, species,
                              data.species()[static_cast<std::size_t>(species)].token(), row,
                              choice);
        }
        result.targets += count_targets(batch);
        result.micro_batches.push_back(std::move(batch));
    }
    return result;
}

}  // namespace

RowRange rows_of_rank(std::int64_t count, int rank, int world_size) {
    return {rank * count / world_size, (rank + 1) * count / world_size};
}

AssembleStep pretraining_steps(PretrainData const& data, Vocabulary vocabulary,
                               BatchPlan const& plan, std::vector<double> weights) {
    DNAGPT_EXPECT(plan.rows_per_step >= 1 && plan.micro_batch >= 1 && plan.rank >= 0 &&
                  plan.rank < plan.world_size);
    auto const sampler =
        std::make_shared<Sampler const>(data, plan.context_length, plan.seed, std::move(weights));
    return [&data, vocabulary, plan, sampler](std::int64_t step, std::int64_t block) {
        return assemble_step(data, *sampler, vocabulary, plan, step, block);
    };
}

BatchLoader::BatchLoader(AssembleStep assemble, std::int64_t first_step,
                         std::vector<std::int64_t> skip_list)
    : assemble_(std::move(assemble)), skip_list_(std::move(skip_list)) {
    DNAGPT_EXPECT(first_step >= 0);
    thread_ = std::thread([this, first_step] { run(first_step); });
}

BatchLoader::~BatchLoader() {
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void BatchLoader::run(std::int64_t step) {
    try {
        work(step);
    } catch (...) {
        std::lock_guard const lock(mutex_);
        failure_ = std::current_exception();
    }
    changed_.notify_all();
}

void BatchLoader::work(std::int64_t step) {
    for (;; ++step) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || ready_.size() < steps_ahead; });
            if (stopping_) {
                return;
            }
        }
        StepBatches batches = assemble_(step, row_block(step, skip_list_));
        for (Batch const& batch : batches.micro_batches) {
            batches.rows_digest += digest_rows(batch);
        }
        batches.rows_digest &= rows_digest_mask;
        {
            std::lock_guard const lock(mutex_);
            ready_.push_back(std::move(batches));
        }
        changed_.notify_all();
    }
}

StepBatches BatchLoader::next() {
    ProfileScope const scope("data", "wait for rows");
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
    if (ready_.empty()) {
        std::rethrow_exception(failure_);
    }
    StepBatches batches = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return batches;
}

}  // namespace dnagpt
