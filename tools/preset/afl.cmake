# AFL++ drives the fuzz targets (package afl++). Its own macros warn.
set(CMAKE_C_COMPILER afl-clang-fast CACHE STRING "")
set(PH_SANITIZE "address,undefined" CACHE STRING "" FORCE)
set(PH_FUZZ "afl" CACHE STRING "" FORCE)
set(PH_WERROR OFF CACHE BOOL "" FORCE)
