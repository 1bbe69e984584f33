#include "tests/sim/sim_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX 700

void sim_trace_init(struct sim_trace *trace, bool is_printed)
{
    *trace = (struct sim_trace){.hash = UINT64_C(0xcbf29ce484222325), .is_printed = is_printed};
}

void sim_trace_deinit(struct sim_trace *trace)
{
    free(trace->text);
    *trace = (struct sim_trace){0};
}

void sim_trace_bytes(struct sim_trace *trace, struct ph_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        trace->hash = (trace->hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
}

static void append(struct sim_trace *trace, struct ph_bytes line)
{
    if (trace->len + line.len + 1 > trace->size) {
        trace->size = 2 * (trace->len + line.len + 1);
        trace->text = realloc(trace->text, trace->size);
        if (trace->text == NULL)
            abort();
    }
    memcpy(trace->text + trace->len, line.data, line.len);
    trace->len += line.len;
    trace->text[trace->len] = '\0';
}

void sim_trace_line(struct sim_trace *trace, uint64_t now_ms, uint32_t node, const char *format,
                    ...)
{
    char line[LINE_MAX];
    int len = snprintf(line, sizeof line, "[%6llu] %u ", (unsigned long long)now_ms, node);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + len, sizeof line - (size_t)len - 1, format, arguments);
    va_end(arguments);
    size_t end = strlen(line);
    line[end] = '\n';
    if (!trace->is_forgetful)
        append(trace, ph_bytes(line, end + 1));
    sim_trace_bytes(trace, ph_bytes(line, end + 1));
    if (trace->is_printed)
        fwrite(line, 1, end + 1, stderr);
}

void sim_trace_clear(struct sim_trace *trace)
{
    trace->len = 0;
    if (trace->text != NULL)
        trace->text[0] = '\0';
}
