/* SPDX-License-Identifier: MIT */
/*
 * How honest p-values are: normal runs are learnt and others judged, again and again, and nothing
 * ever changes. P(p <= x) must not be above x, for an alarm by whatever is looked at, before the
 * effect floor. The runs are made up, of three kinds: all alike, with so many samples that even
 * two networks differ more than they do; scattered by some percent, each in its own way; and mostly
 * alike, with some far out. Fails where more comparisons than allowed are at or below 1 % or 5 %, over
 * all kinds, or in one of them more than chance explains; and where more than 2 % are regressions.
 * Given profiles of normal runs, it splits those at random instead.
 *
 * Usage: honesty [COMPARISONS [PROFILE...]]	of each kind, and of splits of each profile
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "detect/evaluate.h"
#include "support/mixture.h"
#include "support/scratch.h"

#define COMPARISONS   1000
#define TRAINING_RUNS 10
#define NEW_RUNS      5
#define COUNTERS      3
#define REGIONS       2
#define WORKERS       2
#define SCATTER       0.05
#define FAR_OUT       0.3 /* and so many are: */
#define FAR_OUT_SHARE 0.1
#define SPLIT_RATE    0.01

enum kind { ALIKE, SCATTERED, SOME_FAR_OUT, KINDS };
static const struct {
	const char *name;
	size_t rows; /* of a run and region */
	int epochs;  /* that are enough for so many */
} kinds[KINDS] = {{"alike", 1000, 2}, {"scattered", 60, 20}, {"some far out", 60, 20}};

/* Shares that are looked at, and how much of them is allowed. */
static const struct {
	double p;
	double most;
} bounds[] = {{0.01, 0.015}, {0.05, 0.06}};
#define BOUNDS           (sizeof(bounds) / sizeof(*bounds))
#define REGRESSIONS_MOST 0.02
#define CHANCE           3.0 /* standard deviations of a count that chance explains */

/* Comparisons at or below each of the bounds, of all kinds. */
struct tally {
	size_t comparisons;
	size_t below[BOUNDS];
};

static void require(int code, const struct error *error)
{
	if (!code)
		return;
	fprintf(stderr, "honesty: %s\n", error->text);
	exit(EXIT_FAILURE);
}

/* How much more a run has of something than the others. */
static double factor_of_run(enum kind kind, struct random *random)
{
	double spread = 0;

	if (kind == SCATTERED)
		spread = SCATTER;
	if (kind == SOME_FAR_OUT)
		spread = random_uniform(random) < FAR_OUT_SHARE ? FAR_OUT : SCATTER / 5;
	return exp(spread * random_normal(random));
}

static void add_run(struct profile *profile, enum kind kind, struct random *random)
{
	static const char *const names[REGIONS] = {"one", "other"};
	struct profile_run run = {.status = PROFILE_RUN_OK};
	struct error error;

	require(profile_begin_run(profile, &run, &error), &error);
	for (size_t region = 0; region < REGIONS; region++) {
		struct mixture mixture = {
			.runs = 1,
			.rows = kinds[kind].rows,
			.counters = COUNTERS,
			.seed = ((uint64_t)random_u32(random) << 32) +
				random_u32(random),
			.time_factor = factor_of_run(kind, random),
			.counter_factor = factor_of_run(kind, random),
		};
		struct sample_table table;

		mixture_table(&table, &mixture);
		require(profile_add_samples(profile, &run, names[region], &table,
					    &error),
			&error);
		mixture_table_free(&table);
	}
	require(profile_end_run(profile, &run, &error), &error);
}

static struct profile *make_profile(struct scratch *scratch, enum kind kind,
				    uint64_t seed)
{
	struct profile *profile;
	struct event_plan plan;
	struct random random;
	struct error error;

	random_seed(&random, seed, kind);
	mixture_plan(&plan, COUNTERS);
	require(profile_create(&profile, scratch_path(scratch, "made.apdb"), true,
			       &error),
		&error);
	require(profile_set_plan(profile, &plan, &error), &error);
	for (size_t i = 0; i < TRAINING_RUNS + NEW_RUNS; i++)
		add_run(profile, kind, &random);
	mixture_plan_free(&plan);
	return profile;
}

/* The smallest p-values of `count` splits, from `first` on; verdicts are added. */
static void split(struct profile *profile, size_t count, uint64_t seed, int epochs,
		  double *p_values, size_t *regressions)
{
	struct evaluate_splits_options options = {.splits = count,
						  .training_runs = TRAINING_RUNS,
						  .test_runs = NEW_RUNS,
						  .seed = seed};
	struct split_results results;
	struct error error;

	model_options_default(&options.model);
	detect_options_default(&options.detect);
	options.detect.alarm_rate = SPLIT_RATE;
	options.model.threads = options.detect.threads = 1;
	options.model.epochs = epochs;
	require(evaluate_splits(&results, profile, &options, &error), &error);
	memcpy(p_values, results.p_values, count * sizeof(*p_values));
	*regressions += results.verdicts[VERDICT_REGRESSION];
	split_results_free(&results);
}

