#include "tools/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COLLECT_MS 2 /* between looks at a child that has closed its output and is about to end */

uint64_t ph_child_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipe(int ends[2])
{
    close_fd(&ends[0]);
    close_fd(&ends[1]);
}

/* --- starting --- */

static bool open_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        return true;
    close_pipe(ends);
    return false;
}

/* The read end of a pipe that holds the whole input already, or /dev/null. */
static int open_input(const char *input)
{
    int ends[2];
    if (input == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t len = strlen(input);
    assert(len <= PH_CHILD_INPUT_MAX);
    if (!open_pipe(ends))
        return -1;
    if (write(ends[1], input, len) != (ssize_t)len)
        close_fd(&ends[0]);
    close_fd(&ends[1]);
    return ends[0];
}

/* Between fork and exec: nothing but system calls, since other threads may have held any lock. */
static void become(const struct ph_child_spec *spec, char *const *arguments, const int fds[3],
                   pid_t parent)
{
    bool is_ready = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
    for (int i = 0; i < 3; i++)
        is_ready = dup2(fds[i], i) >= 0 && is_ready;
    if (is_ready)
        execv(spec->program, arguments);
    _exit(127);
}

/* execv wants its arguments writable and doesn't write. */
static char **copy_arguments(const char *const *arguments)
{
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    char **copy = calloc(count + 1, sizeof *copy);
    if (copy != NULL)
        memcpy(copy, arguments, count * sizeof *copy);
    return copy;
}

enum ph_status ph_child_start(const struct ph_child_spec *spec, struct ph_child *out)
{
    int out_ends[2] = {-1, -1}, err_ends[2] = {-1, -1};
    enum ph_status status = PH_IO;
    pid_t pid = -1, parent = getpid();
    int input = open_input(spec->input);
    char **arguments = copy_arguments(spec->arguments);
    *out = PH_CHILD_NONE;
    if (input < 0 || arguments == NULL || !open_pipe(out_ends) ||
        (spec->err < 0 && !open_pipe(err_ends)))
        goto out;
    int fds[3] = {input, out_ends[1], spec->err < 0 ? err_ends[1] : spec->err};
    pid = fork();
    if (pid == 0)
        become(spec, arguments, fds, parent);
    if (pid < 0)
        goto out;
    *out = (struct ph_child){.pid = pid, .out = out_ends[0], .err = err_ends[0]};
    out_ends[0] = err_ends[0] = -1;
    status = PH_OK;
out:
    close_pipe(out_ends);
    close_pipe(err_ends);
    close_fd(&input);
    free(arguments);
    return status;
}

/* --- reading --- */

static int left_ms(uint64_t deadline_ms)
{
    uint64_t now_ms = ph_child_now_ms();
    uint64_t left = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    return left < 60000 ? (int)left : 60000;
}

enum ph_status ph_child_line(struct ph_child *child, char *out, size_t size, uint64_t deadline_ms)
{
    size_t len = 0;
    char c = 0;
    while (c != '\n') {
        struct pollfd wanted = {.fd = child->out, .events = POLLIN};
        if (child->out < 0)
            return PH_NOT_FOUND;
        if (poll(&wanted, 1, left_ms(deadline_ms)) <= 0)
            return PH_WAITING;
        ssize_t got = read(child->out, &c, 1);
        if (got <= 0)
            close_fd(&child->out);
        else if (c != '\n' && len < size - 1)
            out[len++] = c;
    }
    out[len] = 0;
    return PH_OK;
}

static enum ph_status add_text(struct ph_child_text *text, const char *piece, size_t len)
{
    if (len > PH_CHILD_OUTPUT_MAX - text->len)
        return PH_LIMIT;
    char *grown = realloc(text->text, text->len + len + 1);
    if (grown == NULL)
        return PH_NO_MEMORY;
    memcpy(grown + text->len, piece, len);
    text->text = grown;
    text->len += len;
    grown[text->len] = 0;
    return PH_OK;
}

static enum ph_status read_some(int *fd, struct ph_child_text *text)
{
    char piece[4096];
    ssize_t got = read(*fd, piece, sizeof piece);
    if (got <= 0) {
        close_fd(fd);
        got = 0;
    }
    return text != NULL ? add_text(text, piece, (size_t)got) : PH_OK;
}

enum ph_status ph_child_gather(struct ph_child *child, struct ph_child_text *out,
                               struct ph_child_text *err, uint64_t deadline_ms)
{
    while (child->out >= 0 || child->err >= 0) {
        /* A closed one is -1, which poll leaves alone. */
        struct pollfd wanted[2] = {{.fd = child->out, .events = POLLIN},
                                   {.fd = child->err, .events = POLLIN}};
        if (poll(wanted, 2, left_ms(deadline_ms)) <= 0)
            return PH_WAITING;
        if (wanted[0].revents != 0)
            PH_TRY(read_some(&child->out, out));
        if (wanted[1].revents != 0)
            PH_TRY(read_some(&child->err, err));
    }
    return PH_OK;
}

void ph_child_text_free(struct ph_child_text *text)
{
    free(text->text);
    *text = (struct ph_child_text){0};
}

/* --- ending --- */

static int exit_code_of(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

int ph_child_wait(struct ph_child *child, uint64_t deadline_ms)
{
    int wait_status = 0;
    if (child->pid == 0)
        return PH_CHILD_STILL_RUNNING;
    while (ph_child_gather(child, NULL, NULL, deadline_ms) == PH_WAITING)
        if (ph_child_now_ms() >= deadline_ms)
            return PH_CHILD_STILL_RUNNING;
    while (waitpid(child->pid, &wait_status, WNOHANG) == 0) {
        if (ph_child_now_ms() >= deadline_ms)
            return PH_CHILD_STILL_RUNNING;
        poll(NULL, 0, COLLECT_MS);
    }
    *child = PH_CHILD_NONE;
    return exit_code_of(wait_status);
}

void ph_child_signal(const struct ph_child *child, int number)
{
    if (child->pid > 0)
        kill(child->pid, number);
}

int ph_child_stop(struct ph_child *child, uint64_t deadline_ms)
{
    int wait_status = 0;
    if (child->pid == 0)
        return PH_CHILD_STILL_RUNNING;
    ph_child_signal(child, SIGTERM);
    int code = ph_child_wait(child, deadline_ms);
    if (code != PH_CHILD_STILL_RUNNING)
        return code;
    ph_child_signal(child, SIGKILL);
    while (waitpid(child->pid, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    close_fd(&child->out);
    close_fd(&child->err);
    *child = PH_CHILD_NONE;
    return exit_code_of(wait_status);
}
