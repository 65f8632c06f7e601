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
#include "model/rows.h"

#define SLICE_ROWS ((size_t)8192) /* scored at once */
#define MEDIAN_ROWS \
	((size_t)32768) /* rows, evenly spaced, that a median residual rests on */

/* Running sums while the slices go by. */
struct tally {
	double *squares; /* [run_count * feature_count] sums */
	double *rows;    /* [run_count] */
	float *slice;    /* [SLICE_ROWS * feature_count] residuals */
	float *kept; /* [kept_rows * feature_count] residuals of every stride-th row */
	size_t kept_rows;
	size_t stride;
	double *column;  /* scratch for medians, [max(kept_rows, run_count)] */
	double **values; /* [event_count] columns of the slice */
};

static void tally_free(struct tally *tally)
{
	free(tally->squares);
	free(tally->rows);
	free(tally->slice);
	free(tally->kept);
	free(tally->column);
	free(tally->values);
}

/* Rows scored at once; the original's method wants whole runs. */
static size_t slice_rows(const struct model_unit *unit,
			 const struct sample_table *table)
{
	return table->rows < SLICE_ROWS || unit->method == MODEL_ORIGINAL ? table->rows
									  : SLICE_ROWS;
}

static int tally_make(struct tally *tally, const struct model_unit *unit,
		      const struct sample_table *table)
{
	size_t slice = slice_rows(unit, table);
	size_t kept, column;

	tally->stride = (table->rows + MEDIAN_ROWS - 1) / MEDIAN_ROWS;
	kept = (table->rows + tally->stride - 1) / tally->stride;
	column = kept > table->run_count ? kept : table->run_count;
	tally->squares =
		calloc(table->run_count * unit->feature_count + 1, sizeof(double));
	tally->rows = calloc(table->run_count, sizeof(double));
	tally->slice = calloc(slice * unit->feature_count + 1, sizeof(float));
	tally->kept = calloc(kept * unit->feature_count + 1, sizeof(float));
	tally->column = calloc(column, sizeof(double));
	tally->values = calloc(table->event_count + 1, sizeof(*tally->values));
	if (!tally->squares || !tally->rows || !tally->slice || !tally->kept ||
	    !tally->column || !tally->values)
		return -1;
	return 0;
}

/* Rows [first, first + rows) of `table`, without copying. */
static struct sample_table slice_of(const struct sample_table *table, size_t first,
				    size_t rows, struct tally *tally)
{
	struct sample_table slice = *table;

	slice.rows = rows;
	slice.run += first;
	slice.thread += first;
	slice.begin_ns += first;
	slice.wall_ns += first;
	slice.cpu_ns += first;
	slice.weight += first;
	slice.running += first;
	for (size_t e = 0; e < table->event_count; e++)
		tally->values[e] = table->values[e] + first;
	slice.values = tally->values;
	return slice;
}

/* A feature that never varies in normal runs has residuals without bound once it does. */
static double square_of(double residual)
{
	double bounded = fmin(fabs(residual), EVIDENCE_RESIDUAL_MAX);

	return isfinite(residual) ? bounded * bounded : 0;
}

static void add_slice(struct tally *tally, const struct sample_table *slice,
		      size_t first, size_t features)
{
	for (size_t row = 0; row < slice->rows; row++) {
		const float *residuals = tally->slice + row * features;
		double *squares = tally->squares + slice->run[row] * features;

		tally->rows[slice->run[row]]++;
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

static int score_all(struct evidence *evidence, const struct sample_table *table,
		     struct tally *tally, float *scores, FILE *out, struct error *error)
{
	size_t most = slice_rows(evidence->unit, table);

	for (size_t first = 0; first < table->rows; first += most) {
		size_t rest = table->rows - first;
		struct sample_table slice =
			slice_of(table, first, rest < most ? rest : most, tally);
		int code = model_score(evidence->unit, &slice, scores + first,
				       tally->slice, error);

		if (code)
			return code;
		add_slice(tally, &slice, first, evidence->unit->feature_count);
		if (out)
			write_scores(out, evidence->unit, &slice, scores + first);
	}
	return 0;
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
	return 0;
}

int evidence_collect(struct evidence *evidence, const struct model_unit *unit,
		     struct profile *profile, int64_t region, uint32_t pass,
		     const struct detect_options *options, struct error *error)
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
	    tally_make(&tally, unit, &table)) {
		code = error_no_memory(error, "scoring the samples of a region");
		goto out;
	}
	code = score_all(evidence, &table, &tally, score, options->scores, error);
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
