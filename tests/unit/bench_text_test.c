/* The benchmark's texts must be worth compressing: nothing is won by a tiny vocabulary. */
#include "tools/bench_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zstd.h>

#include "pharos/limits.h"
#include "proto/kind.h"

#define RECORDS 20000
#define WRITERS 11
#define TEXT_LEN 300
#define SEED 1

/* The prose of record number `index`, as the benchmark spreads records over its writers. */
static void put_prose(uint32_t index, struct ph_bench_record *record, struct ph_buffer *out)
{
    struct ph_bench_place place = {SEED, index % WRITERS, WRITERS, 2 + index / WRITERS, TEXT_LEN};
    ph_bench_record(&place, record);
    assert_false(record->text.overflow);
    for (uint8_t i = 0; i < record->field_count; i++)
        if (record->fields[i].is_prose)
            ph_buffer_put(out, record->fields[i].value.data, record->fields[i].value.len);
}

/* Made once, lent to the tests. */
static int make_prose(void **state)
{
    static struct ph_buffer prose;
    static struct ph_bench_record record;
    size_t size = RECORDS * (size_t)1024;
    prose = ph_buffer(malloc(size), size);
    assert_non_null(prose.data);
    for (uint32_t i = 0; i < RECORDS; i++)
        put_prose(i, &record, &prose);
    assert_false(prose.overflow);
    *state = &prose;
    return 0;
}

static int free_prose(void **state)
{
    struct ph_buffer *prose = *state;
    free(prose->data);
    return 0;
}

static void texts_have_the_length_that_was_asked_for(void **state)
{
    const struct ph_buffer *prose = *state;

    double len = (double)prose->len / RECORDS;

    print_message("%.1f bytes of text a record\n", len);
    assert_true(len > TEXT_LEN - 15 && len < TEXT_LEN + 15);
}

static void texts_stay_above_90_bytes_a_record_under_the_strongest_compression(void **state)
{
    const struct ph_buffer *prose = *state;
    size_t size = ZSTD_compressBound(prose->len);
    uint8_t *packed = malloc(size);
    ZSTD_CCtx *packer = ZSTD_createCCtx();
    assert_true(packed != NULL && packer != NULL);
    ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, 19);
    ZSTD_CCtx_setParameter(packer, ZSTD_c_enableLongDistanceMatching, 1);
    ZSTD_CCtx_setParameter(packer, ZSTD_c_windowLog, 27);

    size_t len = ZSTD_compress2(packer, packed, size, prose->data, prose->len);

    assert_false(ZSTD_isError(len));
    print_message("%.1f bytes a record under zstd -19 --long\n", (double)len / RECORDS);
    assert_true((double)len / RECORDS > 90);
    ZSTD_freeCCtx(packer);
    free(packed);
}

static void values_fit_their_fields(void **state)
{
    (void)state;
    static struct ph_bench_record record;
    static uint8_t item[PH_FIELD_VALUE_MAX + 8];
    char why[200] = "";
    for (uint32_t seq = 2; seq < 400; seq++) {
        struct ph_bench_place place = {SEED, seq % WRITERS, WRITERS, seq, 40 + 20 * seq};
        ph_bench_record(&place, &record);
        const struct ph_kind *kind = ph_kind_by_number(record.kind);
        for (uint8_t i = 0; i < record.field_count; i++) {
            struct ph_buffer out = ph_buffer(item, sizeof item);
            const struct ph_field *field = ph_field_by_number(kind, record.fields[i].number);
            if (ph_value_parse(field, record.fields[i].value, &out, why) != PH_OK)
                fail_msg("%s: %s", field->name, why);
        }
    }
}

static void the_same_place_gives_the_same_record(void **state)
{
    (void)state;
    static struct ph_bench_record a, b;
    struct ph_bench_place place = {SEED, 3, WRITERS, 77, TEXT_LEN}, other = place;
    other.seq = 97;

    ph_bench_record(&place, &a);
    ph_bench_record(&place, &b);
    assert_true(ph_bytes_equal(ph_buffer_bytes(&a.text), ph_buffer_bytes(&b.text)));

    ph_bench_record(&other, &b);
    assert_int_equal(a.kind, b.kind);
    assert_false(ph_bytes_equal(ph_buffer_bytes(&a.text), ph_buffer_bytes(&b.text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_the_length_that_was_asked_for),
        cmocka_unit_test(texts_stay_above_90_bytes_a_record_under_the_strongest_compression),
        cmocka_unit_test(values_fit_their_fields),
        cmocka_unit_test(the_same_place_gives_the_same_record),
    };
    return cmocka_run_group_tests(tests, make_prose, free_prose);
}
