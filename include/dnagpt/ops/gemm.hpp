#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/stream.hpp"

namespace dnagpt {

/// The vendor's handles, workspaces and prepared primitives; each gemm_<name>.cpp defines its own.
class GemmEngine {
  public:
    GemmEngine();
    ~GemmEngine();
    GemmEngine(GemmEngine&&) noexcept;
    GemmEngine& operator=(GemmEngine&&) noexcept;
    struct State;
    State& state() { return *state_; }
    /// Library, version and instruction set, e.g. "oneDNN 2.6.3 (avx512_core_amx)".
    std::string description() const;
    /// Threads of the host that a product may use: results depend on their number.
    static int threads();
    /// Says that operands marked GemmShape::weight have new values, which they keep until the next
    /// call: products may read a copy in the order that suits them, made once. Before the first
    /// call every product reads the operand itself.
    void weights_changed();
    /// From now on products of float sum each element over k in ascending order, in double on one
    /// thread: slow, and the same bits for a row whatever other rows are multiplied with it.
    void use_reference();

  private:
    std::unique_ptr<State> state_;
};

/// C (m, n) = op(A) (m, k) op(B) (k, n), or C += with `accumulate`; all row-major. Leading
/// dimensions are in elements and count the stored, not the transposed matrix.
struct GemmShape {
    std::int64_t m = 0;
    std::int64_t n = 0;
    std::int64_t k = 0;
    bool transpose_a = false;
    bool transpose_b = false;
    std::int64_t lda = 0;
    std::int64_t ldb = 0;
    std::int64_t ldc = 0;
    bool accumulate = false;
    /// B is a weight, see GemmEngine::weights_changed.
    bool weight = false;

    auto operator<=>(GemmShape const&) const = default;
};

/// Products are summed in accum_t<T>. Out is T or accum_t<T>. Pointers are device pointers; work is
/// queued on `stream`. Instantiated for (bf16, bf16), (bf16, float), (float, float) and, with
/// DNAGPT_HAVE_DOUBLE, (double, double).
template <class T, class Out>
void gemm(GemmEngine& engine, Stream stream, GemmShape const& shape, T const* a, T const* b,
          Out* c);

/// Whether products of T are faster when the rows of their operands stand without gaps, by more
/// than a copy of attention's heads costs.
template <class T>
bool wants_rows_without_gaps(GemmEngine& engine);

/// Whether products of T work on copies of their operands in float, which the engine keeps from one
/// product to the next.
template <class T>
bool widens_operands(GemmEngine& engine);

/// Size of the copy that products of this shape (T in, T out) keep of a weight B (bytes); 0 when
/// they read B itself.
template <class T>
std::int64_t kept_weight_bytes(GemmEngine& engine, GemmShape const& shape);

}  // namespace dnagpt
