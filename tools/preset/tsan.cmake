# Data races end the program.
set(PH_SANITIZE "thread" CACHE STRING "")
set(PH_TEST_PREFIX "tsan." CACHE STRING "")
set(PH_WERROR ON CACHE BOOL "")