/* What all workers write to, each its part. */
struct shared {
	size_t regressions[WORKERS];
	double p_values[];
};

/* Comparisons worker, worker + WORKERS, ... of a kind, or of splits of a profile. */
static void work(struct shared *shared, size_t worker, size_t comparisons,
		 enum kind kind, const char *path)
{
	struct scratch scratch;
	struct error error;

	scratch_open(&scratch);
	for (size_t i = worker; i < comparisons; i += WORKERS) {
		struct profile *profile;

		if (path)
			require(profile_open(&profile, path, PROFILE_READ, &error),
				&error);
		else
			profile = make_profile(&scratch, kind, i);
		split(profile, 1, i, path ? 0 : kinds[kind].epochs,
		      &shared->p_values[i], &shared->regressions[worker]);
		profile_close(profile);
	}
	scratch_close(&scratch);
}

/* Whether chance alone may have put so many at or below p. */
static bool may_be_chance(size_t below, size_t comparisons, double p)
{
	double expected = p * (double)comparisons;

	return (double)below <= expected + CHANCE * sqrt(expected * (1 - p));
}

/* Prints what came out, and adds it to the tally; whether it is as it must be. */
static bool tell(const struct shared *shared, size_t comparisons, const char *name,
		 struct tally *tally)
{
	size_t regressions = 0;
	bool honest;

	for (size_t i = 0; i < WORKERS; i++)
		regressions += shared->regressions[i];
	honest = (double)regressions <= REGRESSIONS_MOST * (double)comparisons;
	tally->comparisons += comparisons;
	printf("%-24s %6zu", name, comparisons);
	for (size_t b = 0; b < BOUNDS; b++) {
		size_t below = 0;

		for (size_t i = 0; i < comparisons; i++)
			below += shared->p_values[i] <= bounds[b].p;
		tally->below[b] += below;
		honest &= may_be_chance(below, comparisons, bounds[b].p);
		printf(" %10.4f", (double)below / (double)comparisons);
	}
	printf(" %12.4f  %s\n", (double)regressions / (double)comparisons,
	       honest ? "holds" : "DOES NOT HOLD");
	fflush(stdout);
	return honest;
}

/* The same of all kinds together. */
static bool tell_all(const struct tally *tally)
{
	bool honest = true;

	printf("%-24s %6zu", "all", tally->comparisons);
	for (size_t b = 0; b < BOUNDS; b++) {
		double share = (double)tally->below[b] / (double)tally->comparisons;

		honest &= share <= bounds[b].most;
		printf(" %10.4f", share);
	}
	printf(" %12s  %s\n", "", honest ? "holds" : "DOES NOT HOLD");
	return honest;
}

static bool compare(size_t comparisons, enum kind kind, const char *path,
		    struct tally *tally)
{
	size_t bytes = sizeof(struct shared) + comparisons * sizeof(double);
	struct shared *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *name = path && strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	bool honest = shared != MAP_FAILED;

	for (size_t worker = 0; honest && worker < WORKERS; worker++) {
		pid_t child = fork();

		if (child < 0)
			honest = false;
		if (child)
			continue;
		work(shared, worker, comparisons, kind, path);
		_exit(EXIT_SUCCESS);
	}
	for (int status; wait(&status) > 0;)
		honest &= WIFEXITED(status) && !WEXITSTATUS(status);
	if (!honest) {
		fprintf(stderr, "honesty: the comparisons could not be made\n");
		return false;
	}
	honest = tell(shared, comparisons, path ? name : kinds[kind].name, tally);
	munmap(shared, bytes);
	return honest;
}

int main(int argc, char **argv)
{
	long comparisons = argc > 1 ? atol(argv[1]) : COMPARISONS;
	struct tally tally = {0};
	bool honest = true;

	if (comparisons < 1 || comparisons > 1000000) {
		fprintf(stderr, "usage: honesty [COMPARISONS [PROFILE...]]\n");
		return EXIT_FAILURE;
	}
	printf("%-24s %6s %10s %10s %12s\n", "normal runs", "times", "p <= 1 %",
	       "p <= 5 %", "regressions");
	fflush(stdout);
	for (int kind = 0; argc <= 2 && kind < KINDS; kind++)
		honest &= compare((size_t)comparisons, (enum kind)kind, NULL, &tally);
	for (int i = 2; i < argc; i++)
		honest &= compare((size_t)comparisons, ALIKE, argv[i], &tally);
	honest &= tell_all(&tally);
	return honest ? EXIT_SUCCESS : EXIT_FAILURE;
}
