/* For libraries that are preloaded: the function that ours stands in front of. */
#ifndef PHAROS_TESTS_DISK_REAL_H
#define PHAROS_TESTS_DISK_REAL_H

#include <dlfcn.h>
#include <stdlib.h>

/* Declares a static `real_NAME` that finds it when it is first needed. POSIX wants the cast. */
#define REAL(type, name, parameters, arguments)                                                    \
    static type real_##name parameters                                                             \
    {                                                                                              \
        static type(*function) parameters;                                                         \
        if (function == NULL)                                                                      \
            *(void **)&function = dlsym(RTLD_NEXT, #name);                                         \
        if (function == NULL)                                                                      \
            abort();                                                                               \
        return function arguments;                                                                 \
    }

#endif
