/* SPDX-License-Identifier: MIT */
/* The stages of a check: see gate.h. */
#include "gate/gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/version.h"
#include "gate/cache.h"
#include "gate/change.h"
#include "gate/journal.h"
#include "gate/marks.h"
#include "gate/measure.h"
#include "gate/side.h"
#include "model/model.h"
#include "repo/checkout.h"
#include "repo/difference.h"

/* Runs of both sides, and what was learnt from base's. */
struct batch {
	char *profiles[2];
	char *model;
	enum gate_stage first; /* of measuring, training, judging */
};

struct check {
	const struct gate_options *options;
	struct cache cache;
	struct side base, head;
	char *marks;     /* of both sides, see side.h */
	char *directory; /* checks/KEY */
	char *journal;
	char *log; /* what the workload printed */
	struct batch suspicion, confirmation;
};

/* ---- what is compared ---- */

/* The branch of the configuration; a fresh clone, as in CI, may only have origin's. */
static int resolve_branch(const struct gate_options *options, struct revision *branch,
			  struct error *error)
{
	const char *configured = options->config->base;
	char *guessed = configured ? NULL : repository_guess_base(options->repository);
	const char *name = configured ? configured : guessed;
	struct text remote = {0};
	int code;

	if (!name)
		return error_set(error, -ENOENT,
				 "cannot tell what to compare with: there is no branch "
				 "main or master; name a commit: --base REV, or the "
				 "branch in '" CONFIG_FILE "': main under [git]");
	code = repository_resolve(options->repository, name, branch, error);
	if (code == -ENOENT) {
		text_printf(&remote, "origin/%s", name);
		if (!remote.failed && !repository_resolve(options->repository,
							  remote.chars, branch, NULL))
			code = 0;
		text_free(&remote);
	}
	free(guessed);
	return code;
}

static int resolve_base(const struct gate_options *options, const struct revision *head,
			struct revision *base, struct error *error)
{
	struct revision branch;
	int code;

	if (options->base)
		return repository_resolve(options->repository, options->base, base,
					  error);
	code = resolve_branch(options, &branch, error);
	return code ? code
		    : repository_merge_base(options->repository, head, &branch, base,
					    error);
}

/* What the user may not have thought of. */
static void tell_doubts(const struct check *check, const struct revision *tip)
{
	const struct gate_options *options = check->options;
	bool dirty = false;

	if (options->base && !options->against_itself &&
	    !repository_is_ancestor(options->repository, &check->base.revision, tip))
		console_warn(options->console,
			     "base is not an ancestor of head: what base has and head "
			     "lacks is compared, too; without --base, it is where head "
			     "left its branch");
	if (!check->head.revision.snapshot && !options->head &&
	    !repository_is_dirty(options->repository, &dirty, NULL) && dirty)
		console_note(
			options->console,
			"what is changed in the work tree and not committed is not "
			"checked; --head " GATE_HEAD_WORKTREE " does that");
	if (repository_has_attribute(options->repository, tip, "filter=lfs"))
		console_note(
			options->console,
			"files of git-lfs are pointers in the copies; if they are "
			"needed, let the build command put them there: git lfs install "
			"--local; git -c lfs.storage='%s/lfs' lfs checkout",
			options->repository->common);
}

/* Finds both revisions. */
static int resolve(struct check *check, struct error *error)
{
	const struct gate_options *options = check->options;
	bool worktree = options->head && !strcmp(options->head, GATE_HEAD_WORKTREE);
	const char *name = options->head && !worktree ? options->head : "HEAD";
	struct revision tip;
	int code = repository_resolve(options->repository, name, &tip, error);

	check->base.label = "base";
	check->head.label = "head";
	if (!code)
		code = resolve_base(options, &tip, &check->base.revision, error);
	check->head.revision = tip;
	if (!code && options->against_itself)
		check->head.revision = check->base.revision;
	else if (!code && worktree)
		code = checkout_snapshot(options->repository, check->cache.store,
					 &check->head.revision, error);
	if (code)
		return code;
	if (!options->against_itself &&
	    !strcmp(check->base.revision.tree, check->head.revision.tree))
		return error_set(
			error, -EINVAL,
			"there is nothing to compare: base (%s) and head (%s) hold the "
			"same files, those of %.*s. Commit your change, or check what "
			"is not committed (--head " GATE_HEAD_WORKTREE
			"), another base (--base REV), or base against itself (--aa)",
			check->base.revision.name, check->head.revision.name,
			REVISION_SHORT, check->base.revision.id);
	tell_doubts(check, &tip);
	return 0;
}

/* ---- where it is ---- */

static int join(const char *directory, const char *name, char **path,
		struct error *error)
{
	struct text text = {0};

