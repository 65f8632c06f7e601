/* SPDX-License-Identifier: MIT */
/* Runs put together into rounds: see rounds.h. */
#include "detect/rounds.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/judge.h"

int rounds_add(struct rounds *rounds, uint32_t pass, const struct model_run *runs,
	       size_t count)
{
	if (array_reserve(&rounds->entries, &rounds->capacity, rounds->count + count,
			  sizeof(*rounds->entries)))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		double samples = (double)runs[i].samples;

		rounds->entries[rounds->count++] = (struct round_entry){
			.pass = pass,
			.ordinal = runs[i].ordinal,
			.samples = runs[i].samples,
			.anomalous = runs[i].anomalous_share * samples,
			.score = runs[i].score_mean * samples,
		};
	}
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct round_entry *x = a, *y = b;

	if (x->pass != y->pass)
		return x->pass < y->pass ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

int rounds_sum(struct rounds *rounds, struct model_run **summed, size_t *count)
{
	const struct round_entry *entries = rounds->entries;
	struct model_run *sums = calloc(rounds->count + 1, sizeof(*sums));
	size_t round = 0, used = 0;

	if (!sums)
		return -ENOMEM;
	if (rounds->count)
		qsort(rounds->entries, rounds->count, sizeof(*entries),
		      compare_entries);
	for (size_t i = 0; i < rounds->count; i++) {
		if (i && entries[i].pass != entries[i - 1].pass)
			round = 0;
		else if (i && entries[i].ordinal != entries[i - 1].ordinal)
			round++;
		used = round >= used ? round + 1 : used;
		/* Sums for now, shares and means below. */
		sums[round].ordinal = (uint32_t)round;
		sums[round].samples += entries[i].samples;
		sums[round].anomalous_share += entries[i].anomalous;
		sums[round].score_mean += entries[i].score;
	}
	for (size_t i = 0; i < used; i++) {
		double samples = fmax((double)sums[i].samples, 1);

		sums[i].anomalous_share /= samples;
		sums[i].score_mean /= samples;
	}
	*summed = sums;
	*count = used;
	return 0;
}

void rounds_free(struct rounds *rounds)
{
	free(rounds->entries);
	*rounds = (struct rounds){0};
}

static struct finding_round round_of(const struct model_run *run, bool anomalous)
{
	return (struct finding_round){
		.samples = run->samples,
		.anomalous_samples =
			(uint64_t)llround(run->anomalous_share * (double)run->samples),
		.score = run->score_mean,
		.anomalous = anomalous,
	};
}

int rounds_judge(struct findings *findings, struct rounds *before, struct rounds *after)
{
	struct model_run *normal = NULL, *new = NULL, *others = NULL;
	size_t normal_count = 0, new_count = 0;
	double *scratch = NULL;
	int code = -ENOMEM;

	if (rounds_sum(before, &normal, &normal_count) ||
	    rounds_sum(after, &new, &new_count))
		goto out;
	findings->rounds_before =
		calloc(normal_count + 1, sizeof(*findings->rounds_before));
	findings->rounds_after = calloc(new_count + 1, sizeof(*findings->rounds_after));
	others = calloc(normal_count + 1, sizeof(*others));
	scratch = calloc(normal_count + 1, sizeof(*scratch));
	if (!findings->rounds_before || !findings->rounds_after || !others || !scratch)
		goto out;
	for (size_t i = 0; i < new_count; i++)
		findings->rounds_after[findings->rounds_after_count++] =
			round_of(&new[i], judge_run_anomalous(normal, normal_count,
							      &new[i], scratch));
	for (size_t i = 0; i < normal_count; i++) {
		memcpy(others, normal, i * sizeof(*others));
		memcpy(others + i, normal + i + 1,
		       (normal_count - i - 1) * sizeof(*others));
		findings->rounds_before[findings->rounds_before_count++] = round_of(
			&normal[i], judge_run_anomalous(others, normal_count - 1,
							&normal[i], scratch));
	}
	code = 0;
out:
	free(scratch);
	free(others);
	free(new);
	free(normal);
	return code;
}
