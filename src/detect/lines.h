/* SPDX-License-Identifier: MIT */
/*
 * Contended cache lines as evidence: which of the new profile's cost a region more than they did
 * in training.
 */
#ifndef AUTOPERF_DETECT_LINES_H
#define AUTOPERF_DETECT_LINES_H

#include "detect/findings.h"

/* Puts them with every region of the findings, whatever its verdict will be. */
int finding_lines_collect(struct findings *findings, const struct model *model,
			  struct profile *profile, struct error *error);
/* The region has none any more. */
void finding_lines_free(struct finding_region *region);

#endif
