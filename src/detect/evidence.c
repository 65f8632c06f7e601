/* SPDX-License-Identifier: MIT */
/*
 * Evidence on one region and pass: see evidence.h.
 *
 * Samples can be many millions, features a few dozen, so residuals are computed for a slice of
 * rows at a time and only sums are kept. The squares are summed run by run and the median over
 * runs is what counts: one sample that was off the CPU for a second must not decide which
 * counter is to blame.
 */
#include "detect/evidence.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/statistics.h"
#include "base/threads.h"
#include "detect/histogram.h"
#include "model/rows.h"

#define SLICE_ROWS ((size_t)4096) /* scored at once, by a thread */
#define MEDIAN_ROWS \
	((size_t)32768) /* rows, evenly spaced, that a median residual rests on */

#define STALL_SAMPLES 10 /* of a run; of fewer one may well be half */

/* Some rows of the table, and what one thread makes of them. */
struct slice {
	struct sample_table table; /* part of the whole one */
	double **values;           /* [event_count] its columns */
	float *residuals;          /* [SLICE_ROWS * feature_count] */
	const struct model_unit *unit;
	float *scores; /* of its rows, part of all */
	struct error error;
	int code;
};

/* Running sums while the slices go by. */
struct tally {
	double *squares;      /* [run_count * feature_count] sums */
	double *rows;         /* [run_count] */
	struct slice *slices; /* [slice_count] scored at the same time */
	size_t slice_count;
	float *kept; /* [kept_rows * feature_count] residuals of every stride-th row */
	size_t kept_rows;
	size_t stride;
	double *column; /* scratch for medians, [max(kept_rows, run_count)] */
};

static void tally_free(struct tally *tally)
{
	free(tally->squares);
	free(tally->rows);
	for (size_t i = 0; tally->slices && i < tally->slice_count; i++) {
		free(tally->slices[i].values);
		free(tally->slices[i].residuals);
	}
	free(tally->slices);
	free(tally->kept);
	free(tally->column);
}

/* Rows scored at once; the original's method wants whole runs. */
static size_t slice_rows(const struct model_unit *unit,
			 const struct sample_table *table)
{
	return table->rows < SLICE_ROWS || unit->method == MODEL_ORIGINAL ? table->rows
									  : SLICE_ROWS;
}

/* As many slices as threads have something to do. */
static int slices_make(struct tally *tally, const struct model_unit *unit,
		       const struct sample_table *table, size_t threads)
{
	size_t rows = slice_rows(unit, table);
	size_t count = (table->rows + rows - 1) / rows;

	tally->slice_count = count < threads ? count : threads;
	tally->slices = calloc(tally->slice_count, sizeof(*tally->slices));
	if (!tally->slices)
		return -1;
	for (size_t i = 0; i < tally->slice_count; i++) {
		struct slice *slice = &tally->slices[i];

		slice->unit = unit;
		slice->values = calloc(table->event_count + 1, sizeof(*slice->values));
		slice->residuals =
			calloc(rows * unit->feature_count + 1, sizeof(float));
		if (!slice->values || !slice->residuals)
			return -1;
	}
	return 0;
}

static int tally_make(struct tally *tally, const struct model_unit *unit,
		      const struct sample_table *table, size_t threads)
{
	size_t kept, column;

	tally->stride = (table->rows + MEDIAN_ROWS - 1) / MEDIAN_ROWS;
	kept = (table->rows + tally->stride - 1) / tally->stride;
	column = kept > table->run_count ? kept : table->run_count;
	tally->squares =
		calloc(table->run_count * unit->feature_count + 1, sizeof(double));
	tally->rows = calloc(table->run_count, sizeof(double));
	tally->kept = calloc(kept * unit->feature_count + 1, sizeof(float));
	tally->column = calloc(column, sizeof(double));
	if (!tally->squares || !tally->rows || !tally->kept || !tally->column)
		return -1;
	return slices_make(tally, unit, table, threads);
}

