/* SPDX-License-Identifier: MIT */
/* Names that come from the measured program, quoted in sentences. */
#ifndef AUTOPERF_DETECT_NAME_H
#define AUTOPERF_DETECT_NAME_H

#include "base/text.h"

#define NAME_QUOTED_BYTES 60

/*
 * Appends the name in double quotes, cut to NAME_QUOTED_BYTES between characters. Control
 * characters and the like stay: whoever shows the sentence knows what its reader bears.
 */
void name_quote(struct text *text, const char *name);

#endif
