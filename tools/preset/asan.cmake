# Memory errors, leaks and undefined behaviour end the program.
set(PH_SANITIZE "address,undefined" CACHE STRING "")
set(PH_TEST_PREFIX "asan." CACHE STRING "")
set(PH_WERROR ON CACHE BOOL "")
