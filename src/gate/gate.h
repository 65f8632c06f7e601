/* SPDX-License-Identifier: MIT */
/*
 * The gate: does a change make the program slower? Two commits are copied, built and run in turns;
 * the older one's runs are learnt, the newer one's judged, and a suspected regression is said only
 * after a fresh batch of both has shown it again.
 *
 * A check is a row of stages (journal.h). What each leaves in the cache is whole or not there, so
 * that a check that was killed goes on where it was, and one that is asked for again has its answer.
 */
#ifndef AUTOPERF_GATE_GATE_H
#define AUTOPERF_GATE_GATE_H

#include <stdbool.h>

#include "base/console.h"
#include "base/error.h"
#include "detect/findings.h"
#include "event/event.h"
#include "gate/config.h"
#include "repo/repository.h"

#define GATE_HEAD_WORKTREE "worktree" /* as a head: what lies in the work tree now */
#define GATE_RUNS_DEFAULT  10

struct gate_options {
	const struct repository *repository;
	const struct config *config;
	const char *base;  /* NULL: where head left the branch of the configuration */
	const char *head;  /* NULL: HEAD */
	const char *cache; /* parent of the cache folder; NULL: the default */
	unsigned runs;     /* of each side, and as many again to confirm */
	enum event_source source;
	const char *machine; /* to simulate; NULL: the default */
	double alarm_rate;
	double effect_floor;
	/* Functions to be marked beside those that are touched: patterns, ending in NULL. */
	const char *const *also;
	bool unmarked;       /* add no marker */
	bool against_itself; /* both sides are base */
	bool fresh;          /* throw earlier runs away */
	const struct console *console;
};

/* Files in the cache that the findings are made of. */
struct gate_evidence {
	char *model;
	char *normal; /* profile of base's runs */
	char *fresh;  /* of head's */
};
void gate_evidence_free(struct gate_evidence *evidence);

/*
 * Checks. The console must have a descriptor of its own, see measure.h. -EINTR when interrupted.
 * A regression in *findings has been confirmed. *evidence is freed by gate_evidence_free(), also
 * after a failure.
 */
int gate_check(const struct gate_options *options, struct findings **findings,
	       struct gate_evidence *evidence, struct error *error);

#endif
