/* AFL++ in persistent mode: one process, many inputs, handed over in memory. */
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define INPUTS_PER_PROCESS 100000

__AFL_FUZZ_INIT();

int main(void)
{
    __AFL_INIT();
    const uint8_t *shared = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(INPUTS_PER_PROCESS)) {
        struct ph_bytes input = fuzz_copy(ph_bytes(shared, (size_t)__AFL_FUZZ_TESTCASE_LEN));
        LLVMFuzzerTestOneInput(input.data, input.len);
        fuzz_free(input);
    }
    return 0;
}
