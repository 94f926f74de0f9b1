#include "dnagpt/ops/row_means.hpp"

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "team_loops.hpp"

namespace dnagpt {

template <class T>
void row_means(Matrix<T> source, Vector<std::int32_t> starts, Vector<std::int32_t> places,
               Matrix<float> output) {
    using A = accum_t<T>;
    std::int64_t const channels = columns_of(source);
    DNAGPT_EXPECT(columns_of(output) == channels && rows_of(starts) == rows_of(output) + 1);
    T const* const in = source.data();
    std::int32_t const* const begin = starts.data();
    std::int32_t const* const place = places.data();
    float* const out = output.data();
    for_each_team(
        "row_means", rows_of(output), channels, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            std::int32_t const first = begin[row];
            std::int32_t const last = begin[row + 1];
            team_for(team, channels, [&](int c) {
                A sum = 0;
                for (std::int32_t i = first; i < last; ++i) {
                    sum += static_cast<A>(in[place[i] * channels + c]);
                }
                out[row * channels + c] = static_cast<float>(sum / static_cast<A>(last - first));
            });
        });
}

#define DNAGPT_INSTANTIATE(T) \
    template void row_means(Matrix<T>, Vector<std::int32_t>, Vector<std::int32_t>, Matrix<float>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
