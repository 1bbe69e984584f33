/* The one error type. A code exists because a caller reacts differently to it.
 *
 * Blame decides policy, in one place per layer (node/penalty.c for peers):
 *   NONE   expected: not an error of anybody
 *   PEER   whoever sent these bytes: close that connection, keep everything else
 *   USER   whoever gave this command: say it in a plain sentence
 *   LOCAL  this machine: stop cleanly; a restart must recover
 */
#ifndef PHAROS_STATUS_H
#define PHAROS_STATUS_H

#define PH_MUST_USE __attribute__((warn_unused_result))

#define PH_STATUS_LIST(X)                                                                          \
    X(PH_OK, NONE, "done")                                                                         \
    X(PH_NOT_FOUND, NONE, "not found")                                                             \
    X(PH_PARTIAL, NONE, "more bytes are needed")                                                   \
    X(PH_WAITING, NONE, "something that this names has not arrived yet")                           \
    X(PH_MALFORMED, PEER, "the bytes do not have the form that the specification asks for")        \
    X(PH_UNAUTHENTIC, PEER, "a signature, hash or seal does not fit")                              \
    X(PH_FORBIDDEN, PEER, "the sender has no right to this")                                       \
    X(PH_LIMIT, PEER, "a limit is exceeded")                                                       \
    X(PH_REFUSED, USER, "the command can't be carried out")                                        \
    X(PH_IO, LOCAL, "reading or writing failed")                                                   \
    X(PH_CORRUPT, LOCAL, "stored data is damaged")                                                 \
    X(PH_NO_SPACE, LOCAL, "the disk is full")                                                      \
    X(PH_MAP_FULL, LOCAL, "the database map must grow")                                            \
    X(PH_NO_MEMORY, LOCAL, "memory is exhausted")

enum ph_status {
#define PH_STATUS_VALUE(code, blame, text) code,
    PH_STATUS_LIST(PH_STATUS_VALUE)
#undef PH_STATUS_VALUE
};

enum ph_blame { PH_BLAME_NONE, PH_BLAME_PEER, PH_BLAME_USER, PH_BLAME_LOCAL };

/* A static English clause for logs, such as "the disk is full". */
static inline const char *ph_status_text(enum ph_status status)
{
    switch (status) {
#define PH_STATUS_TEXT(code, blame, text)                                                          \
    case code:                                                                                     \
        return text;
        PH_STATUS_LIST(PH_STATUS_TEXT)
#undef PH_STATUS_TEXT
    }
    return "unknown status";
}

static inline enum ph_blame ph_status_blame(enum ph_status status)
{
    switch (status) {
#define PH_STATUS_BLAME(code, blame, text)                                                         \
    case code:                                                                                     \
        return PH_BLAME_##blame;
        PH_STATUS_LIST(PH_STATUS_BLAME)
#undef PH_STATUS_BLAME
    }
    return PH_BLAME_LOCAL;
}

/* For functions that hold nothing: return the first failure. Functions that hold something have
 * one `out:` label instead; never both in one function. */
#define PH_TRY(expression)                                                                         \
    do {                                                                                           \
        enum ph_status try_status = (expression);                                                  \
        if (try_status != PH_OK)                                                                   \
            return try_status;                                                                     \
    } while (0)

#endif