/* Lets the slice be rows [first, first + rows) of `table`, without copying. */
static void slice_set(struct slice *slice, const struct sample_table *table,
		      size_t first, size_t rows, float *scores)
{
	slice->table = *table;
	slice->table.rows = rows;
	slice->table.run += first;
	slice->table.thread += first;
	slice->table.begin_ns += first;
	slice->table.wall_ns += first;
	slice->table.cpu_ns += first;
	slice->table.weight += first;
	slice->table.running += first;
	for (size_t e = 0; e < table->event_count; e++)
		slice->values[e] = table->values[e] + first;
	slice->table.values = slice->values;
	slice->scores = scores + first;
}

/* A feature that never varies in normal runs has residuals without bound once it does. */
static double square_of(double residual)
{
	double bounded = fmin(fabs(residual), EVIDENCE_RESIDUAL_MAX);

	return isfinite(residual) ? bounded * bounded : 0;
}

static void add_slice(struct tally *tally, const struct slice *slice, size_t first)
{
	const struct sample_table *table = &slice->table;
	size_t features = slice->unit->feature_count;

	for (size_t row = 0; row < table->rows; row++) {
		const float *residuals = slice->residuals + row * features;
		double *squares = tally->squares + table->run[row] * features;

		tally->rows[table->run[row]]++;
		for (size_t f = 0; f < features; f++)
			squares[f] += square_of(residuals[f]);
		if ((first + row) % tally->stride == 0) {
			float *kept = tally->kept + tally->kept_rows++ * features;

			for (size_t f = 0; f < features; f++)
				kept[f] = residuals[f];
		}
	}
}

/* Excess and residual of every feature from the tally. */
static void conclude(struct evidence *evidence, struct tally *tally, size_t run_count)
{
	size_t features = evidence->unit->feature_count;

	for (size_t f = 0; f < features; f++) {
		size_t used = 0;

		for (size_t r = 0; r < run_count; r++)
			if (tally->rows[r] > 0)
				tally->column[used++] =
					tally->squares[r * features + f] /
					tally->rows[r];
		evidence->excess[f] =
			fmax(0, statistics_median(tally->column, used) - 1);
		used = 0;
		for (size_t k = 0; k < tally->kept_rows; k++) {
			double residual = tally->kept[k * features + f];

			if (isfinite(residual))
				tally->column[used++] = residual;
		}
		evidence->residual[f] = statistics_median(tally->column, used);
	}
}

/* RFC 4180: quoted when it has to be, quotes doubled. */
static void write_csv_name(FILE *out, const char *name)
{
	bool plain = true;

	for (const char *c = name; *c; c++)
		if (*c == ',' || *c == '"' || *c == '\n' || *c == '\r')
			plain = false;
	if (plain) {
		fputs(name, out);
		return;
	}
	putc('"', out);
	for (const char *c = name; *c; c++) {
		if (*c == '"')
			putc('"', out);
		putc(*c, out);
	}
	putc('"', out);
}

void evidence_scores_header(FILE *scores)
{
	fputs("region,pass,run,thread,begin_ns,wall_ns,score,p_value,anomalous\n",
	      scores);
}

static void write_scores(FILE *out, const struct model_unit *unit,
			 const struct sample_table *slice, const float *scores)
{
	for (size_t row = 0; row < slice->rows; row++) {
		double score = scores[row];

		write_csv_name(out, unit->region);
		fprintf(out,
			",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu64
			",%.0f,%.6g,%.4g,%d\n",
			unit->pass, slice->run_ordinals[slice->run[row]],
			slice->thread[row], slice->begin_ns[row], slice->wall_ns[row],
			score, model_tail(unit, score), score > unit->threshold);
	}
}

static void score_slice(void *context, size_t index)
{
	struct slice *slice = &((struct tally *)context)->slices[index];

	slice->code = model_score(slice->unit, &slice->table, slice->scores,
				  slice->residuals, &slice->error);
}

