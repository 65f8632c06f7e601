/* SPDX-License-Identifier: MIT */
/* What to tell somebody whose profile is too small to be trained on. */
#ifndef AUTOPERF_MODEL_ADVICE_H
#define AUTOPERF_MODEL_ADVICE_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "profile/profile.h"

/*
 * Appends how to get `runs` more runs of each pass: the command line of `autoperf record
 * --append` with the profile's own command, or `autoperf import` for imported profiles.
 */
void advice_more_runs(struct text *text, struct profile *profile,
		      enum event_source source, size_t runs);

#endif
