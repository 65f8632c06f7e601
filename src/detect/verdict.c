/* SPDX-License-Identifier: MIT */
/*
 * The verdict on one region: see verdict.h.
 *
 * Two things are asked, and both must be answered with yes: is it real (p-value, at most the
 * alarm rate after all corrections), and does it matter (the effect reaches the floor, and
 * the interval excludes "no effect")? Sure but tiny is normal.
 *
 * Time per execution and total time per run can disagree. More total time is a regression
 * whatever the cause. Longer executions are one too, also when there are fewer of them and
 * the total stays: in a program that runs for a fixed time that is lost throughput. Only
 * when the total sank as well has work been regrouped, which is a change.
 *
 * Of a run's time per execution, mean and median are looked at. The mean is what is paid; but on a busy
 * machine it may hang on the few executions that lost their CPU, which the median does not see. So
 * a median that is longer for sure counts too, as long as the means do not contradict.
 *
 * With too few runs no effect can reach the alarm rate. Then a region is called normal only if
 * the data say so: nothing suspicious, and a slowdown of the floor's size lies outside the
 * interval; else the answer is `cannot tell`.
 */
#include "detect/verdict.h"

#include <math.h>

/* A counter with a smaller share of the excess error does not make a change by itself. */
#define COUNTER_SHARE_MIN 0.05

struct effects {
	bool by_typical; /* only the median execution shows what is next */
	bool slower_execution;
	bool slower_total;
	bool faster_execution;
	bool faster_total;
	bool counters_moved;
	bool counters_worse;
	bool samples_strange;
};

static bool is_longer(const struct ratio_interval *time, double floor)
{
	return time->ratio >= 1 + floor && time->low > 1;
}

static bool is_shorter(const struct ratio_interval *time, double floor)
{
	return time->ratio <= 1 - floor && time->high < 1;
}

/*
 * The same of the median execution, where means say neither: what it gained is as much of the mean as
 * matters, and the means could have gained it. Where most executions are short and the others are
 * what is paid, as in a program that waits in some, the median may double and say nothing.
 */
static void look_at_typical(struct effects *effects, const struct judgement *judgement,
			    double floor)
{
	double added = judgement->typical_after_ns - judgement->typical_before_ns;
	double share = added / judgement->time_before_ns;

	if (effects->slower_execution || effects->faster_execution)
		return;
	effects->slower_execution = is_longer(&judgement->typical, floor) &&
				    share >= floor && judgement->time.high >= 1 + share;
	effects->faster_execution = is_shorter(&judgement->typical, floor) &&
				    share <= -floor && judgement->time.low <= 1 + share;
	effects->by_typical = effects->slower_execution || effects->faster_execution;
}

/*
 * Whether more of it costs time. Loads, stores and branches per instruction are what a program
 * is made of, not what it waits for.
 */
static bool is_cost(const struct finding_counter *counter)
{
	switch (counter->role) {
	case EVENT_ROLE_LOADS:
	case EVENT_ROLE_STORES:
	case EVENT_ROLE_BRANCHES:
		return false;
	default:
		return counter->kind != FEATURE_CPU_SHARE;
	}
}

static bool is_worse(const struct finding_counter *counter)
{
	if (counter->kind == FEATURE_RAW) /* neither direction is the bad one */
		return true;
	if (counter->kind == FEATURE_CPU_SHARE)
		return counter->factor < 1;
	return counter->factor > 1 && is_cost(counter);
}

static struct effects effects_of(const struct finding_region *region,
				 const struct judgement *judgement, double floor)
{
	struct effects effects = {
		.slower_execution = is_longer(&judgement->time, floor),
		.faster_execution = is_shorter(&judgement->time, floor),
		.samples_strange = region->anomalous_share_after -
					   region->anomalous_share_before >=
				   fmax(floor, 1e-9),
	};

	look_at_typical(&effects, judgement, floor);
	if (judgement->totals_tested) {
		effects.slower_total = is_longer(&judgement->total, floor);
		effects.faster_total = is_shorter(&judgement->total, floor);
	}
	for (size_t i = 0; i < region->counter_count; i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (!counter->moved || counter->error_share < COUNTER_SHARE_MIN)
			continue;
		effects.counters_moved = true;
		effects.counters_worse |= is_worse(counter);
	}
	return effects;
}

static enum verdict_why decided(struct finding_region *region, enum verdict verdict,
				enum verdict_why why)
{
	region->verdict = verdict;
	region->by_total = why == WHY_MORE_TOTAL || why == WHY_LESS_TOTAL;
	region->by_typical &=
		why == WHY_SLOWER_EXECUTION || why == WHY_FASTER_EXECUTION;
	return why;
}

/* Whether a slowdown of the floor's size is excluded by the interval alone. */
static bool shown_normal(const struct judgement *judgement, double floor)
{
	if (!judgement->time_measured)
		return true;
	if (!(judgement->time.high < 1 + floor))
		return false;
	return !judgement->totals_tested || judgement->total.high < 1 + floor;
}

/* Of more total time: whether longer executions explain at least half of it. */
static bool is_mostly_longer(const struct judgement *judgement,
			     const struct effects *effects)
{
	return effects->slower_execution &&
	       log(judgement->time.ratio) >= log(judgement->total.ratio) / 2;
}

static enum verdict_why ask_for_runs(struct finding_region *region,
				     const struct judge_reach *reach)
{
	region->runs_missing = reach->new_missing;
	region->training_runs_missing = reach->training_missing;
	return decided(region, VERDICT_CANNOT_TELL, WHY_TOO_FEW_RUNS);
}

