/* What the linker makes of --wrap for sim_kept.c. */
#ifndef PHAROS_TESTS_SIM_KEPT_H
#define PHAROS_TESTS_SIM_KEPT_H

#include <zstd.h>

ZSTD_CCtx *__real_ZSTD_createCCtx(void);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);
size_t __real_ZSTD_freeCCtx(ZSTD_CCtx *compressor);
size_t __wrap_ZSTD_freeCCtx(ZSTD_CCtx *compressor);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);
size_t __real_ZSTD_freeDCtx(ZSTD_DCtx *decompressor);
size_t __wrap_ZSTD_freeDCtx(ZSTD_DCtx *decompressor);

#endif
