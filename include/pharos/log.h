/* Log lines for whoever runs the node. Never record text, never a key or a code: ids are printed as
 * their first eight hex digits. Formatting happens only when the level is wanted. */
#ifndef PHAROS_LOG_H
#define PHAROS_LOG_H

#include <stdarg.h>
#include <stdio.h>

enum ph_log_level { PH_LOG_ERROR, PH_LOG_WARN, PH_LOG_INFO, PH_LOG_DEBUG };

/* Where lines go. `write` gets one finished line without a line feed, borrowed for the call. */
struct ph_log_sink {
    enum ph_log_level level;
    void (*write)(void *impl, enum ph_log_level level, const char *line);
    void *impl;
};

#define PH_LOG_LINE_MAX 512

__attribute__((format(printf, 3, 4))) static inline void
ph_log(const struct ph_log_sink *sink, enum ph_log_level level, const char *format, ...)
{
    if (sink == NULL || sink->write == NULL || level > sink->level)
        return;
    char line[PH_LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    sink->write(sink->impl, level, line);
}

#endif
