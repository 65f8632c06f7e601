/* SPDX-License-Identifier: MIT */
/* Where in the source a region's finding is shown; private to src/report. */
#ifndef AUTOPERF_REPORT_PLACE_H
#define AUTOPERF_REPORT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/findings.h"

struct place {
	const char *path; /* relative, `length` bytes; points into the findings */
	size_t length;
	uint32_t first, last; /* lines, from 1 */
};

/*
 * The author's first change that is likely about the region, else where it waits for its costliest
 * cache line. False if nothing is known, or only a path from which a reader elsewhere would learn
 * nothing: an absolute one, or one that leads out of the repository.
 */
bool place_of_region(const struct findings *findings,
		     const struct finding_region *region, struct place *place);

#endif
