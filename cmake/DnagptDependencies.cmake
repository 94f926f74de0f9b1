# Every library that the project uses, found as installed; nothing is downloaded.
find_package(Threads REQUIRED)
find_package(MPI REQUIRED COMPONENTS CXX)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(htslib REQUIRED IMPORTED_TARGET htslib)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
if(DNAGPT_TRAINER)
  find_package(Kokkos REQUIRED)
  if(Kokkos_ENABLE_CUDA)
    if(CMAKE_CXX_COMPILER MATCHES "nvcc_wrapper$")
      message(FATAL_ERROR "CMAKE_CXX_COMPILER is nvcc_wrapper (nvcc refuses some sources that "
        "hold no kernel); leave it the host compiler: Kokkos hands rooms 7 and above to "
        "nvcc_wrapper")
    endif()
    set(CMAKE_CXX_COMPILER_LAUNCHER "")  # Kokkos' launcher takes its place.
    set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)  # nvcc cannot read those of the host compiler.
    message(WARNING "The Kokkos found is CUDA-enabled, and this version has no matrix product for "
      "GPUs: rooms 1 to 12 are compiled, the program dnagpt is left out; set Kokkos_ROOT to a "
      "Kokkos with Serial or OpenMP for a program that runs")
  else()
    find_package(OneDNN REQUIRED)
    find_package(OpenMP REQUIRED COMPONENTS CXX)  # oneDNN's threads
  endif()
endif()
if(DNAGPT_TESTS)
  find_package(GTest REQUIRED)
endif()
if(DNAGPT_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()

# Debian's libtrilinos-kokkos-dev names a folder that does not exist; its headers are in trilinos/.
function(dnagpt_mend_kokkos_includes)
  get_target_property(directories Kokkos::kokkos INTERFACE_INCLUDE_DIRECTORIES)
  foreach(directory ${directories})
    if(IS_ABSOLUTE "${directory}" AND NOT EXISTS "${directory}")
      find_path(KOKKOS_INCLUDE_DIR Kokkos_Core.hpp PATH_SUFFIXES trilinos REQUIRED)
      set_target_properties(Kokkos::kokkos PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${KOKKOS_INCLUDE_DIR}")
      return()
    endif()
  endforeach()
endfunction()
if(DNAGPT_TRAINER)
  dnagpt_mend_kokkos_includes()
endif()
