/* SPDX-License-Identifier: MIT */
/* model/save.c and model/load.c: what is written is read back, what is damaged is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/file.h"
#include "model/history.h"
#include "model/network.h"
#include "model/safetensors.h"
#include "support/model_builder.h"
#include "support/scratch.h"

struct fixture {
	struct model *model;
	char *bytes;
	size_t length;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->model = example_model();
	fixture->length = model_bytes(fixture->model, &fixture->bytes);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	model_free(fixture->model);
	free(fixture->bytes);
	free(fixture);
	return 0;
}

static void saved_model_loads_with_all_that_is_in_it(void **state)
{
	struct fixture *fixture = *state;
	const struct model *model = fixture->model;
	struct model *loaded;
	struct error error;
	char *again;

	assert_int_equal(
		model_parse(&loaded, fixture->bytes, fixture->length, "m", &error), 0);
	assert_int_equal(loaded->unit_count, model->unit_count);
	assert_int_equal(loaded->skipped_count, 1);
	assert_string_equal(loaded->skipped[0].reason, model->skipped[0].reason);
	assert_string_equal(loaded->machine.cpu_model, model->machine.cpu_model);
	assert_string_equal(loaded->command, model->command);
	assert_true(loaded->seed == model->seed);
	assert_int_equal(loaded->plan.passes[0].count, model->plan.passes[0].count);
	/* Everything else: a second writing has to give the same bytes. */
	assert_int_equal(model_bytes(loaded, &again), fixture->length);
	assert_memory_equal(again, fixture->bytes, fixture->length);
	free(again);
	model_free(loaded);
}

static void loaded_model_gives_the_same_scores(void **state)
{
	struct fixture *fixture = *state;
	float before[30], after[30];
	struct sample_table table;
	struct model *loaded;
	struct error error;

	assert_int_equal(
		model_parse(&loaded, fixture->bytes, fixture->length, "m", &error), 0);
	example_model_table(&table, 30);
	assert_int_equal(
		model_score(&fixture->model->units[0], &table, before, NULL, &error),
		0);
	assert_int_equal(model_score(&loaded->units[0], &table, after, NULL, &error),
			 0);
	assert_memory_equal(before, after, sizeof(before));
	example_model_table_free(&table);
	model_free(loaded);
}

static void model_keeps_how_its_network_was_found(void **state)
{
	struct fixture *fixture = *state;
	const struct model_history *before = &fixture->model->units[0].history;
	const struct model_history *after;
	struct model *loaded;
	char text[MODEL_TOPOLOGY_MAX];

	assert_int_equal(
		model_parse(&loaded, fixture->bytes, fixture->length, "m", NULL), 0);
	after = &loaded->units[0].history;
	assert_int_equal(after->candidate_count, 1);
	assert_int_equal(after->chosen, 0);
	assert_string_equal(after->candidates[0].topology,
			    model_topology(&loaded->units[0], text));
	assert_true(after->candidates[0].error == before->candidates[0].error);
	assert_in_range(after->check_count, 2, HISTORY_CHECKS_MAX);
	assert_int_equal(after->check_count, before->check_count);
	for (size_t i = 0; i < after->check_count; i++) {
		assert_int_equal(after->checks[i].step, before->checks[i].step);
		assert_true(after->checks[i].training_error ==
			    before->checks[i].training_error);
		assert_true(after->checks[i].validation_error ==
			    before->checks[i].validation_error);
	}
	/* It learnt something. */
	assert_true(after->checks[after->check_count - 1].training_error <
		    after->checks[0].training_error);
	model_free(loaded);
}

static void model_of_old_has_no_history_and_loads(void **state)
{
	struct fixture *fixture = *state;
	char *bytes = malloc(fixture->length), *at;
	struct model *loaded;

	memcpy(bytes, fixture->bytes, fixture->length);
	while ((at = memmem(bytes, fixture->length, "history", 7)))
		memcpy(at, "unknown", 7);
	assert_int_equal(model_parse(&loaded, bytes, fixture->length, "m", NULL), 0);
	assert_int_equal(loaded->units[0].history.candidate_count, 0);
	assert_null(loaded->units[0].history.checks);
	model_free(loaded);
	free(bytes);
}

