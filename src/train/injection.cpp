#include "dnagpt/train/injection.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/core/program.hpp"

namespace dnagpt {
namespace {

constexpr char const* variable = "DNAGPT_INJECT";

constexpr std::array<std::pair<std::string_view, Fault>, 8> names = {{{"nan", Fault::nan},
                                                                      {"weight", Fault::weight},
                                                                      {"spike", Fault::spike},
                                                                      {"fail", Fault::fail},
                                                                      {"exit", Fault::exit},
                                                                      {"kill", Fault::kill},
                                                                      {"stop", Fault::stop},
                                                                      {"slow", Fault::slow}}};

std::optional<Fault> fault_called(std::string_view name) {
    for (auto const& [known, fault] : names) {
        if (known == name) {
            return fault;
        }
    }
    return std::nullopt;
}

InjectedFault read_injection(std::string const& part) {
    std::string_view rest = part;
    std::optional<std::int64_t> rank = -1;
    if (rest.starts_with("rank")) {
        auto const colon = rest.find(':');
        rank = parse_whole_number(rest.substr(4, colon == rest.npos ? 0 : colon - 4));
        rest.remove_prefix(colon == rest.npos ? rest.size() : colon + 1);
    }
    auto const at = std::min(rest.find('@'), rest.size());
    auto const fault = fault_called(rest.substr(0, at));
    std::int64_t const step =
        parse_whole_number(rest.substr(std::min(at + 1, rest.size()))).value_or(0);
    DNAGPT_VALIDATE(rank && fault && step > 0,
                    << variable << " holds '" << part << "', which is no fault; give some of "
                    << "nan, weight, spike, fail, exit, kill, stop, slow with a step, as in "
                    << "nan@120,rank1:exit@200");
    return {*fault, *rank, step};
}

}  // namespace

std::vector<InjectedFault> read_injections(std::string const& text) {
    std::vector<InjectedFault> faults;
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t const end = std::min(text.find(',', begin), text.size());
        faults.push_back(read_injection(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return faults;
}

Injection::Injection(Communicator const& world) : rank_(world.rank()) {
    char const* own = std::getenv(variable);
    std::string const text = world.broadcast(own == nullptr ? "" : own);
    faults_ = read_injections(text);
    if (!faults_.empty()) {
        log_shared_warning(
            fmt::format("{}={}: faults are injected, this run is a test of the "
                        "program",
                        variable, text));
    }
}

Injection::Due Injection::take(Fault fault, std::int64_t step) {
    Due due;
    for (auto each = faults_.begin(); each != faults_.end();) {
        bool const comes = each->fault == fault && each->step == step && !due.anywhere;
        if (comes) {
            due = {each->rank < 0 || each->rank == rank_, true};
        }
        each = comes ? faults_.erase(each) : each + 1;
    }
    return due;
}

void Injection::disturb(std::int64_t step) {
    if (faults_.empty()) {
        return;
    }
    if (take(Fault::fail, step).here) {
        throw Error(fmt::format("injected failure at step {}; leave {} out", step, variable));
    }
    if (take(Fault::exit, step).here) {
        std::_Exit(exit_failure);
    }
    if (take(Fault::kill, step).here) {
        ::kill(::getpid(), SIGKILL);
    }
    if (take(Fault::stop, step).here) {
        ::kill(::getpid(), SIGSTOP);
    }
    if (take(Fault::slow, step).here) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

}  // namespace dnagpt
