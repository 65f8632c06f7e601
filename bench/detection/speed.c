/* SPDX-License-Identifier: MIT */
/*
 * How long learning and judging take: a made-up profile of 10 runs of 50,000 samples each, with 40
 * counters, over 20 regions; all of it is learnt, all of it is judged, by all processors that
 * this process may use. Making the profile does not count. Fails above the bound.
 *
 * Usage: speed [SAMPLES-OF-A-RUN-AND-REGION]	default 2500, which is 50,000 over 20 regions
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "detect/findings.h"
#include "support/mixture.h"
#include "support/scratch.h"

#define RUNS      10
#define COUNTERS  40
#define REGIONS   20
#define SAMPLES   50000 /* of a run */
#define BOUND_S   20.0  /* wall time on two processors */
#define ROWS_MAX  1000000
#define NANO      1e-9
#define FIRST_ROW 1

static double clock_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + NANO * (double)now.tv_nsec;
}

static void require(int code, const struct error *error)
{
	if (!code)
		return;
	fprintf(stderr, "speed: %s\n", error->text);
	exit(EXIT_FAILURE);
}

static struct profile *make_profile(struct scratch *scratch, size_t rows)
{
	struct profile *profile;
	struct event_plan plan;
	struct error error;
	uint64_t seed = 0;

	/* Two of the events are instructions and page faults. */
	mixture_plan(&plan, COUNTERS - 2);
	require(profile_create(&profile, scratch_path(scratch, "made.apdb"), true,
			       &error),
		&error);
	require(profile_set_plan(profile, &plan, &error), &error);
	for (size_t i = 0; i < RUNS; i++) {
		struct profile_run run = {.status = PROFILE_RUN_OK};

		require(profile_begin_run(profile, &run, &error), &error);
		for (size_t region = 0; region < REGIONS; region++) {
			struct mixture mixture = {.runs = 1,
						  .rows = rows,
						  .counters = COUNTERS - 2,
						  .seed = ++seed};
			struct sample_table table;
			char name[32];

			snprintf(name, sizeof(name), "region-%zu", region);
			mixture_table(&table, &mixture);
			require(profile_add_samples(profile, &run, name, &table,
						    &error),
				&error);
			mixture_table_free(&table);
		}
		require(profile_end_run(profile, &run, &error), &error);
	}
	mixture_plan_free(&plan);
	return profile;
}

/* Wall and CPU time of a step, added to *sum. */
static void tell(const char *what, double wall, double cpu, double *sum)
{
	wall = clock_s(CLOCK_MONOTONIC) - wall;
	cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	*sum += wall;
	printf("%-10s %8.2f s wall %8.2f s CPU\n", what, wall, cpu);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	long rows = argc > 1 ? atol(argv[1]) : SAMPLES / REGIONS;
	struct model_options model_options;
	struct detect_options detect_options;
	struct findings *findings;
	struct profile *profile;
	struct scratch scratch;
	struct model *model;
	struct error error;
	double wall, cpu, sum = 0;

	if (rows < FIRST_ROW || rows > ROWS_MAX) {
		fprintf(stderr, "usage: speed [SAMPLES-OF-A-RUN-AND-REGION]\n");
		return EXIT_FAILURE;
	}
	scratch_open(&scratch);
	profile = make_profile(&scratch, (size_t)rows);
	printf("%d runs x %d regions x %ld samples x %d counters\n", RUNS, REGIONS,
	       rows, COUNTERS);
	fflush(stdout);
	model_options_default(&model_options);
	detect_options_default(&detect_options);
	wall = clock_s(CLOCK_MONOTONIC);
	cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
	require(model_train(&model, profile, &model_options, &error), &error);
	tell("training", wall, cpu, &sum);
	wall = clock_s(CLOCK_MONOTONIC);
	cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
	require(detect(&findings, model, profile, &detect_options, &error), &error);
	tell("detection", wall, cpu, &sum);
	printf("%-10s %8.2f s wall; at most %.0f s are asked for\n", "both", sum,
	       BOUND_S);
	findings_free(findings);
	model_free(model);
	profile_close(profile);
	scratch_close(&scratch);
	return sum <= BOUND_S ? EXIT_SUCCESS : EXIT_FAILURE;
}
