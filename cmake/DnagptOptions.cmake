# Language, warnings, architecture and the flags that only kernel files get.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

add_library(dnagpt_options INTERFACE)
target_include_directories(dnagpt_options INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_options(dnagpt_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra>
  $<$<BOOL:${DNAGPT_WERROR}>:-Werror>)
# g++ 12 warns of string concatenation that is right (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(dnagpt_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()
if(DNAGPT_ARCH)
  target_compile_options(dnagpt_options INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang>:-march=${DNAGPT_ARCH}>)
endif()
if(DNAGPT_DOUBLE)
  target_compile_definitions(dnagpt_options INTERFACE DNAGPT_HAVE_DOUBLE)
endif()

# Without these g++ does not vectorise the kernels (see docs/numerics.md). Whoever looks for
# non-finite values must therefore stand in a file without them.
set(DNAGPT_KERNEL_FLAGS -fno-math-errno -fno-trapping-math -fno-signed-zeros
    -ffinite-math-only -fassociative-math)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # What ccache asks for before it keeps what was compiled with a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_SLOPPINESS=pch_defines,time_macros" "${CCACHE}")
endif()
