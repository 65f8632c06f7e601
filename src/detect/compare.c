/* SPDX-License-Identifier: MIT */
/*
 * Comparability of a model and a profile: see compare.h. The rule: what makes numbers mean
 * something else (machine, source, events) is refused; what may shift them (kernel, governor,
 * lost samples, another command) is a warning.
 */
#include "detect/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "detect/name.h"
#include "profile/command_line.h"

#define LOST_SHARE_MAX    0.01 /* of executions; beyond it totals are not compared */
#define NAMES_LISTED_MAX  8    /* events named in one message */
#define COMMAND_BYTES_MAX 200
#define RECORD_AGAIN \
	"Record again with the events of the model (autoperf info shows them)"
#define PERCENT 100.0

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "comparing model and profile");
}

/* Refuses, or warns when forced. */
static int refuse(struct findings *findings, bool force, struct error *error,
		  const char *what, const char *remedy)
{
	if (!force)
		return error_set(
			error, -EINVAL,
			"%s cannot be compared with the model: %s. %s, or compare "
			"all the same with --force",
			findings->profile_path, what, remedy);
	if (findings_warn(findings, "compared although %s", what))
		return out_of_memory(error);
	return 0;
}

static int copy_string(char **copy, const char *string)
{
	*copy = string ? strdup(string) : NULL;
	return string && !*copy ? -ENOMEM : 0;
}

static int fill_facts(struct findings *findings, const struct model *model,
		      struct profile *profile, struct error *error)
{
	findings->machine_before = model->machine;
	findings->method = model->method;
	findings->runs_before = model->run_count;
	findings->pass_count = model->plan.pass_count;
	findings->event_count = model->plan.events.count;
	if (copy_string(&findings->profile_path, profile_path(profile)) ||
	    copy_string(&findings->command_before, model->command) ||
	    copy_string(&findings->commit_before, model->git_commit) ||
	    copy_string(&findings->source, model->source))
		return out_of_memory(error);
	findings->command_after = profile_get_fact(profile, "command");
	findings->commit_after = profile_get_fact(profile, "git_commit");
	return profile_get_machine(profile, &findings->machine_after, error);
}

static bool sees_microarchitecture(enum event_role role)
{
	switch (role) {
	case EVENT_ROLE_BRANCH_MISS:
	case EVENT_ROLE_L1D_MISS:
	case EVENT_ROLE_L1I_MISS:
	case EVENT_ROLE_L2_MISS:
	case EVENT_ROLE_LLC_MISS:
	case EVENT_ROLE_HITM:
	case EVENT_ROLE_FALSE_SHARING:
	case EVENT_ROLE_TRUE_SHARING:
	case EVENT_ROLE_REMOTE_DRAM:
	case EVENT_ROLE_DTLB_MISS:
	case EVENT_ROLE_ITLB_MISS:
	case EVENT_ROLE_STALL:
		return true;
	default:
		return false;
	}
}

static int warn_if_differs(struct findings *findings, const char *what,
			   const char *before, const char *after)
{
	if (!strcmp(before, after))
		return 0;
	return findings_warn(findings, "%s was \"%s\" in training and is \"%s\" now",
			     what, *before ? before : "unknown",
			     *after ? after : "unknown");
}

static const char *on_or_off(int state)
{
	return state < 0 ? "" : state ? "on" : "off";
}

static int compare_machines(struct findings *findings, bool force, struct error *error)
{
	const struct machine *before = &findings->machine_before;
	const struct machine *after = &findings->machine_after;
	char why[256];
	int code;

	if (!machine_comparable(before, after, why, sizeof(why))) {
		code = refuse(findings, force, error, why,
			      "Record and train on the machine that runs the test");
		if (code)
			return code;
	}
	if (before->cores_allowed != after->cores_allowed &&
	    findings_warn(findings,
			  "the program was allowed %d CPUs in training and %d now: its "
			  "threads may have met differently",
			  before->cores_allowed, after->cores_allowed))
		return out_of_memory(error);
	if (warn_if_differs(findings, "the kernel", before->kernel, after->kernel) ||
	    warn_if_differs(findings, "the frequency governor", before->governor,
			    after->governor) ||
	    warn_if_differs(findings, "turbo", on_or_off(before->turbo),
			    on_or_off(after->turbo)) ||
	    warn_if_differs(findings, "SMT", on_or_off(before->smt),
			    on_or_off(after->smt)) ||
	    warn_if_differs(findings, "the hypervisor", before->hypervisor,
			    after->hypervisor) ||
	    warn_if_differs(findings, "the container", before->container,
			    after->container))
		return out_of_memory(error);
	return 0;
}

