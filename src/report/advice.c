/* SPDX-License-Identifier: MIT */
/*
 * What to do next. Each line follows from something in the findings and names a command or a
 * place to look; general wisdom is left out.
 */
#include <math.h>
#include <string.h>

#include "report/page.h"

#define ROLES_ADVISED_MAX 2   /* of the worst region */
#define EXPLAINS_MIN      0.1 /* counters that explain less are not advised on */
#define CPU_SHARE_FELL    0.9

/* Where to look when more of this happens. NULL: nothing that is worth a line. */
static const char *role_advice(enum event_role role)
{
	switch (role) {
	case EVENT_ROLE_INSTRUCTIONS:
		return "More instructions: it does more work. Look for another "
		       "algorithm, "
		       "larger input, retries, or other compiler flags.";
	case EVENT_ROLE_CPU_TIME:
		return "More CPU time: it computes, it does not wait. perf record -g "
		       "shows "
		       "where.";
	case EVENT_ROLE_BRANCH_MISS:
		return "More mispredicted branches: look for branches on unsorted or "
		       "random "
		       "data.";
	case EVENT_ROLE_L1D_MISS:
	case EVENT_ROLE_L2_MISS:
	case EVENT_ROLE_LLC_MISS:
		return "More cache misses: larger or sparser data, or another thread "
		       "that "
		       "writes to the same cache lines (perf c2c tells them apart).";
	case EVENT_ROLE_L1I_MISS:
	case EVENT_ROLE_ITLB_MISS:
		return "More instruction fetch misses: code grew or is called through "
		       "more "
		       "places.";
	case EVENT_ROLE_HITM:
		return "Cache lines travel between CPUs: threads write to the same "
		       "line. "
		       "perf c2c names the line; separate what they write by 64 bytes.";
	case EVENT_ROLE_FALSE_SHARING:
		return "False sharing: threads write to different data on the same "
		       "cache "
		       "line. autoperf info --lines on the new profile shows the "
		       "variables, "
		       "who touches which bytes, and what separates them.";
	case EVENT_ROLE_TRUE_SHARING:
		return "True sharing: threads write to the same data in turns. "
		       "autoperf "
		       "info --lines on the new profile shows it; let each thread have "
		       "its "
		       "own and add them up less often.";
	case EVENT_ROLE_REMOTE_DRAM:
		return "Memory of another NUMA node: look at which thread touches the "
		       "data "
		       "first, and try numactl --interleave=all.";
	case EVENT_ROLE_DTLB_MISS:
		return "More TLB misses: data is spread over more pages; try huge "
		       "pages.";
	case EVENT_ROLE_STALL:
		return "The CPU waits for memory or for a busy unit: perf stat -M "
		       "TopdownL1 "
		       "tells which.";
	case EVENT_ROLE_CONTEXT_SWITCH:
		return "More context switches: its threads wait for one another or for "
		       "the "
		       "kernel. Look for a lock, a condition or I/O inside it; strace "
		       "-f -c "
		       "and perf sched show which.";
	case EVENT_ROLE_LOCK_WAIT:
		return "Threads wait for a lock: hold it for less time, or split it.";
	case EVENT_ROLE_MIGRATION:
		return "Threads move between CPUs: is the machine shared, or did the "
		       "number "
		       "of threads change?";
	case EVENT_ROLE_PAGE_FAULT:
		return "More page faults: memory is mapped and touched anew. Look for "
		       "mmap, "
		       "munmap, or large malloc and free inside it.";
	case EVENT_ROLE_MAJOR_FAULT:
		return "Pages come from disk: is memory short, or a file no longer "
		       "cached?";
	case EVENT_ROLE_SYSTEM_CALL:
		return "More system calls: strace -f -c shows which.";
	default:
		return NULL;
	}
}

static bool is_sharing(enum event_role role)
{
	return role == EVENT_ROLE_FALSE_SHARING || role == EVENT_ROLE_TRUE_SHARING;
}

/* Whether it is seen which kind of sharing HITM come from; then their own advice says less. */
static bool kind_is_seen(const struct finding_region *region)
{
	for (size_t i = 0; i < region->counter_count; i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (is_sharing(counter->role) && counter->moved && counter->factor > 1)
			return true;
	}
	return false;
}

/* A line that another CPU took away is missed in the caches. */
static bool follows_from_sharing(enum event_role role)
{
	return role == EVENT_ROLE_HITM || role == EVENT_ROLE_L1D_MISS ||
	       role == EVENT_ROLE_L2_MISS || role == EVENT_ROLE_LLC_MISS;
}

