/* Seeded texts for benchmarks: the same seed gives the same bytes on every machine.
 *
 * What schools write, in English and Arabic: sentences of a small grammar over stems that are
 * inflected, with names, places, dates and figures. Nobody may win by a tiny vocabulary: a test
 * holds the texts above 90 bytes of every 300 under the strongest zstd with a long window. */
#ifndef PHAROS_TOOLS_BENCH_TEXT_H
#define PHAROS_TOOLS_BENCH_TEXT_H

#include "pharos/bytes.h"

/* SplitMix64. Any seed will do. */
struct ph_chance {
    uint64_t state;
};

uint64_t ph_chance_next(struct ph_chance *chance);
uint32_t ph_chance_below(struct ph_chance *chance, uint32_t limit); /* limit > 0 */
/* A chance of its own for each number under one seed. */
struct ph_chance ph_chance_of(uint64_t seed, uint64_t number);

enum ph_bench_language { PH_BENCH_ENGLISH, PH_BENCH_ARABIC };

/* All append UTF-8 to `out`. Sentences: whole ones, at least `len` bytes and at most 300 more. */
void ph_bench_sentences(struct ph_chance *chance, enum ph_bench_language language, size_t len,
                        struct ph_buffer *out);
void ph_bench_heading(struct ph_chance *chance, enum ph_bench_language language,
                      struct ph_buffer *out);
void ph_bench_person(struct ph_chance *chance, enum ph_bench_language language,
                     struct ph_buffer *out);
void ph_bench_date(struct ph_chance *chance, struct ph_buffer *out); /* YYYY-MM-DD */

#endif
