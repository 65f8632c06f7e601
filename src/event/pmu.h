/* SPDX-License-Identifier: MIT */
/* Events of PMU drivers: "cpu/event=0x3c,umask=0/", by the format files of sysfs. */
#ifndef AUTOPERF_EVENT_PMU_H
#define AUTOPERF_EVENT_PMU_H

#include <stdbool.h>

#include "event/event.h"

#define PMU_DEVICES "/sys/bus/event_source/devices"

/*
 * Encodes "PMU/TERM[=VALUE],.../", and "PMU/.../+PMU/.../", an event of the two PMUs of a
 * hybrid processor whose count is the sum of both; "cpu/.../" is that where there is no PMU
 * "cpu" but there are cpu_core and cpu_atom. `devices` is PMU_DEVICES or, in tests, a copy of it. Sets
 * all of *encoding but flags; *modifiers points behind the last slash. The text names the
 * PMUs or terms that there are; exit_status is EXIT_CANNOT_MEASURE for a PMU that this
 * machine has not, EXIT_USAGE otherwise.
 */
int pmu_resolve(const char *devices, const char *name, struct event_encoding *encoding,
		const char **modifiers, struct error *error);

/* Calls `visit` with "PMU/EVENT/" for each event that a driver names, sorted. */
typedef int (*pmu_visit)(const char *name, void *context);
int pmu_visit_events(const char *devices, pmu_visit visit, void *context);

/*
 * Hybrid processors: perf_event_attr.type of the performance cores' PMU (cpu_core) and of the
 * efficient cores' (cpu_atom). False unless both are there.
 */
bool pmu_hybrid_types(const char *devices, uint32_t *core, uint32_t *atom);

/* Whether a driver of the processor's own counters is there ("cpu", "armv8_...", ...). */
bool pmu_has_core(const char *devices);

#endif
