#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

/// What a tester lets go wrong (docs/reliability.md).
enum class Fault {
    nan,     ///< the rank computes the step with weights that are not numbers
    weight,  ///< after the step one of the rank's master weights is no number
    spike,   ///< the step's gradient norm is a thousand times what it is
    fail,    ///< the rank throws an Error
    exit,    ///< the rank's process exits with 1, without a word
    kill,    ///< the rank's process gets SIGKILL
    stop,    ///< the rank's process gets SIGSTOP: it hangs
    slow,    ///< the rank sleeps for a second
};

struct InjectedFault {
    Fault fault;
    std::int64_t rank;  ///< -1: every rank
    std::int64_t step;
};

/// Faults of a text such as "nan@120,rank1:exit@200,slow@300": before step 120 has been applied,
/// and so on. Error naming the part that is not understood.
std::vector<InjectedFault> read_injections(std::string const& text);

/// The faults of a run, from DNAGPT_INJECT on rank 0; none in a run that is no test. Each one comes
/// once: "nan@5,nan@5,nan@5" spoils three attempts at step 5.
class Injection {
  public:
    /// Collective.
    explicit Injection(Communicator const& world);

    /// Fails, exits, stops or sleeps where this rank is to do so at this step.
    void disturb(std::int64_t step);
    struct Due {
        bool here = false;      ///< on this rank
        bool anywhere = false;  ///< on any rank: known to all
    };
    /// Whether this fault comes now; it will not come again.
    Due take(Fault fault, std::int64_t step);

  private:
    std::vector<InjectedFault> faults_;
    int rank_;
};

}  // namespace dnagpt
