/* SPDX-License-Identifier: MIT */
/*
 * The text of network_training.log: configurations, errors while training, the chosen topology,
 * thresholds. For people; without times or dates, so that equal trainings have equal logs.
 */
#ifndef AUTOPERF_MODEL_TRAINING_LOG_H
#define AUTOPERF_MODEL_TRAINING_LOG_H

#include "base/text.h"
#include "model/search.h"
#include "model/train.h"
#include "model/unit.h"

void training_log_start(struct text *log, const struct model_options *options);
void training_log_unit(struct text *log, const struct unit_training *training);
void training_log_split(struct text *log, size_t training_rows, size_t validation_rows);
void training_log_candidate(struct text *log, const struct topology *topology,
			    size_t index, size_t count);
void training_log_checks(struct text *log, const struct train_result *result);
void training_log_choice(struct text *log, const struct search_choice *choice);
void training_log_fold(struct text *log, size_t fold, size_t folds,
		       size_t training_rows, size_t held_out, double training_error,
		       double validation_error);
void training_log_result(struct text *log, const struct unit_training *training);
void training_log_skipped(struct text *log, const struct model_skipped *skipped);

#endif
