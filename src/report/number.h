/* SPDX-License-Identifier: MIT */
/* Numbers for people: units, sensible precision, fixed notation. All return `buffer`. */
#ifndef AUTOPERF_REPORT_NUMBER_H
#define AUTOPERF_REPORT_NUMBER_H

#include <stddef.h>

#include "detect/findings.h"

#define NUMBER_BYTES 32 /* room that every function here is content with */

/* "2.31x", "-" if unknown, "new" for infinite. */
char *number_factor(double factor, char *buffer);
/* "2.12-2.48", "-" if unknown. */
char *number_interval(const struct ratio_interval *interval, char *buffer);
/* 0.0123 -> "1.2 %", 0.97 -> "97 %". */
char *number_share(double share, char *buffer);
/* Three significant digits, from 10,000 on with k, M, G, T. */
char *number_count(double count, char *buffer);
/* A duration, "-" if unknown. */
char *number_time(double nanoseconds, char *buffer);
/* The same in at most 8 characters: "53.4 min". */
char *number_time_short(double nanoseconds, char *buffer);
/*
 * What a counter's rates are shown relative to: rare events per second rather than per
 * microsecond. `rate` times `factor` is what number_rate() prints.
 */
struct number_per {
	double factor;
	const char *per; /* "per ms"; "" for raw features */
};
struct number_per number_per(const struct finding_counter *counter);
/* A rate of the counter, in its unit. */
char *number_rate(const struct finding_counter *counter, double rate, char *buffer);

#endif
