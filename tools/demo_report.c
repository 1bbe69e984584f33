#include "tools/cli.h"
#include "tools/demo.h"
#include "tools/print.h"

#include <string.h>

#define DEPTH_MAX 4 /* plan, priority, objective, action */

/* --- the merged plan --- */

static json_t *show(struct ph_demo *demo, const char *id)
{
    json_t *record = NULL;
    if (ph_demo_ask(&demo->schools[0], PH_DEMO_WORDS("show", id), &record) != PH_OK)
        return NULL;
    return record;
}

/* Who wants what; fields that hold several values on purpose don't count. */
static json_t *differences_of(const json_t *record)
{
    json_t *found = json_array(), *field, *value;
    size_t index, place;
    json_array_foreach(json_object_get(record, "fields"), index, field)
    {
        const char *type = json_string_value(json_object_get(field, "type"));
        json_t *values = json_object_get(field, "values");
        if (json_array_size(values) < 2 || type == NULL || strcmp(type, "set") == 0)
            continue;
        json_t *named = json_array();
        json_array_foreach(values, place, value)
        {
            json_array_append_new(named,
                                  json_pack("{s:O, s:O}", "value", json_object_get(value, "value"),
                                            "school", json_object_get(value, "name")));
        }
        json_array_append_new(found, json_pack("{s:O, s:o}", "field",
                                               json_object_get(field, "name"), "values", named));
    }
    return found;
}

static json_t *read_branch(struct ph_demo *demo, const json_t *row, int depth)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    json_t *record = id != NULL ? show(demo, id) : NULL;
    json_t *below = json_array(), *child;
    size_t index;
    json_array_foreach(json_object_get(record, "children"), index, child)
    {
        const char *kind = json_string_value(json_object_get(child, "kind"));
        if (depth < DEPTH_MAX && kind != NULL && strcmp(kind, "comment") != 0)
            json_array_append_new(below, read_branch(demo, child, depth + 1));
    }
    json_t *branch = json_pack("{s:O, s:O, s:O, s:O, s:o, s:o}", "id", json_object_get(row, "id"),
                               "kind", json_object_get(row, "kind"), "title",
                               json_object_get(row, "title"), "by", json_object_get(record, "by"),
                               "disagreements", differences_of(record), "below", below);
    json_decref(record);
    return branch;
}

static json_t *read_plan(struct ph_demo *demo)
{
    json_t *answer = NULL, *row, *plan = NULL;
    size_t index;
    if (ph_demo_ask(&demo->schools[0], PH_DEMO_WORDS("list", "plan"), &answer) != PH_OK)
        return NULL;
    json_array_foreach(json_object_get(answer, "rows"), index, row)
    {
        json_object_set_new(row, "kind", json_string("plan"));
        if (plan == NULL)
            plan = read_branch(demo, row, 1);
    }
    json_decref(answer);
    return plan;
}

/* --- what was said to be saved --- */

static bool has_row(json_t *rows, const json_t *id)
{
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        if (json_equal(json_object_get(row, "id"), id))
            return true;
    }
    return false;
}

static json_int_t count_lost(struct ph_demo *demo)
{
    json_t *answer = NULL, *id;
    json_int_t lost = 0;
    size_t index;
    if (ph_demo_ask(&demo->schools[0], PH_DEMO_WORDS("list", "comment"), &answer) != PH_OK)
        return (json_int_t)json_array_size(demo->acknowledged);
    json_array_foreach(demo->acknowledged, index, id)
    {
        lost += !has_row(json_object_get(answer, "rows"), id);
    }
    json_decref(answer);
    return lost;
}

/* --- everything --- */

static json_t *school_facts(const struct ph_demo_school *school)
{
    uint64_t bytes_out = school->bytes_out + school->earlier_bytes_out;
    uint64_t bytes_in = school->bytes_in + school->earlier_bytes_in;
    return json_pack("{s:s, s:I, s:s, s:I, s:I}", "name", school->name, "records",
                     (json_int_t)school->records, "root", school->root, "bytes_out",
                     (json_int_t)bytes_out, "bytes_in", (json_int_t)bytes_in);
}

