# The second compiler's opinion.
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(PH_TEST_PREFIX "clang." CACHE STRING "" FORCE)
set(PH_WERROR ON CACHE BOOL "" FORCE)
