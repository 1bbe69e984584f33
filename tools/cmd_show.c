/* show, list, log: what people read. */
#include "proto/pack.h"
#include "tools/commands.h"
#include "tools/print.h"
#include "tools/session.h"

#include <stdio.h>
#include <string.h>

#define PAGE_ROWS 200

static void print_key(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_string_length(value) > 0)
        ph_print_text(stdout, value, -1);
    else
        fputs("(unknown)", stdout);
}

static void print_time(const json_t *object)
{
    char text[PH_TIME_SIZE];
    ph_format_time(json_integer_value(json_object_get(object, "time_ms")), text);
    printf("%s claimed", text);
}

/* Who under `key`, and when if that is known. */
static void print_origin(const json_t *object, const char *key)
{
    print_key(object, key);
    if (json_is_integer(json_object_get(object, "time_ms"))) {
        fputs(", ", stdout);
        print_time(object);
    }
}

static const char *name_key(const json_t *object)
{
    return json_string_length(json_object_get(object, "name")) > 0 ? "name" : "school";
}

/* --- show --- */

static void print_value(const json_t *value, int indent)
{
    const json_t *item = json_object_get(value, "value");
    if (json_is_string(item))
        ph_print_text(stdout, item, indent);
    else if (json_is_integer(item))
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(item));
    else
        fputs("(missing)", stdout);
}

/* One value stands behind its field's name; of several each has a line of its own. */
static void print_field(const json_t *field)
{
    json_t *values = json_object_get(field, "values");
    const char *type = json_string_value(json_object_get(field, "type"));
    bool is_set = type != NULL && strcmp(type, "set") == 0;
    bool is_single = json_array_size(values) == 1 && !is_set;
    size_t index;
    json_t *value;
    if (json_array_size(values) == 0)
        return;
    print_key(field, "name");
    if (is_single)
        fputs(": ", stdout);
    else if (is_set)
        fputs(":\n", stdout);
    else
        printf(": %zu values, written apart\n", json_array_size(values));
    json_array_foreach(values, index, value)
    {
        fputs(is_single ? "" : "  - ", stdout);
        print_value(value, 4);
        fputs("  [", stdout);
        print_origin(value, name_key(value));
        fputs("]\n", stdout);
    }
}

static void print_record(json_t *record)
{
    size_t index;
    json_t *item;
    print_key(record, "kind");
    fputc(' ', stdout);
    print_key(record, "id");
    fputs("\nby ", stdout);
    print_origin(record, "by");
    fputc('\n', stdout);
    json_array_foreach(json_object_get(record, "fields"), index, item)
    {
        print_field(item);
    }
    json_array_foreach(json_object_get(record, "children"), index, item)
    {
        if (index == 0)
            puts("below it:");
        fputs("  ", stdout);
        print_key(item, "id");
        fputs("  ", stdout);
        print_key(item, "kind");
        fputs("  ", stdout);
        print_key(item, "title");
        fputc('\n', stdout);
    }
    ph_print_safe(stdout, json_object_get(record, "safe_at"), json_object_get(record, "safe_of"),
                  json_object_get(record, "lacking"));
}

int cmd_show(struct ph_cli *cli)
{
    struct ph_request request;
    ph_request_begin(&request, "show", 1);
    ph_request_text(&request, cli->words[0]);
    return ph_session_run(cli, &request, print_record, NULL);
}

/* --- pages --- */

struct pages {
    const char *name;     /* of the request */
    const char *argument; /* its first; NULL: nil */
    void (*print_row)(const json_t *row);
    json_t *rows; /* gathered for one JSON document; NULL: printed as they come */
    uint8_t cursor[512];
    size_t cursor_len; /* 0: the first page */
};

static void ask_page(const struct pages *pages, struct ph_request *request)
{
    ph_request_begin(request, pages->name, 3);
    if (pages->argument != NULL)
        ph_request_text(request, pages->argument);
    else
        ph_pack_nil(&request->bytes);
    if (pages->cursor_len != 0)
        ph_buffer_put(&request->bytes, pages->cursor, pages->cursor_len);
    else
        ph_pack_nil(&request->bytes);
    ph_pack_uint(&request->bytes, PAGE_ROWS);
}

static void take_rows(struct pages *pages, json_t *rows)
{
    size_t index;
    json_t *row;
    if (pages->rows != NULL) {
        json_array_extend(pages->rows, rows);
        return;
    }
    json_array_foreach(rows, index, row)
    {
        pages->print_row(row);
    }
}

/* False: that was the last page. */
static bool take_cursor(struct pages *pages, const struct ph_session *session)
{
    struct ph_bytes next = ph_session_item(session, "next");
    struct ph_unpacker in = ph_unpack_scanned(next);
    if (next.len == 0 || next.len > sizeof pages->cursor || ph_unpack_nil(&in))
        return false;
    memcpy(pages->cursor, next.data, next.len);
    pages->cursor_len = next.len;
    return true;
}

static int read_pages(struct ph_session *session, struct pages *pages)
{
    struct ph_request request;
    int code = PH_EXIT_OK;
    bool is_more = true;
    while (code == PH_EXIT_OK && is_more) {
        json_t *answer = NULL;
        ask_page(pages, &request);
        code = ph_session_ask(session, &request, &answer);
        if (code == PH_EXIT_OK) {
            take_rows(pages, json_object_get(answer, "rows"));
            is_more = take_cursor(pages, session);
        }
        json_decref(answer);
    }
    return code;
}

static int run_pages(struct ph_cli *cli, struct pages *pages)
{
    struct ph_session *session;
    int code = ph_session_open(cli, &session);
    if (code != PH_EXIT_OK)
        return code;
    pages->rows = cli->json ? json_array() : NULL;
    code = read_pages(session, pages);
    if (code == PH_EXIT_OK && cli->json)
        code = ph_cli_json(json_pack("{s:O}", "rows", pages->rows));
    json_decref(pages->rows);
    return ph_session_close(session, code);
}

/* --- list --- */

static void print_list_row(const json_t *row)
{
    print_key(row, "id");
    fputs("  ", stdout);
    print_key(row, "title");
    fputs("  [", stdout);
    print_origin(row, "by");
    fputs("]\n", stdout);
}

int cmd_list(struct ph_cli *cli)
{
    struct pages pages = {.name = "list", .argument = cli->words[0], .print_row = print_list_row};
    return run_pages(cli, &pages);
}

/* --- log --- */

static void print_log_row(const json_t *row)
{
    size_t index;
    json_t *record;
    print_time(row);
    fputs("  ", stdout);
    print_key(row, name_key(row));
    printf("  %.8s/%" JSON_INTEGER_FORMAT " ",
           json_is_string(json_object_get(row, "writer"))
               ? json_string_value(json_object_get(row, "writer"))
               : "",
           json_integer_value(json_object_get(row, "seq")));
    json_array_foreach(json_object_get(row, "records"), index, record)
    {
        fputc(' ', stdout);
        ph_print_text(stdout, record, -1);
    }
    fputc('\n', stdout);
}

int cmd_log(struct ph_cli *cli)
{
    struct pages pages = {.name = "log",
                          .argument = cli->word_count > 0 ? cli->words[0] : NULL,
                          .print_row = print_log_row};
    return run_pages(cli, &pages);
}
