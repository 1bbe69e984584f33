# Networks of more schools than there may be: for pharos-spread alone.
set(PH_WIDE ON CACHE BOOL "")
