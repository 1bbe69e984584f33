# The release's code, refusing every warning.
set(CMAKE_C_COMPILER gcc CACHE STRING "")
set(PH_WERROR ON CACHE BOOL "" FORCE)
