/* SPDX-License-Identifier: MIT */
/*
 * report/html.c with html_region.c, exhibit.c and latent.c: what profiles of a known mixture and a
 * model of it become in the page, what of it is missing without them, and hostile names.
 */
#include "report/html.h"

#include <jansson.h>

#include "example_findings.h"
#include "report/html_template.h"
#include "support/mixture.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

#define COUNTERS 3
#define RUNS     4
#define ROWS     60

static struct scratch scratch;
static struct model *model;
static struct profile *normal, *fresh;
static struct findings *findings;
static const char *const names[] = {"changing", "steady"};

static void require(int code, const struct error *error)
{
	if (code)
		fail_msg("%s", error->text);
}

/* Adds a run with so many samples of each region; the first is `factor` times as costly. */
static void add_run(struct profile *profile, const char *const *regions, size_t count,
		    size_t rows, size_t counters, double factor, uint64_t seed)
{
	struct profile_run run = {.status = PROFILE_RUN_OK};
	struct error error;

	require(profile_begin_run(profile, &run, &error), &error);
	for (size_t i = 0; i < count; i++) {
		struct mixture mixture = {.runs = 1,
					  .rows = rows,
					  .counters = counters,
					  .seed = seed + i,
					  .time_factor = i ? 0 : factor,
					  .counter_factor = i ? 0 : factor};
		struct sample_table table;

		mixture_table(&table, &mixture);
		for (size_t row = 0; row < rows; row++) {
			table.begin_ns[row] = row * 1000000;
			table.thread[row] = (uint32_t)(row % 3);
		}
		require(profile_add_samples(profile, &run, regions[i], &table, &error),
			&error);
		mixture_table_free(&table);
	}
	require(profile_end_run(profile, &run, &error), &error);
}

static struct profile *make_profile(const char *name, const char *const *regions,
				    size_t count, size_t runs, size_t rows,
				    size_t counters, double factor)
{
	struct profile *profile;
	struct event_plan plan;
	struct error error;
	static uint64_t seed;

	mixture_plan(&plan, counters);
	require(profile_create(&profile, scratch_path(&scratch, name), true, &error),
		&error);
	require(profile_set_plan(profile, &plan, &error), &error);
	for (size_t run = 0; run < runs; run++, seed += 1000)
		add_run(profile, regions, count, rows, counters, factor, seed);
	mixture_plan_free(&plan);
	return profile;
}

static struct model *learn(struct profile *profile, const char *topology,
			   enum model_method method)
{
	struct model_options options;
	struct model *learnt;
	struct error error;

	model_options_default(&options);
	options.method = method;
	options.topology = topology;
	options.epochs = 20;
	require(model_train(&learnt, profile, &options, &error), &error);
	return learnt;
}

static struct findings *judge(const struct model *by, struct profile *profile)
{
	struct detect_options options;
	struct findings *judged;
	struct error error;

	detect_options_default(&options);
	require(detect(&judged, by, profile, &options, &error), &error);
	return judged;
}

static int set_up(void **state)
{
	(void)state;
	scratch_open(&scratch);
	normal = make_profile("n.apdb", names, 2, RUNS, ROWS, COUNTERS, 1);
	fresh = make_profile("f.apdb", names, 2, RUNS, ROWS, COUNTERS, 3);
	model = learn(normal, "n-2-n", MODEL_DEFAULT);
	findings = judge(model, fresh);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	findings_free(findings);
	model_free(model);
	profile_close(normal);
	profile_close(fresh);
	scratch_close(&scratch);
	return 0;
}

/* ---- the page ---- */

/* The page, malloc'd; its data parsed in *data, which is the caller's. */
static char *make_page(const struct findings *shown,
		       const struct report_evidence *evidence, json_t **data)
{
	static const char before[] = HTML_TEMPLATE_BEFORE, after[] = "</script>";
	char *page = NULL, *begin, *end;
	json_error_t problem;
	struct error error;
	size_t length = 0;
	FILE *out = open_memstream(&page, &length);

	assert_non_null(out);
	require(report_html(shown, evidence, out, &error), &error);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(page), length);
	begin = strstr(page, before);
	assert_non_null(begin);
	begin += strlen(before);
	end = strstr(begin, after);
	assert_non_null(end);
	/* No element begins or ends within the data. */
	assert_true(memchr(begin, '<', (size_t)(end - begin)) == NULL);
	*data = json_loadb(begin, (size_t)(end - begin), JSON_REJECT_DUPLICATES,
			   &problem);
	if (!*data)
		fail_msg("%s", problem.text);
	assert_int_equal(json_integer_value(json_object_get(*data, "version")), 1);
	assert_true(json_is_array(json_object_get(*data, "regions")));
	assert_true(json_is_array(json_object_get(*data, "notes")));
	return page;
}

