/* SPDX-License-Identifier: MIT */
/* What is in a recording: one process, as libperfpoint left it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "cli/info.h"
#include "recording/reader.h"

#define NS_PER_S 1000000000u

struct region_times {
	double *wall_ns;
	double *weight; /* executions that a sample stands for */
	size_t count;
	size_t capacity;
	size_t weight_capacity;
	double total_ns; /* weighted */
};

struct contents {
	struct recording recording;
	struct region_times *regions;    /* [recording.region_count] */
	struct recording_sample *sample; /* room for one and its values */
	uint64_t samples;
	uint64_t invalid; /* of no region or thread */
};

static int collect(struct contents *contents, struct error *error)
{
	struct recording *recording = &contents->recording;
	const unsigned char *at;
	size_t count;

	contents->regions =
		calloc((size_t)recording->region_count + 1, sizeof(*contents->regions));
	contents->sample = malloc(recording->header.sample_bytes);
	if (!contents->regions || !contents->sample)
		return error_no_memory(error, "reading a recording");
	while (recording_next(recording, &at, &count)) {
		for (size_t i = 0; i < count;
		     i++, at += recording->header.sample_bytes) {
			const struct recording_sample *sample = contents->sample;
			struct region_times *region;

			recording_copy(recording, at, contents->sample);
			if (!recording_sample_valid(recording, sample)) {
				contents->invalid++;
				continue;
			}
			region = &contents->regions[sample->region];
			if (array_reserve(&region->wall_ns, &region->capacity,
					  region->count + 1,
					  sizeof(*region->wall_ns)) ||
			    array_reserve(&region->weight, &region->weight_capacity,
					  region->count + 1, sizeof(*region->weight)))
				return error_no_memory(error, "reading a recording");
			region->weight[region->count] = (double)sample->one_in;
			region->wall_ns[region->count++] = (double)sample->wall_ns;
			region->total_ns +=
				(double)sample->wall_ns * (double)sample->one_in;
			contents->samples++;
		}
	}
	return 0;
}

static void release(struct contents *contents)
{
	for (uint32_t i = 0; contents->regions && i < contents->recording.region_count;
	     i++) {
		free(contents->regions[i].wall_ns);
		free(contents->regions[i].weight);
	}
	free(contents->regions);
	free(contents->sample);
	recording_close(&contents->recording);
}

static const char *state_text(uint32_t state)
{
	switch ((enum recording_state)state) {
	case RECORDING_EXITED:
		return "ended";
	case RECORDING_EXECED:
		return "replaced by another program";
	case RECORDING_RUNNING:
		break;
	}
	return "still running, or killed";
}

static const char *source_text(uint32_t source)
{
	static const enum event_source sources[] = {
		[RECORDING_SOURCE_NONE] = EVENT_SOURCE_NONE,
		[RECORDING_SOURCE_PERF] = EVENT_SOURCE_PERF,
		[RECORDING_SOURCE_PAPI] = EVENT_SOURCE_PAPI,
		[RECORDING_SOURCE_SIM] = EVENT_SOURCE_SIM,
	};

	return source <= RECORDING_SOURCE_SIM ? event_source_name(sources[source])
					      : "unknown";
}

static char *utc(uint64_t realtime_ns, char *buffer, size_t size)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	struct tm time;

	buffer[0] = '\0';
	if (gmtime_r(&seconds, &time))
		strftime(buffer, size, "%Y-%m-%dT%H:%M:%SZ", &time);
	return buffer;
}

/* ---- text ---- */

static void put_regions(struct info *info, const struct contents *contents)
{
	const struct recording *recording = &contents->recording;
	const char **names =
		calloc((size_t)recording->region_count + 1, sizeof(*names));
	size_t columns, shown = 0;

	for (uint32_t i = 0; i < recording->region_count; i++)
		if (contents->regions[i].count) {
			if (names)
				names[shown] = recording->region_names[i];
			shown++;
		}
	columns = info_name_columns(names, names ? shown : 0, strlen("region"));
	free(names);
	info_heading(info, "%-*s %12s %10s %10s %10s", (int)columns, "region",
		     "samples", "median", "95 %", "total");
	for (uint32_t i = 0; i < recording->region_count; i++) {
		struct region_times *region = &contents->regions[i];
		char count[32], median[32], p95[32], total[32];
		struct info_times times;

		if (!region->count)
			continue;
		times = info_times(region->wall_ns, region->weight, region->count);
		info_name(info, recording->region_names[i], columns);
		text_printf(&info->page, " %12s %10s %10s %10s\n",
			    text_count(region->count, count, sizeof(count)),
			    info_time(times.median, median, sizeof(median)),
			    info_time(times.p95, p95, sizeof(p95)),
			    info_time(region->total_ns, total, sizeof(total)));
	}
	if (!shown)
		text_puts(&info->page, "none was executed\n");
}

