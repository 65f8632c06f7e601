/* SPDX-License-Identifier: MIT */
/*
 * model_train(): from a profile to a model. The calling thread reads the profile, which only one
 * thread may, and draws the progress; workers train units. At most one table waits while the
 * workers are busy, so that memory is bounded by threads + 2 tables. Units share nothing and
 * have fixed places, so the number of threads does not change the result.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/text.h"
#include "base/threads.h"
#include "model/advice.h"
#include "model/cluster.h"
#include "model/lines.h"
#include "model/model.h"
#include "model/original.h"
#include "model/outlier.h"
#include "model/pieces.h"
#include "model/rows.h"
#include "model/training_log.h"
#include "model/unit.h"

#define WAIT_NS 100000000L /* between looks at the progress */

/* A unit to train, and what became of it. */
struct job {
	struct sample_table table; /* freed once it is trained */
	const char *region;
	uint32_t pass;
	char *shared_with; /* the unit's; NULL: the samples are all the region's own */
	struct model_unit unit;
	struct text log;
	struct error error;
	int status;
};

struct session {
	struct profile *profile;
	struct model *model;
	struct model_options options; /* defaults filled in */
	struct profile_region *regions;
	size_t region_count;
	bool in_pieces;  /* the profile has rows, but no runs (pieces.h) */
	size_t *runs_ok; /* [pass_count] runs of each pass that ended well */

	struct job **jobs; /* each allocated by itself: workers keep pointers */
	size_t job_count;
	size_t job_capacity;

	pthread_mutex_t lock; /* protects jobs, job_count and the next three */
	pthread_cond_t changed;
	size_t taken; /* jobs that workers have begun; the rest waits */
	bool closed;  /* no more jobs will come */
	bool failed;  /* a job failed: the rest is not worth starting */

	pthread_t threads[THREADS_MAX];
	size_t thread_count;
	atomic_size_t steps; /* optimiser steps made, all units */
	struct progress progress;
};

/* ---- workers ---- */

/* Sets aside the runs that are nothing like the others; the unit gets their names. */
static int set_aside(struct job *job, const struct event_plan *plan,
		     struct model_unit *kept)
{
	size_t most = job->table.run_count / OUTLIER_ONE_IN;
	int status = 1;

	most = most ? most : 1;
	kept->aside = calloc(most, sizeof(*kept->aside));
	if (!kept->aside)
		return error_no_memory(&job->error, "setting runs aside");
	while (kept->aside_count < most) {
		struct model_aside *aside = &kept->aside[kept->aside_count];
		struct text reason = {0};

		status = outlier_take(&job->table, plan, job->pass, &aside->ordinal,
				      &reason, &job->error);
		if (status == 1 && reason.failed)
			status = error_no_memory(&job->error, "setting runs aside");
		if (status != 1) {
			text_free(&reason);
			return status;
		}
		aside->reason = reason.chars;
		kept->aside_count++;
	}
	return 0;
}

/* Runs and samples of a unit that are the region's own, and not borrowed. */
static void keep_own(struct model_unit *unit, struct job *job)
{
	size_t kept = 0;

	if (!job->shared_with)
		return;
	unit->samples = 0;
	for (size_t r = 0; r < unit->run_count; r++) {
		if (!unit->runs[r].samples) {
			free(unit->runs[r].rates);
			continue;
		}
		unit->samples += unit->runs[r].samples;
		unit->runs[kept++] = unit->runs[r];
	}
	unit->run_count = kept;
	unit->shared_with = job->shared_with;
	job->shared_with = NULL;
}

