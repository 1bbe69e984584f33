/* Memory for a target that makes and frees whole nodes: large blocks are kept and given out again,
 * since under a sanitizer each would be mapped, filled and unmapped, which took nine tenths of the
 * time. A block that is not given out is poisoned, so using it is still a finding. Linked with
 * --wrap for malloc, calloc and free. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_POISON 1
#endif
#endif
#ifdef HAS_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, len) ((void)(address), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(address, len) ((void)(address), (void)(len))
#endif

#define LARGE (32 * 1024)
#define BLOCKS_MAX 64

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *block);

static struct {
    void *block;
    size_t size;
    bool is_given;
} blocks[BLOCKS_MAX];
static size_t block_count;

static void *give(size_t size)
{
    for (size_t i = 0; i < block_count; i++) {
        if (blocks[i].is_given || blocks[i].size != size)
            continue;
        blocks[i].is_given = true;
        ASAN_UNPOISON_MEMORY_REGION(blocks[i].block, size);
        return blocks[i].block;
    }
    void *block = __real_malloc(size);
    if (block != NULL && block_count < BLOCKS_MAX) {
        blocks[block_count].block = block;
        blocks[block_count].size = size;
        blocks[block_count++].is_given = true;
    }
    return block;
}

void *__wrap_malloc(size_t size)
{
    return size < LARGE ? __real_malloc(size) : give(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    size_t len = count * size;
    if (len < LARGE || (size != 0 && len / size != count))
        return __real_calloc(count, size);
    void *block = give(len);
    if (block != NULL)
        memset(block, 0, len);
    return block;
}

void __wrap_free(void *block)
{
    for (size_t i = 0; i < block_count; i++) {
        if (blocks[i].block != block || !blocks[i].is_given)
            continue;
        blocks[i].is_given = false;
        ASAN_POISON_MEMORY_REGION(block, blocks[i].size);
        return;
    }
    __real_free(block);
}
