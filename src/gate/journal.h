/* SPDX-License-Identifier: MIT */
/*
 * What a check has done so far, one line a step, for people and for the next check: which stage
 * an interrupted one was in. What is finished is told by the files themselves, which are whole or
 * not there; the journal is never believed about that.
 */
#ifndef AUTOPERF_GATE_JOURNAL_H
#define AUTOPERF_GATE_JOURNAL_H

#include "base/console.h"
#include "base/error.h"

/* In this order; the last three only where a regression is suspected. */
enum gate_stage {
	STAGE_BUILD_BASE,
	STAGE_BUILD_HEAD,
	STAGE_ANNOTATE,
	STAGE_MEASURE,
	STAGE_TRAIN,
	STAGE_JUDGE,
	STAGE_CONFIRM_MEASURE,
	STAGE_CONFIRM_TRAIN,
	STAGE_CONFIRM_JUDGE,
	STAGES /* number of stages; also: none */
};
const char *gate_stage_name(enum gate_stage stage);

/* The stage that the journal's last check began and did not end; STAGES if there is none. */
enum gate_stage journal_interrupted(const char *path);
/* Adds "begin STAGE" or "end STAGE". */
int journal_begin(const char *path, enum gate_stage stage, struct error *error);
int journal_end(const char *path, enum gate_stage stage, struct error *error);

#endif
