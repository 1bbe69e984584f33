/* demo: a network of schools at work on this machine, each a real process with a real store. */
#include "tools/commands.h"
#include "tools/demo.h"
#include "tools/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHOOLS_DEFAULT 11
#define SCHOOLS_MIN 3
#define TIME_MS 60000 /* for all of it, and more for each school */
#define TIME_MS_PER_SCHOOL 10000
#define STOP_MS 5000

/* Handlers know nothing but what is global. */
static volatile sig_atomic_t is_stopped;

static void on_signal(int number)
{
    is_stopped = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* --- the folder --- */

static enum ph_status keep_in(struct ph_demo *demo, const char *folder)
{
    char here[PATH_MAX] = "";
    if (folder[0] != '/' && getcwd(here, sizeof here) == NULL)
        return PH_IO;
    int len = snprintf(demo->folder, sizeof demo->folder, "%s%s%s", here, here[0] != 0 ? "/" : "",
                       folder);
    if (len < 0 || (size_t)len >= sizeof demo->folder - 16)
        return PH_LIMIT;
    demo->is_kept = true;
    return mkdir(demo->folder, 0700) == 0 ? PH_OK : PH_IO;
}

static enum ph_status make_folder(struct ph_demo *demo, const char *kept)
{
    errno = 0;
    enum ph_status status =
        kept != NULL ? keep_in(demo, kept) : ph_tree_make(demo->folder, sizeof demo->folder - 16);
    if (status != PH_OK)
        ph_cli_refuse("A new folder for the schools can't be made%s%s: %s.",
                      kept != NULL ? " at " : "", kept != NULL ? kept : "", strerror(errno));
    return status;
}

static void name_schools(struct ph_demo *demo)
{
    for (size_t i = 0; i < demo->school_count; i++) {
        struct ph_demo_school *school = &demo->schools[i];
        school->bounds = &demo->bounds;
        school->name = ph_demo_names[i];
        school->serve = school->call.child = PH_CHILD_NONE;
        int len = snprintf(school->home, sizeof school->home, "%s/%02zu", demo->folder, i + 1);
        if (len > 0)
            snprintf(school->log, sizeof school->log, "%.*s.log", len, school->home);
    }
}

/* --- the whole --- */

static enum ph_status run_stages(struct ph_demo *demo)
{
    PH_TRY(ph_demo_found(demo));
    PH_TRY(ph_demo_join(demo));
    PH_TRY(ph_demo_write(demo));
    PH_TRY(ph_demo_part(demo));
    PH_TRY(ph_demo_crash(demo));
    return ph_demo_agree(demo);
}

static int report(const struct ph_cli *cli, struct ph_demo *demo)
{
    json_t *facts = ph_demo_facts(demo);
    int code = facts != NULL && ph_demo_holds(facts) ? PH_EXIT_OK : PH_EXIT_REFUSED;
    if (facts != NULL && cli->json) {
        int printed = ph_cli_json(json_incref(facts));
        code = code != PH_EXIT_OK ? code : printed;
    } else if (facts != NULL) {
        ph_demo_print(stdout, facts);
    }
    json_decref(facts);
    return code;
}

/* All at once, then each to its end: nobody is left, whatever happened. */
static bool stop_all(struct ph_demo *demo)
{
    bool is_orderly = true;
    for (size_t i = 0; i < demo->school_count; i++)
        ph_child_signal(&demo->schools[i].serve, SIGTERM);
    for (size_t i = 0; i < demo->school_count; i++) {
        int code = ph_child_wait(&demo->schools[i].serve, ph_child_now_ms() + STOP_MS);
        is_orderly = (code == PH_EXIT_OK || demo->schools[i].serve.pid == 0) && is_orderly;
        (void)ph_child_stop(&demo->schools[i].serve, ph_child_now_ms());
        ph_demo_drop(&demo->schools[i].call);
    }
    return is_orderly;
}

static void clean_up(struct ph_demo *demo)
{
    if (demo->is_kept)
        fprintf(demo->progress, "the schools are kept in %s\n", demo->folder);
    else if (ph_tree_remove(demo->folder) != PH_OK)
        ph_cli_refuse("The folder %s can't be removed: %s.", demo->folder, strerror(errno));
}

static int run(struct ph_cli *cli, struct ph_demo *demo)
{
    int code = PH_EXIT_REFUSED;
    if (make_folder(demo, ph_cli_option(cli, "--keep", 0)) != PH_OK)
        return PH_EXIT_FAILED;
    name_schools(demo);
    if (run_stages(demo) == PH_OK)
        code = report(cli, demo);
    if (!stop_all(demo) && code == PH_EXIT_OK)
        code = ph_cli_refuse("A node didn't end as it should.");
    clean_up(demo);
    return code;
}

int cmd_demo(struct ph_cli *cli)
{
    static const long range[2] = {SCHOOLS_MIN, PH_DEMO_SCHOOLS_MAX};
    long count;
    if (!ph_cli_number(cli, "--schools", SCHOOLS_DEFAULT, range, &count))
        return PH_EXIT_USAGE;
    struct ph_demo *demo = calloc(1, sizeof *demo);
    if (demo == NULL)
        return ph_cli_refuse("Memory is exhausted.");
    catch_signals();
    demo->start_ms = ph_child_now_ms();
    demo->bounds.is_stopped = &is_stopped;
    demo->bounds.deadline_ms = demo->start_ms + TIME_MS + TIME_MS_PER_SCHOOL * (uint64_t)count;
    demo->school_count = (size_t)count;
    demo->progress = cli->json ? stderr : stdout;
    demo->acknowledged = json_array();
    int code = run(cli, demo);
    json_decref(demo->acknowledged);
    free(demo);
    return code;
}