	text_printf(&text, "%s/%s", directory, name);
	*path = text.chars;
	return text.failed ? error_no_memory(error, "naming a file of the cache") : 0;
}

static int name_batch(const struct check *check, const char *prefix,
		      enum gate_stage first, struct batch *batch, struct error *error)
{
	static const char *const kinds[] = {
		"base" PROFILE_SUFFIX, "head" PROFILE_SUFFIX, "model" MODEL_SUFFIX};
	char **members[] = {&batch->profiles[0], &batch->profiles[1], &batch->model};
	char name[64];
	int code = 0;

	batch->first = first;
	for (size_t i = 0; !code && i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, kinds[i]);
		code = join(check->directory, name, members[i], error);
	}
	return code;
}

/* What the runs depend on. Settings of the judgement are not in it: that is done anew. */
static int make_key(const struct check *check, char key[REVISION_ID_BYTES],
		    struct error *error)
{
	const struct gate_options *options = check->options;
	const struct config *config = options->config;
	struct machine machine;
	struct text text = {0};
	int code;

	machine_probe(&machine);
	text_printf(
		&text, "%s\n%s\n%s\n%d\n%s\n%zu %s\n%zu %s\n%s\n%s\n%s\n%d\n%d\n%u\n",
		AUTOPERF_VERSION, check->base.key, check->head.key,
		options->against_itself, event_source_name(options->source),
		strlen(config->workload), config->workload,
		config->workload_dir ? strlen(config->workload_dir) : 0,
		config->workload_dir ? config->workload_dir : "",
		options->machine ? options->machine : "", machine.hostname,
		machine.kernel, machine.cores, machine.cores_allowed, options->runs);
	code = text.failed ? error_no_memory(error, "naming a check")
			   : repository_hash(text.chars, key, error);
	text_free(&text);
	return code;
}

/* What decides which functions are marked: both commits, since both sides get the same. */
static int name_marks(struct check *check, struct error *error)
{
	const struct gate_options *options = check->options;
	struct text text = {0};

	text_puts(&text, "");
	if (!options->unmarked && !options->against_itself) {
		text_printf(&text, "%s %s", check->base.revision.tree,
			    check->head.revision.tree);
		for (const char *const *also = options->also; also && *also; also++)
			text_printf(&text, " %zu %s", strlen(*also), *also);
	}
	check->base.marks = check->head.marks = check->marks = text.chars;
	return text.failed ? error_no_memory(error, "naming a check") : 0;
}

static int name_places(struct check *check, struct error *error)
{
	const struct config *config = check->options->config;
	char key[REVISION_ID_BYTES];
	int code = name_marks(check, error);

	if (!code)
		code = side_name(&check->base, &check->cache, config, error);

	if (!code)
		code = side_name(&check->head, &check->cache, config, error);
	if (!code)
		code = make_key(check, key, error);
	if (!code)
		code = cache_place(&check->cache, "checks", key, &check->directory,
				   error);
	if (!code)
		code = join(check->directory, "journal", &check->journal, error);
	if (!code)
		code = join(check->directory, "workload.log", &check->log, error);
	if (!code)
		code = name_batch(check, "", STAGE_MEASURE, &check->suspicion, error);
	if (!code)
		code = name_batch(check, "confirm-", STAGE_CONFIRM_MEASURE,
				  &check->confirmation, error);
	return code;
}

/* The check's folder, with what an earlier one has left if that is wanted. */
static int open_directory(const struct check *check, struct error *error)
{
	const struct console *console = check->options->console;
	enum gate_stage stage;

	if (check->options->fresh || access(check->directory, F_OK))
		return cache_renew(&check->cache, check->directory, error);
	stage = journal_interrupted(check->journal);
	if (stage != STAGES)
		console_note(console,
			     "the last check of these commits ended in the stage "
			     "'%s'; going on from there",
			     gate_stage_name(stage));
	return 0;
}

/* ---- stages ---- */

static int build(const struct check *check, const struct side *side,
		 enum gate_stage stage, struct error *error)
{
	const struct gate_options *options = check->options;
	int code = journal_begin(check->journal, stage, error);

	if (!code)
		code = side_build(side, &check->cache, options->repository,
				  options->config, options->console, error);
	return code ? code : journal_end(check->journal, stage, error);
}

