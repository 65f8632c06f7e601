/* SPDX-License-Identifier: MIT */
/*
 * The processor's key, from /proc/cpuinfo: see processor.h.
 *
 * x86 tells vendor, family, model and stepping; Arm tells implementer and part, which are
 * fields of MIDR_EL1. Models are those of the lists that the perf tool ships for its event
 * tables (Intel's perfmon mapfile.csv; tools/perf/pmu-events/arch/{x86,arm64}/mapfile.csv in
 * the kernel's tree). A processor that is not listed has no key: events of a neighbour would
 * count something else without an error.
 */
#include "event/processor.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 256

enum vendor { VENDOR_NONE, VENDOR_INTEL, VENDOR_AMD, VENDOR_HYGON, VENDOR_ARM };

/* What tells processors apart. Arm: `family` is the implementer, `model` the part. */
struct identity {
	enum vendor vendor;
	unsigned family;
	unsigned model;
	unsigned stepping;
};

struct known_processor {
	const char *key;
	enum vendor vendor;
	unsigned family;
	unsigned first_model, last_model;
	unsigned first_stepping, last_stepping;
};

#define ANY_STEPPING 0, ~0u

/* The first row that matches wins. */
static const struct known_processor known_processors[] = {
	{"skylake", VENDOR_INTEL, 6, 0x4e, 0x4e, ANY_STEPPING},
	{"skylake", VENDOR_INTEL, 6, 0x5e, 0x5e, ANY_STEPPING},
	{"skylake", VENDOR_INTEL, 6, 0x8e, 0x8e, ANY_STEPPING}, /* Kaby Lake and */
	{"skylake", VENDOR_INTEL, 6, 0x9e, 0x9e, ANY_STEPPING}, /* Coffee Lake */
	{"skylake", VENDOR_INTEL, 6, 0xa5, 0xa6, ANY_STEPPING}, /* Comet Lake */
	{"skylake-sp", VENDOR_INTEL, 6, 0x55, 0x55, 0, 4},
	{"cascade-lake", VENDOR_INTEL, 6, 0x55, 0x55, 5, 15}, /* and Cooper Lake */
	{"ice-lake", VENDOR_INTEL, 6, 0x7d, 0x7e, ANY_STEPPING},
	{"ice-lake", VENDOR_INTEL, 6, 0x8c, 0x8d, ANY_STEPPING}, /* Tiger Lake */
	{"ice-lake", VENDOR_INTEL, 6, 0xa7, 0xa7, ANY_STEPPING}, /* Rocket Lake */
	{"ice-lake-sp", VENDOR_INTEL, 6, 0x6a, 0x6a, ANY_STEPPING},
	{"ice-lake-sp", VENDOR_INTEL, 6, 0x6c, 0x6c, ANY_STEPPING},
	{"sapphire-rapids", VENDOR_INTEL, 6, 0x8f, 0x8f, ANY_STEPPING},
	{"sapphire-rapids", VENDOR_INTEL, 6, 0xcf, 0xcf, ANY_STEPPING}, /* Emerald */
	{"alder-lake", VENDOR_INTEL, 6, 0x97, 0x97, ANY_STEPPING},
	{"alder-lake", VENDOR_INTEL, 6, 0x9a, 0x9a, ANY_STEPPING},
	{"alder-lake", VENDOR_INTEL, 6, 0xb7, 0xb7, ANY_STEPPING}, /* Raptor Lake */
	{"alder-lake", VENDOR_INTEL, 6, 0xba, 0xba, ANY_STEPPING},
	{"alder-lake", VENDOR_INTEL, 6, 0xbf, 0xbf, ANY_STEPPING},
	{"zen1", VENDOR_AMD, 0x17, 0x00, 0x2f, ANY_STEPPING},
	{"zen1", VENDOR_HYGON, 0x18, 0x00, 0x0f, ANY_STEPPING},
	{"zen2", VENDOR_AMD, 0x17, 0x30, 0xff, ANY_STEPPING},
	{"zen3", VENDOR_AMD, 0x19, 0x00, 0x0f, ANY_STEPPING},
	{"zen3", VENDOR_AMD, 0x19, 0x20, 0x2f, ANY_STEPPING},
	{"zen3", VENDOR_AMD, 0x19, 0x40, 0x5f, ANY_STEPPING},
	{"zen4", VENDOR_AMD, 0x19, 0x00, 0xff, ANY_STEPPING},
	{"zen5", VENDOR_AMD, 0x1a, 0x00, 0x2f, ANY_STEPPING},
	{"zen5", VENDOR_AMD, 0x1a, 0x40, 0x4f, ANY_STEPPING},
	{"zen5", VENDOR_AMD, 0x1a, 0x60, 0x7f, ANY_STEPPING},
	{"neoverse-n1", VENDOR_ARM, 0x41, 0xd0c, 0xd0c, ANY_STEPPING},
	{"neoverse-v1", VENDOR_ARM, 0x41, 0xd40, 0xd40, ANY_STEPPING},
	{"neoverse-n2", VENDOR_ARM, 0x41, 0xd49, 0xd49, ANY_STEPPING},
	{"neoverse-n2", VENDOR_ARM, 0x6d, 0xd49, 0xd49, ANY_STEPPING}, /* Cobalt 100 */
};

