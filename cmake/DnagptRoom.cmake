# dnagpt_add_room_directory(<room>): the room's CMakeLists.txt lists its sources.
function(dnagpt_add_room_directory room)
  add_subdirectory("${PROJECT_SOURCE_DIR}/src/${room}" "${PROJECT_BINARY_DIR}/src/${room}")
endfunction()

# dnagpt_add_room(<room> SOURCES a.cpp ... [ROOMS lower rooms ...] [PUBLIC libs ...] [PRIVATE libs ...])
# One static library per room. ROOMS may only name rooms further down the staircase;
# tools/check_layers.py holds the includes to it.
function(dnagpt_add_room room)
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;PUBLIC;PRIVATE" ${ARGN})
  add_library(dnagpt_${room} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_ROOMS PREPEND dnagpt_)
  target_link_libraries(dnagpt_${room} PUBLIC dnagpt_options ${ARG_ROOMS} ${ARG_PUBLIC}
                                       PRIVATE ${ARG_PRIVATE})
endfunction()

# dnagpt_add_vendor_library(<name> ROOMS lower rooms ... LIBRARIES libs ...)
# dnagpt_<name> from the room's <name>.cpp, which stands for a backend of that room on GPUs. It does
# without Kokkos, so that it is compiled for its test wherever the vendor's libraries are; elsewhere
# nothing is defined.
function(dnagpt_add_vendor_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  foreach(library ${ARG_LIBRARIES})
    if(NOT TARGET ${library})
      return()
    endif()
  endforeach()
  if(NOT Kokkos_ENABLE_CUDA AND NOT DNAGPT_TESTS)
    return()
  endif()
  list(TRANSFORM ARG_ROOMS PREPEND dnagpt_)
  add_library(dnagpt_${name} STATIC ${name}.cpp ${ARG_SOURCES})
  target_link_libraries(dnagpt_${name} PUBLIC dnagpt_options ${ARG_ROOMS} ${ARG_LIBRARIES})
endfunction()
