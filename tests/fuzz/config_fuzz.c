/* The file `config` of a home, written by people. */
#include "tests/fuzz/fuzz.h"
#include "tools/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ph_config config;
    char why[PH_WHY_SIZE] = "";
    config = (struct ph_config){.peer_count = 77};
    if (size > PH_CONFIG_SIZE_MAX)
        return 0;
    enum ph_status status = ph_config_parse(ph_bytes(data, size), &config, why);
    FUZZ_CHECK(status == PH_OK || status == PH_REFUSED);
    if (status != PH_OK) {
        FUZZ_CHECK(why[0] != '\0' && config.peer_count == 77);
        return 0;
    }
    FUZZ_CHECK(config.peer_count <= PH_ADDRESSES_MAX && config.log_level <= PH_LOG_DEBUG);
    for (size_t i = 0; i < config.peer_count; i++)
        FUZZ_CHECK(strnlen(config.peers[i], sizeof config.peers[i]) <= PH_ADDRESS_LEN_MAX);
    return 0;
}
