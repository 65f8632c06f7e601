/* SPDX-License-Identifier: MIT */
/* See doubts.h. */
#include "detect/doubts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/statistics.h"
#include "base/text.h"
#include "detect/name.h"

/* Of training only mean and median are known: one execution that makes up the mean. */
#define STALL_RATIO 10.0

static double median_threads(const struct model_run *runs, size_t count,
			     double *scratch)
{
	for (size_t i = 0; i < count; i++)
		scratch[i] = (double)runs[i].threads;
	return statistics_median(scratch, count);
}

/* Other numbers of threads meet in other ways: to be borne in mind, no reason to refuse. */
static int warn_about_threads(struct findings *findings, const char *name,
			      const struct evidence *evidence)
{
	const struct model_unit *unit = evidence->unit;
	double *scratch =
		calloc(unit->run_count + evidence->run_count + 1, sizeof(*scratch));
	struct text quoted = {0};
	double before, after;
	int code = 0;

	if (!scratch)
		return -ENOMEM;
	before = median_threads(unit->runs, unit->run_count, scratch);
	after = median_threads(evidence->runs, evidence->run_count, scratch);
	free(scratch);
	if (!(before < after || before > after) || before < 1 || after < 1)
		return 0;
	name_quote(&quoted, name);
	code = quoted.failed
		       ? -ENOMEM
		       : findings_warn(findings,
				       "%s was executed by %.0f thread%s in training "
				       "and by %.0f now",
				       quoted.chars, before, before > 1 ? "s" : "",
				       after);
	text_free(&quoted);
	return code;
}

/*
 * A clock that was set while the program ran, in imported samples, looks like one endless
 * execution. So does a stall, which is a regression; who reads it can tell.
 */
static int warn_about_stalls(struct findings *findings, const char *name,
			     const struct evidence *evidence)
{
	const struct model_unit *unit = evidence->unit;
	struct text quoted = {0};
	size_t before = 0;
	int code = 0;

	for (size_t i = 0; i < unit->run_count; i++)
		before += unit->runs[i].wall_median_ns > 0 &&
			  unit->runs[i].wall_mean_ns >
				  STALL_RATIO * unit->runs[i].wall_median_ns;
	name_quote(&quoted, name);
	if (quoted.failed)
		code = -ENOMEM;
	if (!code && 2 * evidence->stalled > evidence->run_count)
		code = findings_warn(findings,
				     "in %zu of %zu new runs of %s one execution took "
				     "longer than all others together: a stall, or a "
				     "clock that was set",
				     evidence->stalled, evidence->run_count,
				     quoted.chars);
	if (!code && 2 * before > unit->run_count)
		code = findings_warn(findings,
				     "in %zu of %zu runs of the training few "
				     "executions of %s took most of the time: stalls, "
				     "or a clock that was set; slowdowns of the others "
				     "go unnoticed",
				     before, unit->run_count, quoted.chars);
	text_free(&quoted);
	return code;
}

int warn_about_runs(struct findings *findings, const char *name,
		    const struct evidence *evidence)
{
	int code = warn_about_threads(findings, name, evidence);

	return code ? code : warn_about_stalls(findings, name, evidence);
}
