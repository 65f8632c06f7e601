/* SPDX-License-Identifier: MIT */
/* "Did you mean ...": the candidate that is the fewest edits away from a mistyped name. */
#ifndef AUTOPERF_BASE_NEAREST_H
#define AUTOPERF_BASE_NEAREST_H

#include <stddef.h>

#define NEAREST_NAME_BYTES 512 /* longer candidates are not offered */

struct nearest {
	const char *wanted;
	size_t distance;                   /* of `name`; candidates must be nearer */
	char name[NEAREST_NAME_BYTES + 1]; /* "" while no candidate is near enough */
};

/* Near enough is half of the wanted name's length, but at least two edits. */
void nearest_start(struct nearest *nearest, const char *wanted);
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