/* One unit, from its table to the model. */
static void work_on(struct session *session, struct job *job)
{
	const struct event_plan *plan = &session->model->plan;
	struct model_unit kept = {0};

	if (session->options.method == MODEL_ORIGINAL) {
		job->status = original_train(&job->unit, job->region, job->pass, plan,
					     &job->table, &session->options, &job->log,
					     &job->error);
		job->unit.method = MODEL_ORIGINAL;
		return;
	}
	if (!job->shared_with)
		job->status = set_aside(job, plan, &kept);
	if (!job->status)
		job->status = unit_train(&job->unit, job->region, job->pass, plan,
					 &job->table, &session->options,
					 &session->steps, &job->log, &job->error);
	if (job->status) {
		unit_free(&kept);
		return;
	}
	keep_own(&job->unit, job);
	job->unit.aside = kept.aside;
	job->unit.aside_count = kept.aside_count;
	for (size_t i = 0; i < kept.aside_count; i++)
		text_printf(&job->log, "  run %u set aside: %s\n",
			    kept.aside[i].ordinal + 1, kept.aside[i].reason);
}

static void *work(void *context)
{
	struct session *session = context;

	pthread_mutex_lock(&session->lock);
	for (;;) {
		struct job *job;

		while (session->taken == session->job_count && !session->closed)
			pthread_cond_wait(&session->changed, &session->lock);
		if (session->taken == session->job_count)
			break;
		job = session->jobs[session->taken++];
		pthread_cond_broadcast(&session->changed);
		if (session->failed)
			continue;
		pthread_mutex_unlock(&session->lock);

		work_on(session, job);
		sample_table_free(&job->table);

		pthread_mutex_lock(&session->lock);
		session->failed |= job->status != 0;
	}
	pthread_mutex_unlock(&session->lock);
	return NULL;
}

static int start_workers(struct session *session, struct error *error)
{
	size_t wanted = (size_t)session->options.threads;
	int code = 0;

	while (session->thread_count < wanted && !code) {
		code = pthread_create(&session->threads[session->thread_count], NULL,
				      work, session);
		session->thread_count += !code;
	}
	/* Fewer threads than asked for are slower, not wrong. */
	if (session->thread_count)
		return 0;
	return error_set(error, -code, "cannot start a thread to train on: %s",
			 strerror(code));
}

/* Waits until `ready`, drawing the progress meanwhile; called and left with the lock held. */
static void wait_drawing(struct session *session, bool (*ready)(const struct session *))
{
	while (!ready(session)) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAIT_NS;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&session->changed, &session->lock, &until);
		progress_update(&session->progress,
				(double)atomic_load(&session->steps));
	}
}

static bool none_waits(const struct session *session)
{
	return session->taken == session->job_count;
}

/* The workers have ended or are about to; joining tells the rest. */
static void finish_workers(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	session->closed = true;
	pthread_cond_broadcast(&session->changed);
	wait_drawing(session, none_waits);
	pthread_mutex_unlock(&session->lock);
	for (size_t i = 0; i < session->thread_count; i++) {
		struct timespec until;

		do {
			progress_update(&session->progress,
					(double)atomic_load(&session->steps));
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += WAIT_NS;
			until.tv_sec += until.tv_nsec / 1000000000L;
			until.tv_nsec %= 1000000000L;
		} while (pthread_timedjoin_np(session->threads[i], NULL, &until) ==
			 ETIMEDOUT);
	}
}

/* ---- what is trained and what is not ---- */

static int add_skipped(struct session *session, const char *region, uint32_t pass,
		       const struct sample_table *table, struct error *error)
{
	struct model *model = session->model;
	size_t capacity = model->skipped_count;
	struct model_skipped *skipped;
	struct text reason = {0};

	if (array_reserve(&model->skipped, &capacity, model->skipped_count + 1,
			  sizeof(*model->skipped)))
		return error_no_memory(error, "noting a skipped region");
	text_printf(&reason,
		    "training needs %d runs and %d samples of it; the profile has %zu "
		    "run%s "
		    "with %zu sample%s",
		    MODEL_RUNS_MIN, MODEL_SAMPLES_MIN, table->run_count,
		    table->run_count == 1 ? "" : "s", table->rows,
		    table->rows == 1 ? "" : "s");
	skipped = &model->skipped[model->skipped_count];
	*skipped = (struct model_skipped){
		.region = strdup(region),
		.pass = pass,
		.samples = table->rows,
		.runs = table->run_count,
		.reason = reason.chars,
	};
	model->skipped_count++;
	if (!skipped->region || reason.failed)
		return error_no_memory(error, "noting a skipped region");
	return 0;
}

