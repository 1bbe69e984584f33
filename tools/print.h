/* Answers for people and for programs: MessagePack -> JSON, and JSON -> plain text on a
 * terminal. */
#ifndef PHAROS_TOOLS_PRINT_H
#define PHAROS_TOOLS_PRINT_H

#include "pharos/bytes.h"
#include "pharos/status.h"

#include <jansson.h>
#include <stdio.h>

/* One scanned or unscanned MessagePack value as JSON; byte strings become hex text, map keys text.
 * NULL: no such value, or memory is exhausted. The caller owns it. */
json_t *ph_json_from_pack(struct ph_bytes bytes);

/* Text from records, made harmless: control characters, and those that turn the direction of what
 * follows, become U+FFFD, so that no record can steer a terminal or fake a line. A line feed
 * becomes one followed by `indent` spaces; where `indent` is negative, a space. */
void ph_print_text(FILE *out, const json_t *text, int indent);

/* "2026-11-23T20:10:00Z"; a number of ms where no calendar reaches. */
#define PH_TIME_SIZE 32
void ph_format_time(int64_t time_ms, char out[PH_TIME_SIZE]);

/* "safe at 4 of 11 schools; not yet at: A, B". Schools are texts, or maps with a name. Nothing if
 * the numbers are none. */
void ph_print_safe(FILE *out, const json_t *at, const json_t *of, const json_t *lacking);

/* Any JSON as indented lines, "name: value". */
void ph_print_tree(FILE *out, json_t *tree, int indent);

#endif
