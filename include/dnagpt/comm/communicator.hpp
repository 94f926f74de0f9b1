#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dnagpt {

/// A group of ranks; copies share it. A world of one works like any other. Every function that
/// moves data is collective: all ranks call it, in the same order, from the main thread.
class Communicator {
  public:
    int rank() const;
    int size() const;
    /// This rank among those of the same host, and how many they are.
    int local_rank() const;
    int local_size() const;

    void barrier() const;
    /// Element-wise over the ranks, in place.
    void all_reduce_sum(std::span<double> values) const;
    void all_reduce_sum(std::span<std::int64_t> values) const;
    void all_reduce_max(std::span<std::int64_t> values) const;
    std::int64_t all_reduce_sum(std::int64_t value) const;
    std::int64_t all_reduce_max(std::int64_t value) const;
    bool any(bool value) const { return all_reduce_max(value ? 1 : 0) != 0; }
    bool all(bool value) const { return !any(!value); }
    /// Root's text on every rank.
    std::string broadcast(std::string const& text, int root = 0) const;
    /// Root's bytes overwrite those of the others.
    void broadcast(std::span<std::byte> bytes, int root = 0) const;
    /// Every rank's text, by rank, on every rank.
    std::vector<std::string> all_gather(std::string const& text) const;
    /// Rank 0 visits every rank's text, by rank; it holds one of the others at a time.
    void gather_in_order(std::string const& text,
                         std::function<void(std::string_view)> const& visit) const;
    /// Throws the same Error on every rank when any rank hands in a text that is not empty.
    void throw_together(std::string const& problem) const;

    struct State;
    explicit Communicator(std::shared_ptr<State> state) : state_(std::move(state)) {}
    State& state() const { return *state_; }

  private:
    std::shared_ptr<State> state_;
};

/// Starts MPI (MPI_THREAD_FUNNELED) and ends it. Refuses a world of one under a launcher that meant
/// more ranks: that would be several programs writing one folder.
class MpiSession {
  public:
    MpiSession(int& argc, char**& argv);
    ~MpiSession();
    MpiSession(MpiSession const&) = delete;
    MpiSession& operator=(MpiSession const&) = delete;

    Communicator const& world() const { return *world_; }
    /// Ends every rank's process; does not return.
    [[noreturn]] static void abort(int exit_code);

  private:
    std::unique_ptr<Communicator> world_;
};

/// "Open MPI v4.1.4, ..." in one line.
std::string mpi_library();
std::string host_name();

}  // namespace dnagpt