/* Slices are scored together, and added up in order, however many there are at a time. */
static int score_all(struct evidence *evidence, const struct sample_table *table,
		     struct tally *tally, float *scores, FILE *out,
		     struct progress *progress, struct error *error)
{
	size_t most = slice_rows(evidence->unit, table);
	double done = progress ? progress->done : 0;

	for (size_t first = 0; first < table->rows;) {
		size_t start = first, used = 0;

		for (; used < tally->slice_count && first < table->rows; used++) {
			size_t rest = table->rows - first;
			size_t rows = rest < most ? rest : most;

			slice_set(&tally->slices[used], table, first, rows, scores);
			first += rows;
		}
		threads_run(used, score_slice, tally);
		for (size_t i = 0; i < used; i++) {
			struct slice *slice = &tally->slices[i];

			if (slice->code) {
				if (error)
					*error = slice->error;
				return slice->code;
			}
			add_slice(tally, slice, start);
			if (out)
				write_scores(out, evidence->unit, &slice->table,
					     slice->scores);
			start += slice->table.rows;
		}
		if (progress)
			progress_update(progress, done + (double)first);
	}
	return 0;
}

/* Runs with an execution that took longer than all others together. */
static size_t count_stalled(const struct sample_table *table)
{
	size_t stalled = 0;

	for (size_t first = 0, end; first < table->rows; first = end) {
		double longest = 0, total = 0;

		for (end = first;
		     end < table->rows && table->run[end] == table->run[first]; end++) {
			longest = fmax(longest, table->wall_ns[end]);
			total += table->weight[end] * table->wall_ns[end];
		}
		stalled += end - first >= STALL_SAMPLES && 2 * longest > total;
	}
	return stalled;
}

static int summarise(struct evidence *evidence, const struct sample_table *table,
		     const float *scores, struct error *error)
{
	for (size_t run = 0; run < table->run_count; run++) {
		int code = model_summarise_run(evidence->unit, table, run, scores,
					       &evidence->runs[run], error);

		if (code)
			return code;
		evidence->run_count++;
	}
	evidence->stalled = count_stalled(table);
	histogram_count(evidence->scores, evidence->unit, scores, table->rows);
	return 0;
}

static size_t threads_of(const struct detect_options *options)
{
	int allowed = options->threads > 0 ? options->threads : threads_allowed();

	return (size_t)(allowed < THREADS_MAX ? allowed : THREADS_MAX);
}

int evidence_collect(struct evidence *evidence, const struct model_unit *unit,
		     struct profile *profile, int64_t region, uint32_t pass,
		     const struct detect_options *options, struct progress *progress,
		     struct error *error)
{
	struct sample_table table = {0};
	struct tally tally = {0};
	float *score = NULL;
	int code;

	*evidence = (struct evidence){.unit = unit};
	code = profile_load(profile, region, pass, false, &table, error);
	if (!code && rows_keep_ordinals(&table, options->chosen, options->chosen_count))
		code = error_no_memory(error, "choosing runs");
	if (code || !table.rows)
		goto out;
	score = calloc(table.rows, sizeof(*score));
	evidence->runs = calloc(table.run_count, sizeof(*evidence->runs));
	evidence->excess = calloc(unit->feature_count + 1, sizeof(double));
	evidence->residual = calloc(unit->feature_count + 1, sizeof(double));
	if (!score || !evidence->runs || !evidence->excess || !evidence->residual ||
	    tally_make(&tally, unit, &table, threads_of(options))) {
		code = error_no_memory(error, "scoring the samples of a region");
		goto out;
	}
	code = score_all(evidence, &table, &tally, score, options->scores, progress,
			 error);
	if (!code)
		code = summarise(evidence, &table, score, error);
	if (!code)
		conclude(evidence, &tally, table.run_count);
out:
	tally_free(&tally);
	free(score);
	sample_table_free(&table);
	return code;
}

void evidence_free(struct evidence *evidence)
{
	for (size_t run = 0; run < evidence->run_count; run++)
		free(evidence->runs[run].rates);
	free(evidence->runs);
	free(evidence->excess);
	free(evidence->residual);
	*evidence = (struct evidence){0};
}
