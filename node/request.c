#include "node/request.h"

enum ph_status ph_refuse(struct ph_request *request, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(request->error, sizeof request->error, format, arguments);
    va_end(arguments);
    return PH_REFUSED;
}

void ph_answer_key(struct ph_buffer *out, const char *key)
{
    ph_pack_text(out, ph_bytes_text(key));
}

void ph_answer_text(struct ph_buffer *out, const char *key, const char *text)
{
    ph_answer_key(out, key);
    ph_pack_text(out, ph_bytes_text(text));
}

void ph_answer_uint(struct ph_buffer *out, const char *key, uint64_t value)
{
    ph_answer_key(out, key);
    ph_pack_uint(out, value);
}

void ph_answer_bool(struct ph_buffer *out, const char *key, bool value)
{
    ph_answer_key(out, key);
    ph_pack_bool(out, value);
}

void ph_answer_hex(struct ph_buffer *out, const char *key, const void *id, size_t len)
{
    char text[128];
    assert(2 * len <= sizeof text);
    ph_hex(id, len, text);
    ph_answer_key(out, key);
    ph_pack_text(out, ph_bytes(text, 2 * len));
}
