/* A request under way, and the words that its answer is written in. */
#ifndef PHAROS_NODE_REQUEST_H
#define PHAROS_NODE_REQUEST_H

#include "node/state.h"

struct ph_request {
    ph_command_id id;
    struct ph_bytes bytes; /* the whole request, borrowed */
    struct ph_unpacker args;
    struct ph_buffer answer;
    char error[256];       /* a plain sentence; the answer if not empty */
    enum ph_wait_for wait; /* NOTHING: answered at the end of the action */
    uint64_t deadline_ms;  /* of the wait */
    int address_index;     /* sync, doctor */
};

/* Refuse with a sentence: returns PH_REFUSED. */
__attribute__((format(printf, 2, 3))) enum ph_status ph_refuse(struct ph_request *request,
                                                               const char *format, ...);
/* Writing answers: a map's text key, and values under one. */
void ph_answer_key(struct ph_buffer *out, const char *key);
void ph_answer_text(struct ph_buffer *out, const char *key, const char *text);
void ph_answer_uint(struct ph_buffer *out, const char *key, uint64_t value);
void ph_answer_bool(struct ph_buffer *out, const char *key, bool value);
void ph_answer_hex(struct ph_buffer *out, const char *key, const void *id, size_t len);

#endif
