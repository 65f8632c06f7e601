/* SPDX-License-Identifier: MIT */
/* The last step of a detection: from the numbers of all regions to the verdict. */
#ifndef AUTOPERF_DETECT_CONCLUDE_H
#define AUTOPERF_DETECT_CONCLUDE_H

#include "base/error.h"
#include "detect/findings.h"
#include "detect/judge.h"

/*
 * Takes over the p-values, decides each region and gives its reason,
 * sorts the regions, decides the whole and gives the summary. `judgements` are parallel to
 * findings->regions as they are before. Fails only for lack of memory.
 */
int conclude(struct findings *findings, const struct judgement *judgements,
	     struct error *error);

#endif