/* Hands the table to the workers; it is theirs then. Waits while another one waits. */
static int add_job(struct session *session, const char *region, uint32_t pass,
		   struct sample_table *table, char *shared_with, struct error *error)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return error_no_memory(error, "training");
	pthread_mutex_lock(&session->lock);
	if (array_reserve(&session->jobs, &session->job_capacity,
			  session->job_count + 1, sizeof(struct job *))) {
		pthread_mutex_unlock(&session->lock);
		free(job);
		return error_no_memory(error, "training");
	}
	job->region = region;
	job->pass = pass;
	job->shared_with = shared_with;
	job->table = *table;
	*table = (struct sample_table){0};
	session->jobs[session->job_count++] = job;
	pthread_cond_broadcast(&session->changed);
	wait_drawing(session, none_waits);
	pthread_mutex_unlock(&session->lock);
	return 0;
}

/* Samples of the chosen runs. */
static int load_table(struct session *session, const struct profile_region *region,
		      uint32_t pass, struct sample_table *table, struct error *error)
{
	int status =
		profile_load(session->profile, region->id, pass, false, table, error);

	if (!status && rows_keep_ordinals(table, session->options.chosen,
					  session->options.chosen_count))
		status = error_no_memory(error, "choosing runs");
	return status;
}

static int add_unit(struct session *session, const struct profile_region *region,
		    uint32_t pass, struct error *error)
{
	struct sample_table table = {0};
	int status = load_table(session, region, pass, &table, error);

	if (!status && table.rows >= MODEL_SAMPLES_MIN && session->in_pieces &&
	    pieces_deal(&table))
		status = error_no_memory(error, "dealing the rows to runs");
	if (!status &&
	    (table.run_count < MODEL_RUNS_MIN || table.rows < MODEL_SAMPLES_MIN))
		status = add_skipped(session, region->name, pass, &table, error);
	else if (!status)
		status = add_job(session, region->name, pass, &table, NULL, error);
	sample_table_free(&table);
	return status;
}

/* ---- regions with too few samples ---- */

/* The regions of one pass as points; those without samples have none. */
struct company {
	double *points; /* [count][dimensions] */
	size_t *region; /* [count] index */
	size_t *cluster;
	bool *few; /* too few to be learnt alone */
	size_t count;
	size_t dimensions;
};

static void company_free(struct company *company)
{
	free(company->points);
	free(company->region);
	free(company->cluster);
	free(company->few);
}

static int gather_company(struct session *session, uint32_t pass,
			  struct company *company, struct error *error)
{
	size_t regions = session->region_count;
	int status = 0;

	company->region = calloc(regions + 1, sizeof(*company->region));
	company->cluster = calloc(regions + 1, sizeof(*company->cluster));
	company->few = calloc(regions + 1, sizeof(*company->few));
	if (!company->region || !company->cluster || !company->few)
		return error_no_memory(error, "comparing regions");
	for (size_t i = 0; !status && i < regions; i++) {
		struct sample_table table = {0};
		double *point = NULL;

		status = load_table(session, &session->regions[i], pass, &table, error);
		if (!status && table.rows)
			status = cluster_point(&table, &session->model->plan, pass,
					       &point, &company->dimensions, error);
		if (!status && point && !company->points) {
			company->points = calloc(regions * company->dimensions + 1,
						 sizeof(*company->points));
			if (!company->points)
				status = error_no_memory(error, "comparing regions");
		}
		if (!status && point) {
			memcpy(company->points + company->count * company->dimensions,
			       point, company->dimensions * sizeof(*point));
			company->few[company->count] =
				table.run_count < MODEL_RUNS_MIN ||
				table.rows < MODEL_SAMPLES_MIN;
			company->region[company->count++] = i;
		}
		free(point);
		sample_table_free(&table);
	}
	if (!status && company->count &&
	    !cluster_points(company->points, company->count, company->dimensions,
			    company->cluster))
		status = error_no_memory(error, "comparing regions");
	return status;
}

