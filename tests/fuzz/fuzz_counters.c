/* SPDX-License-Identifier: MIT */
/*
 * event/names.c and event/resolve.c: COUNTERS files and -e lists of any bytes. The names that
 * come out are resolved, which reads sysfs but opens no counter.
 */
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "fuzz/fuzz.h"

#define RESOLVED_MAX \
	8 /* names of one input: an unknown one is compared with thousands */

static void check_names(const struct event_names *names)
{
	fuzz_require(names->count <= EVENT_NAMES_MAX);
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		fuzz_require(*name && strlen(name) <= EVENT_NAME_BYTES);
		for (const char *c = name; *c; c++)
			fuzz_require(*c > ' ' && *c < 0x7f);
		for (size_t j = 0; j < i && i < 200; j++)
			fuzz_require(strcmp(names->items[j], name));
	}
}

static void check_resolution(const char *name)
{
	struct error error = {0};
	struct event event;

	if (event_resolve(name, &event, &error)) {
		fuzz_require(error.code < 0 && *error.text);
		fuzz_require(error.exit_status == EXIT_USAGE ||
			     error.exit_status == EXIT_CANNOT_MEASURE ||
			     error.exit_status == EXIT_FAILED);
		fuzz_require(!event.name);
		return;
	}
	fuzz_require(event.name && *event.name);
	fuzz_require(event.role < EVENT_ROLES);
	event_free(&event);
}

static void check_outcome(const struct event_names *names, int code,
			  const struct error *error)
{
	check_names(names);
	if (code)
		fuzz_require(code == error->code && *error->text);
	else
		fuzz_require(names->count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct event_names names = {0};
	struct error error = {0};
	char *list = strndup((const char *)bytes, length);
	int code = event_names_parse(&names, (const char *)bytes, length, "COUNTERS",
				     &error);

	check_outcome(&names, code, &error);
	for (size_t i = 0; i < names.count && i < RESOLVED_MAX; i++)
		check_resolution(names.items[i]);
	event_names_free(&names);
	if (list) {
		code = event_names_split(&names, list, &error);
		check_outcome(&names, code, &error);
		event_names_free(&names);
	}
	free(list);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {
		"# COUNTERS\nPAPI_TOT_CYC\nPAPI_L1_DCM\n",
		"\xef\xbb\xbf"
		"cycles:u\r\ninstructions:kpp # why\r\n\r\n",
		"cpu/event=0x3c,umask=0/u,software/config=1,config1=0x2/,msr/tsc/",
		"r01c2\nrffffffffffffffff:k\n",
		"sched:sched_switch\nsyscalls:sys_enter_futex\n",
		"L1D:REPLACEMENT\nskl::OFFCORE_RESPONSE_0:DMND_DATA_RD:L3_HIT:SNP_"
		"HITM\n",
		"perf::CONTEXT-SWITCHES\nperf::PERF_COUNT_SW_PAGE_FAULTS\n",
	};

	if (index >= sizeof(seeds) / sizeof(*seeds))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	if (!*bytes)
		abort();
	memcpy(*bytes, seeds[index], *length);
	return true;
}
