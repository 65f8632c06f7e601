/* SPDX-License-Identifier: MIT */
/*
 * profile/csv.c and the importers: any bytes as a CSV table, as one of ready-made features, and
 * as a file of the original AutoPerf.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "profile/csv.h"
#include "profile/import_set.h"

static void read_records(const char *path)
{
	struct csv_reader reader;
	struct error error = {0};
	uint64_t line = 0;
	int status;

	fuzz_require(!csv_open(&reader, path, &error));
	while ((status = csv_next(&reader, &error)) > 0) {
		fuzz_require(reader.count > 0 && reader.line > line);
		line = reader.line;
		for (size_t i = 0; i < reader.count; i++)
			fuzz_require(strlen(csv_field(&reader, i)) <= CSV_FIELD_MAX);
	}
	if (status < 0)
		fuzz_require(error.code < 0 && strstr(error.text, path));
	csv_close(&reader);
}

/* Every number that was taken is one that a profile may have. */
static void check_table(const struct import_set *set, const struct import_run *run,
			const struct sample_table *table)
{
	const struct event_pass *pass = &set->plan.passes[run->pass];

	fuzz_require(table->rows > 0);
	fuzz_require(table->event_count == pass->count);
	for (size_t row = 0; row < table->rows; row++) {
		if (table->wall_ns)
			fuzz_require(table->wall_ns[row] >= 0);
		if (table->weight)
			fuzz_require(table->weight[row] >= 1);
		if (table->running)
			fuzz_require(table->running[row] > 0 &&
				     table->running[row] <= 1);
		for (size_t i = 0; i < pass->count; i++) {
			double value = table->values[i][row];

			fuzz_require(isfinite(value));
			fuzz_require(value >= 0 ||
				     set->plan.events.items[pass->members[i]].unit ==
					     EVENT_UNIT_RAW);
		}
	}
}

static void check_set(struct import_set *set, int status, const struct error *error)
{
	if (status)
		fuzz_require(status < 0 && error->code < 0 && *error->text);
	for (size_t i = 0; i < set->run_count && !status; i++) {
		fuzz_require(set->runs[i].pass < set->plan.pass_count);
		for (size_t k = 0; k < set->runs[i].table_count; k++)
			check_table(set, &set->runs[i], &set->runs[i].tables[k].table);
	}
	import_set_free(set);
}

/* The importer of the original reads directories: one with this file in it. */
static void read_original(const uint8_t *bytes, size_t length)
{
	struct import_set set = {.plan = {.source = EVENT_SOURCE_IMPORT}};
	char directory[] = "/tmp/autoperf-fuzz-XXXXXX";
	struct error error = {0};
	char path[128];
	FILE *file;

	fuzz_require(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/event_0_perf_data.csv", directory);
	file = fopen(path, "w");
	fuzz_require(file);
	fwrite(bytes, 1, length, file);
	fuzz_require(!fclose(file));
	check_set(&set, import_original(&set, directory, &error), &error);
	unlink(path);
	rmdir(directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *path = fuzz_file(bytes, length);

	read_records(path);
	for (int raw = 0; raw < 2; raw++) {
		struct import_set set = {.plan = {.source = EVENT_SOURCE_IMPORT}};
		struct error error = {0};

		check_set(&set, import_csv(&set, path, raw, NULL, &error), &error);
	}
	read_original(bytes, length);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {
		"a,b\n1,2\n3,4\n",
		"region,run,pass,thread,begin_ns,wall_ns,cpu_ns,executions,"
		"counters_running,instructions,x\n"
		"r,0,0,1,5,6.5,,2,0.5,1000,3\ns,1,1,0,0,1e3,4,1,1,900,\n",
		"\xef\xbb\xbf\"a \"\"q\"\"\",b\r\n \"1\" , 2\r\n",
		"region,f\n\"x, y\",-1.5e-3\n",
		"INPUT: ./a \"b\nTIME: 1.5\nMark_id, NTHREADS,PAPI_TOT_INS, "
		"PAPI_L1_DCM\n"
		"0, 4, 1000, 10\n-1, 4, 2000, 20\n",
		"Mark_id, NTHREADS,PAPI_TOT_INS, PAPI_TOT_INS\r\n7,1,5,5\r\n",
	};

	if (index >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	fuzz_require(*bytes);
	memcpy(*bytes, seeds[index], *length);
	return true;
}
