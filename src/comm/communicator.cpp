#include "dnagpt/comm/communicator.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/profile.hpp"
#include "mpi_state.hpp"

namespace dnagpt {
namespace {

constexpr std::size_t largest_message = std::size_t{1} << 30;

template <class T>
void all_reduce(MPI_Comm comm, std::span<T> values, MPI_Datatype type, MPI_Op operation) {
    ProfileScope const scope("comm", "all-reduce of counts and flags");
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), type,
                            operation, comm),
              "MPI_Allreduce");
}

int launched_world_size() {
    int most = 1;
    for (char const* name :
         {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_NTASKS"}) {
        if (char const* text = std::getenv(name); text != nullptr) {
            most = std::max(most, std::atoi(text));
        }
    }
    return most;
}

void split_by_host(Communicator::State& state) {
    MPI_Comm host = MPI_COMM_NULL;
    check_mpi(
        MPI_Comm_split_type(state.comm, MPI_COMM_TYPE_SHARED, state.rank, MPI_INFO_NULL, &host),
        "MPI_Comm_split_type");
    check_mpi(MPI_Comm_rank(host, &state.local_rank), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(host, &state.local_size), "MPI_Comm_size");
    check_mpi(MPI_Comm_free(&host), "MPI_Comm_free");
}

/// To rank 0.
void send(std::span<std::byte const> bytes, MPI_Comm comm) {
    while (!bytes.empty()) {
        std::size_t const part = std::min(bytes.size(), largest_message);
        check_mpi(MPI_Send(bytes.data(), static_cast<int>(part), MPI_BYTE, 0, 0, comm), "MPI_Send");
        bytes = bytes.subspan(part);
    }
}

void receive(std::span<std::byte> bytes, int from, MPI_Comm comm) {
    while (!bytes.empty()) {
        std::size_t const part = std::min(bytes.size(), largest_message);
        check_mpi(MPI_Recv(bytes.data(), static_cast<int>(part), MPI_BYTE, from, 0, comm,
                           MPI_STATUS_IGNORE),
                  "MPI_Recv");
        bytes = bytes.subspan(part);
    }
}

}  // namespace

void check_mpi(int status, char const* call) {
    if (status == MPI_SUCCESS) {
        return;
    }
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(status, text.data(), &length);
    throw Error(std::string(call) + " failed (" + text.data() +
                "); look at the other ranks' messages");
}

int Communicator::rank() const {
    return state_->rank;
}
int Communicator::size() const {
    return state_->size;
}
int Communicator::local_rank() const {
    return state_->local_rank;
}
int Communicator::local_size() const {
    return state_->local_size;
}

void Communicator::barrier() const {
    ProfileScope const scope("comm", "barrier");
    check_mpi(MPI_Barrier(state_->comm), "MPI_Barrier");
}

void Communicator::all_reduce_sum(std::span<double> values) const {
    all_reduce(state_->comm, values, MPI_DOUBLE, MPI_SUM);
}

void Communicator::all_reduce_sum(std::span<std::int64_t> values) const {
    all_reduce(state_->comm, values, MPI_INT64_T, MPI_SUM);
}

void Communicator::all_reduce_max(std::span<std::int64_t> values) const {
    all_reduce(state_->comm, values, MPI_INT64_T, MPI_MAX);
}

std::int64_t Communicator::all_reduce_sum(std::int64_t value) const {
    all_reduce_sum(std::span<std::int64_t>(&value, 1));
    return value;
}

std::int64_t Communicator::all_reduce_max(std::int64_t value) const {
    all_reduce_max(std::span<std::int64_t>(&value, 1));
    return value;
}

void Communicator::broadcast(std::span<std::byte> bytes, int root) const {
    while (!bytes.empty()) {
        std::size_t const part = std::min(bytes.size(), largest_message);
        check_mpi(MPI_Bcast(bytes.data(), static_cast<int>(part), MPI_BYTE, root, state_->comm),
                  "MPI_Bcast");
        bytes = bytes.subspan(part);
    }
}

