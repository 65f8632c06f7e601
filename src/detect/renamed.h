/* SPDX-License-Identifier: MIT */
/* Regions that have another name now, but do what a vanished one did. */
#ifndef AUTOPERF_DETECT_RENAMED_H
#define AUTOPERF_DETECT_RENAMED_H

#include "base/error.h"
#include "detect/findings.h"

/*
 * Fills findings->renamed from the regions of one side. `passes` maps the model's passes to the
 * profile's (compare.h); `regions` are the profile's, sorted by name.
 * Nothing is written to options->scores.
 */
int findings_find_renamed(struct findings *findings, const struct model *model,
			  struct profile *profile, const uint32_t *passes,
			  const struct profile_region *regions, size_t region_count,
			  const struct detect_options *options, struct error *error);

#endif
