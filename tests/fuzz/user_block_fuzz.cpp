#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "dnagpt/core/hash.hpp"
#include "dnagpt/io/hdf5_file.hpp"
#include "dnagpt/io/user_block.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

namespace {

constexpr std::uint64_t magic = 0x0A545047414E4489ULL;
constexpr std::int64_t most_bytes = 4096;

/// A head whose own digest is right and whose fields are anything.
std::string sealed_head(FuzzedDataProvider& input) {
    auto const block = std::int64_t{512} << input.ConsumeIntegralInRange(0, 3);
    auto const length = input.ConsumeIntegralInRange(block, most_bytes);
    std::int64_t const digests = digest_block_count(block, length);
    auto const rest = block - 8 * (6 + digests);
    std::array<std::int64_t, 5> const head = {
        static_cast<std::int64_t>(magic), input.ConsumeBool() ? 1 : input.ConsumeIntegral<int>(),
        input.ConsumeBool() ? block : input.ConsumeIntegral<std::int64_t>(),
        input.ConsumeBool() ? length : input.ConsumeIntegral<std::int64_t>(),
        input.ConsumeBool() ? input.ConsumeIntegralInRange<std::int64_t>(0, rest)
                            : input.ConsumeIntegral<std::int64_t>()};
    std::string bytes(static_cast<std::size_t>(length), '\0');
    std::memcpy(bytes.data(), head.data(), sizeof(head));
    std::string const map = input.ConsumeRemainingBytesAsString();
    std::size_t const at = sizeof(head) + 8 * static_cast<std::size_t>(digests);
    std::copy_n(map.begin(), std::min(map.size(), static_cast<std::size_t>(block) - 8 - at),
                bytes.begin() + static_cast<std::ptrdiff_t>(at));
    std::uint64_t const digest = hash_bytes(bytes.data(), static_cast<std::size_t>(block) - 8);
    std::memcpy(bytes.data() + block - 8, &digest, 8);
    return bytes;
}

void read_file(std::string_view bytes) {
    fuzz::MemoryFile const file(bytes);
    fuzz::read_or_error([&] { is_from_newer_program(open_for_reading(file.path())); });
    fuzz::read_or_error([&] { file_digest(open_for_reading(file.path())); });
    fuzz::read_or_error([&] {
        UserBlock const block = read_user_block(open_for_reading(file.path()));
        fuzz::require(block.file_bytes == static_cast<std::int64_t>(bytes.size()), "its length");
        std::vector<DamagedBlock> all;
        for (std::size_t i = 0; i < block.digests.size(); ++i) {
            all.push_back(describe_block(block, static_cast<std::int64_t>(i)));
        }
        describe_damage(all);
    });
    fuzz::read_or_error([&] { verify_file(file.path()); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    read_file(fuzz::text_of(data, size));
    FuzzedDataProvider input(data, size);
    read_file(sealed_head(input));
    return 0;
}
