# libFuzzer drives the fuzz targets; memory errors and undefined behaviour end the program.
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(PH_SANITIZE "address,undefined" CACHE STRING "" FORCE)
set(PH_FUZZ "libfuzzer" CACHE STRING "" FORCE)
set(PH_TEST_PREFIX "libfuzzer." CACHE STRING "" FORCE)
set(PH_WERROR ON CACHE BOOL "" FORCE)
