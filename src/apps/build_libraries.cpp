#include "dnagpt/apps/build_libraries.hpp"

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/io/hdf5_file.hpp"
#include "dnagpt/ops/attention_engine.hpp"
#include "dnagpt/ops/gemm.hpp"

namespace dnagpt {

std::string build_libraries() {
    std::string text = device_libraries();
    for (std::string const& library :
         {GemmEngine::library(), AttentionEngine::library(), DeviceCollectives::library(),
          hdf5_library(), mpi_library()}) {
        text += library.empty() ? library : ", " + library;
    }
    return text;
}

}  // namespace dnagpt