/* No longer left out. */
static void remove_skipped(struct model *model, const char *region, uint32_t pass)
{
	for (size_t i = 0; i < model->skipped_count; i++) {
		struct model_skipped *skipped = &model->skipped[i];

		if (skipped->pass != pass || strcmp(skipped->region, region))
			continue;
		free(skipped->region);
		free(skipped->reason);
		memmove(skipped, skipped + 1,
			(model->skipped_count - i - 1) * sizeof(*skipped));
		model->skipped_count--;
		return;
	}
}

/* Lets the region learn from those of its cluster that have enough samples. */
static int add_sharing(struct session *session, uint32_t pass,
		       const struct company *company, size_t which, struct error *error)
{
	const struct profile_region *region = &session->regions[company->region[which]];
	struct sample_table own = {0};
	struct text names = {0};
	int status = load_table(session, region, pass, &own, error);

	for (size_t i = 0; !status && i < company->count; i++) {
		const struct profile_region *other =
			&session->regions[company->region[i]];
		struct sample_table theirs = {0}, merged = {0};

		if (company->few[i] || company->cluster[i] != company->cluster[which])
			continue;
		status = load_table(session, other, pass, &theirs, error);
		if (!status && cluster_merge(&merged, &own, &theirs))
			status = error_no_memory(error, "sharing samples");
		sample_table_free(&theirs);
		if (status)
			break;
		sample_table_free(&own);
		own = merged;
		text_printf(&names, "%s%s", names.length ? ", " : "", other->name);
	}
	if (!status && names.failed)
		status = error_no_memory(error, "sharing samples");
	if (!status && names.chars) {
		status = add_job(session, region->name, pass, &own, names.chars, error);
		if (!status) {
			remove_skipped(session->model, region->name, pass);
			names = (struct text){0};
		}
	}
	text_free(&names);
	sample_table_free(&own);
	return status;
}

static int share_models(struct session *session, struct error *error)
{
	int status = 0;

	for (uint32_t pass = 0; !status && pass < session->model->plan.pass_count;
	     pass++) {
		struct company company = {0};

		status = gather_company(session, pass, &company, error);
		for (size_t i = 0; !status && i < company.count; i++)
			if (company.few[i])
				status = add_sharing(session, pass, &company, i, error);
		company_free(&company);
	}
	return status;
}

static bool has_failed(struct session *session)
{
	bool failed;

	pthread_mutex_lock(&session->lock);
	failed = session->failed;
	pthread_mutex_unlock(&session->lock);
	return failed;
}

static double expected_steps(const struct session *session)
{
	size_t passes = session->model->plan.pass_count;
	double steps = 0;

	for (size_t i = 0; i < session->region_count; i++)
		for (size_t pass = 0; pass < passes; pass++)
			steps += (double)unit_steps(
				&session->options, session->regions[i].samples / passes,
				session->runs_ok[pass]);
	return steps;
}

static int train_units(struct session *session, struct error *error)
{
	struct console silent = {.quiet = true};
	const struct console *console = session->options.console;
	int status = start_workers(session, error);

	if (status)
		return status;
	progress_start(&session->progress, console ? console : &silent, "training",
		       expected_steps(session));
	for (size_t i = 0; !status && i < session->region_count; i++)
		for (size_t pass = 0;
		     !status && pass < session->model->plan.pass_count &&
		     !has_failed(session);
		     pass++)
			status = add_unit(session, &session->regions[i], (uint32_t)pass,
					  error);
	if (!status && session->options.clusters &&
	    session->options.method == MODEL_DEFAULT && !has_failed(session))
		status = share_models(session, error);
	if (status) {
		pthread_mutex_lock(&session->lock);
		session->failed = true;
		pthread_mutex_unlock(&session->lock);
	}
	finish_workers(session);
	progress_finish(&session->progress);
	for (size_t i = 0; !status && i < session->job_count; i++)
		if (session->jobs[i]->status) {
			status = session->jobs[i]->status;
			if (error)
				*error = session->jobs[i]->error;
		}
	return status;
}

