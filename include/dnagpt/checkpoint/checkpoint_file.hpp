#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/training_state.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/io/user_block.hpp"

namespace dnagpt {

/// The flat vectors of a training state, in the order of their datasets.
enum class StateVector { master, adam_m, adam_v };
inline constexpr std::array<char const*, 3> state_datasets = {"/state/master", "/state/adam_m",
                                                              "/state/adam_v"};

/// Where a checkpoint's parts lie, in bytes of the file.
struct CheckpointPlaces {
    std::int64_t user_block = 0;
    std::int64_t file_bytes = 0;
    std::array<std::int64_t, 3> state_offsets{};
};

/// Makes the file with everything but the flat vectors' values and its user block, and takes its
/// disk space. For one rank. `regions` receives what names damage later: datasets and tensors.
CheckpointPlaces lay_out_checkpoint(std::string const& path, CheckpointHeader const& header,
                                    std::vector<FileRegion>& regions);

/// Ranks digest disjoint blocks; every rank gets the same list. Collective. Throws on all ranks as
/// read_user_block does.
std::vector<DamagedBlock> verify_together(Communicator const& comm, std::string const& path);

/// Error on every rank, naming block, dataset and tensor, when the file is damaged. Collective.
void require_whole(Communicator const& comm, std::string const& path);

/// Reads a checkpoint of any world size. Needs neither MPI nor the device.
class CheckpointReader {
  public:
    /// Verifies every digest first; a damaged file is refused, naming block, dataset and tensor.
    static CheckpointReader open(std::string const& path);
    /// For a file that verify_together has just found whole.
    static CheckpointReader open_verified(std::string const& path);

    CheckpointHeader const& header() const { return header_; }
    std::string const& path() const { return file_.path(); }
    /// Elements [first, first + values.size()) of a flat vector.
    void read(StateVector vector, std::int64_t first, std::span<float> values) const;

  private:
    CheckpointReader() = default;

    CheckpointHeader header_;
    FileDescriptor file_;
    std::array<std::int64_t, 3> offsets_{};
};

}  // namespace dnagpt
