/* The control socket, through the environment that holds it. */
#include "tests/support/uv_world.h"

#include "node/control_path_uv.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int connect_control(const char *dir)
{
    struct sockaddr_un address;
    int dir_fd, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    CHECK_OK(ph_control_path(dir, &address, &dir_fd));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    if (dir_fd >= 0)
        close(dir_fd);
    return fd;
}

static void say(int fd, const char *bytes, size_t len)
{
    assert_int_equal(write(fd, bytes, len), len);
}

static void answer_in_two_pieces(struct ph_node *node, const struct ph_event *event)
{
    static const uint8_t ask[] = {0x91, 0xa3, 'a', 's', 'k'};
    if (event->type == PH_EVENT_COMMAND &&
        ph_bytes_equal(event->of.command.bytes, ph_bytes(ask, sizeof ask))) {
        node->env.ops->reply(node->env.impl, event->of.command.id, ph_bytes("\x01", 1), false);
        node->env.ops->reply(node->env.impl, event->of.command.id, ph_bytes("\x02", 1), true);
        node->env.ops->wake_at(node->env.impl, event->now_ms + 5);
    }
    node->wants_quit = node->wakes > 1;
}

static void check_two_pieces(const char *dir, struct world *world)
{
    char answer[16] = "";
    char why[200];
    CHECK_OK(ph_env_uv_control(world->env, dir, why));
    int fd = connect_control(dir);
    say(fd,
        "\0\0\0\5\x91\xa3"
        "ask",
        9);
    run(world);
    assert_int_equal(read(fd, answer, sizeof answer), 10);
    assert_memory_equal(answer, "\0\0\0\1\1\x80\0\0\1\2", 10);
    close(fd);
}

static void command_through_the_socket_is_answered_in_pieces(void **state)
{
    (void)state;
    static const struct script script = {answer_in_two_pieces};
    struct world *world = a_world(&script);
    check_two_pieces(world->dir, world);
    end_world(world);
}

static void socket_path_over_107_bytes_works_and_is_private(void **state)
{
    (void)state;
    static const struct script script = {answer_in_two_pieces};
    struct world *world = a_world(&script);
    char dir[300], file[320];
    struct stat info;
    snprintf(dir, sizeof dir, "%s/%0120d", world->dir, 7);
    snprintf(file, sizeof file, "%s/control", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    /* One that a killed process left behind is replaced. */
    FILE *stale = fopen(file, "w");
    CHECK(stale != NULL);
    fclose(stale);

    check_two_pieces(dir, world);
    assert_int_equal(stat(file, &info), 0);
    CHECK(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 0777, 0600);

    CHECK_OK(ph_env_uv_stop(world->env));
    assert_int_equal(stat(file, &info), -1);
    assert_int_equal(rmdir(dir), 0);
    end_world(world);
}

static void quit_when_gone(struct ph_node *node, const struct ph_event *event)
{
    node->wants_quit = event->type == PH_EVENT_COMMAND_GONE;
}

static void client_that_leaves_is_told_of(void **state)
{
    (void)state;
    static const struct script script = {quit_when_gone};
    struct world *world = a_world(&script);
    char why[200];
    CHECK_OK(ph_env_uv_control(world->env, world->dir, why));
    int fd = connect_control(world->dir);
    say(fd,
        "\0\0\0\5\x91\xa3"
        "ask",
        9);
    close(fd);
    run(world);
    assert_int_equal(world->node.gone, 1);
    end_world(world);
}

static void wake_soon(struct ph_node *node, const struct ph_event *event)
{
    if (event->type == PH_EVENT_COMMAND)
        node->env.ops->wake_at(node->env.impl, event->now_ms + 20);
    node->wants_quit = event->type == PH_EVENT_WAKE && node->wakes > 1;
}

static void request_without_the_form_is_answered_and_cut_off(void **state)
{
    (void)state;
    static const struct script script = {wake_soon};
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {{"\0\0\0\0", 4}, {"\xff\xff\xff\xff", 4}, {"\0\0\0\1\xc1", 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *world = a_world(&script);
        char answer[300], why[200];
        CHECK_OK(ph_env_uv_control(world->env, world->dir, why));
        int fd = connect_control(world->dir);
        say(fd, cases[i].bytes, cases[i].len);
        run(world);
        ssize_t len = read(fd, answer, sizeof answer);
        CHECK(len > 12);
        assert_memory_equal(answer + 4,
                            "\x81\xa5"
                            "error",
                            7);
        assert_int_equal(read(fd, answer, sizeof answer), 0);
        assert_int_equal(world->node.gone, 0);
        close(fd);
        end_world(world);
    }
}

CHECK_MAIN(cmocka_unit_test(command_through_the_socket_is_answered_in_pieces),
           cmocka_unit_test(socket_path_over_107_bytes_works_and_is_private),
           cmocka_unit_test(client_that_leaves_is_told_of),
           cmocka_unit_test(request_without_the_form_is_answered_and_cut_off))