static void units_are_found_by_region_and_pass(void **state)
{
	struct fixture *fixture = *state;
	const struct model *model = fixture->model;

	for (size_t i = 0; i < model->unit_count; i++)
		assert_ptr_equal(
			model_find(model, model->units[i].region, model->units[i].pass),
			&model->units[i]);
	assert_null(model_find(model, "", 0));
	assert_null(model_find(model, "zzz", 0));
	assert_null(model_find(model, model->units[0].region, 7));
}

static void file_is_written_and_not_overwritten(void **state)
{
	struct fixture *fixture = *state;
	struct scratch scratch;
	struct error error = {0};
	struct model *loaded;
	const char *path;

	scratch_open(&scratch);
	path = scratch_path(&scratch, "m.safetensors");
	assert_int_equal(model_save(fixture->model, path, false, &error), 0);
	assert_int_equal(model_save(fixture->model, path, false, &error), -EEXIST);
	assert_int_equal(model_save(fixture->model, path, true, &error), 0);
	assert_int_equal(scratch_count(&scratch), 1);
	assert_int_equal(model_load(&loaded, path, &error), 0);
	model_free(loaded);
	assert_int_equal(model_load(&loaded, scratch_path(&scratch, "none"), &error),
			 -ENOENT);
	assert_non_null(strstr(error.text, "none"));
	scratch_close(&scratch);
}

/* Replaces the first `from` by `to` of the same length; the file must then be refused. */
static void refused(const struct fixture *fixture, const char *from, const char *to,
		    const char *says)
{
	char *bytes = malloc(fixture->length);
	struct model *loaded = NULL;
	struct error error = {0};
	char *at;

	assert_int_equal(strlen(from), strlen(to));
	memcpy(bytes, fixture->bytes, fixture->length);
	at = memmem(bytes, fixture->length, from, strlen(from));
	if (!at)
		fail_msg("not in the file: %s", from);
	memcpy(at, to, strlen(to));
	if (!model_parse(&loaded, bytes, fixture->length, "some.file", &error)) {
		model_free(loaded);
		fail_msg("accepted: %s", to);
	}
	assert_true(!strncmp(error.text, "cannot read model some.file: ", 29));
	if (!strstr(error.text, says))
		fail_msg("%s: %s", to, error.text);
	free(bytes);
}

static void contradictions_in_the_metadata_are_refused(void **state)
{
	const struct fixture *fixture = *state;

	refused(fixture, "autoperf-model", "autoperf-mobel", "no AutoPerf model");
	refused(fixture, "\"version\":\"3\"", "\"version\":\"4\"", "newer");
	refused(fixture, "\"version\":\"3\"", "\"version\":\"2\"", "train it again");
	refused(fixture, "\"version\":\"3\"", "\"wersion\":\"3\"", "version");
	refused(fixture, "\\\"passes\\\":[[0", "\\\"passes\\\":[[9",
		"event that is not there");
	refused(fixture, "\\\"seed\\\":\\\"1\\\"", "\\\"seed\\\":\\\"x\\\"", "seed");
	refused(fixture, "\\\"run_count\\\":3", "\\\"run_count\\\":0", "run_count");
	refused(fixture, "\\\"role\\\":\\\"instr", "\\\"role\\\":\\\"xnstr", "role");
	refused(fixture, "\\\"kind\\\":\\\"rate", "\\\"kind\\\":\\\"rare", "kind");
	refused(fixture, "\\\"event\\\":1", "\\\"event\\\":9", "event");
	refused(fixture, "\\\"event\\\":-1", "\\\"event\\\": 1", "event");
	/* Rates per instruction, but the instruction counter is called something else. */
	refused(fixture,
		"\\\"kind\\\":\\\"count_per_execution\\\",\\\"role\\\":"
		"\\\"instructions",
		"\\\"kind\\\":\\\"count_per_execution\\\",\\\"role\\\": "
		"\\\"branch_miss",
		"instructions that are not counted");
	refused(fixture, "[\\\"tanh\\\"", "[\\\"tank\\\"", "activation");
	refused(fixture, "\\\"threshold\\\":", "\\\"treshhold\\\":", "threshold");
	refused(fixture, "\\\"region\\\":\\\"alpha", "\\\"region\\\":\\\"omega",
		"order");
	refused(fixture, "\\\"machine\\\":{", "\\\"machine\\\":[", "not understood");
}

