#include "tests/disk/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/disk/files.h"

#define CHECK_S_MAX 30

int disk_guard(const char *said, enum disk_code (*check)(void *impl), void *impl)
{
    int result = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        disk_die("no child can be made");
    if (pid == 0) {
        if (freopen(said, "w", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
            _exit(DISK_BROKEN);
        setvbuf(stdout, NULL, _IOLBF, 0);
        alarm(CHECK_S_MAX);
        int code = (int)check(impl);
        fflush(stdout);
        _exit(code);
    }
    if (waitpid(pid, &result, 0) != pid)
        disk_die("a child is gone");
    int code = WIFSIGNALED(result) ? DISK_SIGNALLED + WTERMSIG(result) : WEXITSTATUS(result);
    if (code == DISK_BROKEN) {
        disk_guard_tell(said, code);
        disk_die("a check couldn't be made");
    }
    return code;
}

void disk_guard_tell(const char *said, int code)
{
    size_t len = 0;
    uint8_t *text = disk_read_file(said, &len);
    printf("%.*s", (int)len, text == NULL ? "" : (const char *)text);
    if (code > DISK_SIGNALLED)
        printf("%s\n", strsignal(code - DISK_SIGNALLED));
    free(text);
}
