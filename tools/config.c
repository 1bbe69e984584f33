#include "tools/config.h"

#include "node/address_uv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN 400

static enum ph_status check_address(const char *text, char why[PH_WHY_SIZE])
{
    struct ph_address address;
    if (ph_address_parse(text, &address) == PH_OK && address.port != 0)
        return PH_OK;
    snprintf(why, PH_WHY_SIZE, "\"%.250s\" is not an address of the form host:port.", text);
    return PH_REFUSED;
}

enum ph_status ph_config_add_address(struct ph_config *config, const char *text,
                                     char why[PH_WHY_SIZE])
{
    PH_TRY(check_address(text, why));
    if (config->address_count == PH_OWN_ADDRESSES_MAX) {
        snprintf(why, PH_WHY_SIZE, "More than %d own addresses are too many.",
                 PH_OWN_ADDRESSES_MAX);
        return PH_REFUSED;
    }
    snprintf(config->addresses[config->address_count++], sizeof *config->addresses, "%s", text);
    return PH_OK;
}

enum ph_status ph_config_add_peer(struct ph_config *config, const char *text, char why[PH_WHY_SIZE])
{
    PH_TRY(check_address(text, why));
    if (config->peer_count == PH_ADDRESSES_MAX) {
        snprintf(why, PH_WHY_SIZE, "More than %d peers are too many.", PH_ADDRESSES_MAX);
        return PH_REFUSED;
    }
    snprintf(config->peers[config->peer_count++], sizeof *config->peers, "%s", text);
    return PH_OK;
}

enum ph_status ph_config_set_listen(struct ph_config *config, const char *text,
                                    char why[PH_WHY_SIZE])
{
    struct ph_address address;
    if (ph_address_parse(text, &address) != PH_OK) {
        snprintf(why, PH_WHY_SIZE, "\"%.250s\" is not an address to listen on, such as %s.", text,
                 PH_LISTEN_DEFAULT);
        return PH_REFUSED;
    }
    snprintf(config->listen, sizeof config->listen, "%s", text);
    return PH_OK;
}

enum ph_status ph_config_set_beacon(struct ph_config *config, const char *port,
                                    char why[PH_WHY_SIZE])
{
    size_t digits = strspn(port, "0123456789");
    unsigned long number = strtoul(port, NULL, 10);
    bool is_port = digits > 0 && digits <= 5 && port[digits] == 0 && number >= 1 && number <= 65535;
    if (!is_port && strcmp(port, "off") != 0) {
        snprintf(why, PH_WHY_SIZE, "\"%.250s\" is no UDP port, 1 to 65535, and not \"off\".", port);
        return PH_REFUSED;
    }
    config->beacon_port = is_port ? (uint16_t)number : 0;
    return PH_OK;
}

enum ph_status ph_config_set_log(struct ph_config *config, const char *level, char why[PH_WHY_SIZE])
{
    static const char *const names[] = {[PH_LOG_ERROR] = "error",
                                        [PH_LOG_WARN] = "warn",
                                        [PH_LOG_INFO] = "info",
                                        [PH_LOG_DEBUG] = "debug"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(level, names[i]) == 0) {
            config->log_level = (enum ph_log_level)i;
            return PH_OK;
        }
    }
    snprintf(why, PH_WHY_SIZE, "\"%.250s\" is no log level: error, warn, info or debug.", level);
    return PH_REFUSED;
}

/* --- lines --- */

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL)
        text[--len] = 0;
    return text;
}

static enum ph_status take_setting(const char *key, const char *value, struct ph_config *out,
                                   char why[PH_WHY_SIZE])
{
    if (strcmp(key, "listen") == 0)
        return ph_config_set_listen(out, value, why);
    if (strcmp(key, "peer") == 0)
        return ph_config_add_peer(out, value, why);
    if (strcmp(key, "beacon") == 0)
        return ph_config_set_beacon(out, value, why);
    if (strcmp(key, "address") == 0)
        return ph_config_add_address(out, value, why);
    if (strcmp(key, "log") == 0)
        return ph_config_set_log(out, value, why);
    snprintf(why, PH_WHY_SIZE, "\"%.250s\" is no setting: listen, peer, beacon, address or log.",
             key);
    return PH_REFUSED;
}

/* A comment begins a line, or follows white space. */
static void cut_comment(char *line)
{
    for (char *c = line; *c != 0; c++) {
        if (*c == '#' && (c == line || c[-1] == ' ' || c[-1] == '\t')) {
            *c = 0;
            return;
        }
    }
}

static enum ph_status take_line(char *line, struct ph_config *out, char why[PH_WHY_SIZE])
{
    cut_comment(line);
    line = trim(line);
    if (line[0] == 0)
        return PH_OK;
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        snprintf(why, PH_WHY_SIZE, "A line has the form \"key = value\".");
        return PH_REFUSED;
    }
    *equals = 0;
    return take_setting(trim(line), trim(equals + 1), out, why);
}

static enum ph_status refuse_line(unsigned number, const char *reason, char why[PH_WHY_SIZE])
{
    char sentence[PH_WHY_SIZE];
    snprintf(sentence, sizeof sentence, "config, line %u: %.350s", number, reason);
    memcpy(why, sentence, PH_WHY_SIZE);
    return PH_REFUSED;
}

static enum ph_status parse_lines(struct ph_bytes text, struct ph_config *out,
                                  char why[PH_WHY_SIZE])
{
    char line[LINE_MAX_LEN + 1];
    char reason[PH_WHY_SIZE] = "";
    for (unsigned number = 1; text.len != 0; number++) {
        const uint8_t *feed = memchr(text.data, '\n', text.len);
        size_t len = feed != NULL ? (size_t)(feed - text.data) : text.len;
        if (len > LINE_MAX_LEN || memchr(text.data, 0, len) != NULL)
            return refuse_line(number, "This line is too long, or no text.", why);
        memcpy(line, text.data, len);
        line[len] = 0;
        if (take_line(line, out, reason) != PH_OK)
            return refuse_line(number, reason, why);
        size_t used = len + (feed != NULL);
        text = ph_bytes(text.data + used, text.len - used);
    }
    return PH_OK;
}

enum ph_status ph_config_parse(struct ph_bytes text, struct ph_config *out, char why[PH_WHY_SIZE])
{
    struct ph_config *found = calloc(1, sizeof *found);
    if (found == NULL) {
        snprintf(why, PH_WHY_SIZE, "Memory is exhausted.");
        return PH_NO_MEMORY;
    }
    found->log_level = PH_LOG_LEVEL_DEFAULT;
    found->beacon_port = PH_BEACON_PORT;
    enum ph_status status = parse_lines(text, found, why);
    if (status == PH_OK)
        *out = *found;
    free(found);
    return status;
}

enum ph_status ph_config_load(const struct ph_home *home, struct ph_config *out,
                              char why[PH_WHY_SIZE])
{
    size_t len = PH_CONFIG_SIZE_MAX;
    uint8_t *text = malloc(len);
    if (text == NULL) {
        snprintf(why, PH_WHY_SIZE, "Memory is exhausted.");
        return PH_NO_MEMORY;
    }
    enum ph_status status = ph_home_read(home, "config", text, &len, why);
    if (status == PH_NOT_FOUND || status == PH_OK)
        status = ph_config_parse(ph_bytes(text, status == PH_OK ? len : 0), out, why);
    free(text);
    return status;
}
