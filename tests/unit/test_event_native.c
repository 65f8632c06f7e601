/* SPDX-License-Identifier: MIT */
/*
 * src/event/native.c: encodings of processors that are not here. libpfm4 is told which one to
 * be by LIBPFM_FORCE_PMU, once per process, so each row runs in a child.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "event/native.h"
#include "recording/session.h"

enum raw_type { RAW = 4 }; /* PERF_TYPE_RAW */

struct row {
	const char *pmu;
	const char *name;
	uint64_t config;
	uint64_t config1;
	uint32_t flags;
};

/* Runs check(row) in a child that is the given processor; true when it returned true. */
static bool as_processor(const char *pmu, bool (*check)(const void *row),
			 const void *row)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		setenv("LIBPFM_FORCE_PMU", pmu, 1);
		_exit(check(row) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool encodes(const void *context)
{
	const struct row *row = context;
	struct event_encoding encoding;
	struct error error = {0};
	char *description;
	bool same;

	if (native_encode(row->name, &encoding, &description, &error)) {
		fprintf(stderr, "%s: %s\n", row->name, error.text);
		return false;
	}
	same = encoding.type == RAW && encoding.config == row->config &&
	       encoding.config1 == row->config1 && encoding.flags == row->flags &&
	       description && *description;
	if (!same)
		fprintf(stderr, "%s: type %u config %#llx config1 %#llx flags %u\n",
			row->name, encoding.type, (unsigned long long)encoding.config,
			(unsigned long long)encoding.config1, encoding.flags);
	free(description);
	return same;
}

static void names_are_encoded_as_the_processors_manual_has_them(void **state)
{
	static const struct row rows[] = {
		/* Intel SDM, event tables: INST_RETIRED C0H/00H, L1D.REPLACEMENT 51H/01H, ... */
		{"skl", "INST_RETIRED", 0xc0, 0, 0},
		{"skl", "L1D:REPLACEMENT", 0x151, 0, 0},
		{"skl", "skl::MEM_LOAD_L3_HIT_RETIRED:XSNP_HITM", 0x4d2, 0, 0},
		{"skl", "MEM_LOAD_RETIRED:L3_MISS:u", 0x20d1, 0,
		 SESSION_EVENT_EXCLUDE_KERNEL},
		{"skl", "LONGEST_LAT_CACHE:MISS:k", 0x412e, 0,
		 SESSION_EVENT_EXCLUDE_USER},
		{"skl", "OFFCORE_RESPONSE_0:DMND_DATA_RD:L3_HIT:SNP_HITM", 0x1b7,
		 0x10001c0001, 0},
		{"ivb_ep", "OFFCORE_RESPONSE_0:ANY_REQUEST:LLC_MISS_REMOTE_DRAM", 0x1b7,
		 0x3fff808fff, 0},
		/* AMD PPR, family 19h: PMCx0C0, PMCx0C3 */
		{"amd64_fam19h_zen4", "RETIRED_INSTRUCTIONS", 0xc0, 0, 0},
		{"amd64_fam19h_zen4", "RETIRED_BRANCH_INSTRUCTIONS_MISPREDICTED", 0xc3,
		 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(as_processor(rows[i].pmu, encodes, &rows[i]));
}

static bool refuses_mask(const void *context)
{
	struct event_encoding encoding;
	struct error error = {0};
	char *description;

	(void)context;
	return native_encode("L2_RQSTS:NONSENSE", &encoding, &description, &error) ==
		       -EINVAL &&
	       error.exit_status == EXIT_USAGE &&
	       strstr(error.text, "DEMAND_DATA_RD_MISS") && !description;
}

static void a_wrong_unit_mask_is_told_with_the_right_ones(void **state)
{
	(void)state;
	assert_true(as_processor("skl", refuses_mask, NULL));
}

static void an_event_of_another_processor_is_told_from_one_of_none(void **state)
{
	/* Intel's and AMD's: no processor has both. */
	static const char *const names[] = {"L1D:REPLACEMENT",
					    "DATA_CACHE_REFILLS_FROM_SYSTEM"};
	struct event_encoding encoding;
	struct error error = {0};
	char *description;
	int foreign = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int code = native_encode(names[i], &encoding, &description, &error);

		free(description);
		if (!code)
			continue;
		foreign++;
		assert_int_equal(code, -ENODEV);
		assert_int_equal(error.exit_status, EXIT_CANNOT_MEASURE);
		assert_non_null(strstr(error.text, "no such event"));
	}
	assert_true(foreign > 0);
	assert_int_equal(
		native_encode("NO_SUCH_EVENT", &encoding, &description, &error),
		-ENOENT);
	assert_int_equal(native_encode("", &encoding, &description, &error), -ENOENT);
	assert_int_equal(native_encode("::", &encoding, &description, &error), -ENOENT);
}

static int count_visit(const char *name, const char *description, void *context)
{
	int *count = context;

	if (!strcmp(name, "skl::L1D:REPLACEMENT") && *description)
		*count += 1000;
	return 0;
}

static bool lists(const void *context)
{
	int count = 0;

	(void)context;
	return !native_visit_all(count_visit, &count) && count == 1000;
}

static void every_event_and_mask_of_the_processor_is_listed_once(void **state)
{
	(void)state;
	assert_true(as_processor("skl", lists, NULL));
}

static bool offers(const void *context)
{
	struct nearest nearest;

	(void)context;
	nearest_start(&nearest, "MEM_LOAD_RETIRD");
	native_offer(&nearest);
	return !strcmp(nearest.name, "MEM_LOAD_RETIRED");
}

static void a_mistyped_native_name_finds_its_neighbour(void **state)
{
	(void)state;
	assert_true(as_processor("skl", offers, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_encoded_as_the_processors_manual_has_them),
		cmocka_unit_test(a_wrong_unit_mask_is_told_with_the_right_ones),
		cmocka_unit_test(every_event_and_mask_of_the_processor_is_listed_once),
		cmocka_unit_test(a_mistyped_native_name_finds_its_neighbour),
		/* Last: it initialises libpfm4 in this process, which children would inherit. */
		cmocka_unit_test(
			an_event_of_another_processor_is_told_from_one_of_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