static int compare_source(struct findings *findings, const struct event_plan *plan,
			  bool force, struct error *error)
{
	const char *before = findings->source ? findings->source : "";
	const char *after = event_source_name(plan->source);
	char what[128];
	char remedy[128];

	if (!strcmp(before, after))
		return 0;
	snprintf(what, sizeof(what),
		 "the model's counters come from source %s, its own "
		 "from %s",
		 before, after);
	snprintf(remedy, sizeof(remedy), "Record again with --source %s", before);
	return refuse(findings, force, error, what, remedy);
}

static const char *pass_event(const struct event_plan *plan, size_t pass, size_t member)
{
	return plan->events.items[plan->passes[pass].members[member]].name;
}

static bool same_pass(const struct event_plan *a, size_t pass_a,
		      const struct event_plan *b, size_t pass_b)
{
	if (a->passes[pass_a].count != b->passes[pass_b].count)
		return false;
	for (size_t i = 0; i < a->passes[pass_a].count; i++)
		if (strcmp(pass_event(a, pass_a, i), pass_event(b, pass_b, i)))
			return false;
	return true;
}

uint32_t compare_find_pass(const struct event_plan *plan, const struct event_plan *of,
			   size_t pass)
{
	for (size_t i = 0; i < plan->pass_count; i++)
		if (same_pass(of, pass, plan, i))
			return (uint32_t)i;
	return COMPARE_NO_PASS;
}

static bool has_event(const struct event_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->events.count; i++)
		if (!strcmp(plan->events.items[i].name, name))
			return true;
	return false;
}

/* "; only the model has a, b and 3 more". */
static void list_missing(struct text *text, const struct event_plan *has,
			 const struct event_plan *lacks, const char *who)
{
	size_t found = 0;

	for (size_t i = 0; i < has->events.count; i++) {
		const char *name = has->events.items[i].name;

		if (has_event(lacks, name))
			continue;
		if (!found)
			text_printf(text, "; only %s has %s", who, name);
		else if (found < NAMES_LISTED_MAX)
			text_printf(text, ", %s", name);
		found++;
	}
	if (found > NAMES_LISTED_MAX)
		text_printf(text, " and %zu more", found - NAMES_LISTED_MAX);
}

static void describe_mismatch(struct text *text, const struct event_plan *before,
			      const struct event_plan *after)
{
	size_t start;

	text_puts(text, "they counted different events");
	start = text->length;
	list_missing(text, before, after, "the model");
	list_missing(text, after, before, "the profile");
	if (text->length == start && !text->failed) {
		text_free(text);
		text_puts(text, "the events are the same, but were grouped into other "
				"passes");
	}
}

static int compare_events(struct comparison *comparison, struct findings *findings,
			  const struct event_plan *before,
			  const struct event_plan *after, bool force,
			  struct error *error)
{
	size_t matched = 0;
	int code = 0;

	for (size_t b = 0; b < before->pass_count; b++) {
		comparison->passes[b] = compare_find_pass(after, before, b);
		matched += comparison->passes[b] != COMPARE_NO_PASS;
	}
	if (matched < before->pass_count) {
		struct text what = {0};

		describe_mismatch(&what, before, after);
		if (what.failed)
			code = out_of_memory(error);
		else if (!matched)
			code = error_set(error, -EINVAL,
					 "%s cannot be compared with the model: "
					 "%s. " RECORD_AGAIN,
					 findings->profile_path, what.chars);
		else
			code = refuse(findings, force, error, what.chars, RECORD_AGAIN);
		text_free(&what);
	}
	return code;
}

static bool is_chosen(const struct detect_options *options, uint32_t ordinal)
{
	return !options->chosen ||
	       (ordinal < options->chosen_count && options->chosen[ordinal]);
}