static void damaged_history_is_refused(void **state)
{
	const struct fixture *fixture = *state;

	refused(fixture, "\\\"topology\\\":\\\"4-2-4", "\\\"topology\\\":\\\"4-2-5",
		"topology that is none");
	refused(fixture, "\\\"error\\\":", "\\\"errar\\\":", "impossible number");
	refused(fixture, "\\\"chosen\\\":0", "\\\"chosen\\\":1", "chosen");
	refused(fixture, "\\\"candidates\\\":", "\\\"candidated\\\":", "no candidates");
	refused(fixture, "\\\"checks\\\":", "\\\"cheeks\\\":", "no checks");
	refused(fixture, "\\\"checks\\\":[[", "\\\"checks\\\":{[", "not understood");
}

/* Writes the model with a history that no training has; it must then be refused. */
static void history_refused(const struct model_history *history, const char *says)
{
	struct model *model = example_model(), *loaded = NULL;
	struct error error = {0};
	size_t length;
	char *bytes;

	history_free(&model->units[0].history);
	model->units[0].history = *history;
	length = model_bytes(model, &bytes);
	assert_int_equal(model_parse(&loaded, bytes, length, "m", &error), -EINVAL);
	if (!strstr(error.text, says))
		fail_msg("%s: %s", says, error.text);
	model->units[0].history = (struct model_history){0};
	model_free(model);
	free(bytes);
}

static void history_without_bounds_is_refused(void **state)
{
	struct model_candidate candidates[HISTORY_CANDIDATES_MAX + 1];
	struct train_check checks[HISTORY_CHECKS_MAX + 1] = {{0}};
	struct model_history history = {
		.candidates = candidates, .candidate_count = 1, .checks = checks};

	(void)state;
	for (size_t i = 0; i <= HISTORY_CANDIDATES_MAX; i++)
		candidates[i] = (struct model_candidate){1, "4-2-4"};
	for (size_t i = 0; i <= HISTORY_CHECKS_MAX; i++)
		checks[i].step = i + 1;
	history.check_count = HISTORY_CHECKS_MAX + 1;
	history_refused(&history, "too many");
	history.check_count = 1;
	history.candidate_count = HISTORY_CANDIDATES_MAX + 1;
	history_refused(&history, "too many");
	history.candidate_count = 1;
	history.check_count = 2;
	checks[1].step = checks[0].step;
	history_refused(&history, "not in order");
	checks[1].step = 2;
	checks[1].training_error = -1;
	history_refused(&history, "impossible number");
}

static void contradictions_between_arrays_are_refused(void **state)
{
	const struct fixture *fixture = *state;

	refused(fixture, "unit.0.center", "unit.0.centre", "unit.0.center is missing");
	refused(fixture, "unit.0.layer.1.bias", "unit.0.layer.1.bios", "missing");
	refused(fixture, "unit.0.layer.0.weight", "unit.0.layer.9.weight",
		"do not fit");
	refused(fixture, "unit.0.scale\":{\"dtype\":\"F64",
		"unit.0.scale\":{\"dtype\":\"I64", "another type");
}

/* Sets one number of an array of unit 0; the file must then be refused. */
static void number_refused(const struct fixture *fixture, const char *name,
			   size_t index, double number, const char *says)
{
	char *bytes = malloc(fixture->length), full[FILE_NAME_MAX];
	struct model *loaded = NULL;
	struct tensor_file file;
	struct error error = {0};
	const struct tensor *tensor;
	unsigned char *at;

	memcpy(bytes, fixture->bytes, fixture->length);
	assert_int_equal(tensor_file_parse(&file, bytes, fixture->length, &error), 0);
	tensor = tensor_file_find(&file, file_name(full, 0, name));
	assert_non_null(tensor);
	at = (unsigned char *)bytes + ((const char *)tensor->data - bytes);
	if (tensor->type == TENSOR_F64) {
		memcpy(at + index * sizeof(number), &number, sizeof(number));
	} else if (tensor->type == TENSOR_F32) {
		float single = (float)number;

		memcpy(at + index * sizeof(single), &single, sizeof(single));
	} else {
		int64_t integer = (int64_t)number;

		memcpy(at + index * sizeof(integer), &integer, sizeof(integer));
	}
	tensor_file_free(&file);
	assert_int_equal(model_parse(&loaded, bytes, fixture->length, "m", &error),
			 -EINVAL);
	if (!strstr(error.text, says))
		fail_msg("%s: %s", name, error.text);
	free(bytes);
}

