#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/checkpoint/training_state.hpp"
#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

/// Saves training states while training goes on: each rank copies its slabs, a thread without MPI
/// and HDF5 writes them to `<path>.tmp`, and only a whole, digested, synced file gets its name.
/// start, poll and finish are collective; each throws the same Error on every rank when a rank
/// fails (full disk, say), after which the temporary file is gone, older checkpoints are untouched,
/// and the saver may be started again.
class CheckpointSaver {
  public:
    /// Takes the host memory for a copy of this rank's slabs, `elements` in all, now; 0: at the
    /// first save.
    explicit CheckpointSaver(std::int64_t elements = 0)
        : staging_(static_cast<std::size_t>(elements)) {}
    /// Waits for the thread; an unfinished file keeps its temporary name.
    ~CheckpointSaver();
    CheckpointSaver(CheckpointSaver const&) = delete;
    CheckpointSaver& operator=(CheckpointSaver const&) = delete;

    /// Returns when the slabs are copied. `header` and `path` count on rank 0. Waits for a former
    /// save that is still under way.
    void start(Communicator const& comm, std::string const& path, CheckpointHeader const& header,
               StateSlabs const& slabs);
    /// At the end of a step: completes the save once every rank has written; true when none is
    /// under way any more.
    bool poll(Communicator const& comm);
    /// Waits until the save that is under way is complete.
    void finish(Communicator const& comm);
    bool busy() const { return busy_; }

  private:
    struct Piece {
        std::int64_t file_offset;
        std::int64_t first;
        std::int64_t count;
    };

    void make_file(Communicator const& comm, CheckpointHeader const& header);
    void copy_slabs(StateSlabs const& slabs);
    void write_pieces();
    void complete(Communicator const& comm);
    void seal(Communicator const& comm);
    void drop_temporary(Communicator const& comm);

    std::string path_;
    std::string temporary_;
    CheckpointPlaces places_;
    std::vector<FileRegion> regions_;
    FileDescriptor file_;
    std::vector<float> staging_;
    std::vector<Piece> pieces_;
    std::thread thread_;
    std::atomic<bool> written_ = false;
    std::string problem_;
    bool busy_ = false;
};

}  // namespace dnagpt
