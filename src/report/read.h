/* SPDX-License-Identifier: MIT */
/* Findings from the JSON that report_json() writes: doc/formats/findings.md. */
#ifndef AUTOPERF_REPORT_READ_H
#define AUTOPERF_REPORT_READ_H

#include <stddef.h>

#include "base/error.h"
#include "detect/findings.h"

/*
 * Reads a document, which may be anybody's: it is either findings of this version or an error that
 * names what is wrong with it. Keys that are not known are passed over. What JSON does not keep is
 * unknown afterwards (scores of rounds); every renderer makes of the rest what it makes of the
 * findings themselves, but for the ninth digit of numbers. `path` is for the error's text, and may
 * be "-" in findings_load(): standard input. *findings is for findings_free(), NULL after a failure.
 */
int findings_load(struct findings **findings, const char *path, struct error *error);
int findings_parse(struct findings **findings, const char *bytes, size_t length,
		   const char *path, struct error *error);

#endif
