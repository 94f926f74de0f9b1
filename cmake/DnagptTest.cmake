# dnagpt_add_test(<room> <name> [SOURCES extra.cpp] [LINK libs ...] [NP 1 2 4] [DEVICE]
#                 [VENDOR] [LABELS l ...] [SECONDS n])
#
# Builds tests/<room>/<name>_test.cpp. Without NP the test is one process; with NP it is launched by
# mpirun once per listed number of ranks. DEVICE starts Kokkos before the tests. VENDOR: of
# dnagpt_<name> instead of the room (dnagpt_add_vendor_library), where that is; label gpu.
function(dnagpt_add_test room name)
  cmake_parse_arguments(ARG "DEVICE;VENDOR" "SECONDS" "SOURCES;LINK;NP;LABELS" ${ARGN})
  set(target ${room}_${name}_test)
  set(tested dnagpt_${room})
  set(vendor_skips)
  if(ARG_VENDOR)
    set(tested dnagpt_${name})
    # Without a GPU only a few of its cases run: not to be taken for all.
    set(vendor_skips SKIP_REGULAR_EXPRESSION "no GPU")
    list(APPEND ARG_LABELS gpu)
    if(NOT TARGET ${tested})
      return()
    endif()
  elseif(ARG_DEVICE AND Kokkos_ENABLE_CUDA)
    list(APPEND ARG_LABELS gpu)
  endif()
  add_executable(${target} "${PROJECT_SOURCE_DIR}/tests/${room}/${name}_test.cpp" ${ARG_SOURCES})
  set(main dnagpt_test_main)
  if(ARG_DEVICE)
    set(main dnagpt_device_test_main)
  elseif(ARG_NP)
    set(main dnagpt_mpi_test_main)
  endif()
  target_link_libraries(${target} PRIVATE ${tested} ${ARG_LINK} ${main})
  target_precompile_headers(${target} REUSE_FROM ${main})
  if(NOT ARG_SECONDS)
    set(ARG_SECONDS 300)
  endif()
  set(environment "OMP_NUM_THREADS=1;OMP_PROC_BIND=false")
  if(NOT ARG_NP)
    add_test(NAME ${room}.${name} COMMAND ${target})
    set_tests_properties(${room}.${name} PROPERTIES ENVIRONMENT "${environment}"
      SKIP_RETURN_CODE 77 TIMEOUT ${ARG_SECONDS} LABELS "${room};${ARG_LABELS}" ${vendor_skips})
    return()
  endif()
  foreach(ranks ${ARG_NP})
    set(test ${room}.${name}.np${ranks})
    add_test(NAME ${test} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks}
      --oversubscribe --bind-to none $<TARGET_FILE:${target}>)
    set_tests_properties(${test} PROPERTIES
      ENVIRONMENT "${environment};OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
      SKIP_RETURN_CODE 77 PROCESSORS ${ranks} TIMEOUT ${ARG_SECONDS} LABELS "${room};mpi;${ARG_LABELS}"
      ${vendor_skips})
  endforeach()
endfunction()
