/* SPDX-License-Identifier: MIT */
/* model/model_train.c: from a profile to a model, the same way whatever the machine does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/model_builder.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct error error;
};

static const char *const regions[] = {"lookup", "insert", "rare"};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "p.apdb"),
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

/* Runs of both passes with `rows` samples of the first `count` regions. */
static void add_runs(struct fixture *fixture, unsigned runs, size_t count, size_t rows)
{
	for (unsigned i = 0; i < runs; i++)
		for (uint32_t pass = 0; pass < 2; pass++)
			example_run(fixture->profile, pass, PROFILE_RUN_OK, regions,
				    count, rows, i);
}

static struct model_options quick(void)
{
	struct model_options options;

	model_options_default(&options);
	options.epochs = 20;
	return options;
}

static struct model *train(struct fixture *fixture, const struct model_options *options)
{
	struct model *model = NULL;

	if (model_train(&model, fixture->profile, options, &fixture->error))
		fail_msg("%s", fixture->error.text);
	return model;
}

static void units_are_regions_and_passes_in_order(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	struct model *model;

	options.tool_version = "1.2";
	add_runs(fixture, 3, 2, 20);
	model = train(fixture, &options);
	assert_int_equal(model->unit_count, 4);
	assert_string_equal(model->units[0].region, "insert");
	assert_int_equal(model->units[0].pass, 0);
	assert_int_equal(model->units[1].pass, 1);
	assert_string_equal(model->units[2].region, "lookup");
	assert_int_equal(model->run_count, 6);
	assert_int_equal(model->skipped_count, 0);
	assert_string_equal(model->tool_version, "1.2");
	assert_int_equal(model->units[3].samples, 60);
	model_free(model);
}

static void bytes_do_not_depend_on_threads_or_vector_width(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	static const int variants[][2] = {{1, 0},   {2, 0},   {3, 0},
					  {1, 128}, {2, 256}, {1, 512}};
	char *first = NULL;
	size_t length = 0;

	add_runs(fixture, 4, 3, 30);
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		struct model *model = NULL;
		char *bytes;

		options.threads = variants[i][0];
		options.vector_bits = variants[i][1];
		if (model_train(&model, fixture->profile, &options, &fixture->error)) {
			/* A CPU without these vectors. */
			assert_int_equal(fixture->error.code, -ENOTSUP);
			assert_true(variants[i][1] > 128);
			continue;
		}
		if (!first) {
			length = model_bytes(model, &first);
		} else {
			assert_int_equal(model_bytes(model, &bytes), length);
			assert_memory_equal(bytes, first, length);
			free(bytes);
		}
		model_free(model);
	}
	free(first);
}

static void seed_changes_the_bytes(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	struct model *model;
	char *first, *second;
	size_t length;

	add_runs(fixture, 3, 1, 20);
	model = train(fixture, &options);
	length = model_bytes(model, &first);
	model_free(model);
	options.seed = 2;
	model = train(fixture, &options);
	assert_true(model_bytes(model, &second) != length ||
		    memcmp(first, second, length));
	model_free(model);
	free(first);
	free(second);
}

static void too_few_runs_are_refused_with_the_command_that_helps(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	struct model *model = NULL;

	assert_int_equal(profile_set_fact(fixture->profile, "command",
					  "[\"./a program\",\"it's\",\"-n\"]", NULL),
			 0);
	add_runs(fixture, 1, 1, 50);
	assert_int_equal(
		model_train(&model, fixture->profile, &options, &fixture->error),
		-ENODATA);
	assert_null(model);
	assert_non_null(strstr(fixture->error.text, "3 runs"));
	assert_non_null(strstr(fixture->error.text, "it has 1"));
	assert_non_null(
		strstr(fixture->error.text, "autoperf record --append -n 2 -o "));
	assert_non_null(strstr(fixture->error.text, "-- './a program' 'it'\\''s' -n"));
}

static void failed_runs_are_not_trained_on(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	struct model *model = NULL;

	add_runs(fixture, 2, 1, 50);
	for (int i = 0; i < 3; i++)
		example_run(fixture->profile, 0, PROFILE_RUN_EXIT, regions, 1, 50, 9);
	assert_int_equal(
		model_train(&model, fixture->profile, &options, &fixture->error),
		-ENODATA);
	assert_non_null(strstr(fixture->error.text, "it has 2"));
	add_runs(fixture, 1, 1, 50);
	model = train(fixture, &options);
	assert_int_equal(model->units[0].samples, 150);
	model_free(model);
}

static void too_few_samples_are_refused_with_their_number(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	struct model *model = NULL;

	add_runs(fixture, 3, 1, 1);
	assert_int_equal(
		model_train(&model, fixture->profile, &options, &fixture->error),
		-ENODATA);
	assert_non_null(strstr(fixture->error.text, "lookup"));
	assert_non_null(strstr(fixture->error.text, "20 samples"));
	assert_non_null(strstr(fixture->error.text, "3 samples"));
}

static void regions_that_are_rare_are_left_out_by_name(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	struct model *model;
	char *log = NULL;
	size_t length = 0;

	options.log = open_memstream(&log, &length);
	add_runs(fixture, 3, 1, 20);
	example_run(fixture->profile, 0, PROFILE_RUN_OK, regions + 2, 1, 5, 1);
	model = train(fixture, &options);
	fclose(options.log);
	assert_int_equal(model->unit_count, 2);
	assert_int_equal(model->skipped_count, 2);
	assert_string_equal(model->skipped[0].region, "rare");
	assert_int_equal(model->skipped[0].runs, 1);
	assert_int_equal(model->skipped[0].samples, 5);
	assert_non_null(strstr(model->skipped[0].reason, "3 runs and 20 samples"));
	assert_non_null(strstr(log, "region rare, pass 1: left out: "));
	free(log);
	model_free(model);
}

static void log_tells_configurations_errors_and_thresholds(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	char *logs[2] = {NULL, NULL};

	add_runs(fixture, 3, 1, 20);
	for (int i = 0; i < 2; i++) {
		size_t length = 0;

		options.log = open_memstream(&logs[i], &length);
		options.threads = i + 1;
		model_free(train(fixture, &options));
		fclose(options.log);
	}
	assert_string_equal(logs[0], logs[1]);
	assert_non_null(strstr(logs[0], "region lookup, pass 2: 60 samples of 3 runs"));
	assert_non_null(strstr(logs[0], "configuration 1 of "));
	assert_non_null(strstr(logs[0], "validation"));
	assert_non_null(strstr(logs[0], "chosen: "));
	assert_non_null(strstr(logs[0], "threshold"));
	free(logs[0]);
	free(logs[1]);
}

static void wrong_topology_is_refused_before_any_other_unit_hides_it(void **state)
{
	struct fixture *fixture = *state;
	struct model_options options = quick();
	struct model *model = NULL;

	options.topology = "7-7";
	add_runs(fixture, 3, 3, 20);
	assert_int_equal(
		model_train(&model, fixture->profile, &options, &fixture->error),
		-EINVAL);
	assert_int_equal(fixture->error.exit_status, EXIT_USAGE);
	assert_non_null(strstr(fixture->error.text, "region insert"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(units_are_regions_and_passes_in_order,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			bytes_do_not_depend_on_threads_or_vector_width, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(seed_changes_the_bytes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			too_few_runs_are_refused_with_the_command_that_helps, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(failed_runs_are_not_trained_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			too_few_samples_are_refused_with_their_number, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			regions_that_are_rare_are_left_out_by_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			log_tells_configurations_errors_and_thresholds, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			wrong_topology_is_refused_before_any_other_unit_hides_it,
			set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
