/* SPDX-License-Identifier: MIT */
/* See training_log.h. Two spaces of indentation for each level; numbers in columns. */
#include "model/training_log.h"

#include <math.h>

void training_log_start(struct text *log, const struct model_options *options)
{
	text_printf(log,
		    "AutoPerf network training\n"
		    "seed %llu, batch %d, noise %g, at most %d %s, share of alarms %g\n"
		    "errors are mean squared errors per feature of samples with noise "
		    "added,\n"
		    "in units of each feature's spread\n",
		    (unsigned long long)options->seed, options->batch, options->noise,
		    options->epochs ? options->epochs : UNIT_STEPS,
		    options->epochs ? "epochs" : "steps a network",
		    options->sample_alarm_rate);
}

void training_log_unit(struct text *log, const struct unit_training *training)
{
	const struct model_unit *unit = training->unit;

	text_printf(log,
		    "\nregion %s, pass %u: %llu samples of %zu runs, trained on %zu\n",
		    unit->region, unit->pass + 1, (unsigned long long)unit->samples,
		    training->table->run_count, training->row_count);
	text_printf(log, "  %-40s %-22s %12s %12s\n", "feature", "", "centre", "scale");
	for (size_t f = 0; f < unit->feature_count; f++)
		text_printf(log, "  %-40s %-22s %12.6g %12.6g\n",
			    unit->features[f].name,
			    feature_kind_per(unit->features[f].kind),
			    unit->scaler.center[f], unit->scaler.scale[f]);
}

void training_log_split(struct text *log, size_t training_rows, size_t validation_rows)
{
	text_printf(log, "  search: %zu samples to train on, %zu of held-out runs\n",
		    training_rows, validation_rows);
}

void training_log_candidate(struct text *log, const struct topology *topology,
			    size_t index, size_t count)
{
	char name[TOPOLOGY_TEXT_MAX];

	text_printf(log, "  configuration %zu of %zu: %s, %zu parameters\n", index + 1,
		    count, topology_format(topology, name),
		    topology_parameters(topology));
}

void training_log_checks(struct text *log, const struct train_result *result)
{
	const struct train_check *best = &result->checks[result->best];

	text_printf(log, "    %8s %10s %12s %12s\n", "step", "epoch", "training",
		    "validation");
	for (size_t i = 0; i < result->check_count; i++) {
		const struct train_check *check = &result->checks[i];

		text_printf(log, "    %8zu %10.2f %12.6f %12.6f\n", check->step,
			    check->epoch, check->training_error,
			    check->validation_error);
	}
	text_printf(log, "    best validation error %.6f at step %zu\n",
		    best->validation_error, best->step);
}

void training_log_choice(struct text *log, const struct search_choice *choice)
{
	char name[TOPOLOGY_TEXT_MAX];

	text_printf(
		log,
		"  chosen: %s, training error %.6f, validation error %.6f, %zu steps\n",
		topology_format(&choice->topology, name), choice->training_error,
		choice->validation_error, choice->steps);
}

void training_log_fold(struct text *log, size_t fold, size_t folds,
		       size_t training_rows, size_t held_out, double training_error,
		       double validation_error)
{
	text_printf(log,
		    "  fold %zu of %zu: %zu samples to train on, %zu held out, "
		    "training error "
		    "%.6f",
		    fold + 1, folds, training_rows, held_out, training_error);
	if (!isnan(validation_error))
		text_printf(log, ", validation error %.6f", validation_error);
	text_puts(log, "\n");
}

void training_log_result(struct text *log, const struct unit_training *training)
{
	const struct model_unit *unit = training->unit;

	text_printf(log, "  %-40s %12s %12s\n", "held-out spread of", "residual",
		    "distance");
	for (size_t f = 0; f < unit->feature_count; f++)
		text_printf(log, "  %-40s %12.6f %12.6f\n", unit->features[f].name,
			    unit->residual_spread[f], unit->landmark_spread[f]);
	text_printf(log,
		    "  final network: training error %.6f, validation error %.6f\n",
		    unit->training_error, unit->validation_error);
	text_printf(
		log,
		"  score: median %.6f, threshold %.6f, largest %.6f, %zu landmarks\n",
		unit->score_quantiles[MODEL_QUANTILES / 2], unit->threshold,
		unit->score_quantiles[MODEL_QUANTILES - 1], unit->landmark_count);
	for (size_t i = 0; i < unit->run_count; i++)
		text_printf(log,
			    "  run %u: %llu samples, anomalous when held out %.4f, "
			    "mean log "
			    "score %.6f\n",
			    unit->runs[i].ordinal,
			    (unsigned long long)unit->runs[i].samples,
			    unit->runs[i].anomalous_share, unit->runs[i].score_mean);
}

void training_log_skipped(struct text *log, const struct model_skipped *skipped)
{
	text_printf(log, "\nregion %s, pass %u: left out: %s\n", skipped->region,
		    skipped->pass + 1, skipped->reason);
}
