/* What is made anew at each start of a machine, and costs far more than it gives where this program
 * runs on a guest: compressors, which ask the processor what it is, are handed on from one machine
 * to the next. Linked with --wrap; a compressor that was reset says the same as a new one. */
#include "tests/sim/sim_kept.h"

#define KEPT_MAX 32

static ZSTD_CCtx *compressors[KEPT_MAX];
static size_t compressor_count;
static ZSTD_DCtx *decompressors[KEPT_MAX];
static size_t decompressor_count;

ZSTD_CCtx *__wrap_ZSTD_createCCtx(void)
{
    return compressor_count != 0 ? compressors[--compressor_count] : __real_ZSTD_createCCtx();
}

size_t __wrap_ZSTD_freeCCtx(ZSTD_CCtx *compressor)
{
    if (compressor == NULL || compressor_count == KEPT_MAX ||
        ZSTD_isError(ZSTD_CCtx_reset(compressor, ZSTD_reset_session_and_parameters)) != 0)
        return __real_ZSTD_freeCCtx(compressor);
    compressors[compressor_count++] = compressor;
    return 0;
}

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void)
{
    return decompressor_count != 0 ? decompressors[--decompressor_count] : __real_ZSTD_createDCtx();
}

size_t __wrap_ZSTD_freeDCtx(ZSTD_DCtx *decompressor)
{
    if (decompressor == NULL || decompressor_count == KEPT_MAX ||
        ZSTD_isError(ZSTD_DCtx_reset(decompressor, ZSTD_reset_session_and_parameters)) != 0)
        return __real_ZSTD_freeDCtx(decompressor);
    decompressors[decompressor_count++] = decompressor;
    return 0;
}
