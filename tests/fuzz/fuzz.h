/* What every fuzz target includes: its one function, checks that hold for every input, and a reader
 * that turns an input into choices. A target keeps nothing from one input to the next but what it
 * could make anew. */
#ifndef PHAROS_TESTS_FUZZ_FUZZ_H
#define PHAROS_TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "pharos/bytes.h"

/* The target. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding: libFuzzer, AFL++ and ctest all see the abort. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fuzz_fail(#condition, __FILE__, __LINE__);                                             \
    } while (0)

static inline _Noreturn void fuzz_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* Choices, one byte after the other. When they are used up all further ones are 0. */
struct fuzz_input {
    const uint8_t *next;
    size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->next++;
}

static inline uint32_t fuzz_u16(struct fuzz_input *input)
{
    uint32_t high = fuzz_byte(input);
    return high << 8 | fuzz_byte(input);
}

/* From 0 to `count` - 1. */
static inline uint32_t fuzz_pick(struct fuzz_input *input, uint32_t count)
{
    return fuzz_byte(input) % count;
}

/* At most `len_max` bytes; how many is two bytes of the input. Borrowed. */
static inline struct ph_bytes fuzz_bytes(struct fuzz_input *input, size_t len_max)
{
    size_t len = fuzz_u16(input) % (len_max + 1);
    if (len > input->left)
        len = input->left;
    struct ph_bytes bytes = ph_bytes(input->next, len);
    input->next += len;
    input->left -= len;
    return bytes;
}

/* A copy of exactly these bytes on the heap, so that a sanitizer sees one byte read too many. */
static inline struct ph_bytes fuzz_copy(struct ph_bytes bytes)
{
    uint8_t *copy = malloc(bytes.len + (bytes.len == 0));
    if (copy == NULL)
        abort();
    if (bytes.len != 0)
        memcpy(copy, bytes.data, bytes.len);
    return ph_bytes(copy, bytes.len);
}

static inline void fuzz_free(struct ph_bytes copy)
{
    free((void *)(uintptr_t)copy.data);
}

#endif
