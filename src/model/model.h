/* SPDX-License-Identifier: MIT */
/*
 * The model: what normal looks like, per region and pass ("unit"), learnt from normal runs
 * only. It holds everything that detection needs, so that `detect` reads the model and the
 * new profile and nothing else.
 *
 * Training of a unit: features of every sample (feature.h), scaled by the training runs'
 * statistics; a search over topologies of denoising autoencoders, judged by the error on
 * held-out runs; then, for every fold of runs, the error of samples that the network of that
 * fold has not seen. Those held-out errors, not the fitted residuals, give the thresholds.
 *
 * The score of a sample looks at it in several ways, each against what held-out normal samples
 * did:
 *
 *	r_f	feature f less the network's reconstruction of it, over its held-out spread:
 *		do the counters still fit together?
 *	d_f	feature f less that of the nearest landmark (a typical training sample), over
 *		its held-out spread: has anything like this been seen?
 *	n_i	distances to the nearest training samples, in several spaces (neighbour.h)
 *
 * A network that reconstructs well may also reconstruct what it has never seen, and a distance
 * alone cannot see a broken relation; either alone misses what the other finds. Root mean squares
 * of r and d, and the n, are the components of the score. Each becomes t = -log(share of held-out
 * normal samples that have as much), see tail.h; the score is the root of the mean of t^2 / 2:
 * about 1 for normal samples. What explains a score is, for each feature, its residual
 * e_f = +-sqrt((r_f^2 + d_f^2) / 2) with the sign of the larger one.
 *
 * Deterministic: same profile, same options -> same bytes in the model file, whatever the
 * number of threads and the CPU's vector width.
 */
#ifndef AUTOPERF_MODEL_MODEL_H
#define AUTOPERF_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/console.h"
#include "base/error.h"
#include "event/event.h"
#include "model/feature.h"
#include "profile/machine.h"
#include "profile/profile.h"

#define MODEL_FORMAT_VERSION 3
#define MODEL_SUFFIX         ".safetensors"
#define MODEL_QUANTILES      1001 /* points of the held-out score distribution */
#define MODEL_TOPOLOGY_MAX   160  /* bytes of "33-16-33" with its NUL */

struct network;     /* network.h */
struct neighbours;  /* neighbour.h */
struct train_check; /* train.h */

enum model_method {
	MODEL_DEFAULT,  /* as described above */
	MODEL_ORIGINAL, /* the original AutoPerf's, for comparison (original.h) */
};
const char *model_method_name(enum model_method method);
int model_method_parse(const char *name, enum model_method *method);

/* One training run as the held-out network saw it. */
struct model_run {
	uint32_t ordinal; /* run's ordinal in the training profile */
	uint64_t samples;
	uint64_t threads;     /* that executed it */
	double executions;    /* samples weighted by one_in */
	double wall_total_ns; /* weighted */
	double wall_mean_ns;  /* per execution */
	double wall_median_ns;
	double score_mean;      /* mean of log(score), held out */
	double anomalous_share; /* of samples above the unit's threshold, held out */
	double *rates; /* [feature_count] in natural units, whole run (feature.h) */
};

/* How a unit's network was found (history.h). All zero: not known, as in models of old. */
struct model_history {
	/* Topologies that were tried, those of fewest parameters first. */
	struct model_candidate {
		double error; /* on runs held out, as validation_error below */
		char topology[MODEL_TOPOLOGY_MAX];
	} * candidates;
	size_t candidate_count;
	size_t chosen; /* index of the one that the unit has */
	/* Errors while the chosen one was trained, by step. */
	struct train_check *checks;
	size_t check_count;
};

struct model_unit {
	char *region;
	uint32_t pass;
	struct feature *features;
	size_t feature_count;
	struct scaler scaler;
	struct network *network;
	/* Held-out spread of each feature's reconstruction error, in scaled units; > 0.
	 * [feature_count] */
	double *residual_spread;
	/* Typical training samples, scaled and clipped: [landmark_count][feature_count]. */
	float *landmarks;
	size_t landmark_count;
	/* Held-out spread of each feature's distance from the nearest landmark; > 0.
	 * [feature_count] */
	double *landmark_spread;
	struct neighbours
		*neighbours; /* NULL: training had too many samples for them */
	double *tails;       /* [components of a score][TAIL_POINTS], tail.h */
	/* score of held-out samples at fractions 0, 1/1000, ... 1; ascending. [MODEL_QUANTILES] */
	double *score_quantiles;
	double threshold;      /* a sample's score above it is anomalous */
	double training_error; /* mean squared error a feature, denoising, of the network */
	double validation_error; /* the same on held-out runs, mean over the folds */
	struct model_run *runs;
	size_t run_count;
	uint64_t samples;         /* it was trained on */
	enum model_method method; /* the model's */
	char *shared_with; /* region whose samples it was taught by, too (cluster.h), or NULL */
	/* Runs that were nothing like the others, and why (outlier.h). */
	struct model_aside {
		uint32_t ordinal;
		char *reason;
	} * aside;
	size_t aside_count;
	struct model_history history;
};

