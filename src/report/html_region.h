/* SPDX-License-Identifier: MIT */
/* The evidence on one region as the page's data has it; private to src/report. */
#ifndef AUTOPERF_REPORT_HTML_REGION_H
#define AUTOPERF_REPORT_HTML_REGION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "detect/findings.h"
#include "report/exhibit.h"
#include "report/json_writer.h"

/* How much of a region is embedded, so that the page stays small. */
struct html_limits {
	size_t samples;  /* over time, both sides */
	size_t points;   /* in latent space, a side */
	size_t counters; /* that have histograms */
};

/* What of all regions a reader has to be told. */
struct html_remarks {
	size_t without_new;     /* regions that the new profile has no samples of */
	size_t without_unit;    /* regions that the model has nothing about */
	size_t without_history; /* of the others, those whose training is not known */
	size_t counters_left;   /* counters without a histogram, for their number */
	bool thinned;           /* shares are estimated from some of the samples */
	bool scaled;   /* roles were more than the time, and are scaled to it */
	bool of_model; /* normal points in latent space are examples of the model */
	bool original; /* the method has no latent space that could be shown */
};

/* Adds an item to the array at hand. What the source does not have is left out. */
int html_put_region(struct json_writer *json, const struct finding_region *region,
		    const struct exhibit_source *source,
		    const struct html_limits *limits, struct html_remarks *remarks,
		    struct error *error);

#endif
