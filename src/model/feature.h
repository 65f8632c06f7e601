/* SPDX-License-Identifier: MIT */
/*
 * Features: what the network sees of a sample.
 *
 * Counters become rates - events per thousand instructions, or per microsecond of wall time
 * where the pass has no instruction counter - so that a larger input with the same behaviour
 * looks the same. Time becomes nanoseconds per thousand instructions, or per execution. Rates
 * are log-scaled, log(1 + rate/unit), then centred and scaled by robust statistics of the
 * training runs. A run is never scaled by its own values: that would hide a uniform slowdown.
 */
#ifndef AUTOPERF_MODEL_FEATURE_H
#define AUTOPERF_MODEL_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "event/event.h"
#include "profile/profile.h"

enum feature_kind {
	FEATURE_TIME_PER_EXECUTION,  /* wall ns per execution of the region */
	FEATURE_TIME_PER_KILOINST,   /* wall ns per 1000 instructions */
	FEATURE_RATE_PER_KILOINST,   /* events per 1000 instructions */
	FEATURE_RATE_PER_MICROSECOND,/* events per microsecond of wall time */
	FEATURE_COUNT_PER_EXECUTION, /* events per execution (instructions) */
	FEATURE_CPU_SHARE,	     /* time on a CPU / wall time */
	FEATURE_RAW,		     /* as imported: neither normalised nor log-scaled */
};
const char *feature_kind_name(enum feature_kind kind);
int feature_kind_parse(const char *name, enum feature_kind *kind);
/* "per 1000 instructions", "per us", "per execution": what follows the number. */
const char *feature_kind_per(enum feature_kind kind);

struct feature {
	char *name; /* event name, or "wall_ns", "cpu_share"; owned */
	enum feature_kind kind;
	enum event_role role;
	enum event_unit unit;
	int event; /* index into the pass's events, -1: from time */
};

/* x_scaled = (transform(x) - center) / scale; constant features get scale 1. */
struct scaler {
	double *center; /* [feature_count] */
	double *scale;	/* [feature_count] > 0 */
};

/* Chooses the features for a pass's events; *features is malloc'd. */
int feature_choose(const struct event_plan *plan, size_t pass, bool has_wall,
		   bool has_cpu, struct feature **features, size_t *count,
		   struct error *error);
void feature_free(struct feature *features, size_t count);

/* Natural value of every feature of one row, before log and scaling. out[count]. */
void feature_natural(const struct feature *features, size_t count,
		     const struct sample_table *table, size_t row, double *out);
/* log-scaled value of a natural one. */
double feature_transform(const struct feature *feature, double natural);

#endif
