#include "gemm_cublaslt_choice.hpp"

#include <optional>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

constexpr int timed_proposals = 16;

std::vector<AlgorithmBytes> require_algorithms(CublasLt& library, GemmProduct const& product,
                                               CublasLtProduct const& description, int most) {
    auto proposals = propose_algorithms(library, description, most);
    DNAGPT_VALIDATE(!proposals.empty(), << "cuBLASLt has no algorithm for a matrix product (m "
                                        << product.shape.m << ", n " << product.shape.n << ", k "
                                        << product.shape.k << ", addresses at multiples of "
                                        << product.alignment
                                        << " bytes); set CUBLASLT_LOG_LEVEL=5 to see it");
    return proposals;
}

/// An algorithm that the library refuses, one of another GPU for instance, is no choice any more:
/// its product has the first proposal from now on, as without timing.
std::optional<AlgorithmBytes> find_choice(ChosenAlgorithms& chosen, CublasLt& library,
                                          GemmProduct const& product,
                                          CublasLtProduct const& description) {
    auto const listed = chosen.choices.algorithms.find(product);
    if (listed != chosen.choices.algorithms.end()) {
        if (accepts_algorithm(library, description, listed->second)) {
            return listed->second;
        }
        chosen.choices.algorithms.erase(listed);
        chosen.first_proposals.emplace(product, first_algorithm(library, product, description));
    }
    auto const first = chosen.first_proposals.find(product);
    return first == chosen.first_proposals.end() ? std::nullopt : std::optional(first->second);
}

}  // namespace

AlgorithmBytes first_algorithm(CublasLt& library, GemmProduct const& product,
                               CublasLtProduct const& description) {
    return require_algorithms(library, product, description, 1).front();
}

AlgorithmBytes choose_algorithm(ChosenAlgorithms& chosen, CublasLt& library,
                                GemmProduct const& product, CublasLtProduct const& description,
                                FastestAlgorithm const& fastest_of) {
    if (auto const choice = find_choice(chosen, library, product, description)) {
        return *choice;
    }
    if (chosen.timed) {
        auto const fastest =
            fastest_of(require_algorithms(library, product, description, timed_proposals));
        chosen.choices.algorithms.emplace(product, fastest);
        return fastest;
    }
    auto const first = first_algorithm(library, product, description);
    chosen.first_proposals.emplace(product, first);
    return first;
}

}  // namespace dnagpt