/* ---- before and after ---- */

static bool is_chosen(const struct session *session, const struct profile_run *run)
{
	const struct model_options *options = &session->options;

	return !options->chosen ||
	       (run->ordinal < options->chosen_count && options->chosen[run->ordinal]);
}

/* Fewest runs that ended well over the passes; fails when no pass has enough. */
static int count_runs(struct session *session, struct error *error)
{
	struct model *model = session->model;
	struct profile_run *runs = NULL;
	size_t count = 0, most = 0;
	struct text advice = {0};
	int status = profile_runs(session->profile, &runs, &count, error);

	if (status)
		return status;
	session->runs_ok =
		calloc(model->plan.pass_count + 1, sizeof(*session->runs_ok));
	if (!session->runs_ok) {
		free(runs);
		return error_no_memory(error, "counting runs");
	}
	for (size_t i = 0; runs && i < count; i++)
		if (runs[i].status == PROFILE_RUN_OK && is_chosen(session, &runs[i]) &&
		    runs[i].pass < model->plan.pass_count) {
			size_t of_pass = ++session->runs_ok[runs[i].pass];

			most = of_pass > most ? of_pass : most;
			model->run_count++;
		}
	free(runs);
	if (most >= MODEL_RUNS_MIN)
		return 0;
	if (most && pieces_fit(&model->plan)) {
		session->in_pieces = true;
		if (session->options.console)
			console_note(session->options.console,
				     "no %d runs, but ready-made features: each row "
				     "counts as independent of the others",
				     MODEL_RUNS_MIN);
		return 0;
	}
	advice_more_runs(&advice, session->profile, model->plan.source,
			 MODEL_RUNS_MIN - most);
	error_set(error, -ENODATA,
		  "cannot train on %s: %d runs that ended well are needed%s, it has "
		  "%zu; %s",
		  profile_path(session->profile), MODEL_RUNS_MIN,
		  model->plan.pass_count > 1 ? " of a pass" : "", most,
		  advice.chars ? advice.chars : "");
	text_free(&advice);
	return -ENODATA;
}

static int refuse_empty(struct session *session, struct error *error)
{
	const struct model *model = session->model;
	struct text text = {0};

	text_printf(&text, "cannot train on %s: ", profile_path(session->profile));
	if (!model->skipped_count)
		text_puts(&text, "no region was executed in the runs that ended well");
	for (size_t i = 0; i < model->skipped_count; i++)
		text_printf(&text, "%sregion %s: %s", i ? "; " : "",
			    model->skipped[i].region, model->skipped[i].reason);
	text_puts(&text, "; execute the regions more often in a run, or ");
	advice_more_runs(&text, session->profile, model->plan.source, MODEL_RUNS_MIN);
	error_set(error, -ENODATA, "%s", text.chars ? text.chars : "no samples");
	text_free(&text);
	return -ENODATA;
}

static int describe_model(struct session *session, struct error *error)
{
	struct model *model = session->model;
	const char *source;
	int status = profile_get_plan(session->profile, &model->plan, error);

	if (!status)
		status = profile_get_machine(session->profile, &model->machine, error);
	if (status)
		return status;
	source = event_source_name(model->plan.source);
	model->source = strdup(source);
	model->command = profile_get_fact(session->profile, "command");
	model->git_commit = profile_get_fact(session->profile, "git_commit");
	model->method = session->options.method;
	model->seed = session->options.seed;
	model->sample_alarm_rate = session->options.sample_alarm_rate;
	if (session->options.tool_version)
		model->tool_version = strdup(session->options.tool_version);
	if (!model->source || (session->options.tool_version && !model->tool_version))
		return error_no_memory(error, "training");
	return 0;
}

