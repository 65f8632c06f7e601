/* SPDX-License-Identifier: MIT */
/*
 * How honest p-values are: normal runs are learnt and others judged, again and again, and nothing
 * ever changes. P(p <= x) must not be above x, for an alarm by whatever is looked at, before the
 * effect floor. The runs are made up, of three kinds: all alike; scattered by some percent, each
 * in its own way; and mostly alike, with some far out. Fails where more comparisons than allowed
 * are at or below 1 % or 5 %. Profiles of normal runs are split at random instead; as one profile
 * is but one draw, they fail by their share of regressions alone.
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
#define ROWS          60
#define COUNTERS      3
#define REGIONS       2
#define WORKERS       2
#define EPOCHS        20 /* enough for such small tables */
#define SCATTER       0.05
#define FAR_OUT       0.3 /* and so many are: */
#define FAR_OUT_SHARE 0.1
#define SPLIT_RATE    0.01

enum kind { ALIKE, SCATTERED, SOME_FAR_OUT, KINDS };
static const char *const kind_names[KINDS] = {"alike", "scattered", "some far out"};

/* Shares that are looked at, and how much of them is allowed. */
static const struct {
	double p;
	double most;
} bounds[] = {{0.01, 0.015}, {0.05, 0.06}};
#define REGRESSIONS_MOST 0.02

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
			.rows = ROWS,
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
		split(profile, 1, i, path ? 0 : EPOCHS, &shared->p_values[i],
		      &shared->regressions[worker]);
		profile_close(profile);
	}
	scratch_close(&scratch);
}

/* Prints what came out; whether it is as it must be. */
static bool tell(const struct shared *shared, size_t comparisons, const char *name,
		 bool made_up)
{
	size_t regressions = 0;
	bool honest = true;

	for (size_t i = 0; i < WORKERS; i++)
		regressions += shared->regressions[i];
	printf("%-24s %6zu", name, comparisons);
	for (size_t b = 0; b < sizeof(bounds) / sizeof(*bounds); b++) {
		size_t below = 0;

		for (size_t i = 0; i < comparisons; i++)
			below += shared->p_values[i] <= bounds[b].p;
		honest &= !made_up ||
			  (double)below <= bounds[b].most * (double)comparisons;
		printf(" %10.4f", (double)below / (double)comparisons);
	}
	honest &= (double)regressions <= REGRESSIONS_MOST * (double)comparisons;
	printf(" %12.4f  %s\n", (double)regressions / (double)comparisons,
	       honest ? "holds" : "DOES NOT HOLD");
	fflush(stdout);
	return honest;
}

static bool compare(size_t comparisons, enum kind kind, const char *path)
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
	honest = tell(shared, comparisons, path ? name : kind_names[kind], !path);
	munmap(shared, bytes);
	return honest;
}

int main(int argc, char **argv)
{
	long comparisons = argc > 1 ? atol(argv[1]) : COMPARISONS;
	bool honest = true;

	if (comparisons < 1 || comparisons > 1000000) {
		fprintf(stderr, "usage: honesty [COMPARISONS [PROFILE...]]\n");
		return EXIT_FAILURE;
	}
	printf("%-24s %6s %10s %10s %12s\n", "normal runs", "times", "p <= 1 %",
	       "p <= 5 %", "regressions");
	fflush(stdout);
	for (int kind = 0; argc <= 2 && kind < KINDS; kind++)
		honest &= compare((size_t)comparisons, (enum kind)kind, NULL);
	for (int i = 2; i < argc; i++)
		honest &= compare((size_t)comparisons, ALIKE, argv[i]);
	return honest ? EXIT_SUCCESS : EXIT_FAILURE;
}
