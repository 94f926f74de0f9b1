#include "dnagpt/eval/record_blocks.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "dnagpt/comm/rank_0_answer.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"

namespace dnagpt {
namespace {

using Records = std::vector<std::string>;

void append_number(std::int64_t number, std::string& text) {
    text.append(reinterpret_cast<char const*>(&number), sizeof number);
}

std::int64_t take_number(std::string_view& text) {
    std::int64_t number = 0;
    std::memcpy(&number, text.data(), sizeof number);
    text.remove_prefix(sizeof number);
    return number;
}

std::string packed(std::int64_t first_number, Records const& records) {
    std::string text;
    append_number(first_number, text);
    for (std::string const& record : records) {
        append_number(std::ssize(record), text);
        text += record;
    }
    return text;
}

/// Records of a range; 0: not known.
std::uint64_t total_of(RecordRange range) {
    bool const known = range.last < RecordRange().last;
    return known ? static_cast<std::uint64_t>(range.last - range.first) : 0;
}

/// Answers rounds that all ranks hold.
class Rounds {
  public:
    Rounds(BlockWork const& work, Communicator const& world)
        : work_(work), world_(world), progress_(work.title, "records", total_of(work.range)) {}

    std::int64_t answered() const { return answered_; }

    /// Takes part in the round that rank 0 sends; false where it says that none follows.
    bool take(std::string const& message) {
        std::string_view rest = message;
        if (rest.empty()) {
            return false;
        }
        BlockRound round;
        round.first_number = take_number(rest);
        Records records;
        while (!rest.empty()) {
            auto const length = static_cast<std::size_t>(take_number(rest));
            records.emplace_back(rest.substr(0, length));
            rest.remove_prefix(length);
        }
        round.records = records;
        round.own_first = std::min(world_.rank() * work_.block, std::ssize(records));
        round.own_last = std::min(round.own_first + work_.block, std::ssize(records));
        // The ranks' blocks take equally long, about.
        round.report = [&](double share) {
            progress_.reach(static_cast<std::uint64_t>(
                static_cast<double>(answered_) + share * static_cast<double>(records.size())));
        };
        world_.gather_in_order(work_.answer(round), work_.write);
        answered_ += std::ssize(records);
        progress_.reach(static_cast<std::uint64_t>(answered_));
        return true;
    }

  private:
    BlockWork const& work_;
    Communicator const& world_;
    Progress progress_;
    std::int64_t answered_ = 0;
};

/// Visits the records of a work's range in packed rounds of up to `size`.
template <class Visit>
void read_rounds(BlockWork const& work, std::int64_t size, Visit const& visit) {
    Records waiting;
    std::int64_t number = 0;
    auto const send = [&] {
        visit(packed(number - std::ssize(waiting), waiting));
        waiting.clear();
    };
    work.read([&](std::string record) {
        bool const taken = number >= work.range.first && number < work.range.last;
        ++number;
        if (!taken) {
            return;
        }
        waiting.push_back(std::move(record));
        if (std::ssize(waiting) == size) {
            send();
        }
    });
    number = std::min(number, work.range.last);
    if (!waiting.empty()) {
        send();
    }
}

/// Reads one round ahead of those that are answered, on a thread of its own.
class RoundReader {
  public:
    RoundReader(BlockWork const& work, std::int64_t size)
        : thread_([this, &work, size](std::stop_token const& stop) { read(work, size, stop); }) {}

    /// Empty where none follows. Throws what reading threw.
    std::string next() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return round_ || finished_; });
        if (!round_ && error_) {
            std::rethrow_exception(error_);
        }
        std::string round = std::exchange(round_, std::nullopt).value_or("");
        changed_.notify_all();
        return round;
    }

  private:
    struct Stopped {};

    /// Returns when the round is taken.
    void put(std::string round, std::stop_token const& stop) {
        std::unique_lock lock(mutex_);
        round_ = std::move(round);
        changed_.notify_all();
        if (!changed_.wait(lock, stop, [this] { return !round_; })) {
            throw Stopped();
        }
    }

    void read(BlockWork const& work, std::int64_t size, std::stop_token const& stop) {
        std::exception_ptr error;
        try {
            read_rounds(work, size, [&](std::string round) { put(std::move(round), stop); });
        } catch (Stopped const&) {
            return;
        } catch (...) {
            error = std::current_exception();
        }
        std::unique_lock const lock(mutex_);
        error_ = error;
        finished_ = true;
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::optional<std::string> round_;
    bool finished_ = false;
    std::exception_ptr error_;
    std::jthread thread_;  // the last member: it ends before the others
};

}  // namespace

RecordRange records_of_piece(std::int64_t records, Piece piece, std::int64_t block) {
    std::int64_t const blocks = (records + block - 1) / block;
    auto const begin = [&](std::int64_t number) {
        return std::min(number * blocks / piece.count * block, records);
    };
    return {begin(piece.number - 1), begin(piece.number)};
}

RecordRange range_of_piece(std::function<std::int64_t()> const& count, Piece piece,
                           Communicator const& world, std::int64_t block) {
    if (piece.count == 1) {
        return {};
    }
    std::int64_t const records = rank_0_numbers(world, [&] { return std::vector{count()}; }).at(0);
    return records_of_piece(records, piece, block);
}

std::int64_t count_records(ReadRecords const& read) {
    Progress progress("counting", "records", 0);
    std::int64_t count = 0;
    read([&](std::string const&) {
        ++count;
        progress.advance(1);
    });
    return count;
}

std::int64_t for_each_block(BlockWork const& work, Communicator const& world) {
    Rounds rounds(work, world);
    std::optional<RoundReader> reader;
    if (world.rank() == 0) {
        reader.emplace(work, work.block * world.size());
    }
    while (rounds.take(world.broadcast(reader ? reader->next() : ""))) {
    }
    return rounds.answered();
}

}  // namespace dnagpt
