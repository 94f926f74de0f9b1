#include "gemm_cublaslt_product.hpp"

#include <cublasLt.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

static_assert(sizeof(cublasLtMatmulAlgo_t) == sizeof(AlgorithmBytes));

void check(cublasStatus_t status, char const* call) {
    DNAGPT_VALIDATE(status == CUBLAS_STATUS_SUCCESS,
                    << call << " failed (" << cublasLtGetStatusName(status)
                    << "); set CUBLASLT_LOG_LEVEL=5 to see the product");
}

struct Destroy {
    void operator()(cublasLtContext* handle) const { cublasLtDestroy(handle); }
    void operator()(cublasLtMatmulDescOpaque_t* operation) const {
        cublasLtMatmulDescDestroy(operation);
    }
    void operator()(cublasLtMatrixLayoutOpaque_t* layout) const {
        cublasLtMatrixLayoutDestroy(layout);
    }
    void operator()(cublasLtMatmulPreferenceOpaque_t* preference) const {
        cublasLtMatmulPreferenceDestroy(preference);
    }
};

template <class Handle>
using Owned = std::unique_ptr<Handle, Destroy>;
using Layout = Owned<cublasLtMatrixLayoutOpaque_t>;

/// What `create` makes at the place that it is given.
template <class Handle, class Create>
Owned<Handle> make(Create const& create, char const* call) {
    Handle* made = nullptr;
    check(create(&made), call);
    return Owned<Handle>(made);
}

}  // namespace

struct CublasLt {
    void* workspace;
    std::size_t workspace_bytes;
    Owned<cublasLtContext> handle;
};

/// Row-major C = A B is column-major C^T = B^T A^T: B is the library's first operand, A its second.
struct CublasLtProduct {
    GemmProduct product;
    Owned<cublasLtMatmulDescOpaque_t> operation;
    Layout a, b, c;
};

namespace {

cudaDataType data_type(GemmElement element) {
    constexpr std::array types = {CUDA_R_16BF, CUDA_R_32F, CUDA_R_64F};
    return types.at(static_cast<std::size_t>(element));
}

template <class Value>
void set(CublasLtProduct const& described, cublasLtMatmulDescAttributes_t attribute,
         Value const& value) {
    check(
        cublasLtMatmulDescSetAttribute(described.operation.get(), attribute, &value, sizeof(value)),
        "cublasLtMatmulDescSetAttribute");
}

/// A row-major (rows, columns) matrix, which the library sees transposed.
Layout make_layout(GemmElement element, std::int64_t rows, std::int64_t columns,
                   std::int64_t stride) {
    return make<cublasLtMatrixLayoutOpaque_t>(
        [&](cublasLtMatrixLayout_t* layout) {
            return cublasLtMatrixLayoutCreate(layout, data_type(element),
                                              static_cast<std::uint64_t>(columns),
                                              static_cast<std::uint64_t>(rows), stride);
        },
        "cublasLtMatrixLayoutCreate");
}

Layout make_operand(GemmElement element, std::int64_t rows, std::int64_t columns, bool transposed,
                    std::int64_t stride) {
    return transposed ? make_layout(element, columns, rows, stride)
                      : make_layout(element, rows, columns, stride);
}

cublasOperation_t transpose(bool transposed) {
    return transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
}

/// The library's GELU is the tanh form (cuBLAS, cublasLtEpilogue_t); the pre-activation has the
/// type of C. Until it is known its address tells the library no more than the alignment.
void set_epilogue(CublasLtProduct const& described) {
    GemmShape const& shape = described.product.shape;
    std::uint32_t const epilogue =
        shape.epilogue == Epilogue::gelu ? CUBLASLT_EPILOGUE_GELU_AUX : CUBLASLT_EPILOGUE_DGELU;
    set(described, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    set(described, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, shape.n);
    set(described, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER,
        reinterpret_cast<void*>(std::uintptr_t{described.product.alignment}));
}

/// Sums over k in parts may be added in the compute type, in a step of its own. Left out are sums
/// in C itself, whose order is not promised, and in the type of C. No element stands at less than
/// its size, whatever the addresses of the others.
Owned<cublasLtMatmulPreferenceOpaque_t> make_preference(CublasLt const& library,
                                                        GemmProduct const& product) {
    auto preference = make<cublasLtMatmulPreferenceOpaque_t>(cublasLtMatmulPreferenceCreate,
                                                             "cublasLtMatmulPreferenceCreate");
    auto const prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
        check(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value,
                                                   sizeof(value)),
              "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{library.workspace_bytes});
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    auto const input = std::max(product.alignment, bytes_of_element(product.input));
    auto const output = std::max(product.alignment, bytes_of_element(product.output));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, input);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, input);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, output);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, output);
    return preference;
}

/// alpha or beta, in the type that the product is scaled in.
void const* scale(GemmProduct const& product, bool one) {
    static constexpr std::array<float, 2> single = {0.0F, 1.0F};
    static constexpr std::array<double, 2> wide = {0.0, 1.0};
    std::size_t const at = one ? 1 : 0;
    return product.input == GemmElement::float64 ? static_cast<void const*>(&wide[at])
                                                 : &single[at];
}