static json_t *make_data(const struct findings *shown,
			 const struct report_evidence *evidence)
{
	json_t *data;

	free(make_page(shown, evidence, &data));
	return data;
}

static json_t *region_of(const json_t *data, const char *name)
{
	json_t *regions = json_object_get(data, "regions");

	for (size_t i = 0; i < json_array_size(regions); i++) {
		json_t *region = json_array_get(regions, i);

		if (!strcmp(json_string_value(json_object_get(region, "name")), name))
			return region;
	}
	fail_msg("no region %s", name);
	return NULL;
}

static bool noted(const json_t *data, const char *words)
{
	json_t *notes = json_object_get(data, "notes");

	for (size_t i = 0; i < json_array_size(notes); i++)
		if (strstr(json_string_value(json_array_get(notes, i)), words))
			return true;
	return false;
}

static double number_at(const json_t *array, size_t index)
{
	assert_true(json_is_number(json_array_get(array, index)));
	return json_number_value(json_array_get(array, index));
}

static double sum(const json_t *array)
{
	double total = 0;

	for (size_t i = 0; i < json_array_size(array); i++)
		total += number_at(array, i);
	return total;
}

static void assert_histogram(const json_t *object, const char *side)
{
	json_t *edges = json_object_get(object, "edges");
	json_t *shares = json_object_get(object, side);

	assert_true(json_array_size(shares) > 0);
	assert_int_equal(json_array_size(edges), json_array_size(shares) + 1);
	for (size_t i = 1; i < json_array_size(edges); i++)
		assert_true(number_at(edges, i) > number_at(edges, i - 1));
	assert_true(fabs(sum(shares) - 1) < 0.01);
}

static struct report_evidence everything(void)
{
	return (struct report_evidence){
		.model = model, .normal = normal, .fresh = fresh};
}

/* ---- tests ---- */

static void scores_stand_on_either_side_of_the_threshold(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data = make_data(findings, &evidence);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		json_t *scores = json_object_get(region_of(data, names[i]), "scores");
		json_t *edges = json_object_get(scores, "edges");
		double threshold =
			json_number_value(json_object_get(scores, "threshold"));
		double above[2] = {0};

		assert_histogram(scores, "normal");
		assert_histogram(scores, "fresh");
		for (size_t k = 0; k + 1 < json_array_size(edges); k++) {
			if (number_at(edges, k) < 0.999 * threshold)
				continue;
			above[0] += number_at(json_object_get(scores, "normal"), k);
			above[1] += number_at(json_object_get(scores, "fresh"), k);
		}
		/* By design a hundredth; and all of what takes three times as much. */
		assert_true(above[0] < 0.05);
		assert_true(i ? above[1] < 0.2 : above[1] > 0.9);
	}
	json_decref(data);
}

static void counters_come_in_the_order_of_the_findings(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data = make_data(findings, &evidence);

	(void)state;
	for (size_t i = 0; i < findings->region_count; i++) {
		const struct finding_region *region = &findings->regions[i];
		json_t *counters =
			json_object_get(region_of(data, region->name), "counters");

		assert_int_equal(json_array_size(counters), region->counter_count);
		for (size_t k = 0; k < region->counter_count; k++) {
			json_t *counter = json_array_get(counters, k);

			assert_string_equal(
				json_string_value(json_object_get(counter, "name")),
				region->counters[k].name);
			assert_histogram(counter, "before");
			assert_histogram(counter, "after");
		}
	}
	json_decref(data);
}

/* Three times as many of counter-0 are in bins that are farther up. */
static void histograms_show_the_counter_that_moved(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data = make_data(findings, &evidence);
	json_t *counters = json_object_get(region_of(data, "changing"), "counters");

	(void)state;
	for (size_t i = 0; i < json_array_size(counters); i++) {
		json_t *counter = json_array_get(counters, i);
		json_t *edges = json_object_get(counter, "edges");
		double mean[2] = {0};

		if (strcmp(json_string_value(json_object_get(counter, "name")),
			   "counter-0"))
			continue;
		for (size_t k = 0; k + 1 < json_array_size(edges); k++) {
			double middle =
				(number_at(edges, k) + number_at(edges, k + 1)) / 2;

			mean[0] += middle *
				   number_at(json_object_get(counter, "before"), k);
			mean[1] += middle *
				   number_at(json_object_get(counter, "after"), k);
		}
		assert_true(mean[1] > 2 * mean[0]);
		json_decref(data);
		return;
	}
	fail();
}