static const char *find_key(const struct identity *is)
{
	size_t count = sizeof(known_processors) / sizeof(*known_processors);

	for (size_t i = 0; i < count; i++) {
		const struct known_processor *known = &known_processors[i];

		if (known->vendor == is->vendor && known->family == is->family &&
		    is->model >= known->first_model && is->model <= known->last_model &&
		    is->stepping >= known->first_stepping &&
		    is->stepping <= known->last_stepping)
			return known->key;
	}
	return NULL;
}

/* The value of "NAME : VALUE" when the line has that name, else NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(line, name, length))
		return NULL;
	line += length;
	line += strspn(line, " \t");
	if (*line != ':')
		return NULL;
	line++;
	return line + strspn(line, " \t");
}

static bool take_number(const char *line, const char *name, unsigned *number)
{
	const char *value = value_of(line, name);

	if (value)
		*number = (unsigned)strtoul(value, NULL, 0);
	return value;
}

static enum vendor vendor_of(const char *name)
{
	if (!strncmp(name, "GenuineIntel", 12))
		return VENDOR_INTEL;
	if (!strncmp(name, "AuthenticAMD", 12))
		return VENDOR_AMD;
	return strncmp(name, "HygonGenuine", 12) ? VENDOR_NONE : VENDOR_HYGON;
}

/* Takes what a line tells. "model" is followed by a colon, which "model name" is not. */
static void take_line(const char *line, struct identity *is)
{
	const char *vendor = value_of(line, "vendor_id");

	if (vendor)
		is->vendor = vendor_of(vendor);
	else if (take_number(line, "CPU implementer", &is->family))
		is->vendor = VENDOR_ARM;
	else if (!take_number(line, "cpu family", &is->family) &&
		 !take_number(line, "CPU part", &is->model) &&
		 !take_number(line, "model", &is->model))
		take_number(line, "stepping", &is->stepping);
}

/* A line, cut at LINE_BYTES: those of x86's flags are longer. False at the end. */
static bool read_line(FILE *stream, char *line)
{
	if (!fgets(line, LINE_BYTES, stream))
		return false;
	if (!strchr(line, '\n'))
		for (int c = getc(stream); c != '\n' && c != EOF; c = getc(stream))
			continue;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

int processor_key_read(FILE *cpuinfo, char *key, size_t size)
{
	struct identity is = {VENDOR_NONE, 0, 0, 0};
	const char *found = NULL;
	char line[LINE_BYTES];
	bool more = true;

	key[0] = '\0';
	while (more) {
		more = read_line(cpuinfo, line);
		if (more && *line) {
			take_line(line, &is);
			continue;
		}
		/* The end of one CPU's lines. Arm's last block may be of the board. */
		if (is.vendor != VENDOR_NONE) {
			const char *here = find_key(&is);

			if (!here || (found && strcmp(found, here)))
				return -ENODEV;
			found = here;
		}
		is = (struct identity){VENDOR_NONE, 0, 0, 0};
	}
	if (ferror(cpuinfo))
		return -EIO;
	if (!found || strlen(found) >= size)
		return -ENODEV;
	memcpy(key, found, strlen(found) + 1);
	return 0;
}

int event_processor_key(char *key, size_t size)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
	int code;

	key[0] = '\0';
	if (!cpuinfo)
		return -errno;
	code = processor_key_read(cpuinfo, key, size);
	fclose(cpuinfo);
	return code;
}
