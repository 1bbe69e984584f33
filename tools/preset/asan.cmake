# Memory errors, leaks and undefined behaviour end the program.
set(PH_SANITIZE "address,undefined" CACHE STRING "" FORCE)
set(PH_TEST_PREFIX "asan." CACHE STRING "" FORCE)
set(PH_WERROR ON CACHE BOOL "" FORCE)