static void roles_add_up_to_the_time(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data = make_data(findings, &evidence);

	(void)state;
	for (size_t i = 0; i < findings->region_count; i++) {
		const struct finding_region *region = &findings->regions[i];
		json_t *roles = json_object_get(region_of(data, region->name), "roles");
		double before = 0, after = 0;

		assert_true(json_array_size(roles) > 1);
		for (size_t k = 0; k < json_array_size(roles); k++) {
			json_t *role = json_array_get(roles, k);

			before += json_number_value(json_object_get(role, "before"));
			after += json_number_value(json_object_get(role, "after"));
		}
		assert_true(fabs(before / region->time_before_ns - 1) < 1e-4);
		assert_true(fabs(after / region->time_after_ns - 1) < 1e-4);
		assert_string_equal(
			json_string_value(json_object_get(
				json_array_get(roles, json_array_size(roles) - 1),
				"role")),
			"other");
	}
	json_decref(data);
}

static void samples_are_columns_of_one_length(void **state)
{
	static const char *const columns[] = {"run", "thread", "at_s", "wall_ns"};
	struct report_evidence evidence = everything();
	json_t *data = make_data(findings, &evidence);
	json_t *samples = json_object_get(region_of(data, "changing"), "samples");
	const char *side = json_string_value(json_object_get(samples, "side"));
	const char *anomalous =
		json_string_value(json_object_get(samples, "anomalous"));
	size_t found = 0;

	(void)state;
	/* All of both profiles: there are few. */
	assert_int_equal(strlen(side), 2 * RUNS * ROWS);
	assert_int_equal(strlen(anomalous), 2 * RUNS * ROWS);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(json_array_size(json_object_get(samples, columns[i])),
				 2 * RUNS * ROWS);
	for (size_t i = 0; i < 2 * RUNS * ROWS; i++) {
		assert_int_equal(side[i], i < RUNS * ROWS ? 'n' : 'f');
		assert_int_equal(number_at(json_object_get(samples, "run"), i),
				 i / ROWS % RUNS);
		assert_int_equal(number_at(json_object_get(samples, "thread"), i),
				 i % ROWS % 3);
		assert_true(fabs(number_at(json_object_get(samples, "at_s"), i) -
				 (double)(i % ROWS) / 1000) < 1e-9);
		/* Only new ones are judged. */
		assert_true(side[i] == 'f' || anomalous[i] == '0');
		found += anomalous[i] == '1';
	}
	assert_true(found > RUNS * ROWS * 9 / 10);
	json_decref(data);
}

static void latent_space_is_the_narrowest_layer(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data = make_data(findings, &evidence);
	json_t *latent = json_object_get(region_of(data, "steady"), "latent");
	size_t features = model->units[0].feature_count;
	char layer[64];

	(void)state;
	snprintf(layer, sizeof(layer), "2 units of %zu-2-%zu", features, features);
	assert_string_equal(json_string_value(json_object_get(latent, "layer")), layer);
	/* Two units are a plane: nothing is left out of the picture. */
	assert_true(fabs(sum(json_object_get(latent, "explained")) - 1) < 1e-3);
	assert_int_equal(json_array_size(json_object_get(latent, "normal")),
			 RUNS * ROWS);
	assert_int_equal(json_array_size(json_object_get(latent, "fresh")),
			 RUNS * ROWS);
	assert_int_equal(
		json_array_size(json_array_get(json_object_get(latent, "fresh"), 0)),
		2);
	json_decref(data);
}

static void network_without_a_hidden_layer_shows_its_features(void **state)
{
	struct model *plain = learn(normal, "n-n", MODEL_DEFAULT);
	struct findings *judged = judge(plain, fresh);
	struct report_evidence evidence = everything();
	json_t *data;
	const char *layer;

	(void)state;
	evidence.model = plain;
	data = make_data(judged, &evidence);
	layer = json_string_value(json_object_get(
		json_object_get(region_of(data, "steady"), "latent"), "layer"));
	assert_non_null(strstr(layer, "scaled features: the network has no hidden"));
	json_decref(data);
	findings_free(judged);
	model_free(plain);
}

