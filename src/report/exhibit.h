/* SPDX-License-Identifier: MIT */
/*
 * The samples of one region as a page shows them: of each pass and side some, evenly chosen, with
 * their rates and, by the model, scores. Private to src/report.
 */
#ifndef AUTOPERF_REPORT_EXHIBIT_H
#define AUTOPERF_REPORT_EXHIBIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "profile/profile.h"

/*
 * Samples of a region and side that are kept; of more, shares are estimated. Passes share them, but
 * each has EXHIBIT_ROWS_LEAST.
 */
#define EXHIBIT_ROWS_MAX   ((size_t)8192)
#define EXHIBIT_ROWS_LEAST ((size_t)1024)

enum exhibit_side { EXHIBIT_NORMAL, EXHIBIT_NEW, EXHIBIT_SIDES };

/* Where samples come from: what there is of a model and two profiles. */
struct exhibit_source {
	const struct model *model; /* may be NULL, the caller's */
	struct {
		struct profile *profile; /* may be NULL, the caller's */
		struct event_plan plan;
		struct profile_region *regions;
		size_t region_count;
	} sides[EXHIBIT_SIDES];
	/* Passes are those of the model; without one, of the new profile, or of the normal one. */
	const struct event_plan *plan;
};

struct exhibit_samples {
	struct sample_table table; /* rows 0: there are none */
	float *scores;   /* [rows]; NULL on the normal side and without a model */
	double *natural; /* [rows][feature_count] */
	bool thinned;    /* there are more of them */
};

struct exhibit_pass {
	const struct model_unit
		*unit; /* NULL: the model has none, or there is no model */
	const struct feature *features; /* the unit's, or `own` */
	struct feature *own;
	size_t feature_count;
	struct exhibit_samples sides[EXHIBIT_SIDES];
};

struct exhibit {
	struct exhibit_pass *passes; /* [pass_count] of source->plan */
	size_t pass_count;
};

/* Reads what the profiles say about themselves. Free with exhibit_source_free(), also after a failure. */
int exhibit_source_open(struct exhibit_source *source, const struct model *model,
			struct profile *normal, struct profile *fresh,
			struct error *error);
void exhibit_source_free(struct exhibit_source *source);

/*
 * Loads a region, a pass and a side at a time: no more samples are in memory at once than when they
 * are judged. What a profile does not have has no rows. Free with exhibit_free(), also after a
 * failure.
 */
int exhibit_load(struct exhibit *exhibit, const struct exhibit_source *source,
		 const char *region, struct error *error);
void exhibit_free(struct exhibit *exhibit);

/* Whether there are samples of that side. */
bool exhibit_has(const struct exhibit *exhibit, enum exhibit_side side);

#endif
