# Defines CUDNN::cudnn: NVIDIA's cuDNN 9 with its header-only C++ frontend (CUDNN_ROOT and
# CUDNN_FRONTEND_ROOT for other places; the frontend is the package nvidia-cudnn-frontend of PyPI,
# tools/requirements-cuda.txt). Its version is pinned: the interface changes from one to the next.
set(CUDNN_FRONTEND_PINNED 1.32)
find_path(CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 HINTS ${CUDAToolkit_LIBRARY_DIR})
find_path(CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h PATH_SUFFIXES include
  HINTS "${CUDNN_FRONTEND_ROOT}" "$ENV{CUDNN_FRONTEND_ROOT}"
        "${PROJECT_SOURCE_DIR}/build/cudnn_frontend")

# version = the numbers of `#define CUDNN_MAJOR 9` and its like, by the names given.
function(dnagpt_read_version version header)
  set(numbers)
  if(EXISTS "${header}")
    file(READ "${header}" text)
    foreach(name ${ARGN})
      string(REGEX MATCH "#define ${name} +([0-9]+)" line "${text}")
      list(APPEND numbers "${CMAKE_MATCH_1}")
    endforeach()
  endif()
  list(JOIN numbers . joined)
  set(${version} "${joined}" PARENT_SCOPE)
endfunction()
dnagpt_read_version(CUDNN_VERSION "${CUDNN_INCLUDE_DIR}/cudnn_version.h" CUDNN_MAJOR CUDNN_MINOR
  CUDNN_PATCHLEVEL)
dnagpt_read_version(CUDNN_FRONTEND_VERSION
  "${CUDNN_FRONTEND_INCLUDE_DIR}/cudnn_frontend_version.h" CUDNN_FRONTEND_MAJOR_VERSION
  CUDNN_FRONTEND_MINOR_VERSION)
if(CUDNN_FRONTEND_VERSION VERSION_EQUAL CUDNN_FRONTEND_PINNED)
  set(CUDNN_FRONTEND_FITS TRUE)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CUDNN
  REQUIRED_VARS CUDNN_LIBRARY CUDNN_INCLUDE_DIR CUDNN_FRONTEND_INCLUDE_DIR CUDNN_FRONTEND_FITS
  VERSION_VAR CUDNN_VERSION
  REASON_FAILURE_MESSAGE "frontend: found '${CUDNN_FRONTEND_VERSION}', ${CUDNN_FRONTEND_PINNED} is wanted")
if(CUDNN_FOUND AND NOT TARGET CUDNN::cudnn)
  add_library(CUDNN::cudnn UNKNOWN IMPORTED)
  set_target_properties(CUDNN::cudnn PROPERTIES IMPORTED_LOCATION "${CUDNN_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CUDNN_INCLUDE_DIR};${CUDNN_FRONTEND_INCLUDE_DIR}")
endif()