static void impossible_numbers_are_refused(void **state)
{
	const struct fixture *fixture = *state;
	const double not_a_number = strtod("nan", NULL), infinite = strtod("inf", NULL);

	number_refused(fixture, FILE_CENTER, 0, not_a_number, "not finite");
	number_refused(fixture, FILE_SCALE, 1, 0, "not positive");
	number_refused(fixture, FILE_SCALE, 0, -1, "not positive");
	number_refused(fixture, FILE_RESOLUTION, 0, 0, "not positive");
	number_refused(fixture, FILE_RESIDUAL_SPREAD, 0, 0, "not positive");
	number_refused(fixture, FILE_LANDMARK_SPREAD, 0, infinite, "not finite");
	number_refused(fixture, FILE_QUANTILES, 500, 1e9, "ascend");
	number_refused(fixture, FILE_QUANTILES, 0, -1, "ascend");
	number_refused(fixture, FILE_LANDMARKS, 3, infinite, "not finite");
	number_refused(fixture, FILE_TAILS, 5, 1e9, "ascend");
	number_refused(fixture, FILE_REFERENCES, 2, not_a_number, "not finite");
	number_refused(fixture, FILE_REFERENCE_OWN, 2, -1, "impossible");
	number_refused(fixture, FILE_KNOTS, 2, 1e9, "impossible");
	number_refused(fixture, FILE_WHITE, 2, infinite, "not finite");
	number_refused(fixture, FILE_RUN_COUNTS, FILE_RUN_ORDINAL, -1, "run");
	number_refused(fixture, FILE_RUN_VALUES, FILE_RUN_ANOMALOUS, 2, "run");
	number_refused(fixture, FILE_RUN_RATES, 0, not_a_number, "not finite");
	number_refused(fixture, "layer.0.weight", 2, not_a_number, "not finite");
}

/* Neither the crash nor the verdict depends on where the damage is. */
static void no_damaged_byte_crashes(void **state)
{
	const struct fixture *fixture = *state;
	char *bytes = malloc(fixture->length);
	size_t accepted = 0;

	memcpy(bytes, fixture->bytes, fixture->length);
	for (size_t i = 0; i < fixture->length; i += i < 6000 ? 1 : 41) {
		static const unsigned char changes[] = {0x01, 0x80, 0xff};

		for (size_t k = 0; k < sizeof(changes); k++) {
			struct model *loaded = NULL;
			struct error error = {0};

			bytes[i] = (char)(bytes[i] ^ changes[k]);
			if (!model_parse(&loaded, bytes, fixture->length, "m", &error))
				accepted++;
			else
				assert_true(error.code < 0 && error.text[0]);
			model_free(loaded);
			bytes[i] = fixture->bytes[i];
		}
	}
	/* Some digits and names may be changed without a contradiction. */
	assert_true(accepted > 0);
	free(bytes);
}

static void no_cut_file_is_accepted(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t length = 0; length < fixture->length; length += 17) {
		char *bytes = malloc(length + 1); /* so that a read beyond it is seen */
		struct model *loaded = NULL;

		memcpy(bytes, fixture->bytes, length);
		assert_int_equal(model_parse(&loaded, bytes, length, "m", NULL),
				 -EINVAL);
		free(bytes);
	}
}

static void profile_instead_of_a_model_is_told_apart(void **state)
{
	const char bytes[64] = "SQLite format 3";
	struct model *loaded = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(model_parse(&loaded, bytes, sizeof(bytes), "p.apdb", &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "autoperf train p.apdb -o MODEL"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saved_model_loads_with_all_that_is_in_it),
		cmocka_unit_test(loaded_model_gives_the_same_scores),
		cmocka_unit_test(model_keeps_how_its_network_was_found),
		cmocka_unit_test(model_of_old_has_no_history_and_loads),
		cmocka_unit_test(units_are_found_by_region_and_pass),
		cmocka_unit_test(file_is_written_and_not_overwritten),
		cmocka_unit_test(contradictions_in_the_metadata_are_refused),
		cmocka_unit_test(damaged_history_is_refused),
		cmocka_unit_test(history_without_bounds_is_refused),
		cmocka_unit_test(contradictions_between_arrays_are_refused),
		cmocka_unit_test(impossible_numbers_are_refused),
		cmocka_unit_test(no_damaged_byte_crashes),
		cmocka_unit_test(no_cut_file_is_accepted),
		cmocka_unit_test(profile_instead_of_a_model_is_told_apart),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
