/* A record's value, as it may come from a disk that rots: read to its end within bounds, or
 * refused. Values that a field's type is asked about, too, since what a store holds came from
 * strangers. */
#include "proto/kind.h"
#include "store/records.h"
#include "tests/fuzz/fuzz.h"

static void check_value(uint16_t kind_number, const struct ph_record_value *value)
{
    uint8_t text[PH_FIELD_VALUE_MAX * 2 + 64];
    struct ph_buffer out = ph_buffer(text, sizeof text);
    const struct ph_kind *kind = ph_kind_by_number(kind_number);
    const struct ph_field *field = kind == NULL ? NULL : ph_field_by_number(kind, value->field);
    if (field == NULL || value->is_missing)
        return;
    bool fits = ph_value_fits(field, value->item);
    FUZZ_CHECK((ph_value_text(field, value->item, &out) == PH_OK) == fits);
    FUZZ_CHECK(!out.overflow && (fits || out.len == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ph_record_id id = {{1}};
    struct ph_record record;
    struct ph_record_value value;
    uint32_t count = 0;
    if (size == 0)
        return 0;
    uint16_t kind = data[0];
    struct ph_bytes bytes = ph_bytes(data + 1, size - 1);
    if (ph_record_decode(kind, &id, bytes, &record) != PH_OK)
        return 0;
    FUZZ_CHECK(record.touches.len <= bytes.len && record.audience <= PH_AUDIENCE_NAMED);
    while (ph_record_next(&record, &value)) {
        FUZZ_CHECK(++count <= size);
        FUZZ_CHECK(value.item.len <= bytes.len);
        check_value(kind, &value);
    }
    return 0;
}
