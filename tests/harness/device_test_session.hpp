#pragma once

#include "dnagpt/device/device_session.hpp"

namespace dnagpt::testing {

/// The device session of the running tests (device_test_main.cpp).
DeviceSession const& device();

}  // namespace dnagpt::testing