static void training_tells_what_was_tried(void **state)
{
	struct model *searched = learn(normal, NULL, MODEL_DEFAULT);
	struct report_evidence evidence = everything();
	json_t *data, *training, *candidates;
	char topology[MODEL_TOPOLOGY_MAX];
	size_t chosen = 0;

	(void)state;
	evidence.model = searched;
	data = make_data(findings, &evidence);
	training = json_object_get(region_of(data, "changing"), "training");
	candidates = json_object_get(training, "candidates");
	assert_true(json_array_size(candidates) > 1);
	assert_string_equal(
		json_string_value(json_object_get(training, "topology")),
		model_topology(model_find(searched, "changing", 0), topology));
	for (size_t i = 0; i < json_array_size(candidates); i++)
		chosen += json_is_true(
			json_object_get(json_array_get(candidates, i), "chosen"));
	assert_int_equal(chosen, 1);
	assert_true(json_array_size(json_object_get(training, "epochs")) > 0);
	json_decref(data);
	model_free(searched);
}

/* ---- what is missing ---- */

static void without_evidence_the_findings_stand_alone(void **state)
{
	struct report_evidence nothing = {0};
	json_t *data = make_data(findings, NULL), *again;
	json_t *region = region_of(data, "changing");

	(void)state;
	assert_true(json_is_object(json_object_get(data, "findings")));
	assert_int_equal(json_array_size(json_object_get(region, "counters")), 0);
	assert_true(json_is_array(json_object_get(region, "roles")));
	assert_null(json_object_get(region, "scores"));
	assert_null(json_object_get(region, "samples"));
	assert_null(json_object_get(region, "latent"));
	assert_null(json_object_get(region, "training"));
	assert_int_equal(json_array_size(json_object_get(data, "notes")), 3);
	again = make_data(findings, &nothing);
	assert_true(json_equal(data, again));
	json_decref(again);
	json_decref(data);
}

static void without_a_model_samples_and_counters_are_shown(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data, *region, *samples;

	(void)state;
	evidence.model = NULL;
	evidence.no_model = "m.safetensors: No such file or directory";
	data = make_data(findings, &evidence);
	region = region_of(data, "changing");
	assert_int_equal(json_array_size(json_object_get(region, "counters")),
			 findings->regions[0].counter_count);
	samples = json_object_get(region, "samples");
	assert_null(
		strchr(json_string_value(json_object_get(samples, "anomalous")), '1'));
	assert_null(json_object_get(region, "scores"));
	assert_null(json_object_get(region, "latent"));
	assert_null(json_object_get(region, "training"));
	assert_true(noted(data, "(m.safetensors: No such file or directory)"));
	json_decref(data);
}

static void without_normal_runs_the_model_gives_examples(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data, *region, *counter;

	(void)state;
	evidence.normal = NULL;
	data = make_data(findings, &evidence);
	region = region_of(data, "changing");
	counter = json_array_get(json_object_get(region, "counters"), 0);
	assert_null(json_object_get(counter, "before"));
	assert_histogram(counter, "after");
	assert_histogram(json_object_get(region, "scores"), "normal");
	assert_null(strchr(json_string_value(json_object_get(
				   json_object_get(region, "samples"), "side")),
			   'n'));
	assert_true(json_array_size(json_object_get(json_object_get(region, "latent"),
						    "normal")) > 10);
	assert_true(noted(data, "examples that the model keeps"));
	assert_true(noted(data, "profile of the normal runs could not"));
	json_decref(data);
}

static void without_new_runs_there_are_no_scores(void **state)
{
	struct report_evidence evidence = everything();
	json_t *data, *region;

	(void)state;
	evidence.fresh = NULL;
	data = make_data(findings, &evidence);
	region = region_of(data, "changing");
	assert_null(json_object_get(region, "scores"));
	assert_null(json_object_get(
		json_array_get(json_object_get(region, "counters"), 0), "after"));
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(region, "latent"), "fresh")),
			 0);
	assert_true(noted(data, "profile of the new runs could not"));
	json_decref(data);
}

static void evidence_of_something_else_is_not_shown(void **state)
{
	struct findings *others = example_findings();
	struct report_evidence evidence = everything();
	json_t *data = make_data(others, &evidence);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(data, "regions")), 3);
	assert_int_equal(json_array_size(json_object_get(
				 region_of(data, "update_stats"), "counters")),
			 0);
	assert_null(json_object_get(region_of(data, "update_stats"), "latent"));
	assert_true(noted(data, "has no samples of 3 of the regions"));
	assert_true(noted(data, "knows nothing of 3 of the regions"));
	json_decref(data);
	findings_free(others);
}