static void put_losses(struct info *info, const struct contents *contents)
{
	const struct recording *recording = &contents->recording;
	uint64_t torn = contents->invalid + recording->torn_samples;
	char count[32];

	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		if (recording->header.losses[kind])
			info_fact(info, "lost", "%s %s",
				  text_count(recording->header.losses[kind], count,
					     sizeof(count)),
				  recording_loss_text((enum recording_loss)kind));
	if (torn)
		info_fact(info, "lost", "%s samples that are torn or make no sense",
			  text_count(torn, count, sizeof(count)));
	if (recording->truncated)
		info_fact(info, "truncated", "the file ends before its samples do");
	if (recording->header.failure[0])
		info_fact(info, "failure", "%s", recording->header.failure);
}

static void put_text(struct info *info, const struct contents *contents)
{
	const struct recording *recording = &contents->recording;
	const struct recording_header *header = &recording->header;
	struct text events = {0};
	char started[32], count[32], threads[32];

	info_file(info, "recording");
	info_fact(info, "process", "%u, %s, child of %u: %s", header->pid,
		  state_text(header->state), header->parent_pid, header->executable);
	info_fact(info, "started", "%s",
		  utc(header->start_realtime_ns, started, sizeof(started)));
	info_fact(info, "source", "%s", source_text(header->source));
	for (uint32_t i = 0; i < header->event_count; i++)
		text_printf(&events, "%s%s", i ? ", " : "", recording->event_names[i]);
	info_fact(info, "events", "%s",
		  events.chars ? events.chars : "none, wall time only");
	text_free(&events);
	info_fact(info, "samples", "%s of %s thread%s",
		  text_count(contents->samples, count, sizeof(count)),
		  text_count(recording->thread_count, threads, sizeof(threads)),
		  info_plural(recording->thread_count));
	if (header->executions)
		info_fact(
			info, "measured", "%s of %s execution%s; markers took %s",
			text_count(header->measured, count, sizeof(count)),
			text_count(header->executions, threads, sizeof(threads)),
			info_plural(header->executions),
			info_time((double)header->marker_ns, started, sizeof(started)));
	put_losses(info, contents);
	put_regions(info, contents);
}

/* ---- JSON ---- */

static json_t *regions_json(const struct contents *contents)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < contents->recording.region_count; i++) {
		struct region_times *region = &contents->regions[i];
		struct info_times times;
		json_t *object;

		if (!region->count)
			continue;
		times = info_times(region->wall_ns, region->weight, region->count);
		object = json_object();
		json_object_set_new(
			object, "name",
			info_json_text(contents->recording.region_names[i]));
		json_object_set_new(object, "samples",
				    json_integer((json_int_t)region->count));
		json_object_set_new(object, "wall_median_ns",
				    info_json_number(times.median));
		json_object_set_new(object, "wall_p95_ns", info_json_number(times.p95));
		json_object_set_new(object, "wall_total_ns",
				    info_json_number(region->total_ns));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *losses_json(const struct recording *recording)
{
	json_t *array = json_array();

	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		if (recording->header.losses[kind])
			json_array_append_new(
				array,
				json_pack(
					"{s:i, s:s, s:I}", "kind", (int)kind, "text",
					recording_loss_text((enum recording_loss)kind),
					"count",
					(json_int_t)recording->header.losses[kind]));
	return array;
}

static void put_json(struct info *info, const struct contents *contents)
{
	const struct recording *recording = &contents->recording;
	const struct recording_header *header = &recording->header;
	json_t *events = json_array(), *to = info->json;
	uint64_t torn = contents->invalid + recording->torn_samples;
	char started[32];

	info_file(info, "recording");
	json_object_set_new(to, "version", json_integer(header->version));
	json_object_set_new(to, "pid", json_integer(header->pid));
	json_object_set_new(to, "parent_pid", json_integer(header->parent_pid));
	json_object_set_new(to, "executable", info_json_text(header->executable));
	json_object_set_new(to, "ended",
			    json_boolean(header->state != RECORDING_RUNNING));
	json_object_set_new(
		to, "started_utc",
		json_string(utc(header->start_realtime_ns, started, sizeof(started))));
	json_object_set_new(to, "source", json_string(source_text(header->source)));
	for (uint32_t i = 0; i < header->event_count; i++)
		json_array_append_new(events,
				      info_json_text(recording->event_names[i]));
	json_object_set_new(to, "events", events);
	json_object_set_new(to, "threads", json_integer(recording->thread_count));
	json_object_set_new(to, "samples", json_integer((json_int_t)contents->samples));
	json_object_set_new(to, "torn", json_integer((json_int_t)torn));
	json_object_set_new(to, "truncated", json_boolean(recording->truncated));
	json_object_set_new(to, "executions",
			    json_integer((json_int_t)header->executions));
	json_object_set_new(to, "measured", json_integer((json_int_t)header->measured));
	json_object_set_new(to, "marker_ns",
			    json_integer((json_int_t)header->marker_ns));
	json_object_set_new(to, "losses", losses_json(recording));
	json_object_set_new(to, "failure",
			    header->failure[0] ? info_json_text(header->failure)
					       : json_null());
	json_object_set_new(to, "regions", regions_json(contents));
}

int info_recording(struct info *info, struct error *error)
{
	struct contents contents = {0};
	int status = recording_open(&contents.recording, info->path, error);

	if (!status)
		status = collect(&contents, error);
	if (!status && info->json)
		put_json(info, &contents);
	else if (!status)
		put_text(info, &contents);
	release(&contents);
	return status;
}
