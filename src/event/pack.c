/* SPDX-License-Identifier: MIT */
/*
 * Events into passes: first fit, by trial, and where that may have been bad luck once more with
 * the most constrained events first.
 *
 * Which events count together depends on counter constraints that no table tells for every
 * processor, so a pass is tried out as it will be used. Where counters are alike, which is
 * the common case, first fit needs the fewest passes. Where some events can use only some
 * of the counters, those placed first may take the others' only places: then events go
 * first that have the fewest counters to choose from, which is how many copies of an event run
 * together. Events that take no counter fill up what passes there are, or are kept apart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "event/plan.h"
#include "recording/format.h"

/* One event fewer than a sample can hold: room for what the runtime may add. */
#define PASS_MEMBERS_MAX (RECORDING_EVENTS_MAX - 1)
/* In the first try, a pass that turned away so many events is taken to be full. */
#define TURNED_AWAY_MAX 8
/* Bounds the second try, which costs about 0.15 ms a trial. */
#define TRIALS_MAX 4000

/* One try. */
struct packer {
	const struct event_plan *plan;
	const struct plan_packing *packing;
	struct event_pass *passes;
	size_t pass_count;
	size_t pass_capacity;
	size_t companion;    /* packing->companion, unless multiplexed */
	size_t *turned_away; /* per pass, of which there are at most as many as events */
	size_t turned_away_max;
	bool passed_over; /* a pass was taken to be full, and perhaps was not */
	size_t trials_left;
	size_t first_plentiful; /* pass from which on events that take no counter go */
};

static int no_memory(struct error *error)
{
	return error_no_memory(error, "planning the passes");
}

static void free_passes(struct packer *packer)
{
	for (size_t i = 0; i < packer->pass_count; i++)
		free(packer->passes[i].members);
	free(packer->passes);
	packer->passes = NULL;
	packer->pass_count = 0;
}

static int fits(struct packer *packer, const size_t *members, size_t count,
		struct error *error)
{
	if (packer->trials_left)
		packer->trials_left--;
	return packer->packing->fits(packer->plan, members, count,
				     packer->packing->context, error);
}

static bool is_scarce(const struct packer *packer, size_t event)
{
	return packer->packing->is_scarce(packer->plan, event,
					  packer->packing->context);
}

/* Adds an empty pass with room for all members. */
static struct event_pass *add_pass(struct packer *packer)
{
	struct event_pass *pass;

	if (array_reserve(&packer->passes, &packer->pass_capacity,
			  packer->pass_count + 1, sizeof(*packer->passes)))
		return NULL;
	pass = &packer->passes[packer->pass_count];
	*pass = (struct event_pass){
		.members = calloc(PASS_MEMBERS_MAX, sizeof(*pass->members)),
	};
	if (!pass->members)
		return NULL;
	packer->pass_count++;
	return pass;
}

/* A new pass for `event`, with the companion unless the two do not go together. */
static int open_pass(struct packer *packer, size_t event, enum event_pass_reason reason,
		     struct error *error)
{
	struct event_pass *pass = add_pass(packer);
	int code = 0;

	if (!pass)
		return no_memory(error);
	pass->reason = packer->pass_count == 1 ? EVENT_PASS_FIRST : reason;
	if (packer->companion != PLAN_NO_EVENT) {
		pass->members[0] = packer->companion;
		pass->members[1] = event;
		code = fits(packer, pass->members, 2, error);
		if (code < 0)
			return code;
	}
	if (code) {
		pass->count = 2;
	} else {
		pass->members[0] = event;
		pass->count = 1;
	}
	return 0;
}

/* Tries `event` in one pass: 1 placed, 0 not, negative failed. */
static int try_pass(struct packer *packer, size_t index, size_t event,
		    struct error *error)
{
	struct event_pass *pass = &packer->passes[index];
	int code;

	if (pass->count >= PASS_MEMBERS_MAX)
		return 0;
	if (packer->turned_away[index] >= packer->turned_away_max) {
		packer->passed_over = true;
		return 0;
	}
	pass->members[pass->count] = event;
	code = fits(packer, pass->members, pass->count + 1, error);
	if (code > 0)
		pass->count++;
	else
		packer->turned_away[index]++;
	return code;
}

static int place_scarce(struct packer *packer, size_t event, struct error *error)
{
	for (size_t i = 0; i < packer->pass_count; i++) {
		int code = try_pass(packer, i, event, error);

		if (code)
			return code < 0 ? code : 0;
	}
	return open_pass(packer, event, EVENT_PASS_NO_COUNTER_LEFT, error);
}

