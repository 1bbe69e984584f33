/* What every test includes: cmocka with the headers that it needs before it, and the few macros
 * that it lacks. */
#ifndef PHAROS_TESTS_SUPPORT_CHECK_H
#define PHAROS_TESTS_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pharos/bytes.h"
#include "pharos/status.h"

#define CHECK(condition) assert_true(condition)

/* Both statuses by their texts, since their numbers tell a reader nothing. */
#define CHECK_STATUS(actual, expected)                                                             \
    check_status((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_OK(actual) CHECK_STATUS(actual, PH_OK)

/* Views of bytes, by length and content. */
#define CHECK_BYTES(actual, expected)                                                              \
    do {                                                                                           \
        struct ph_bytes check_actual = (actual);                                                   \
        struct ph_bytes check_expected = (expected);                                               \
        assert_int_equal(check_actual.len, check_expected.len);                                    \
        if (check_expected.len != 0)                                                               \
            assert_memory_equal(check_actual.data, check_expected.data, check_expected.len);       \
    } while (0)

/* The program: CHECK_MAIN(cmocka_unit_test(a_sentence), cmocka_unit_test(another)) */
#define CHECK_MAIN(...)                                                                            \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                           \
        return cmocka_run_group_tests(tests, NULL, NULL) != 0;                                     \
    }

/* A test of many like cases takes one in so many: all of them, unless PH_EVERY in the environment
 * says that each costs several times as much here. */
static inline unsigned check_every(void)
{
    const char *every = getenv("PH_EVERY");
    unsigned long number = every == NULL ? 1 : strtoul(every, NULL, 10);
    return number == 0 ? 1 : (unsigned)number;
}

static inline void check_status(enum ph_status actual, enum ph_status expected,
                                const char *expression, const char *file, int line)
{
    if (actual == expected)
        return;
    print_error("%s\n  is:     %s\n  wanted: %s\n", expression, ph_status_text(actual),
                ph_status_text(expected));
    _fail(file, line);
}

#endif
