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