static int place_plentiful(struct packer *packer, size_t event, struct error *error)
{
	enum event_pass_reason reason = EVENT_PASS_SAMPLE_FULL;

	for (size_t i = packer->first_plentiful; i < packer->pass_count; i++) {
		struct event_pass *pass = &packer->passes[i];

		if (pass->count < PASS_MEMBERS_MAX) {
			pass->members[pass->count++] = event;
			return 0;
		}
	}
	if (packer->packing->apart && packer->pass_count == packer->first_plentiful)
		reason = EVENT_PASS_APART;
	return open_pass(packer, event, reason, error);
}

static int compare_indices(const void *a, const void *b)
{
	size_t left = *(const size_t *)a;
	size_t right = *(const size_t *)b;

	return (left > right) - (left < right);
}

/* The companion first, the others in the plan's order. */
static void sort_members(struct event_pass *pass, size_t companion)
{
	for (size_t i = 0; i < pass->count; i++) {
		if (pass->members[i] == companion) {
			pass->members[i] = pass->members[0];
			pass->members[0] = companion;
		}
	}
	size_t first = pass->count && pass->members[0] == companion;

	qsort(pass->members + first, pass->count - first, sizeof(*pass->members),
	      compare_indices);
}

/*
 * One try with the events in that order, of which the first `scarce` take counters. 0, or
 * negative; -EAGAIN, without a text, when it would take too many trials.
 */
static int pack_in_order(struct packer *packer, const size_t *order, size_t count,
			 size_t scarce, struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		int code;

		if (!packer->trials_left)
			return -EAGAIN;
		if (i == scarce)
			packer->first_plentiful =
				packer->packing->apart ? packer->pass_count : 0;
		code = i < scarce ? place_scarce(packer, order[i], error)
				  : place_plentiful(packer, order[i], error);
		if (code)
			return code;
	}
	return 0;
}

/* How many passes the scarce events need at least, by the fullest pass there is. */
static size_t fewest_passes(const struct packer *packer, size_t scarce, size_t *widest)
{
	*widest = 0;
	for (size_t i = 0; i < packer->pass_count; i++) {
		const struct event_pass *pass = &packer->passes[i];
		size_t counted = 0;

		for (size_t j = 0; j < pass->count; j++)
			counted += pass->members[j] != packer->companion &&
				   is_scarce(packer, pass->members[j]);
		if (counted > *widest)
			*widest = counted;
	}
	return *widest ? (scarce + *widest - 1) / *widest : 0;
}

struct constrained {
	size_t event;
	size_t copies; /* that run together */
};

static int compare_constrained(const void *a, const void *b)
{
	const struct constrained *left = a, *right = b;

	if (left->copies != right->copies)
		return left->copies < right->copies ? -1 : 1;
	return compare_indices(&left->event, &right->event);
}

/* Copies of the event that run together, at most `widest`; negative: failed. */
static int count_copies(struct packer *packer, size_t event, size_t widest,
			size_t *copies, struct error *error)
{
	size_t members[PASS_MEMBERS_MAX];

	members[0] = event;
	for (*copies = 1; *copies < widest && *copies < PASS_MEMBERS_MAX; ++*copies) {
		int code;

		if (!packer->trials_left)
			return -EAGAIN;
		members[*copies] = event;
		code = fits(packer, members, *copies + 1, error);
		if (code <= 0)
			return code;
	}
	return 0;
}

/* Puts the scarce events in the order of the second try; 1: that differs, 0: it does not. */
static int order_by_constraint(struct packer *packer, size_t *order, size_t scarce,
			       size_t widest, struct error *error)
{
	struct constrained *events = calloc(scarce + 1, sizeof(*events));
	int code = 0, differs = 0;

	if (!events)
		return no_memory(error);
	for (size_t i = 0; i < scarce && !code; i++) {
		events[i].event = order[i];
		code = count_copies(packer, order[i], widest, &events[i].copies, error);
	}
	if (!code) {
		qsort(events, scarce, sizeof(*events), compare_constrained);
		for (size_t i = 0; i < scarce; i++) {
			differs |= order[i] != events[i].event;
			order[i] = events[i].event;
		}
	}
	free(events);
	return code ? code : differs;
}

/* Replaces the passes of the first try if a second one needs fewer. */
static int pack_again(struct packer *first, size_t *order, size_t count, size_t scarce,
		      struct error *error)
{
	bool split = first->packing->apart && count > scarce;
	size_t passes = split ? first->first_plentiful : first->pass_count;
	struct packer second = *first;
	size_t widest;
	int code;