json_t *ph_demo_facts(struct ph_demo *demo)
{
    json_t *schools = json_array();
    bool is_equal = true;
    for (size_t i = 0; i < demo->school_count; i++) {
        json_array_append_new(schools, school_facts(&demo->schools[i]));
        is_equal = is_equal && strcmp(demo->schools[i].root, demo->schools[0].root) == 0;
    }
    json_t *plan = read_plan(demo);
    if (plan == NULL) {
        json_decref(schools);
        ph_cli_refuse("The plan can't be read.");
        return NULL;
    }
    json_int_t lost = count_lost(demo);
    double ms = (double)(ph_child_now_ms() - demo->start_ms);
    return json_pack("{s:o, s:b, s:o, s:I, s:I, s:f}", "schools", schools, "roots_equal", is_equal,
                     "plan", plan, "acknowledged", (json_int_t)json_array_size(demo->acknowledged),
                     "lost", lost, "seconds", ms / 1000);
}

/* Every field with several values, of this branch and below. */
static size_t count_disagreements(const json_t *branch)
{
    size_t index, count = json_array_size(json_object_get(branch, "disagreements"));
    json_t *below;
    json_array_foreach(json_object_get(branch, "below"), index, below)
    {
        count += count_disagreements(below);
    }
    return count;
}

bool ph_demo_holds(const json_t *facts)
{
    size_t disagreements = count_disagreements(json_object_get(facts, "plan"));
    bool is_equal = json_is_true(json_object_get(facts, "roots_equal"));
    json_int_t lost = json_integer_value(json_object_get(facts, "lost"));
    if (!is_equal)
        ph_cli_refuse("The roots differ.");
    if (disagreements != 1)
        ph_cli_refuse("There are %zu disagreements where one was made.", disagreements);
    if (lost != 0)
        ph_cli_refuse("%d records are lost that were said to be saved.", (int)lost);
    return is_equal && disagreements == 1 && lost == 0;
}

/* --- as text --- */

static void print_key(FILE *out, const json_t *object, const char *key)
{
    ph_print_text(out, json_object_get(object, key), -1);
}

static void print_disagreements(FILE *out, const json_t *branch, int indent)
{
    size_t index, place;
    json_t *field, *value;
    json_array_foreach(json_object_get(branch, "disagreements"), index, field)
    {
        fprintf(out, "%*s! ", indent, "");
        print_key(out, field, "field");
        fputs(": the schools don't agree\n", out);
        json_array_foreach(json_object_get(field, "values"), place, value)
        {
            fprintf(out, "%*s  - ", indent, "");
            print_key(out, value, "value");
            fprintf(out, "\n%*s    says ", indent, "");
            print_key(out, value, "school");
            fputc('\n', out);
        }
    }
}

static void print_branch(FILE *out, const json_t *branch, int indent)
{
    size_t index;
    json_t *below;
    fprintf(out, "%*s%s: ", indent, "", json_string_value(json_object_get(branch, "kind")));
    print_key(out, branch, "title");
    if (indent <= 2) {
        fputs("  [", out);
        print_key(out, branch, "by");
        fputc(']', out);
    }
    fputc('\n', out);
    print_disagreements(out, branch, indent + 2);
    json_array_foreach(json_object_get(branch, "below"), index, below)
    {
        print_branch(out, below, indent + 2);
    }
}

/* The name comes last: what follows Arabic on a line is not where columns would have it. */
static void print_schools(FILE *out, const json_t *schools)
{
    size_t index;
    json_t *school;
    fprintf(out, "\nrecords  root          sent  received  school\n");
    json_array_foreach(schools, index, school)
    {
        const char *root = json_string_value(json_object_get(school, "root"));
        fprintf(out,
                "%7" JSON_INTEGER_FORMAT "  %.8s  %8" JSON_INTEGER_FORMAT "  %8" JSON_INTEGER_FORMAT
                "  ",
                json_integer_value(json_object_get(school, "records")), root,
                json_integer_value(json_object_get(school, "bytes_out")),
                json_integer_value(json_object_get(school, "bytes_in")));
        print_key(out, school, "name");
        fputc('\n', out);
    }
}

void ph_demo_print(FILE *out, const json_t *facts)
{
    const json_t *schools = json_object_get(facts, "schools");
    fputc('\n', out);
    print_branch(out, json_object_get(facts, "plan"), 0);
    print_schools(out, schools);
    fprintf(out,
            "\n%s; of %d remarks that the killed node had said are saved, %d are lost; %.1f s\n",
            json_is_true(json_object_get(facts, "roots_equal")) ? "All roots are equal"
                                                                : "The roots DIFFER",
            (int)json_integer_value(json_object_get(facts, "acknowledged")),
            (int)json_integer_value(json_object_get(facts, "lost")),
            json_real_value(json_object_get(facts, "seconds")));
}