static int compare_jobs(const void *a, const void *b)
{
	const struct job *const *x = a, *const *y = b;
	int order = strcmp((*x)->region, (*y)->region);

	return order ? order : ((*x)->pass > (*y)->pass) - ((*x)->pass < (*y)->pass);
}

/* Moves the trained units into the model, in its order: those that share came last. */
static int collect(struct session *session, struct error *error)
{
	struct model *model = session->model;

	model->units = calloc(session->job_count + 1, sizeof(*model->units));
	if (!model->units)
		return error_no_memory(error, "training");
	if (session->job_count)
		qsort(session->jobs, session->job_count, sizeof(struct job *),
		      compare_jobs);
	for (size_t i = 0; i < session->job_count; i++) {
		model->units[model->unit_count++] = session->jobs[i]->unit;
		session->jobs[i]->unit = (struct model_unit){0};
	}
	return model->unit_count ? 0 : refuse_empty(session, error);
}

/* Errors of the stream are left to whoever closes it. */
static int write_log(const struct session *session, struct error *error)
{
	struct text text = {0};
	int status = 0;

	if (!session->options.log)
		return 0;
	training_log_start(&text, &session->options);
	for (size_t i = 0; i < session->job_count; i++) {
		text_append(&text, session->jobs[i]->log.chars,
			    session->jobs[i]->log.length);
		text.failed |= session->jobs[i]->log.failed;
	}
	for (size_t i = 0; i < session->model->skipped_count; i++)
		training_log_skipped(&text, &session->model->skipped[i]);
	if (text.failed)
		status = error_no_memory(error, "writing the training log");
	else
		fwrite(text.chars, 1, text.length, session->options.log);
	text_free(&text);
	return status;
}

static void session_free(struct session *session)
{
	for (size_t i = 0; i < session->job_count; i++) {
		sample_table_free(&session->jobs[i]->table);
		unit_free(&session->jobs[i]->unit);
		text_free(&session->jobs[i]->log);
		free(session->jobs[i]->shared_with);
		free(session->jobs[i]);
	}
	free(session->jobs);
	free(session->runs_ok);
	profile_regions_free(session->regions, session->region_count);
	pthread_cond_destroy(&session->changed);
	pthread_mutex_destroy(&session->lock);
	free(session);
}

/* What 0 and out of range stand for. */
static void fill_options(struct model_options *options)
{
	struct model_options defaults;

	model_options_default(&defaults);
	if (options->batch <= 0)
		options->batch = defaults.batch;
	if (!(options->noise >= 0))
		options->noise = defaults.noise;
	if (!(options->sample_alarm_rate > 0 && options->sample_alarm_rate < 1))
		options->sample_alarm_rate = defaults.sample_alarm_rate;
	if (!options->samples_max)
		options->samples_max = defaults.samples_max;
	if (options->threads <= 0)
		options->threads = threads_allowed();
	if (options->threads > THREADS_MAX)
		options->threads = THREADS_MAX;
}

int model_train(struct model **model, struct profile *profile,
		const struct model_options *options, struct error *error)
{
	struct session *session = calloc(1, sizeof(*session));
	int status;

	if (!session)
		return error_no_memory(error, "training");
	session->profile = profile;
	session->options = *options;
	fill_options(&session->options);
	pthread_mutex_init(&session->lock, NULL);
	pthread_cond_init(&session->changed, NULL);
	session->model = calloc(1, sizeof(*session->model));
	if (!session->model) {
		session_free(session);
		return error_no_memory(error, "training");
	}
	status = describe_model(session, error);
	if (!status)
		status = count_runs(session, error);
	if (!status)
		status = model_lines_learn(session->model, profile, error);
	if (!status)
		status = profile_regions(profile, &session->regions,
					 &session->region_count, error);
	if (!status)
		status = train_units(session, error);
	if (!status)
		status = collect(session, error);
	if (!status)
		status = write_log(session, error);
	if (status)
		model_free(session->model);
	else
		*model = session->model;
	session_free(session);
	return status;
}