	if (!scarce || fewest_passes(first, scarce, &widest) >= passes)
		return 0;
	second.passes = NULL;
	second.pass_count = second.pass_capacity = second.first_plentiful = 0;
	second.trials_left = TRIALS_MAX;
	second.turned_away_max = SIZE_MAX;
	memset(second.turned_away, 0, (count + 1) * sizeof(*second.turned_away));
	code = order_by_constraint(&second, order, scarce, widest, error);
	if (code > 0 || (!code && first->passed_over))
		code = pack_in_order(&second, order, count, scarce, error);
	if (!code && second.pass_count && second.pass_count < first->pass_count) {
		struct packer worse = *first;

		first->passes = second.passes;
		first->pass_count = second.pass_count;
		second.passes = worse.passes;
		second.pass_count = worse.pass_count;
	}
	free_passes(&second);
	return code == -EAGAIN ? 0 : code;
}

/* The whole of each pass is opened once more: a limit on open files shows only here. */
static int check_passes(struct packer *packer, struct error *error)
{
	for (size_t i = 0; i < packer->pass_count; i++) {
		struct event_pass *pass = &packer->passes[i];
		int code;

		sort_members(pass, packer->packing->companion);
		code = pass->count ? fits(packer, pass->members, pass->count, error)
				   : 1;
		if (code < 0)
			return code;
	}
	return 0;
}

/* Makes the passes so far the groups of one pass, or of as few as hold them. */
static int join_groups(struct packer *packer, struct error *error)
{
	size_t kept = 0;

	for (size_t i = 0; i < packer->pass_count; i++) {
		struct event_pass group = packer->passes[i];
		struct event_pass *pass = kept ? &packer->passes[kept - 1] : NULL;

		if (!pass || pass->count + group.count > PASS_MEMBERS_MAX) {
			group.begins_group =
				calloc(PASS_MEMBERS_MAX, sizeof(*group.begins_group));
			if (!group.begins_group)
				return no_memory(error);
			group.begins_group[0] = true;
			group.reason = kept ? EVENT_PASS_SAMPLE_FULL : EVENT_PASS_FIRST;
			packer->passes[i].members = NULL;
			packer->passes[kept++] = group;
			continue;
		}
		pass->begins_group[pass->count] = true;
		memcpy(pass->members + pass->count, group.members,
		       group.count * sizeof(*group.members));
		pass->count += group.count;
		free(group.members);
		packer->passes[i].members = NULL;
	}
	packer->pass_count = kept;
	return 0;
}

/* The events in the order of the first try: what takes counters decides how many passes. */
static size_t first_order(const struct packer *packer, size_t *order, size_t *scarce)
{
	size_t leading = packer->packing->companion;
	size_t count = 0;

	/* Multiplexed, the companion is a member like others, but of the first group. */
	if (leading != packer->companion)
		order[count++] = leading;
	for (int wanted = 1; wanted >= 0; wanted--) {
		for (size_t event = 0; event < packer->plan->events.count; event++)
			if (event != leading && is_scarce(packer, event) == wanted)
				order[count++] = event;
		if (wanted)
			*scarce = count;
	}
	return count;
}

static int pack_all(struct packer *packer, size_t *order, struct error *error)
{
	size_t scarce = 0;
	size_t count = first_order(packer, order, &scarce);
	int code = pack_in_order(packer, order, count, scarce, error);

	if (!code)
		code = pack_again(packer, order, count, scarce, error);
	if (!code && !packer->pass_count) {
		struct event_pass *pass = add_pass(packer);

		if (!pass)
			return no_memory(error);
		if (packer->companion != PLAN_NO_EVENT)
			pass->members[pass->count++] = packer->companion;
	}
	if (!code)
		code = check_passes(packer, error);
	if (!code && packer->packing->multiplex)
		code = join_groups(packer, error);
	return code;
}

int plan_pack(struct event_plan *plan, const struct plan_packing *packing,
	      struct error *error)
{
	struct packer packer = {
		.plan = plan,
		.packing = packing,
		.companion = packing->multiplex ? PLAN_NO_EVENT : packing->companion,
		.turned_away_max = TURNED_AWAY_MAX,
		.trials_left = SIZE_MAX,
	};
	size_t *order = calloc(plan->events.count + 1, sizeof(*order));
	int code = -ENOMEM;

	packer.turned_away =
		calloc(plan->events.count + 1, sizeof(*packer.turned_away));
	if (order && packer.turned_away)
		code = pack_all(&packer, order, error);
	else
		no_memory(error);
	free(order);
	free(packer.turned_away);
	/* The plan owns them from now on, complete or not. */
	plan->passes = packer.passes;
	plan->pass_count = packer.pass_count;
	return code;
}
