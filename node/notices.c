#include "node/notices.h"

#include "node/ingest.h"

#define META_NAME "notices"
#define NOTICE_BYTES_MAX 24 /* an array of three numbers */

static void pack(const struct ph_node *node, struct ph_buffer *out)
{
    ph_pack_array(out, node->notice_count);
    for (uint32_t i = 0; i < node->notice_count; i++) {
        ph_pack_array(out, 3);
        ph_pack_uint(out, node->notices[i].type);
        ph_pack_uint(out, node->notices[i].serial);
        ph_pack_int(out, node->notices[i].wall_ms);
    }
}

enum ph_status ph_notices_add(struct ph_node *node, enum ph_notice_type type)
{
    uint8_t bytes[8 + PH_NOTICES_MAX * NOTICE_BYTES_MAX];
    struct ph_buffer out = ph_buffer(bytes, sizeof bytes);
    struct ph_batch *batch = NULL;
    PH_TRY(ph_ingest_batch(node, &batch));
    if (node->notice_count == PH_NOTICES_MAX)
        memmove(node->notices, node->notices + 1, --node->notice_count * sizeof *node->notices);
    node->notices[node->notice_count++] =
        (struct ph_notice){.type = type, .serial = node->serial, .wall_ms = node->wall_ms};
    pack(node, &out);
    assert(!out.overflow);
    return ph_batch_meta(batch, META_NAME, ph_buffer_bytes(&out));
}

static enum ph_status unpack(struct ph_node *node, struct ph_bytes value)
{
    struct ph_unpacker in;
    if (ph_unpack(&in, value) != PH_OK)
        return PH_CORRUPT;
    uint32_t count = ph_unpack_array(&in);
    for (uint32_t i = 0; i < count && i < PH_NOTICES_MAX; i++) {
        struct ph_notice notice = {0};
        ph_unpack_array_of(&in, 3);
        notice.type = (enum ph_notice_type)ph_unpack_uint(&in, PH_NOTICE_BOUNDED);
        notice.serial = (uint16_t)ph_unpack_uint(&in, UINT16_MAX);
        notice.wall_ms = ph_unpack_int(&in);
        node->notices[node->notice_count++] = notice;
    }
    return ph_unpack_end(&in) == PH_OK ? PH_OK : PH_CORRUPT;
}

enum ph_status ph_notices_load(struct ph_node *node)
{
    struct ph_view view = {0};
    struct ph_bytes value;
    node->notice_count = 0;
    enum ph_status status = ph_view_open(node->store, &view);
    if (status == PH_OK)
        status = ph_view_meta(&view, META_NAME, &value);
    if (status == PH_OK)
        status = unpack(node, value);
    ph_view_close(&view);
    return status == PH_NOT_FOUND ? PH_OK : status;
}

static const char *what_happened(enum ph_notice_type type)
{
    switch (type) {
    case PH_NOTICE_COPIED:
        return "This home was restored from a backup, or copied to this PC.";
    case PH_NOTICE_CONTINUED:
        return "Other schools held entries of this PC that this home lacked: it was set back to an "
               "older copy, or there is a second one of it.";
    case PH_NOTICE_DOUBT:
        return "The database of this home or its journal was damaged.";
    case PH_NOTICE_TWIN:
        return "A second PC with a copy of this home was met.";
    case PH_NOTICE_BOUNDED:
        return "What this installation had written was ended: the school was away from the "
               "network, has a new key, or has closed it.";
    }
    return "";
}

void ph_notice_text(const struct ph_notice *notice, char out[PH_NOTICE_TEXT_MAX])
{
    snprintf(out, PH_NOTICE_TEXT_MAX,
             "%s It writes as a new installation from then on (number %u); what was written before "
             "is kept.",
             what_happened(notice->type), notice->serial + 1u);
}