std::string Communicator::broadcast(std::string const& text, int root) const {
    std::uint64_t length = text.size();
    broadcast(std::as_writable_bytes(std::span<std::uint64_t>(&length, 1)), root);
    std::string result = rank() == root ? text : std::string(length, '\0');
    broadcast(std::as_writable_bytes(std::span<char>(result)), root);
    return result;
}

std::vector<std::string> Communicator::all_gather(std::string const& text) const {
    auto const ranks = static_cast<std::size_t>(size());
    int const length = static_cast<int>(text.size());
    std::vector<int> lengths(ranks);
    check_mpi(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, state_->comm),
              "MPI_Allgather");
    std::vector<int> offsets(ranks, 0);
    std::partial_sum(lengths.begin(), lengths.end() - 1, offsets.begin() + 1);
    std::string all(static_cast<std::size_t>(offsets.back() + lengths.back()), '\0');
    check_mpi(MPI_Allgatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(),
                             offsets.data(), MPI_CHAR, state_->comm),
              "MPI_Allgatherv");
    std::vector<std::string> texts(ranks);
    for (std::size_t r = 0; r < ranks; ++r) {
        texts[r] =
            all.substr(static_cast<std::size_t>(offsets[r]), static_cast<std::size_t>(lengths[r]));
    }
    return texts;
}

void Communicator::gather_in_order(std::string const& text,
                                   std::function<void(std::string_view)> const& visit) const {
    std::uint64_t length = text.size();
    if (rank() > 0) {
        send(std::as_bytes(std::span(&length, 1)), state_->comm);
        send(std::as_bytes(std::span(text)), state_->comm);
        return;
    }
    visit(text);
    std::string received;
    for (int from = 1; from < size(); ++from) {
        receive(std::as_writable_bytes(std::span(&length, 1)), from, state_->comm);
        received.resize(length);
        receive(std::as_writable_bytes(std::span(received)), from, state_->comm);
        visit(received);
    }
}

void Communicator::throw_together(std::string const& problem) const {
    if (!any(!problem.empty())) {
        return;
    }
    std::vector<std::string> const problems = all_gather(problem);
    auto const first = std::find_if(problems.begin(), problems.end(),
                                    [](std::string const& text) { return !text.empty(); });
    throw Error(*first);
}

MpiSession::MpiSession(int& argc, char**& argv) {
    int provided = MPI_THREAD_SINGLE;
    check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    DNAGPT_VALIDATE(provided >= MPI_THREAD_FUNNELED,
                    << "this MPI library does not allow threads beside the one that calls it "
                       "(MPI_THREAD_FUNNELED); use one that does");
    check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
              "MPI_Comm_set_errhandler");
    auto state = std::make_shared<Communicator::State>();
    state->comm = MPI_COMM_WORLD;
    check_mpi(MPI_Comm_rank(state->comm, &state->rank), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(state->comm, &state->size), "MPI_Comm_size");
    split_by_host(*state);
    DNAGPT_VALIDATE(state->size > 1 || launched_world_size() == 1,
                    << "the launcher started " << launched_world_size()
                    << " tasks, but MPI sees a world of one (launcher and MPI library do not "
                       "fit each other); use mpirun of the same Open MPI or srun --mpi=pmix");
    world_ = std::make_unique<Communicator>(std::move(state));
}

MpiSession::~MpiSession() {
    world_.reset();
    MPI_Finalize();
}

void MpiSession::abort(int exit_code) {
    MPI_Abort(MPI_COMM_WORLD, exit_code);
    std::_Exit(exit_code);
}

std::string mpi_library() {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    check_mpi(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
    std::string const whole(text.data(), static_cast<std::size_t>(length));
    return whole.substr(0, whole.find(','));
}

std::string host_name() {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    return name.data();
}

}  // namespace dnagpt
