/* SPDX-License-Identifier: MIT */
/* profile/facts.c: facts and the machine survive the way through the file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/store.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct error error;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   example_plan());
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	profile_close(fixture->profile);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

static void reopen(struct fixture *fixture)
{
	profile_close(fixture->profile);
	assert_int_equal(profile_open(&fixture->profile,
				      scratch_path(&fixture->scratch, "a.apdb"),
				      PROFILE_WRITE, &fixture->error),
			 0);
}

static void assert_fact(struct fixture *fixture, const char *key, const char *expected)
{
	char *value = profile_get_fact(fixture->profile, key);

	if (expected)
		assert_string_equal(value, expected);
	else
		assert_null(value);
	free(value);
}

static void facts_are_kept_replaced_and_removed(void **state)
{
	struct fixture *fixture = *state;

	assert_fact(fixture, "command", NULL);
	assert_int_equal(profile_set_fact(fixture->profile, "command", "[\"a\"]",
					  &fixture->error),
			 0);
	assert_int_equal(
		profile_set_fact(fixture->profile, "git_commit", "", &fixture->error),
		0);
	reopen(fixture);
	assert_fact(fixture, "command", "[\"a\"]");
	assert_fact(fixture, "git_commit", "");
	assert_int_equal(profile_set_fact(fixture->profile, "command", "[\"b'\"]",
					  &fixture->error),
			 0);
	assert_int_equal(
		profile_set_fact(fixture->profile, "git_commit", NULL, &fixture->error),
		0);
	assert_fact(fixture, "command", "[\"b'\"]");
	assert_fact(fixture, "git_commit", NULL);
}

static void a_profile_without_machine_has_an_unknown_one(void **state)
{
	struct fixture *fixture = *state;
	struct machine machine;

	memset(&machine, 0x5a, sizeof(machine));
	assert_int_equal(
		profile_get_machine(fixture->profile, &machine, &fixture->error), 0);
	assert_string_equal(machine.cpu_model, "");
	assert_int_equal(machine.cores, 0);
	assert_int_equal(machine.smt, -1);
	assert_int_equal(machine.turbo, -1);
}

static void the_machine_comes_back_field_for_field(void **state)
{
	struct fixture *fixture = *state;
	struct machine machine, copy;

	memset(&machine, 0, sizeof(machine));
	strcpy(machine.cpu_model, "Example CPU @ 3 GHz");
	strcpy(machine.architecture, "x86_64");
	machine.cores = 64;
	machine.cores_allowed = 12;
	machine.numa_nodes = 2;
	machine.smt = 1;
	strcpy(machine.governor, "performance");
	machine.turbo = 0;
	strcpy(machine.kernel, "6.1.0 #1 SMP");
	strcpy(machine.hypervisor, "kvm");
	strcpy(machine.container, "docker");
	strcpy(machine.hostname, "host");
	machine.memory_bytes = 1UL << 40;
	assert_int_equal(
		profile_set_machine(fixture->profile, &machine, &fixture->error), 0);
	reopen(fixture);
	assert_int_equal(profile_get_machine(fixture->profile, &copy, &fixture->error),
			 0);
	assert_string_equal(copy.cpu_model, machine.cpu_model);
	assert_string_equal(copy.architecture, machine.architecture);
	assert_int_equal(copy.cores, machine.cores);
	assert_int_equal(copy.cores_allowed, machine.cores_allowed);
	assert_int_equal(copy.numa_nodes, machine.numa_nodes);
	assert_int_equal(copy.smt, machine.smt);
	assert_string_equal(copy.governor, machine.governor);
	assert_int_equal(copy.turbo, machine.turbo);
	assert_string_equal(copy.kernel, machine.kernel);
	assert_string_equal(copy.hypervisor, machine.hypervisor);
	assert_string_equal(copy.container, machine.container);
	assert_string_equal(copy.hostname, machine.hostname);
	assert_true(copy.memory_bytes == machine.memory_bytes);
}

static void the_probed_machine_can_be_stored(void **state)
{
	struct fixture *fixture = *state;
	struct machine machine, copy;
	char why[256];

	machine_probe(&machine);
	assert_int_equal(
		profile_set_machine(fixture->profile, &machine, &fixture->error), 0);
	assert_int_equal(profile_get_machine(fixture->profile, &copy, &fixture->error),
			 0);
	assert_true(machine_comparable(&machine, &copy, why, sizeof(why)));
	assert_int_equal(copy.cores, machine.cores);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(facts_are_kept_replaced_and_removed),
		TEST(a_profile_without_machine_has_an_unknown_one),
		TEST(the_machine_comes_back_field_for_field),
		TEST(the_probed_machine_can_be_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
