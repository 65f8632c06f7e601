/* SPDX-License-Identifier: MIT */
/* All recordings that a run left in its session's directory. Anything that fails ends the test. */
#ifndef AUTOPERF_TESTS_RECORDINGS_H
#define AUTOPERF_TESTS_RECORDINGS_H

#include "recording/reader.h"

struct recordings {
	struct recording *each; /* owned */
	size_t count;
};

/* Adds those in a directory; `recordings` is zero at first. */
void recordings_load(struct recordings *recordings, const char *directory);
void recordings_close(struct recordings *recordings);

typedef void (*sample_visit)(const struct recording *recording,
			     const struct recording_sample *sample,
			     const uint64_t *values, void *context);
/* Visits the samples of a region (NULL: all) over all recordings, in file order. */
void recordings_visit(const struct recordings *recordings, const char *region,
		      sample_visit visit, void *context);
/* Over all recordings. */
uint64_t recordings_lost(const struct recordings *recordings, enum recording_loss loss);

#endif