/* A change that cannot be marked can be measured by the markers that are there. */
static int mark_sides(const struct check *check, struct error *error)
{
	const struct gate_options *options = check->options;
	const struct side *const sides[2] = {&check->base, &check->head};
	struct error why = {0};
	size_t added[2];
	int code = 0;

	for (size_t i = 0; i < 2 && !code; i++) {
		bool marked = side_has_marks(sides[i]);

		code = side_begin_marks(sides[i], error);
		/* Killed between the two: begun anew, so that both get the same. */
		if (!code && marked)
			code = side_build(sides[i], &check->cache, options->repository,
					  options->config, options->console, error);
		if (!code && marked)
			code = side_begin_marks(sides[i], error);
	}
	if (code)
		return code;
	if (marks_put(sides, options->also, options->console, added, &why))
		console_warn(options->console, "not all markers could be added: %s",
			     why.text);
	if (added[0] + added[1])
		console_note(options->console,
			     "building both sides again, with %zu and %zu markers for "
			     "functions that the change touches",
			     added[0], added[1]);
	for (size_t i = 0; i < 2 && !code; i++)
		code = side_end_marks(sides[i], options->config, added[i] > 0, error);
	return code;
}

static int annotate(const struct check *check, struct error *error)
{
	int code;

	if (!*check->marks ||
	    (side_has_marks(&check->base) && side_has_marks(&check->head)))
		return 0;
	code = journal_begin(check->journal, STAGE_ANNOTATE, error);
	if (!code)
		code = mark_sides(check, error);
	return code ? code : journal_end(check->journal, STAGE_ANNOTATE, error);
}

static int measure_batch(const struct check *check, const struct batch *batch,
			 struct error *error)
{
	const struct gate_options *options = check->options;
	struct measurement measurement = {
		.sides = {&check->base, &check->head},
		.profiles = {batch->profiles[0], batch->profiles[1]},
		.log = check->log,
		.workload = options->config->workload,
		.workload_dir = options->config->workload_dir,
		.source = options->source,
		.machine = options->machine,
		.runs = options->runs,
		.console = options->console,
	};
	int code = journal_begin(check->journal, batch->first, error);

	if (!code)
		code = measure(&measurement, error);
	return code ? code : journal_end(check->journal, batch->first, error);
}

static int train(const struct check *check, const struct batch *batch,
		 struct error *error)
{
	enum gate_stage stage = batch->first + 1;
	struct console quiet = *check->options->console;
	struct profile *profile = NULL;
	struct model_options options;
	struct model *model = NULL;
	int code = journal_begin(check->journal, stage, error);

	quiet.quiet = true;
	model_options_default(&options);
	options.tool_version = AUTOPERF_VERSION;
	options.console = &quiet;
	/* One that cannot be read would be in the way for ever. */
	if (!code && model_load(&model, batch->model, NULL)) {
		code = profile_open(&profile, batch->profiles[0], PROFILE_READ, error);
		if (!code)
			code = model_train(&model, profile, &options, error);
		/* What it advises is for profiles that people add runs to. */
		if (code == -ENODATA)
			error_set_exit(
				error, EXIT_CANNOT_MEASURE, code,
				"no region of base was executed often enough to "
				"be learnt: at least %d executions are needed in "
				"all runs; let the workload do more, or more "
				"runs: -n RUNS",
				MODEL_SAMPLES_MIN);
		if (!code)
			code = model_save(model, batch->model, true, error);
	}
	model_free(model);
	profile_close(profile);
	return code ? code : journal_end(check->journal, stage, error);
}

/* Replaces what the findings call a side by what the user calls it. */
static int name_side(char **path, const struct side *side, struct error *error)
{
	char *name = strdup(side->revision.name);

	if (!name)
		return error_no_memory(error, "judging the regions");
	free(*path);
	*path = name;
	return 0;
}

static int judge(const struct check *check, const struct batch *batch,
		 struct findings **findings, struct error *error)
{
	enum gate_stage stage = batch->first + 2;
	struct profile *profile = NULL;
	struct model *model = NULL;
	struct detect_options options;
	int code = journal_begin(check->journal, stage, error);

	detect_options_default(&options);
	options.alarm_rate = check->options->alarm_rate;
	options.effect_floor = check->options->effect_floor;
	options.console = check->options->console;
	if (!code)
		code = model_load(&model, batch->model, error);
	if (!code)
		code = profile_open(&profile, batch->profiles[1], PROFILE_READ, error);
	if (!code)
		code = detect(findings, model, profile, &options, error);
	if (!code)
		code = name_side(&(*findings)->model_path, &check->base, error);
	if (!code)
		code = name_side(&(*findings)->profile_path, &check->head, error);
	profile_close(profile);
	model_free(model);
	return code ? code : journal_end(check->journal, stage, error);
}

static int run_batch(const struct check *check, const struct batch *batch,
		     struct findings **findings, struct error *error)
{
	int code = measure_batch(check, batch, error);

	if (!code)
		code = train(check, batch, error);
	return code ? code : judge(check, batch, findings, error);
}

/* ---- confirmation ---- */

