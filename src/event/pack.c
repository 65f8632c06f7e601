/* SPDX-License-Identifier: MIT */
/*
 * Events into passes: first fit, by trial.
 *
 * Which events count together depends on counter constraints that no table tells for every
 * processor, so a pass is tried out as it will be used. Where counters are alike, which is
 * the common case, first fit needs the fewest passes. Events that take no counter fill up
 * what passes there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "event/plan.h"
#include "recording/format.h"

/* One event fewer than a sample can hold: room for what the runtime may add. */
#define PASS_MEMBERS_MAX (RECORDING_EVENTS_MAX - 1)
/* A pass that turned away so many events is taken to be full: bounds the trials. */
#define TURNED_AWAY_MAX 8

struct packer {
	struct event_plan *plan;
	const struct plan_packing *packing;
	size_t pass_capacity;
	unsigned *
		turned_away; /* per pass, of which there are at most as many as events */
};

static int no_memory(struct error *error)
{
	return error_no_memory(error, "planning the passes");
}

static int fits(const struct packer *packer, const size_t *members, size_t count,
		struct error *error)
{
	return packer->packing->fits(packer->plan, members, count,
				     packer->packing->context, error);
}

/* Adds an empty pass with room for all members. */
static struct event_pass *add_pass(struct packer *packer)
{
	struct event_plan *plan = packer->plan;
	struct event_pass *pass;

	if (array_reserve(&plan->passes, &packer->pass_capacity, plan->pass_count + 1,
			  sizeof(*plan->passes)))
		return NULL;
	pass = &plan->passes[plan->pass_count];
	pass->count = 0;
	pass->members = calloc(PASS_MEMBERS_MAX, sizeof(*pass->members));
	if (!pass->members)
		return NULL;
	plan->pass_count++;
	return pass;
}

/* A new pass for `event`, with the companion unless the two do not go together. */
static int open_pass(struct packer *packer, size_t event, struct error *error)
{
	struct event_pass *pass = add_pass(packer);
	size_t companion = packer->packing->companion;
	int code = 0;

	if (!pass)
		return no_memory(error);
	if (companion != PLAN_NO_EVENT) {
		pass->members[0] = companion;
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
	struct event_pass *pass = &packer->plan->passes[index];
	int code;

	if (pass->count >= PASS_MEMBERS_MAX ||
	    packer->turned_away[index] >= TURNED_AWAY_MAX)
		return 0;
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
	for (size_t i = 0; i < packer->plan->pass_count; i++) {
		int code = try_pass(packer, i, event, error);

		if (code)
			return code < 0 ? code : 0;
	}
	return open_pass(packer, event, error);
}

static int place_plentiful(struct packer *packer, size_t event, struct error *error)
{
	struct event_plan *plan = packer->plan;

	for (size_t i = 0; i < plan->pass_count; i++) {
		struct event_pass *pass = &plan->passes[i];

		if (pass->count < PASS_MEMBERS_MAX) {
			pass->members[pass->count++] = event;
			return 0;
		}
	}
	return open_pass(packer, event, error);
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
	size_t first = pass->count && pass->members[0] == companion;

	qsort(pass->members + first, pass->count - first, sizeof(*pass->members),
	      compare_indices);
}

static int pack_all(struct packer *packer, struct error *error)
{
	struct event_plan *plan = packer->plan;
	const struct plan_packing *packing = packer->packing;

	/* Two rounds: what takes counters decides how many passes there are. */
	for (int scarce = 1; scarce >= 0; scarce--) {
		for (size_t event = 0; event < plan->events.count; event++) {
			int code;

			if (event == packing->companion ||
			    packing->is_scarce(plan, event, packing->context) != scarce)
				continue;
			code = scarce ? place_scarce(packer, event, error)
				      : place_plentiful(packer, event, error);
			if (code)
				return code;
		}
	}
	if (!plan->pass_count) {
		struct event_pass *pass = add_pass(packer);

		if (!pass)
			return no_memory(error);
		if (packing->companion != PLAN_NO_EVENT)
			pass->members[pass->count++] = packing->companion;
	}
	return 0;
}

/* The whole of each pass is opened once more: a limit on open files shows only here. */
static int check_passes(const struct packer *packer, struct error *error)
{
	for (size_t i = 0; i < packer->plan->pass_count; i++) {
		struct event_pass *pass = &packer->plan->passes[i];
		int code;

		sort_members(pass, packer->packing->companion);
		code = pass->count ? fits(packer, pass->members, pass->count, error)
				   : 1;
		if (code < 0)
			return code;
	}
	return 0;
}

int plan_pack(struct event_plan *plan, const struct plan_packing *packing,
	      struct error *error)
{
	struct packer packer = {.plan = plan, .packing = packing};
	int code;

	packer.turned_away =
		calloc(plan->events.count + 1, sizeof(*packer.turned_away));
	if (!packer.turned_away)
		return no_memory(error);
	code = pack_all(&packer, error);
	if (!code)
		code = check_passes(&packer, error);
	free(packer.turned_away);
	return code;
}