static void originals_method_has_scores_but_no_latent_space(void **state)
{
	struct model *original = learn(normal, NULL, MODEL_ORIGINAL);
	struct findings *judged = judge(original, fresh);
	struct report_evidence evidence = everything();
	json_t *data, *region;

	(void)state;
	evidence.model = original;
	data = make_data(judged, &evidence);
	region = region_of(data, "steady");
	assert_histogram(json_object_get(region, "scores"), "fresh");
	assert_null(json_object_get(region, "latent"));
	assert_null(json_object_get(region, "training"));
	assert_true(noted(data, "latent space is not shown"));
	assert_true(noted(data, "trained is not known"));
	json_decref(data);
	findings_free(judged);
	model_free(original);
}

static void every_pass_is_looked_at(void **state)
{
	static const char *const regions[] = {"a"};
	struct profile *profile =
		example_profile(scratch_path(&scratch, "passes.apdb"), example_plan());
	struct report_evidence evidence = {.normal = profile, .fresh = profile};
	struct findings *judged;
	struct model *learnt;
	json_t *data, *counters;

	(void)state;
	for (uint32_t run = 0; run < 8; run++)
		example_run(profile, run % 2, PROFILE_RUN_OK, regions, 1, 40, run);
	learnt = learn(profile, "n-n:diagonal", MODEL_DEFAULT);
	judged = judge(learnt, profile);
	evidence.model = learnt;
	data = make_data(judged, &evidence);
	counters = json_object_get(region_of(data, "a"), "counters");
	assert_int_equal(json_array_size(counters), judged->regions[0].counter_count);
	assert_true(json_array_size(counters) >= 4);
	assert_int_equal(
		strlen(json_string_value(json_object_get(
			json_object_get(region_of(data, "a"), "samples"), "side"))),
		2 * 8 * 40);
	assert_true(noted(data, "one of 2 groups of counters"));
	json_decref(data);
	findings_free(judged);
	model_free(learnt);
	profile_close(profile);
}

/* ---- bounds ---- */

static void many_samples_are_thinned(void **state)
{
	struct profile *many =
		make_profile("many.apdb", names, 2, 2, 10000, COUNTERS, 3);
	struct report_evidence evidence = everything();
	json_t *data, *samples, *latent;

	(void)state;
	evidence.fresh = many;
	data = make_data(findings, &evidence);
	samples = json_object_get(region_of(data, "changing"), "samples");
	latent = json_object_get(region_of(data, "changing"), "latent");
	assert_in_range(strlen(json_string_value(json_object_get(samples, "side"))),
			1000, 2000);
	assert_int_equal(json_array_size(json_object_get(latent, "fresh")), 600);
	assert_histogram(json_object_get(region_of(data, "changing"), "scores"),
			 "fresh");
	assert_true(noted(data, "estimated from at most 8192 samples"));
	json_decref(data);
	profile_close(many);
}

static void page_of_twenty_regions_is_below_two_megabytes(void **state)
{
	enum { REGIONS = 20, MANY = 38 };
	char texts[REGIONS][32];
	const char *regions[REGIONS];
	struct report_evidence evidence;
	struct findings *judged;
	struct profile *before, *after;
	struct model *learnt;
	json_t *data;
	char *page;

	(void)state;
	for (size_t i = 0; i < REGIONS; i++) {
		snprintf(texts[i], sizeof(texts[i]), "module::function_%zu", i);
		regions[i] = texts[i];
	}
	before = make_profile("20n.apdb", regions, REGIONS, 3, 400, MANY, 1);
	after = make_profile("20f.apdb", regions, REGIONS, 3, 400, MANY, 3);
	learnt = learn(before, "n-4-n", MODEL_DEFAULT);
	judged = judge(learnt, after);
	evidence = (struct report_evidence){
		.model = learnt, .normal = before, .fresh = after};
	page = make_page(judged, &evidence, &data);
	assert_int_equal(json_array_size(json_object_get(data, "regions")), REGIONS);
	/* Of it, the page itself is about 350 kB. */
	assert_in_range(strlen(page) - html_template_bytes, 500000, 1600000);
	assert_true(strlen(page) < 2000000);
	free(page);
	json_decref(data);
	findings_free(judged);
	model_free(learnt);
	profile_close(before);
	profile_close(after);
}

/* ---- hostile names ---- */

