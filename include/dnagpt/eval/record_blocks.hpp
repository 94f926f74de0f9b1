#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/core/piece.hpp"
#include "dnagpt/core/work_share.hpp"

namespace dnagpt {

/// Records that are answered together, unless their texts are long. Blocks do not depend on the
/// number of ranks or of pieces, and batches stay inside a block, so the roundings of an answer do
/// not depend on them either.
inline constexpr std::int64_t records_of_block = 1024;

/// Records first .. last - 1 of `records`, what a piece takes: whole blocks, one after the other.
struct RecordRange {
    std::int64_t first = 0;
    std::int64_t last = std::numeric_limits<std::int64_t>::max();
};
RecordRange records_of_piece(std::int64_t records, Piece piece,
                             std::int64_t block = records_of_block);

/// A record is a text of any form.
using AddRecord = std::function<void(std::string)>;
/// Hands every record to `add`, in order; the same ones each time.
using ReadRecords = std::function<void(AddRecord const& add)>;

/// The same of as many records as `count` finds on rank 0; all where there is one piece.
/// Collective.
RecordRange range_of_piece(std::function<std::int64_t()> const& count, Piece piece,
                           Communicator const& world, std::int64_t block = records_of_block);

/// How many records `read` hands out.
std::int64_t count_records(ReadRecords const& read);

/// The blocks that the ranks answer at the same time, one a rank at most.
struct BlockRound {
    std::span<std::string const> records;  ///< of all ranks
    std::int64_t first_number = 0;         ///< of the first record, counted from 0 over all pieces
    std::int64_t own_first = 0;            ///< this rank's records are own_first .. own_last - 1
    std::int64_t own_last = 0;
    ReportShare report;  ///< what share of its own records the rank has answered

    std::span<std::string const> own() const {
        return records.subspan(static_cast<std::size_t>(own_first),
                               static_cast<std::size_t>(own_last - own_first));
    }
};

/// How records become text.
struct BlockWork {
    std::string title;  ///< for the progress
    ReadRecords read;   ///< called on rank 0 alone, on a thread of its own
    RecordRange range;  ///< records outside are not answered; rank 0's counts
    /// On every rank and round, also where its share is empty: the text of its own records.
    std::function<std::string(BlockRound const&)> answer;
    /// On rank 0 alone: the texts of the blocks, in the order of the input.
    std::function<void(std::string_view)> write;
    std::int64_t block = records_of_block;  ///< records of a block
};

/// Returns how many records were answered. Collective. While blocks are answered rank 0 reads the
/// next ones. Every rank holds one block of each rank, rank 0 two, whatever their number.
std::int64_t for_each_block(BlockWork const& work, Communicator const& world);

}  // namespace dnagpt
