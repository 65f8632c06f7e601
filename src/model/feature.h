/* SPDX-License-Identifier: MIT */
/*
 * Features: what the network sees of a sample.
 *
 * Counters become rates - events per thousand instructions, or per microsecond of wall time
 * where the pass has no instruction counter - so that a larger input with the same behaviour
 * looks the same. Time becomes nanoseconds per thousand instructions, or per execution.
 *
 * A rate is log-scaled, log(1 + rate / resolution), where the resolution is what one event makes
 * in an execution of typical size: a few events are told apart, large rates are compared by
 * their ratio. Then it is centred and scaled by robust statistics of the training runs. A run is
 * never scaled by its own values: that would hide a uniform slowdown.
 */
#ifndef AUTOPERF_MODEL_FEATURE_H
#define AUTOPERF_MODEL_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "event/event.h"
#include "profile/profile.h"

struct kernels; /* kernel.h */

enum feature_kind {
	FEATURE_TIME_PER_EXECUTION,   /* wall ns per execution of the region */
	FEATURE_TIME_PER_KILOINST,    /* wall ns per 1000 instructions */
	FEATURE_RATE_PER_KILOINST,    /* events per 1000 instructions */
	FEATURE_RATE_PER_MICROSECOND, /* events per microsecond of wall time */
	FEATURE_COUNT_PER_EXECUTION,  /* events per execution (instructions) */
	FEATURE_CPU_SHARE,            /* time on a CPU / wall time */
	FEATURE_RAW, /* as imported: neither normalised nor log-scaled */
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
	int event;         /* index into the pass's events, -1: from time */
	double resolution; /* natural value of one event in a typical execution; > 0 */
};

/* x_scaled = (transform(x) - center) / scale */
struct scaler {
	double *center; /* [feature_count] */
	double *scale;  /* [feature_count] > 0 */
};

/* Scaled values are kept within this, so that nothing made of them overflows. */
#define FEATURE_LIMIT 1e6

/*
 * Chooses the features for a pass's events; *features is malloc'd. Fails when there is nothing
 * to look at: no event and no time.
 */
int feature_choose(const struct event_plan *plan, size_t pass, bool has_wall,
		   bool has_cpu, struct feature **features, size_t *count,
		   struct error *error);
/* Sets every feature's resolution from the executions in `table`. -ENOMEM. */
int feature_resolve(struct feature *features, size_t count,
		    const struct sample_table *table);
void feature_free(struct feature *features, size_t count);

/* Index of the pass's instruction counter among `features`' events, or -1. */
int feature_instructions(const struct feature *features, size_t count);

/*
 * Natural value of every feature of one row, before log and scaling; out[count]. Finite for
 * finite rows: no instructions or no time count as one thousandth of the unit. NaN only where
 * the row has no CPU time.
 */
void feature_natural(const struct feature *features, size_t count,
		     const struct sample_table *table, size_t row, double *out);
/* The same of `rows` rows (first, first + 1, ...) taken together, as one large execution. */
void feature_natural_sum(const struct feature *features, size_t count,
			 const struct sample_table *table, size_t first, size_t rows,
			 double *out);
/* log-scaled value of a natural one. */
double feature_transform(const struct feature *feature, double natural);

/*
 * Scaled values of up to KERNEL_BLOCK rows: row list[0], list[1], ... or, when list is NULL,
 * rows first, first + 1, ...; into block [feature][KERNEL_BLOCK]. A value that the row does not
 * have (CPU time) is 0, the middle.
 */
void feature_block(const struct feature *features, size_t count,
		   const struct scaler *scaler, const struct kernels *kernels,
		   const struct sample_table *table, const uint32_t *list, size_t first,
		   size_t rows, float *block);

/*
 * Centre and scale of each feature from the given rows of the table: mean and standard deviation
 * after values beyond the 0.5 % and 99.5 % quantiles are moved to them. The scale is at least
 * floor: a third of one event in a typical execution, or 1 % of the typical rate, whichever is
 * more, so that what never varied in training can be seen to vary, and is not infinite.
 * floors[count] receives that floor in units of the scale, in (0, 1].
 */
int scaler_fit(struct scaler *scaler, const struct feature *features, size_t count,
	       const struct sample_table *table, const uint32_t *rows, size_t row_count,
	       double *floors);
void scaler_free(struct scaler *scaler);

#endif
