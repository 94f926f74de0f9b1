#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnagpt/core/stream.hpp"
#include "gemm_choices.hpp"

namespace dnagpt {

/// Device pointers; pre_activation is null without an epilogue.
struct GemmOperands {
    void const* a;
    void const* b;
    void* c;
    void* pre_activation;
};

/// The largest power of two, up to 256, that divides all addresses (bytes).
std::uint32_t alignment_of(GemmOperands const& operands);

/// 10000 major + 100 minor + patch: the library that runs, and the one that this was compiled with.
std::int64_t cublaslt_version();
std::int64_t compiled_cublaslt_version();
/// "cuBLASLt 13.1.0"
std::string cublaslt_name(std::int64_t version);

/// cuBLASLt's handle on the present device, and the workspace of all products: they must follow
/// each other on one stream.
struct CublasLt;
/// `workspace`: device memory at a multiple of 256 bytes, which must live as long.
std::shared_ptr<CublasLt> start_cublaslt(void* workspace, std::int64_t workspace_bytes);

/// A product described to cuBLASLt, without an algorithm. Float is multiplied as float, not TF32.
struct CublasLtProduct;
std::shared_ptr<CublasLtProduct> describe_product(GemmProduct const& product);

/// The library's best algorithms that repeat their bits, at most `most`, the best first by its own
/// estimate; none where it cannot compute the product.
std::vector<AlgorithmBytes> propose_algorithms(CublasLt& library, CublasLtProduct const& product,
                                               int most);

/// Whether the library takes an algorithm, which it proposed in an earlier run, for the product.
bool accepts_algorithm(CublasLt& library, CublasLtProduct const& product,
                       AlgorithmBytes const& algorithm);

/// Queues the product.
void run_product(CublasLt& library, CublasLtProduct const& product, AlgorithmBytes const& algorithm,
                 GemmOperands const& operands, Stream stream);
/// The same; false, and nothing queued, where the algorithm cannot run.
bool try_product(CublasLt& library, CublasLtProduct const& product, AlgorithmBytes const& algorithm,
                 GemmOperands const& operands, Stream stream);

}  // namespace dnagpt
