/* SPDX-License-Identifier: MIT */
/*
 * Regions by markers mean the same under the simulator as anywhere: each scenario of the runtime's
 * tests leaves as many samples and as many losses of each kind as it does natively. Not those that
 * execute /proc/self/exe: under Valgrind 3.19 that is the tool.
 */
#include "simulate.h"

#include <string.h>
#include <sys/wait.h>

static struct simulation *run_scenario(const char *name, bool natively)
{
	const struct plan plan = {
		.command = {find_program("scenario"), name},
		.markers = true,
		.natively = natively,
	};

	return simulate(&plan);
}

/* Samples of each region, summed over recordings, compared name by name. */
static void assert_same_regions(const struct simulation *a, const struct simulation *b)
{
	for (size_t i = 0; i < a->recorded.count; i++) {
		const struct recording *recording = &a->recorded.each[i];

		for (uint32_t j = 0; j < recording->region_count; j++) {
			const char *name = recording->region_names[j];

			if (name)
				assert_int_equal(add_up(a, name).executions,
						 add_up(b, name).executions);
		}
	}
}

static void compare(const char *name)
{
	struct simulation *native = run_scenario(name, true);
	struct simulation *simulated = run_scenario(name, false);

	assert_int_equal(native->recorded.count, simulated->recorded.count);
	assert_int_equal(add_up(native, NULL).executions,
			 add_up(simulated, NULL).executions);
	assert_same_regions(native, simulated);
	for (int loss = 0; loss < RECORDING_LOSS_KINDS; loss++)
		assert_int_equal(lost(native, (enum recording_loss)loss),
				 lost(simulated, (enum recording_loss)loss));
	assert_int_equal(WIFEXITED(native->status), WIFEXITED(simulated->status));
	if (WIFEXITED(native->status))
		assert_int_equal(WEXITSTATUS(native->status),
				 WEXITSTATUS(simulated->status));
	finish(native);
	finish(simulated);
}

#define SAME(name)                                   \
	static void name##_as_natively(void **state) \
	{                                            \
		(void)state;                         \
		compare(#name);                      \
	}

SAME(nested)
SAME(recursion)
SAME(too_deep)
SAME(scopes)
SAME(end_alone)
SAME(never_ended)
SAME(never_ended_in_loop)
SAME(many_names)
SAME(threads_end_inside)
SAME(cancelled)
SAME(marker_in_destructor)
SAME(longjmps)
SAME(jump_out_of_handler)
SAME(forks)
SAME(dies_by_exit)
SAME(dies_by_abort)
SAME(errno_is_kept)
SAME(thread_storm)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_as_natively),
		cmocka_unit_test(recursion_as_natively),
		cmocka_unit_test(too_deep_as_natively),
		cmocka_unit_test(scopes_as_natively),
		cmocka_unit_test(end_alone_as_natively),
		cmocka_unit_test(never_ended_as_natively),
		cmocka_unit_test(never_ended_in_loop_as_natively),
		cmocka_unit_test(many_names_as_natively),
		cmocka_unit_test(threads_end_inside_as_natively),
		cmocka_unit_test(cancelled_as_natively),
		cmocka_unit_test(marker_in_destructor_as_natively),
		cmocka_unit_test(longjmps_as_natively),
		cmocka_unit_test(jump_out_of_handler_as_natively),
		cmocka_unit_test(forks_as_natively),
		cmocka_unit_test(dies_by_exit_as_natively),
		cmocka_unit_test(dies_by_abort_as_natively),
		cmocka_unit_test(errno_is_kept_as_natively),
		cmocka_unit_test(thread_storm_as_natively),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
