# Which lines and branches run (tools/coverage). Not optimised: a line is a line.
set(PH_SANITIZE "" CACHE STRING "" FORCE)
set(PH_WERROR OFF CACHE BOOL "" FORCE)
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS "--coverage" CACHE STRING "" FORCE)
