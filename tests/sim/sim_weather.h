/* The faults of a plan, at drawn times: each kind has a stream of its own, so that leaving one out
 * moves no other. What has an end (a partition, a full disk, a machine that is down) ends at a
 * drawn time too, or when everything clears up. */
#ifndef PHAROS_TESTS_SIM_WEATHER_H
#define PHAROS_TESTS_SIM_WEATHER_H

#include "tests/sim/sim_oracle.h"

struct sim_weather;

/* Who must know that a disk was kept or replaced: the oracles do anyhow. */
typedef void sim_disk_moved(void *impl, uint32_t node, uint32_t from, bool is_saved);

/* Conditions that last begin at once. */
struct sim_weather *sim_weather_new(struct sim *sim, const struct sim_plan *plan,
                                    struct sim_oracle *oracle);
void sim_weather_tell(struct sim_weather *weather, sim_disk_moved *moved, void *impl);
void sim_weather_free(struct sim_weather *weather);

uint64_t sim_weather_next_ms(const struct sim_weather *weather);
void sim_weather_happen(struct sim_weather *weather); /* all that is due */
/* Every way is open that the plan knows, disks are free, machines run, nothing more comes. */
/* Again and again while it is calm: a machine may still have been stopping. */
void sim_weather_start_all(struct sim_weather *weather);
void sim_weather_clear_up(struct sim_weather *weather);

#endif
