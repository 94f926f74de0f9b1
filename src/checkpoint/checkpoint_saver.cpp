#include "dnagpt/checkpoint/checkpoint_saver.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <filesystem>
#include <span>

#include "dnagpt/core/check.hpp"
#include "dnagpt/device/buffer.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t float_bytes = sizeof(float);

/// Runs `work` on this rank and throws on all ranks when it throws on one.
template <class Work>
void run_together(Communicator const& comm, Work&& work) {
    std::string problem;
    try {
        work();
    } catch (std::exception const& error) {
        problem = error.what();
    }
    comm.throw_together(problem);
}

}  // namespace

CheckpointSaver::~CheckpointSaver() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void CheckpointSaver::start(Communicator const& comm, std::string const& path,
                            CheckpointHeader const& header, StateSlabs const& slabs) {
    finish(comm);
    path_ = comm.broadcast(path);
    temporary_ = temporary_path(path_);
    try {
        make_file(comm, header);
        run_together(comm, [&] {
            file_ = open_for_update(temporary_);
            copy_slabs(slabs);
        });
    } catch (Error const&) {
        drop_temporary(comm);
        throw;
    }
    written_ = false;
    problem_.clear();
    busy_ = true;
    thread_ = std::thread([this] { write_pieces(); });
}

bool CheckpointSaver::poll(Communicator const& comm) {
    if (busy_ && comm.all(written_.load())) {
        complete(comm);
    }
    return !busy_;
}

void CheckpointSaver::finish(Communicator const& comm) {
    if (busy_) {
        complete(comm);
    }
}

void CheckpointSaver::make_file(Communicator const& comm, CheckpointHeader const& header) {
    run_together(comm, [&] {
        if (comm.rank() == 0) {
            places_ = lay_out_checkpoint(temporary_, header, regions_);
        }
    });
    comm.broadcast(std::as_writable_bytes(std::span(&places_, 1)));
}

void CheckpointSaver::copy_slabs(StateSlabs const& slabs) {
    std::array<std::vector<StateSlab> const*, 3> const lists = {&slabs.master, &slabs.adam_m,
                                                                &slabs.adam_v};
    pieces_.clear();
    std::int64_t total = 0;
    for (std::size_t i = 0; i < lists.size(); ++i) {
        for (auto const& slab : *lists[i]) {
            std::int64_t const offset =
                places_.state_offsets[i] + float_bytes * slab.file_element_offset;
            DNAGPT_EXPECT(slab.count >= 0 && slab.file_element_offset >= 0 &&
                          offset + float_bytes * slab.count <= places_.file_bytes);
            pieces_.push_back({offset, total, slab.count});
            total += slab.count;
        }
    }
    staging_.resize(static_cast<std::size_t>(total));
    auto piece = pieces_.begin();
    for (auto const* list : lists) {
        for (auto const& slab : *list) {
            copy_to_host(slab.data, staging_.data() + piece->first, slab.count);
            ++piece;
        }
    }
}

void CheckpointSaver::write_pieces() {
    try {
        for (auto const& piece : pieces_) {
            pwrite_all(file_, staging_.data() + piece.first,
                       static_cast<std::size_t>(float_bytes * piece.count), piece.file_offset);
        }
        sync_file(file_);
        file_.close();  // over NFS other hosts see the whole of a file after close and open alone
    } catch (std::exception const& error) {
        problem_ = error.what();
    }
    written_ = true;
}

void CheckpointSaver::complete(Communicator const& comm) {
    thread_.join();
    busy_ = false;
    try {
        comm.throw_together(problem_);
        seal(comm);
    } catch (Error const&) {
        drop_temporary(comm);
        throw;
    }
    file_.close();
}

void CheckpointSaver::seal(Communicator const& comm) {
    std::int64_t const blocks = digest_block_count(places_.user_block, places_.file_bytes);
    std::vector<std::int64_t> digests(static_cast<std::size_t>(blocks));
    run_together(comm, [&] {
        file_ = open_for_update(temporary_);
        for (std::int64_t index = comm.rank(); index < blocks; index += comm.size()) {
            digests[static_cast<std::size_t>(index)] = std::bit_cast<std::int64_t>(
                digest_block(file_, places_.user_block, places_.file_bytes, index));
        }
    });
    comm.all_reduce_sum(digests);  // each digest comes from one rank, the others hold 0
    run_together(comm, [&] {
        if (comm.rank() == 0) {
            UserBlock block{places_.user_block, places_.file_bytes, {}, regions_};
            std::ranges::transform(digests, std::back_inserter(block.digests),
                                   [](auto word) { return std::bit_cast<std::uint64_t>(word); });
            write_user_block(file_, block);
            rename_durably(temporary_, path_);
        }
    });
}

void CheckpointSaver::drop_temporary(Communicator const& comm) {
    file_.close();
    if (comm.rank() == 0) {
        std::error_code ignored;
        std::filesystem::remove(temporary_, ignored);
    }
    comm.barrier();
}

}  // namespace dnagpt
