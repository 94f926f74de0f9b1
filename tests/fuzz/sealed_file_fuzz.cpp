#include <fuzzer/FuzzedDataProvider.h>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "dnagpt/io/hdf5_file.hpp"
#include "fuzz_input.hpp"
#include "harness/temporary_folder.hpp"

using namespace dnagpt;

namespace {

testing::TemporaryFolder const& folder() {
    static testing::TemporaryFolder const made;
    return made;
}

std::string small_file() {
    auto file = Hdf5File::create(folder().file("a.h5"), user_block_bytes(0));
    file.set_attribute("/", "format", "any");
    file.write<std::int64_t>("/group/numbers", std::vector<std::int64_t>{1, 2, 3});
    file.close_and_seal();
    return read_text(folder().file("a.h5"));
}

/// Changes bytes, then cuts or lengthens.
std::string damaged(std::string bytes, FuzzedDataProvider& input) {
    while (input.remaining_bytes() > 8) {
        auto const place = input.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
        bytes[place] = static_cast<char>(bytes[place] ^ input.ConsumeIntegral<std::uint8_t>());
    }
    bytes.resize(bytes.size() + input.ConsumeIntegralInRange<std::size_t>(0, 32));
    bytes.resize(bytes.size() - (input.ConsumeBool()
                                     ? input.ConsumeIntegralInRange<std::size_t>(0, bytes.size())
                                     : 0));
    return bytes;
}

}  // namespace

/// HDF5 must never see damaged bytes: whatever differs from what was sealed is refused before.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static std::string const whole = small_file();
    FuzzedDataProvider input(data, size);
    std::string const bytes = damaged(whole, input);
    std::string const path = folder().write("damaged.h5", bytes);
    bool const is_read = fuzz::read_or_error([&] { Hdf5File::open_read(path); });
    fuzz::require(is_read == (bytes == whole), "only what was sealed is opened");
    fuzz::read_or_error([&] { TokenShard const shard(path); });
    fuzz::read_or_error([&] { read_labelled_set(path); });
    fuzz::read_or_error([&] { CheckpointReader::open(path); });
    return 0;
}