static void advise_on_counters(struct page *page, const struct finding_region *region)
{
	const char *said[ROLES_ADVISED_MAX] = {NULL};
	bool sharing = false;
	size_t count = 0;

	for (size_t i = 0; i < region->counter_count && count < ROLES_ADVISED_MAX;
	     i++) {
		const struct finding_counter *counter = &region->counters[i];
		const char *advice = role_advice(counter->role);

		if (!counter->moved || !(counter->factor > 1) || !advice ||
		    counter->explains < EXPLAINS_MIN ||
		    (counter->role == EVENT_ROLE_HITM && kind_is_seen(region)) ||
		    (sharing && follows_from_sharing(counter->role)))
			continue;
		/* L1, L2 and LLC misses share their advice. */
		if (count && said[count - 1] == advice)
			continue;
		page_bullet(page, advice);
		said[count++] = advice;
		sharing |= is_sharing(counter->role);
	}
	for (size_t i = 0; i < region->counter_count; i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (counter->kind == FEATURE_CPU_SHARE && counter->moved &&
		    counter->factor < CPU_SHARE_FELL)
			page_bullet(page,
				    "Its threads were on a CPU for less of the time: "
				    "they wait, or something else kept the machine "
				    "busy. Make sure that it was idle.");
	}
}

/* What can be said without a counter to blame. */
static void advise_on_calls(struct page *page, const struct finding_region *region)
{
	if (region->by_total)
		page_bullet(
			page,
			"It is executed more often: look at what calls it, retries, "
			"and the size of the input.");
}

static void advise_on_blank(struct page *page, const struct finding_region *region)
{
	for (size_t i = 0; i < region->counter_count; i++)
		if (region->counters[i].moved)
			return;
	if (!region->by_total && region->counter_count)
		page_bullet(page,
			    "None of the events that were counted explains it: count "
			    "others (autoperf events lists them, record takes them "
			    "with -e).");
}

static void advise_on_sources(struct page *page)
{
	if (page->findings->microarchitecture)
		return;
	page_bullet(
		page,
		page->findings->event_count
			? "Caches, TLBs, branch prediction and cache lines shared "
			  "between CPUs were not counted, only software events: "
			  "autoperf doctor says what it takes."
			: "Only time was measured: autoperf events lists what could "
			  "be counted, autoperf doctor what stands in the way.");
}

static void advise_on_runs(struct page *page)
{
	const struct findings *findings = page->findings;
	struct text text = {0};
	size_t missing = 0;

	for (size_t i = 0; i < findings->region_count; i++)
		if (findings->regions[i].verdict == VERDICT_CANNOT_TELL &&
		    findings->regions[i].runs_missing > missing)
			missing = findings->regions[i].runs_missing;
	if (!missing)
		return;
	text_printf(&text, "Measure %zu more run%s of the new version and ask again",
		    missing, missing == 1 ? "" : "s");
	if (findings->range) {
		text_puts(&text, ": autoperf check -n RUNS");
	} else if (findings->source && strcmp(findings->source, "import")) {
		/* Imported runs come from elsewhere. */
		text_printf(
			&text,
			": autoperf record --append -n %zu -o %s -- (the same command)",
			missing,
			findings->profile_path ? findings->profile_path : "PROFILE");
	}
	page_bullet_text(page, &text);
}

static void advise_on_regression(struct page *page)
{
	const struct findings *findings = page->findings;
	const char *before = findings->commit_before, *after = findings->commit_after;
	struct text text = {0};

	if (findings->range) {
		text_printf(&text, "What changed: git diff %s", findings->range);
		page_bullet_text(page, &text);
	} else if (before && after && *before && *after && strcmp(before, after)) {
		text_printf(&text, "What changed: git log -p %.10s..%.10s", before,
			    after);
		page_bullet_text(page, &text);
	}
	/* The next base is whatever this branch is merged into. */
	if (findings->range)
		return;
	text_printf(&text,
		    "If this is how it should be from now on, learn it: autoperf train "
		    "%s -o "
		    "%s --force",
		    findings->profile_path ? findings->profile_path : "PROFILE",
		    findings->model_path ? findings->model_path : "MODEL");
	page_bullet_text(page, &text);
}

static void advise(struct page *page)
{
	const struct findings *findings = page->findings;

	if (!findings->region_count) {
		page_bullet(page, "No region ran in both: is this the program that was "
				  "learnt, with its markers? autoperf info shows the "
				  "regions of a file.");
		return;
	}
	if (findings->verdict == VERDICT_CANNOT_TELL)
		advise_on_runs(page);
	if (findings->verdict == VERDICT_REGRESSION)
		advise_on_calls(page, &findings->regions[0]);
	advise_on_counters(page, &findings->regions[0]);
	if (findings->verdict == VERDICT_REGRESSION)
		advise_on_blank(page, &findings->regions[0]);
	advise_on_sources(page);
	if (findings->verdict == VERDICT_REGRESSION)
		advise_on_regression(page);
}

void page_advice(struct page *page)
{
	size_t before, heading;

	if (page->findings->verdict == VERDICT_NORMAL ||
	    page->findings->verdict == VERDICT_IMPROVEMENT)
		return;
	before = page->text.length;
	text_puts(&page->text, "\n");
	page_heading(page, "What next");
	heading = page->text.length;
	advise(page);
	/* No heading over nothing. */
	if (page->text.length == heading && !page->text.failed) {
		page->text.length = before;
		page->text.chars[before] = '\0';
	}
}