struct model {
	struct model_unit *units; /* sorted by region name, then pass */
	size_t unit_count;
	/* Regions of the training profile that have no unit, and why. */
	struct model_skipped {
		char *region;
		uint32_t pass;
		uint64_t samples;
		size_t runs;
		char *reason; /* says how many runs or samples are needed */
	} * skipped;
	size_t skipped_count;
	/* Contended cache lines of normal runs; medians over runs, per execution. */
	struct model_line {
		char *region;
		char *subject; /* profile_line.subject */
		double cycles; /* of the simulated machine */
		double hitm;
	} * lines;
	size_t line_count;
	bool lines_known; /* the training profile told about them */
	struct event_plan
		plan; /* names, roles, units, passes of the training profile */
	struct machine machine;
	char *tool_version; /* may be NULL */
	char *command;      /* JSON array, as in the profile; may be NULL */
	char *git_commit;   /* may be NULL */
	char *source;       /* "perf", ... */
	enum model_method method;
	uint64_t seed;
	double sample_alarm_rate; /* share of normal samples above `threshold`, by design */
	size_t run_count;         /* normal runs in the training profile */
};

struct model_options {
	enum model_method method;
	uint64_t seed; /* default 1 */
	int epochs;    /* upper bound; 0: default */
	int batch;     /* 0: default 64 */
	double noise; /* denoising: standard deviation against scaled data; <0: default */
	double sample_alarm_rate; /* default 0.01 */
	size_t samples_max; /* per unit used for training, evenly thinned; 0: default */
	bool clusters; /* regions with too few samples share a model with regions like them */
	const char *topology; /* override in the notation of network.h; NULL: search */
	int threads;          /* 0: all CPUs; never changes the result */
	int vector_bits;      /* 0: widest; 128, 256, 512: never changes the result */
	FILE *log; /* network_training.log; NULL: none; the caller checks it for errors */
	/* Train only on runs with chosen[ordinal], of ordinals below chosen_count; NULL: all. */
	const bool *chosen;
	size_t chosen_count;
	const char *tool_version;      /* noted in the model; may be NULL */
	const struct console *console; /* progress and notes; NULL: silent */
};
void model_options_default(struct model_options *options);

/*
 * Fewest runs and, per region, samples that training accepts. Ready-made features (import --raw)
 * may come in fewer runs: then their rows count as independent (pieces.h).
 */
#define MODEL_RUNS_MIN    3
#define MODEL_SAMPLES_MIN 20

/*
 * Trains on the runs of `profile` that ended well. Fails when no region can be trained; the
 * text says how many runs or samples are needed and how to get them.
 */
int model_train(struct model **model, struct profile *profile,
		const struct model_options *options, struct error *error);
int model_save(const struct model *model, const char *path, bool force,
	       struct error *error);
/* The same to an open stream, whose errors are left to its closing. */
int model_write(const struct model *model, FILE *stream, struct error *error);
/* Checks every offset, size and number; a damaged or foreign file is an error, not a crash. */
int model_load(struct model **model, const char *path, struct error *error);
/* The same of bytes in memory; `origin` is what error texts call them. */
int model_parse(struct model **model, const void *bytes, size_t length,
		const char *origin, struct error *error);
void model_free(struct model *model);
/* NULL when the model has no such unit. */
const struct model_unit *model_find(const struct model *model, const char *region,
				    uint32_t pass);

/*
 * What that contended line cost that region in normal runs, per execution; false (and zeros) if
 * it cost nothing, or if the model does not know (model->lines_known).
 */
bool model_find_line(const struct model *model, const char *region, const char *subject,
		     double *cycles, double *hitm);

/*
 * Scores every row of `table` (same pass, same events; by the original's method all rows of each of
 * its runs): scores[rows], and residuals (may be
 * NULL) [rows * feature_count], both as said above; always finite. Any number of threads.
 */
int model_score(const struct model_unit *unit, const struct sample_table *table,
		float *scores, float *residuals, struct error *error);
/* The chosen topology, "33-16-33"; text has MODEL_TOPOLOGY_MAX bytes. Returns `text`. */
char *model_topology(const struct model_unit *unit, char *text);
/* Share of held-out normal samples with a score at least this high, in (0, 1]. */
double model_tail(const struct model_unit *unit, double score);
/* Summarises the rows of one run of `table` against the unit, as training did for its own. */
int model_summarise_run(const struct model_unit *unit, const struct sample_table *table,
			size_t run, const float *scores, struct model_run *summary,
			struct error *error);

#endif
