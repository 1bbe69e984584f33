# The release's code, with the unit tests a second time under valgrind.
set(PH_VALGRIND ON CACHE BOOL "" FORCE)
