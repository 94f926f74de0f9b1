#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/stream.hpp"

namespace dnagpt {

/// What a product does with its elements before it stores them: nothing; the tanh form of GELU
/// (Hendrycks, Gimpel 2016); the product with that function's derivative.
enum class Epilogue { none, gelu, gelu_gradient };

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
    Epilogue epilogue = Epilogue::none;

    auto operator<=>(GemmShape const&) const = default;
};

/// The vendor's handles, workspaces and prepared primitives; each gemm_<name>.cpp defines its own.
/// The constructor starts neither threads nor a GPU.
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
    /// The library and the version that this was compiled with.
    static std::string library();
    /// Threads of the host that a product may use: results depend on their number.
    static int threads();
    /// Says that operands marked GemmShape::weight have new values, which they keep until the next
    /// call: products may read a copy in the order that suits them, made once. Before the first
    /// call every product reads the operand itself.
    void weights_changed();
    /// From now on products of float give a row the same bits whatever other rows are multiplied
    /// with it (where A is transposed: for one lda), slowly: on CPUs each element is summed over k
    /// in ascending order, in double on one thread; on GPUs each row is a product of its own.
    void use_reference();
    /// Whether a product that is met for the first time is timed with each of the library's best
    /// algorithms; otherwise, and at the start, the library's own first proposal is taken. What is
    /// chosen once stays. Libraries that choose by themselves ignore this.
    void choose_by_timing(bool timed);
    bool chooses_by_timing() const;
    /// The algorithms chosen so far, as JSON in the order of the shapes: equal choices, equal text.
    /// Empty where the library chooses by itself.
    std::string choices() const;
    /// Takes the place of all choices so far; Error where the text is not that of `choices`.
    void take_choices(std::string const& choices);
    /// Whether an epilogue, which the library has, pays for this product: as noted, or unknown.
    /// Part of the choices.
    std::optional<bool> epilogue_pays(GemmShape const& shape) const;
    void note_epilogue_pays(GemmShape const& shape, bool pays);
    /// Device memory that the products take beside their operands (bytes).
    static std::int64_t workspace_bytes();

  private:
    std::unique_ptr<State> state_;
};

/// Products are summed in accum_t<T>. Out is T or accum_t<T>. Pointers are device pointers; work is
/// queued on `stream`. Instantiated for (bf16, bf16), (bf16, float), (float, float) and, with
/// DNAGPT_HAVE_DOUBLE, (double, double).
template <class T, class Out>
void gemm(GemmEngine& engine, Stream stream, GemmShape const& shape, T const* a, T const* b,
          Out* c);

/// Whether the library has shape.epilogue for products of T of this shape, in T.
template <class T>
bool has_epilogue(GemmEngine& engine, GemmShape const& shape);

/// The product with shape.epilogue, which has_epilogue. pre_activation (m, n), without gaps:
/// assigned the product itself by `gelu`, read by `gelu_gradient`.
template <class T>
void gemm_with_epilogue(GemmEngine& engine, Stream stream, GemmShape const& shape, T const* a,
                        T const* b, T* pre_activation, T* c);

/// The leading dimension, at least `columns`, that products want of an operand of T which nobody
/// but them prescribes.
template <class T>
std::int64_t suitable_leading_dimension(std::int64_t columns);

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
