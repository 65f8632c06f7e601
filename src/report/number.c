/* SPDX-License-Identifier: MIT */
/* Numbers for people: see number.h. */
#include "report/number.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"

char *number_factor(double factor, char *buffer)
{
	if (isnan(factor))
		snprintf(buffer, NUMBER_BYTES, "-");
	else if (isinf(factor))
		snprintf(buffer, NUMBER_BYTES, "new");
	else if (factor < 9.995)
		snprintf(buffer, NUMBER_BYTES, "%.2fx", factor);
	else if (factor < 99.95)
		snprintf(buffer, NUMBER_BYTES, "%.1fx", factor);
	else if (factor < 9999.5)
		snprintf(buffer, NUMBER_BYTES, "%.0fx", factor);
	else
		snprintf(buffer, NUMBER_BYTES, ">9999x");
	return buffer;
}

char *number_interval(const struct ratio_interval *interval, char *buffer)
{
	double high = interval->high;

	if (!isfinite(interval->low) || !isfinite(high))
		snprintf(buffer, NUMBER_BYTES, "-");
	else
		snprintf(buffer, NUMBER_BYTES, "%.*f-%.*f",
			 high < 9.995 ? 2 : high < 99.95, interval->low,
			 high < 9.995 ? 2 : high < 99.95, high);
	return buffer;
}

char *number_share(double share, char *buffer)
{
	double percent = 100 * share;

	if (!isfinite(share))
		snprintf(buffer, NUMBER_BYTES, "-");
	else if (percent > 0 && percent < 9.95)
		snprintf(buffer, NUMBER_BYTES, "%.1f %%", percent);
	else
		snprintf(buffer, NUMBER_BYTES, "%.0f %%", percent);
	return buffer;
}

/* 0.0123, 1.23, 12.3, 123. */
static void three_digits(double amount, const char *suffix, char *buffer)
{
	double size = fabs(amount);
	int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;

	if (size > 0 && size < 0.0995)
		decimals = size < 0.00995 ? 5 : 4;
	snprintf(buffer, NUMBER_BYTES, "%.*f%s", size > 0 ? decimals : 0, amount,
		 suffix);
}

char *number_count(double count, char *buffer)
{
	static const char *const suffixes[] = {"", "k", "M", "G", "T"};
	size_t suffix = 0;

	if (!isfinite(count)) {
		snprintf(buffer, NUMBER_BYTES, "-");
	} else if (fabs(count) < 9999.5) {
		/* Smaller than can be shown is not nothing. */
		if (count != 0 && fabs(count) < 0.000005)
			snprintf(buffer, NUMBER_BYTES, "<0.00001");
		else
			three_digits(count, "", buffer);
	} else {
		while (fabs(count) >= 999.5 &&
		       suffix + 1 < sizeof(suffixes) / sizeof(*suffixes)) {
			count /= 1000;
			suffix++;
		}
		three_digits(count, suffixes[suffix], buffer);
	}
	return buffer;
}

char *number_time(double nanoseconds, char *buffer)
{
	if (!isfinite(nanoseconds))
		snprintf(buffer, NUMBER_BYTES, "-");
	else
		text_duration(nanoseconds, buffer, NUMBER_BYTES);
	return buffer;
}

char *number_time_short(double nanoseconds, char *buffer)
{
	double minutes = nanoseconds / 60e9;

	if (!(minutes >= 100 / 60.0) || !isfinite(minutes))
		return number_time(nanoseconds, buffer);
	if (minutes < 99.95)
		snprintf(buffer, NUMBER_BYTES, "%.1f min", minutes);
	else if (minutes < 60 * 9999)
		snprintf(buffer, NUMBER_BYTES, "%.1f h", minutes / 60);
	else
		snprintf(buffer, NUMBER_BYTES, ">9999 h");
	return buffer;
}

struct number_per number_per(const struct finding_counter *counter)
{
	static const struct number_per per_time[] = {
		{1, "per us"}, {1e3, "per ms"}, {1e6, "per s"}};
	static const struct number_per per_instructions[] = {
		{1, "per 1000 instructions"},
		{1e3, "per million instructions"},
		{1e6, "per billion instructions"}};
	const struct number_per *choices;
	double larger = fmax(counter->before, counter->after);
	size_t choice = 0;

	switch (counter->kind) {
	case FEATURE_RATE_PER_MICROSECOND:
		choices = per_time;
		break;
	case FEATURE_RATE_PER_KILOINST:
		choices = per_instructions;
		break;
	case FEATURE_RAW:
		return (struct number_per){1, ""};
	default:
		return (struct number_per){1, feature_kind_per(counter->kind)};
	}
	while (choice < 2 && larger > 0 && larger * choices[choice].factor < 1)
		choice++;
	return choices[choice];
}

char *number_rate(const struct finding_counter *counter, double rate, char *buffer)
{
	double shown = rate * number_per(counter).factor;

	if (!isfinite(rate))
		snprintf(buffer, NUMBER_BYTES, "-");
	else if (counter->kind == FEATURE_RAW)
		snprintf(buffer, NUMBER_BYTES, "%.4g", rate);
	else if (counter->kind == FEATURE_CPU_SHARE)
		/* CPU time is read a little outside of wall time. */
		number_share(fmin(rate, 1), buffer);
	else if (counter->unit == EVENT_UNIT_NANOSECONDS)
		text_duration(shown, buffer, NUMBER_BYTES);
	else
		number_count(shown, buffer);
	return buffer;
}
