# Data races end the program.
set(PH_SANITIZE "thread" CACHE STRING "" FORCE)
set(PH_TEST_PREFIX "tsan." CACHE STRING "" FORCE)
set(PH_WERROR ON CACHE BOOL "" FORCE)
