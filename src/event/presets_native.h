/* SPDX-License-Identifier: MIT */
/* PAPI's presets as the processor's own events. */
#ifndef AUTOPERF_EVENT_PRESETS_NATIVE_H
#define AUTOPERF_EVENT_PRESETS_NATIVE_H

#include <stddef.h>
#include <stdint.h>

struct native_preset {
	const char *preset; /* "PAPI_L2_DCM" */
	/*
	 * The vendor's name of the event that counts it; or, where PAPI computes it from
	 * several events, how ("A + B"): no single counter has it then.
	 */
	const char *event;
	uint64_t config; /* perf_event_attr.config, 0: computed from several */
	/* On the efficient cores of hybrid processors; 0 elsewhere. */
	uint64_t other_config;
};

/* What counts a preset on the processor of that key; NULL when its table has no such row. */
const struct native_preset *native_preset_find(const char *key, const char *preset);
/* By position in the processor's table, for listing and tests; NULL after the last. */
const struct native_preset *native_preset_at(const char *key, size_t index);

#endif