/* Runs that count, runs that failed, samples that are missing. */
static int count_runs(struct comparison *comparison, struct findings *findings,
		      struct profile *profile, const struct detect_options *options,
		      struct error *error)
{
	struct profile_run *runs = NULL;
	uint64_t samples = 0, lost = 0;
	size_t count = 0;
	double share;
	int code = profile_runs(profile, &runs, &count, error);

	if (code)
		return code;
	for (size_t i = 0; i < count; i++) {
		if (!is_chosen(options, runs[i].ordinal))
			continue;
		if (runs[i].status != PROFILE_RUN_OK) {
			findings->runs_failed++;
			continue;
		}
		findings->runs_after++;
		samples += runs[i].samples;
		lost += runs[i].lost;
	}
	free(runs);
	if (!findings->runs_after)
		return error_set(
			error, -ENODATA,
			"%s has no run that ended well (%zu failed): there is "
			"nothing to judge. autoperf info shows why they failed",
			findings->profile_path, findings->runs_failed);
	if (!lost)
		return 0;
	share = (double)lost / (double)(samples + lost);
	comparison->totals_unknown = share > LOST_SHARE_MAX;
	if (findings_warn(findings,
			  "%" PRIu64 " samples of the new runs are missing (%.2g %%)%s",
			  lost, PERCENT * share,
			  comparison->totals_unknown
				  ? ": total times and executions are not judged"
				  : ""))
		return out_of_memory(error);
	return 0;
}

/* What the model did not learn from, so that nobody believes it did. */
static int tell_set_aside(struct findings *findings, const struct model *model,
			  struct error *error)
{
	for (size_t u = 0; u < model->unit_count; u++) {
		const struct model_unit *unit = &model->units[u];

		for (size_t i = 0; i < unit->aside_count; i++) {
			struct text name = {0};
			int code;

			name_quote(&name, unit->region);
			code = name.failed ||
			       findings_warn(
				       findings,
				       "run %" PRIu32
				       " of the training was set aside for %s: %s",
				       unit->aside[i].ordinal + 1, name.chars,
				       unit->aside[i].reason);
			text_free(&name);
			if (code)
				return out_of_memory(error);
		}
	}
	return 0;
}

static int compare_commands(struct findings *findings, struct error *error)
{
	const char *before = findings->command_before, *after = findings->command_after;
	struct text was = {0}, is = {0};
	int code = 0;

	if (!before || !after || !strcmp(before, after))
		return 0;
	command_line_put(&was, before);
	command_line_put(&is, after);
	if (was.failed || is.failed ||
	    findings_warn(findings,
			  "the command was \"%.*s\" in training and is \"%.*s\" now",
			  COMMAND_BYTES_MAX, was.chars ? was.chars : "",
			  COMMAND_BYTES_MAX, is.chars ? is.chars : ""))
		code = out_of_memory(error);
	text_free(&was);
	text_free(&is);
	return code;
}

int compare_sides(struct comparison *comparison, struct findings *findings,
		  const struct model *model, struct profile *profile,
		  const struct detect_options *options, struct error *error)
{
	struct event_plan plan = {0};
	bool force = options->force;
	int code;

	*comparison = (struct comparison){0};
	code = fill_facts(findings, model, profile, error);
	if (code)
		return code;
	for (size_t i = 0; i < model->plan.events.count; i++)
		findings->microarchitecture |=
			sees_microarchitecture(model->plan.events.items[i].role);
	comparison->passes =
		calloc(model->plan.pass_count + 1, sizeof(*comparison->passes));
	if (!comparison->passes)
		return out_of_memory(error);
	code = profile_get_plan(profile, &plan, error);
	if (code)
		return code;
	code = compare_machines(findings, force, error);
	if (!code)
		code = compare_source(findings, &plan, force, error);
	if (!code)
		code = compare_events(comparison, findings, &model->plan, &plan, force,
				      error);
	if (!code)
		code = tell_set_aside(findings, model, error);
	if (!code)
		code = compare_commands(findings, error);
	if (!code)
		code = count_runs(comparison, findings, profile, options, error);
	event_plan_free(&plan);
	return code;
}

void comparison_free(struct comparison *comparison)
{
	free(comparison->passes);
	*comparison = (struct comparison){0};
}
