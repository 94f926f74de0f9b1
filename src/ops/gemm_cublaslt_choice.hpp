#pragma once

#include <functional>
#include <map>
#include <vector>

#include "gemm_choices.hpp"
#include "gemm_cublaslt_product.hpp"

namespace dnagpt {

/// What is chosen once stays.
struct ChosenAlgorithms {
    bool timed = false;  ///< products that are met from now on
    GemmChoices choices;
    /// Not among the choices: any engine takes the library's own first proposals.
    std::map<GemmProduct, AlgorithmBytes> first_proposals;
};

/// The fastest of some algorithms of one product.
using FastestAlgorithm = std::function<AlgorithmBytes(std::vector<AlgorithmBytes> const&)>;

/// The library's own first proposal. Error where it has none.
AlgorithmBytes first_algorithm(CublasLt& library, GemmProduct const& product,
                               CublasLtProduct const& description);

/// What was chosen before; else the fastest of the proposals, or the first one.
AlgorithmBytes choose_algorithm(ChosenAlgorithms& chosen, CublasLt& library,
                                GemmProduct const& product, CublasLtProduct const& description,
                                FastestAlgorithm const& fastest_of);

}  // namespace dnagpt