static void no_name_leaves_its_string(void **state)
{
	static const char *const hostile[] = {
		"</script><script>alert(1)</script>",
		"<!--<script>",
		"]]></style>\"'`\\",
		"\xe2\x80\xae<gnisrever\xe2\x80\xa6\xe2\x80\xa8\xe2\x80\xa9",
		"\x1b[31m\x07\n\r\t",
		"\xff\xc0\xaf\xed\xa0\x80",
		"@AUTOPERF_DATA@",
	};
	json_t *plain_data;
	struct findings *shown = example_findings();
	char *plain = make_page(shown, NULL, &plain_data), *page;
	char *copy = malloc(10001);

	(void)state;
	json_decref(plain_data);
	memset(copy, '<', 10000);
	copy[10000] = '\0';
	for (size_t i = 0; i <= sizeof(hostile) / sizeof(*hostile); i++) {
		const char *name =
			i < sizeof(hostile) / sizeof(*hostile) ? hostile[i] : copy;
		struct finding_region *region = &shown->regions[0];
		size_t tags[2] = {0};
		json_t *data;

		free(region->name);
		free(region->counters[0].name);
		free(shown->command_after);
		free(shown->model_path);
		region->name = example_string(name);
		region->counters[0].name = example_string(name);
		shown->command_after = example_string(name);
		shown->model_path = example_string(name);
		page = make_page(shown, &(struct report_evidence){.no_model = name},
				 &data);
		/* As many elements as with harmless names. */
		for (const char *c = plain; *c; c++)
			tags[0] += *c == '<';
		for (const char *c = page; *c; c++)
			tags[1] += *c == '<';
		assert_int_equal(tags[1], tags[0]);
		if (i != 5)
			assert_string_equal(
				json_string_value(json_object_get(
					json_array_get(json_object_get(data, "regions"),
						       0),
					"name")),
				name);
		json_decref(data);
		free(page);
	}
	free(copy);
	free(plain);
	findings_free(shown);
}

/* ---- evaluations ---- */

static void evaluation_alone_is_a_page(void **state)
{
	struct evaluation_row rows[] = {
		{.region = NULL,
		 .on_anomalous = VERDICT_REGRESSION,
		 .accuracy = {.positives = 3, .negatives = 4, .roc_area = (double)NAN}},
		{.region = (char *)(uintptr_t) "</script>"}};
	struct evaluation evaluation = {.rows = rows, .row_count = 2};
	struct split_results splits = {.splits = 7};
	json_t *data =
		make_data(NULL, &(struct report_evidence){.evaluation = &evaluation});
	json_t *shown = json_object_get(data, "evaluation");

	(void)state;
	assert_null(json_object_get(data, "findings"));
	assert_int_equal(json_array_size(json_object_get(data, "regions")), 0);
	assert_int_equal(json_array_size(json_object_get(data, "notes")), 0);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(shown, "all_regions"), "anomalous")),
			 3);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(shown, "regions"), 0),
			"region")),
		"</script>");
	json_decref(data);
	data = make_data(NULL, &(struct report_evidence){.splits = &splits});
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(data, "evaluation"), "splits")),
			 7);
	json_decref(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scores_stand_on_either_side_of_the_threshold),
		cmocka_unit_test(counters_come_in_the_order_of_the_findings),
		cmocka_unit_test(histograms_show_the_counter_that_moved),
		cmocka_unit_test(roles_add_up_to_the_time),
		cmocka_unit_test(samples_are_columns_of_one_length),
		cmocka_unit_test(latent_space_is_the_narrowest_layer),
		cmocka_unit_test(network_without_a_hidden_layer_shows_its_features),
		cmocka_unit_test(training_tells_what_was_tried),
		cmocka_unit_test(without_evidence_the_findings_stand_alone),
		cmocka_unit_test(without_a_model_samples_and_counters_are_shown),
		cmocka_unit_test(without_normal_runs_the_model_gives_examples),
		cmocka_unit_test(without_new_runs_there_are_no_scores),
		cmocka_unit_test(evidence_of_something_else_is_not_shown),
		cmocka_unit_test(originals_method_has_scores_but_no_latent_space),
		cmocka_unit_test(every_pass_is_looked_at),
		cmocka_unit_test(many_samples_are_thinned),
		cmocka_unit_test(page_of_twenty_regions_is_below_two_megabytes),
		cmocka_unit_test(no_name_leaves_its_string),
		cmocka_unit_test(evaluation_alone_is_a_page),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
