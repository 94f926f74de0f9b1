#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "dnagpt/data/batch.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// How a step's rows are spread: rank r of w has rows [r rows / w, (r + 1) rows / w).
struct BatchPlan {
    std::int64_t rows_per_step = 1;
    std::int64_t micro_batch = 1;
    std::int64_t context_length = 0;
    int rank = 0;
    int world_size = 1;
    std::uint64_t seed = 1;
};

/// A rank's rows of one step.
struct StepBatches {
    std::int64_t step = 0;
    /// The block of rows (see row_block): what goes to the skip list when the step fails.
    std::int64_t block = 0;
    /// Each of micro_batch rows, the last may be shorter; none when the rank has no row.
    std::vector<Batch> micro_batches;
    /// This rank's targets of the whole step.
    TargetCounts targets;
    /// digest_rows over all its batches.
    std::uint64_t rows_digest = 0;
};

/// The part [first, last) of `count` rows that a rank has.
struct RowRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};
RowRange rows_of_rank(std::int64_t count, int rank, int world_size);

/// Assembles one rank's batches of step `step`, which takes row block `block`. Called from another
/// thread: no MPI, no HDF5.
using AssembleStep = std::function<StepBatches(std::int64_t step, std::int64_t block)>;

/// Rows of the three pretraining tasks. The data must outlive the function.
AssembleStep pretraining_steps(PretrainData const& data, Vocabulary vocabulary,
                               BatchPlan const& plan, std::vector<double> weights = {});

/// A thread that assembles steps ahead of their use, two at most.
class BatchLoader {
  public:
    /// Steps are counted from 0 over applied updates; `first_step` is the next one. A block that
    /// fails while the loader runs needs no new loader: its successor carries the following rows
    /// (the step number then stays, see row_block).
    BatchLoader(AssembleStep assemble, std::int64_t first_step,
                std::vector<std::int64_t> skip_list = {});
    ~BatchLoader();
    BatchLoader(BatchLoader const&) = delete;
    BatchLoader& operator=(BatchLoader const&) = delete;

    /// The next step's batches; throws what stopped the thread.
    StepBatches next();

  private:
    void run(std::int64_t step);
    void work(std::int64_t step);

    AssembleStep assemble_;
    std::vector<std::int64_t> skip_list_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<StepBatches> ready_;
    std::exception_ptr failure_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace dnagpt
