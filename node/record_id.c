#include "node/record_id.h"

static int digit_of(uint8_t letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F')
        return letter - 'A' + 10;
    return -1;
}

enum ph_status ph_record_id_read(struct ph_request *request, struct ph_bytes text,
                                 struct ph_record_id *out)
{
    if (text.len != 2 * sizeof out->bytes)
        return ph_refuse(request, "A record's id has %zu hex digits.", 2 * sizeof out->bytes);
    for (size_t i = 0; i < sizeof out->bytes; i++) {
        int high = digit_of(text.data[2 * i]), low = digit_of(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return ph_refuse(request, "A record's id has hex digits only.");
        out->bytes[i] = (uint8_t)(16 * high + low);
    }
    return PH_OK;
}