static bool is_regression(const struct findings *findings, const char *region)
{
	for (size_t i = 0; i < findings->region_count; i++)
		if (findings->regions[i].verdict == VERDICT_REGRESSION &&
		    !strcmp(findings->regions[i].name, region))
			return true;
	return false;
}

/* Whether one region is slower in both. */
static bool agree(const struct findings *first, const struct findings *second)
{
	for (size_t i = 0; i < first->region_count; i++)
		if (first->regions[i].verdict == VERDICT_REGRESSION &&
		    is_regression(second, first->regions[i].name))
			return true;
	return false;
}

/* The second batch's findings are the answer; what the first said is a remark. */
static int reconcile(const struct check *check, const struct findings *first,
		     struct findings *second, struct error *error)
{
	unsigned runs = check->options->runs;
	int code = 0;

	if (agree(first, second)) {
		console_note(check->options->console,
			     "a fresh batch of %u + %u runs confirms it", runs, runs);
		return 0;
	}
	if (second->verdict == VERDICT_REGRESSION) {
		char *summary = strdup("two batches of runs each found a regression, "
				       "but not in the same region; measure on a "
				       "quieter machine, or with more runs");

		if (!summary)
			return error_no_memory(error, "comparing two batches");
		free(second->summary);
		second->summary = summary;
		second->verdict = VERDICT_CANNOT_TELL;
	} else {
		code = findings_warn(second,
				     "a first batch of %u + %u runs looked like a "
				     "regression; this fresh one does not bear it out",
				     runs, runs);
	}
	return code ? error_no_memory(error, "comparing two batches") : 0;
}

/* Takes the names of the batch's files. */
static void name_evidence(struct gate_evidence *evidence, struct batch *batch)
{
	*evidence = (struct gate_evidence){.model = batch->model,
					   .normal = batch->profiles[0],
					   .fresh = batch->profiles[1]};
	batch->model = batch->profiles[0] = batch->profiles[1] = NULL;
}

void gate_evidence_free(struct gate_evidence *evidence)
{
	free(evidence->model);
	free(evidence->normal);
	free(evidence->fresh);
	*evidence = (struct gate_evidence){0};
}

/* All stages. *answer is the batch that the findings are about. */
static int run_stages(struct check *check, struct findings **findings,
		      struct batch **answer, struct error *error)
{
	struct findings *first = NULL;
	int code = build(check, &check->base, STAGE_BUILD_BASE, error);

	*answer = &check->suspicion;
	if (!code)
		code = build(check, &check->head, STAGE_BUILD_HEAD, error);
	if (!code)
		code = annotate(check, error);
	if (!code)
		code = run_batch(check, &check->suspicion, &first, error);
	if (!code && first->verdict == VERDICT_REGRESSION) {
		console_note(check->options->console,
			     "it looks like a regression; measuring both sides afresh "
			     "before saying so");
		*answer = &check->confirmation;
		code = run_batch(check, &check->confirmation, findings, error);
		if (!code)
			code = reconcile(check, first, *findings, error);
		findings_free(first);
	} else {
		*findings = first;
	}
	return code;
}

/* The lines that differ, beside the findings. */
static int add_changes(const struct check *check, struct findings *findings,
		       struct error *error)
{
	struct difference difference = {0};
	int code;

	if (check->options->against_itself)
		return 0;
	code = difference_make(&difference, check->options->repository,
			       check->cache.store, &check->base.revision,
			       &check->head.revision, error);
	if (!code)
		code = change_add(findings, &difference, &check->base.revision,
				  &check->head.revision, error);
	difference_free(&difference);
	return code;
}

static void free_batch(struct batch *batch)
{
	free(batch->profiles[0]);
	free(batch->profiles[1]);
	free(batch->model);
}

int gate_check(const struct gate_options *options, struct findings **findings,
	       struct gate_evidence *evidence, struct error *error)
{
	struct check check = {.options = options};
	struct batch *answer = NULL;
	int code = cache_open(&check.cache, options->repository, options->cache, error);

	*findings = NULL;
	*evidence = (struct gate_evidence){0};
	if (code)
		return code;
	code = resolve(&check, error);
	if (!code)
		code = name_places(&check, error);
	if (!code)
		code = open_directory(&check, error);
	if (!code)
		code = run_stages(&check, findings, &answer, error);
	if (!code)
		code = add_changes(&check, *findings, error);
	if (code) {
		findings_free(*findings);
		*findings = NULL;
	} else {
		name_evidence(evidence, answer);
	}
	free_batch(&check.suspicion);
	free_batch(&check.confirmation);
	free(check.directory);
	free(check.journal);
	free(check.log);
	free(check.marks);
	side_free(&check.base);
	side_free(&check.head);
	cache_close(&check.cache);
	return code;
}