cublasStatus_t queue_product(CublasLt& library, CublasLtProduct const& described,
                             AlgorithmBytes const& algorithm, GemmOperands const& operands,
                             Stream stream) {
    GemmProduct const& product = described.product;
    if (product.shape.epilogue != Epilogue::none) {
        set(described, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, operands.pre_activation);
    }
    auto const chosen = std::bit_cast<cublasLtMatmulAlgo_t>(algorithm);
    return cublasLtMatmul(library.handle.get(), described.operation.get(), scale(product, true),
                          operands.b, described.b.get(), operands.a, described.a.get(),
                          scale(product, product.shape.accumulate), operands.c, described.c.get(),
                          operands.c, described.c.get(), &chosen, library.workspace,
                          library.workspace_bytes, static_cast<cudaStream_t>(stream.handle));
}

}  // namespace

std::uint32_t alignment_of(GemmOperands const& operands) {
    constexpr std::uintptr_t largest = 256;
    auto const bits = reinterpret_cast<std::uintptr_t>(operands.a) |
                      reinterpret_cast<std::uintptr_t>(operands.b) |
                      reinterpret_cast<std::uintptr_t>(operands.c) |
                      reinterpret_cast<std::uintptr_t>(operands.pre_activation);
    return std::uint32_t{1} << std::countr_zero(bits | largest);
}

std::int64_t cublaslt_version() {
    return static_cast<std::int64_t>(cublasLtGetVersion());
}

std::int64_t compiled_cublaslt_version() {
    return CUBLAS_VERSION;
}

std::string cublaslt_name(std::int64_t version) {
    return fmt::format("cuBLASLt {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

std::shared_ptr<CublasLt> start_cublaslt(void* workspace, std::int64_t workspace_bytes) {
    return std::make_shared<CublasLt>(
        CublasLt{workspace, static_cast<std::size_t>(workspace_bytes),
                 make<cublasLtContext>(cublasLtCreate, "cublasLtCreate")});
}

std::shared_ptr<CublasLtProduct> describe_product(GemmProduct const& product) {
    GemmShape const& shape = product.shape;
    bool const wide = product.input == GemmElement::float64;
    auto described = std::make_shared<CublasLtProduct>();
    described->product = product;
    described->operation = make<cublasLtMatmulDescOpaque_t>(
        [&](cublasLtMatmulDesc_t* operation) {
            return cublasLtMatmulDescCreate(operation,
                                            wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F,
                                            wide ? CUDA_R_64F : CUDA_R_32F);
        },
        "cublasLtMatmulDescCreate");
    set(*described, CUBLASLT_MATMUL_DESC_TRANSA, transpose(shape.transpose_b));
    set(*described, CUBLASLT_MATMUL_DESC_TRANSB, transpose(shape.transpose_a));
    if (shape.epilogue != Epilogue::none) {
        set_epilogue(*described);
    }
    described->a = make_operand(product.input, shape.m, shape.k, shape.transpose_a, shape.lda);
    described->b = make_operand(product.input, shape.k, shape.n, shape.transpose_b, shape.ldb);
    described->c = make_layout(product.output, shape.m, shape.n, shape.ldc);
    return described;
}

std::vector<AlgorithmBytes> propose_algorithms(CublasLt& library, CublasLtProduct const& described,
                                               int most) {
    auto const preference = make_preference(library, described.product);
    std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<std::size_t>(most));
    int count = 0;
    cublasStatus_t const status = cublasLtMatmulAlgoGetHeuristic(
        library.handle.get(), described.operation.get(), described.b.get(), described.a.get(),
        described.c.get(), described.c.get(), preference.get(), most, results.data(), &count);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) {
        return {};
    }
    check(status, "cublasLtMatmulAlgoGetHeuristic");
    results.resize(static_cast<std::size_t>(count));
    std::vector<AlgorithmBytes> proposals;
    for (auto const& result : results) {
        if (result.state == CUBLAS_STATUS_SUCCESS) {
            proposals.push_back(std::bit_cast<AlgorithmBytes>(result.algo));
        }
    }
    return proposals;
}

bool accepts_algorithm(CublasLt& library, CublasLtProduct const& described,
                       AlgorithmBytes const& algorithm) {
    auto const chosen = std::bit_cast<cublasLtMatmulAlgo_t>(algorithm);
    cublasLtMatmulHeuristicResult_t result{};
    return cublasLtMatmulAlgoCheck(library.handle.get(), described.operation.get(),
                                   described.b.get(), described.a.get(), described.c.get(),
                                   described.c.get(), &chosen, &result) == CUBLAS_STATUS_SUCCESS &&
           result.workspaceSize <= library.workspace_bytes;
}

void run_product(CublasLt& library, CublasLtProduct const& product, AlgorithmBytes const& algorithm,
                 GemmOperands const& operands, Stream stream) {
    check(queue_product(library, product, algorithm, operands, stream), "cublasLtMatmul");
}

bool try_product(CublasLt& library, CublasLtProduct const& product, AlgorithmBytes const& algorithm,
                 GemmOperands const& operands, Stream stream) {
    return queue_product(library, product, algorithm, operands, stream) == CUBLAS_STATUS_SUCCESS;
}

}  // namespace dnagpt
