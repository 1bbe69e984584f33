#include "node/names.h"

#include "node/peers.h"
#include "proto/kind.h"

/* The winner of field `name` of a school's own record, into `out`. */
static bool read_name(struct ph_record *record, struct ph_school_name *out)
{
    struct ph_record_value value;
    uint16_t field =
        ph_field_by_name(ph_kind_by_number(PH_KIND_SCHOOL), ph_bytes_text("name"))->number;
    while (ph_record_next(record, &value)) {
        if (value.field != field || value.is_missing)
            continue;
        struct ph_unpacker item = ph_unpack_scanned(value.item);
        struct ph_bytes text = ph_bytes_cut(ph_unpack_text(&item), sizeof out->text - 1);
        if (item.failed || text.len == 0)
            return false;
        memcpy(out->text, text.data, text.len);
        out->text[text.len] = '\0';
        return true;
    }
    return false;
}

struct ph_school_name ph_names_in(const struct ph_view *view, const struct ph_school_id *school)
{
    struct ph_school_name name;
    struct ph_record record;
    if (ph_view_first_of(view, PH_KIND_SCHOOL, school, &record) != PH_OK ||
        !read_name(&record, &name))
        snprintf(name.text, sizeof name.text, "%s", ph_school_tag(school).text);
    return name;
}

struct ph_school_name ph_names_of(struct ph_node *node, const struct ph_school_id *school)
{
    struct ph_view view = {0};
    struct ph_school_name name;
    if (ph_view_open(node->store, &view) == PH_OK)
        name = ph_names_in(&view, school);
    else
        snprintf(name.text, sizeof name.text, "%s", ph_school_tag(school).text);
    ph_view_close(&view);
    return name;
}

static bool is_named(struct ph_node *node, const struct ph_school_id *school, struct ph_bytes named)
{
    char hex[2 * sizeof school->bytes];
    ph_hex(school->bytes, sizeof school->bytes, hex);
    if (named.len >= 4 && named.len <= sizeof hex && memcmp(hex, named.data, named.len) == 0)
        return true;
    struct ph_school_name name = ph_names_of(node, school);
    return ph_bytes_equal(ph_bytes_text(name.text), named);
}

enum ph_status ph_names_find_school(struct ph_node *node, struct ph_request *request,
                                    struct ph_bytes named, struct ph_school_id *out)
{
    struct ph_member members[PH_SCHOOLS_MAX];
    uint32_t count = ph_facts_members(node->facts, members, PH_SCHOOLS_MAX), found = 0;
    for (uint32_t i = 0; i < count && i < PH_SCHOOLS_MAX; i++) {
        if (!is_named(node, &members[i].school, named))
            continue;
        *out = members[i].school;
        found++;
    }
    if (found == 1)
        return PH_OK;
    return ph_refuse(request, found == 0 ? "No member has that name or key."
                                         : "Several members have that name; give the beginning of "
                                           "the key.");
}