/* Whether time asks for more runs than there are. */
static bool is_time_open(const struct judgement *judgement, bool looks_slower,
			 const struct verdict_terms *terms)
{
	if (judgement->reach.reached || !judgement->time_measured)
		return false;
	return looks_slower || !shown_normal(judgement, terms->effect_floor);
}

/* No test raised an alarm. */
static enum verdict_why decide_quiet(struct finding_region *region,
				     const struct judgement *judgement,
				     const struct effects *effects,
				     const struct verdict_terms *terms)
{
	bool looks_slower = effects->slower_execution || effects->slower_total;
	bool looks_strange = judgement->score_separated && effects->samples_strange;

	region->suspicious = looks_slower || looks_strange;
	if (is_time_open(judgement, looks_slower, terms) ||
	    (looks_strange && !judgement->reach.reached))
		return ask_for_runs(region, &judgement->reach);
	return decided(region, VERDICT_NORMAL, WHY_NOISE);
}

/*
 * Anomalous for sure, and on the face of it slower, but the interval reaches down to "no
 * change". `changed` would say that time did not move; as many runs again would narrow the
 * interval by a third.
 */
static enum verdict_why decide_uncertain(struct finding_region *region)
{
	region->suspicious = true;
	region->runs_missing = region->runs_after;
	return decided(region, VERDICT_CANNOT_TELL, WHY_EFFECT_UNCERTAIN);
}

/*
 * Another input, and nothing but more of the same: each instruction takes as long as before, and no
 * rate has moved but the number of instructions.
 */
static bool is_more_work(const struct finding_region *region,
			 const struct verdict_terms *terms)
{
	if (!terms->other_command || !isfinite(region->pace.ratio) ||
	    region->pace.ratio >= 1 + terms->effect_floor)
		return false;
	for (size_t i = 0; i < region->counter_count; i++)
		if (region->counters[i].moved &&
		    region->counters[i].role != EVENT_ROLE_INSTRUCTIONS &&
		    region->counters[i].error_share >= COUNTER_SHARE_MIN)
			return false;
	return region->work.ratio >= 1 + terms->effect_floor || region->calls_changed;
}

enum verdict_why verdict_decide(struct finding_region *region,
				const struct judgement *judgement,
				const struct verdict_terms *terms)
{
	bool alarm = region->p_value <= terms->alarm_rate;
	bool improved = region->p_improvement <= terms->alarm_rate;
	struct effects effects;
	bool strange;

	if (!judgement->judged) {
		region->runs_missing = 1;
		return decided(region, VERDICT_CANNOT_TELL, WHY_NO_RUNS);
	}
	effects = effects_of(region, judgement, terms->effect_floor);
	strange = alarm && judgement->p_strange <= terms->alarm_rate;
	region->suspicious = alarm;
	region->by_typical = effects.by_typical;

	if (alarm && is_more_work(region, terms)) {
		region->suspicious = false;
		return decided(region, VERDICT_NORMAL, WHY_MORE_WORK);
	}
	if (alarm && effects.slower_total)
		return decided(region, VERDICT_REGRESSION,
			       is_mostly_longer(judgement, &effects)
				       ? WHY_SLOWER_EXECUTION
				       : WHY_MORE_TOTAL);
	if (alarm && effects.slower_execution && !effects.faster_total)
		return decided(region, VERDICT_REGRESSION, WHY_SLOWER_EXECUTION);
	if ((alarm || improved) && effects.slower_execution && effects.faster_total)
		return decided(region, VERDICT_CHANGED, WHY_FEWER_BUT_LONGER);
	if ((alarm || improved) && effects.faster_execution && !effects.slower_total)
		return decided(region, VERDICT_IMPROVEMENT, WHY_FASTER_EXECUTION);
	if ((alarm || improved) && effects.faster_total)
		return decided(region, VERDICT_IMPROVEMENT, WHY_LESS_TOTAL);
	if (alarm && judgement->time.ratio >= 1 + terms->effect_floor)
		return decide_uncertain(region);
	if (strange && !judgement->time_measured && effects.counters_worse)
		return decided(region, VERDICT_REGRESSION, WHY_COUNTERS_WORSE);
	if (strange && effects.counters_moved)
		return decided(region, VERDICT_CHANGED, WHY_COUNTERS_MOVED);
	/* Where time moved a little for sure, that is what makes the samples strange. */
	if (strange && effects.samples_strange && !(judgement->time.low > 1) &&
	    !(judgement->time.high < 1))
		return decided(region, VERDICT_CHANGED, WHY_SAMPLES_STRANGE);
	if (alarm) {
		region->suspicious = false;
		return decided(region, VERDICT_NORMAL, WHY_TINY);
	}
	return decide_quiet(region, judgement, &effects, terms);
}

enum verdict_why verdict_vote(struct finding_region *region)
{
	size_t anomalous = 0;

	for (size_t i = 0; i < region->run_count; i++)
		anomalous += region->runs[i].anomalous;
	region->suspicious = anomalous > 0;
	region->p_value = region->p_improvement = NAN;
	if (!region->run_count) {
		region->runs_missing = 1;
		return decided(region, VERDICT_CANNOT_TELL, WHY_NO_RUNS);
	}
	return decided(region,
		       2 * anomalous > region->run_count ? VERDICT_REGRESSION
							 : VERDICT_NORMAL,
		       WHY_VOTE);
}
