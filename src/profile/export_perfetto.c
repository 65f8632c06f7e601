/* SPDX-License-Identifier: MIT */
/*
 * A profile as a trace in Perfetto's own format: a Trace message of TracePackets, encoded by
 * hand. doc/formats/perfetto.md says what is in it.
 *
 * A thread of a run is a packet sequence, whose first packet sets what the others leave out, the
 * thread's track. Names are interned when a sequence first needs them. A sample is two packets,
 * BEGIN and END, and packets of the counters that change there. The reader sorts packets by time,
 * and nests by that, so that samples of one thread must come in the order of time and never
 * overlap but as one inside another; timeline.h sees to it.
 *
 * Every run begins at the same time, for comparison. Processes and threads get numbers that occur
 * once in the trace: in two runs the kernel's may be the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "profile/export_source.h"
#include "profile/protobuf.h"
#include "profile/timeline.h"

/* When runs begin. Not 0, which some readers take for "no time". */
#define ORIGIN_NS 1000000u
#define NS_PER_S  1e9
/* To write a sample takes as long as to read so many. */
#define WRITING_READINGS 3

/* Field numbers of protos/perfetto/trace/trace.proto and what it includes. */
enum trace_field { TRACE_PACKET = 1 };
enum packet_field {
	PACKET_TIMESTAMP = 8, /* nanoseconds */
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_DEFAULTS = 59,
	PACKET_TRACK_DESCRIPTOR = 60,
};
enum sequence_flag { SEQUENCE_STARTS = 1, SEQUENCE_NEEDS_STATE = 2 };
enum defaults_field { DEFAULTS_TRACK_EVENT = 11 };
enum track_field {
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PROCESS = 3,
	TRACK_THREAD = 4,
	TRACK_PARENT_UUID = 5,
	TRACK_COUNTER = 8,
};
enum process_field { PROCESS_PID = 1, PROCESS_COMMAND = 2, PROCESS_NAME = 6 };
enum thread_field { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum counter_field { COUNTER_UNIT = 3 };
enum counter_unit { COUNTER_UNIT_COUNT = 2 };
enum event_field {
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_NAME_IID = 10,
	EVENT_TRACK_UUID = 11,
	EVENT_COUNTER_VALUE = 30, /* int64 */
	EVENT_COUNTER_DOUBLE = 44,
};
enum event_type { EVENT_BEGIN = 1, EVENT_END = 2, EVENT_COUNTER = 4 };
enum interned_field { INTERNED_EVENT_NAME = 2, INTERNED_ANNOTATION_NAME = 3 };
enum name_field { NAME_IID = 1, NAME_TEXT = 2 };
enum annotation_field {
	ANNOTATION_NAME_IID = 1,
	ANNOTATION_UINT = 3,
	ANNOTATION_DOUBLE = 5,
};
/* Interned names of annotations; events of the pass follow. */
enum annotation_name { NAME_EXECUTIONS = 1, NAME_CPU_NS, NAME_EVENTS };

struct trace {
	struct export_source source;
	struct timeline timeline; /* of the current run */
	const struct event_pass *pass;
	FILE *out;
	/* Messages in the making: a packet's, its event's, and those inside of that. */
	struct text packet, event, inner, innermost;
	uint64_t last_uuid;
	uint32_t last_number; /* of a process or thread */
	/* The current sequence: */
	double *shown; /* [most events of a pass] what counters show, NaN: nothing */
	uint32_t sequence;  /* the thread's number */
	uint64_t counters;  /* uuid of the first one's track; the others follow */
	uint32_t *interned; /* [region_count] the sequence that knows the name last */
};

/* ---- packets ---- */

/* Writes the packet and empties it. */
static void put_packet(struct trace *trace)
{
	struct text *head = &trace->inner;

	head->length = 0;
	protobuf_put_message(head, TRACE_PACKET, &trace->packet);
	fwrite(head->chars ? head->chars : "", 1, head->length, trace->out);
	head->length = 0;
}

/* Without a time it would be taken for as late as all that was before it in the file. */
static void put_descriptor(struct trace *trace, uint32_t sequence, struct text *track)
{
	protobuf_put_uint(&trace->packet, PACKET_TIMESTAMP, ORIGIN_NS);
	protobuf_put_uint(&trace->packet, PACKET_SEQUENCE_ID, sequence);
	protobuf_put_message(&trace->packet, PACKET_TRACK_DESCRIPTOR, track);
	put_packet(trace);
}

/* Digits of the last run's number: the UI sorts processes by name, as text. */
static int run_digits(const struct export_source *source)
{
	const struct export_run *last = &source->runs[source->run_count - 1];

	return snprintf(NULL, 0, "%" PRIu32, last->run.ordinal + 1);
}

/* "run 03 (pass 1)", and the executable where a run has several processes. */
static void put_process(struct trace *trace, const struct export_run *run,
			const struct timeline_process *process, uint64_t uuid,
			uint32_t number)
{
	const char *slash = strrchr(process->executable, '/');
	const char *base = slash ? slash + 1 : process->executable;
	struct text *track = &trace->event, *descriptor = &trace->inner;
	struct text name = {0};

	text_printf(&name, "run %0*" PRIu32 " (pass %" PRIu32 ")",
		    run_digits(&trace->source), run->run.ordinal + 1,
		    run->run.pass + 1);
	if (trace->timeline.process_count > 1)
		text_printf(&name, ": %s %" PRIu32, *base ? base : "process",
			    process->pid);
	protobuf_put_uint(track, TRACK_UUID, uuid);
	protobuf_put_uint(descriptor, PROCESS_PID, number);
	if (*process->executable)
		protobuf_put_string(descriptor, PROCESS_COMMAND, process->executable);
	protobuf_put_string(descriptor, PROCESS_NAME, name.chars ? name.chars : "");
	protobuf_put_message(track, TRACK_PROCESS, descriptor);
	put_descriptor(trace, number, track);
	trace->packet.failed |= name.failed;
	text_free(&name);
}

/* ---- counters ---- */

static const struct event *event_of(const struct trace *trace, size_t position)
{
	return &trace->source.plan.events.items[trace->pass->members[position]];
}

static void put_counter_name(struct text *name, const struct event *event)
{
	text_puts(name, event->name);
	switch (event->unit) {
	case EVENT_UNIT_COUNT:
		text_puts(name, " per second");
		break;
	case EVENT_UNIT_NANOSECONDS:
		text_puts(name, " (share of time)");
		break;
	case EVENT_UNIT_RAW:
		break;
	}
}

static void put_counter_tracks(struct trace *trace, uint64_t thread_uuid)
{
	trace->counters = trace->last_uuid + 1;
	for (size_t i = 0; i < trace->pass->count; i++) {
		const struct event *event = event_of(trace, i);
		struct text *track = &trace->event, *counter = &trace->inner;
		struct text name = {0};

		put_counter_name(&name, event);
		protobuf_put_uint(track, TRACK_UUID, ++trace->last_uuid);
		protobuf_put_uint(track, TRACK_PARENT_UUID, thread_uuid);
		protobuf_put_string(track, TRACK_NAME, name.chars ? name.chars : "");
		if (event->unit == EVENT_UNIT_COUNT)
			protobuf_put_uint(counter, COUNTER_UNIT, COUNTER_UNIT_COUNT);
		protobuf_put_message(track, TRACK_COUNTER, counter);
		put_descriptor(trace, trace->sequence, track);
		trace->packet.failed |= name.failed;
		text_free(&name);
	}
}

/* What the counter's track shows while the sample runs; NULL: none does. */
static double rate_of(const struct trace *trace, const struct timeline_sample *sample,
		      size_t position)
{
	enum event_unit unit = event_of(trace, position)->unit;
	double value;

	if (!sample)
		return 0;
	value = trace->timeline.values[sample->row * trace->pass->count + position];
	if (unit == EVENT_UNIT_RAW)
		return value;
	/* Whole counts per second are precise enough, and short. */
	return unit == EVENT_UNIT_COUNT ? round(value / sample->wall_ns * NS_PER_S)
					: value / sample->wall_ns;
}

/* Whether the sample says how fast anything was counted. */
static bool has_rates(const struct timeline_sample *sample)
{
	return !sample || sample->wall_ns > 0;
}

/* ---- events ---- */

static void put_event(struct trace *trace, uint64_t time_ns)
{
	protobuf_put_uint(&trace->packet, PACKET_TIMESTAMP, ORIGIN_NS + time_ns);
	protobuf_put_uint(&trace->packet, PACKET_SEQUENCE_ID, trace->sequence);
	protobuf_put_uint(&trace->packet, PACKET_SEQUENCE_FLAGS, SEQUENCE_NEEDS_STATE);
	protobuf_put_message(&trace->packet, PACKET_TRACK_EVENT, &trace->event);
	put_packet(trace);
}

/*
 * What the counters show from then on; only what differs from what they show already. Each is a
 * packet of its own: of values that come along with a BEGIN or END, the reader forgets all that
 * follow a 0 (TrackEventData::CountExtraCounterValues).
 */
static void put_counters(struct trace *trace, uint64_t time_ns,
			 const struct timeline_sample *sample)
{
	for (size_t i = 0; i < trace->pass->count && has_rates(sample); i++) {
		double rate = rate_of(trace, sample, i);

		if (rate == trace->shown[i])
			continue;
		trace->shown[i] = rate;
		protobuf_put_uint(&trace->event, EVENT_TYPE, EVENT_COUNTER);
		protobuf_put_uint(&trace->event, EVENT_TRACK_UUID, trace->counters + i);
		if (rate >= 0 && rate == floor(rate) && rate < (double)INT64_MAX)
			protobuf_put_uint(&trace->event, EVENT_COUNTER_VALUE,
					  (uint64_t)rate);
		else
			protobuf_put_double(&trace->event, EVENT_COUNTER_DOUBLE, rate);
		put_event(trace, time_ns);
	}
}

static void put_annotation(struct trace *trace, uint64_t name, double value)
{
	struct text *annotation = &trace->inner;

	protobuf_put_uint(annotation, ANNOTATION_NAME_IID, name);
	if (value >= 0 && value < (double)INT64_MAX && value == floor(value))
		protobuf_put_uint(annotation, ANNOTATION_UINT, (uint64_t)value);
	else
		protobuf_put_double(annotation, ANNOTATION_DOUBLE, value);
	protobuf_put_message(&trace->event, EVENT_ANNOTATION, annotation);
}

/* What a click on the slice shows: counters of the execution, as they were measured. */
static void put_annotations(struct trace *trace, const struct timeline_sample *sample)
{
	const double *values =
		&trace->timeline.values[sample->row * trace->pass->count];

	if (sample->weight != 1)
		put_annotation(trace, NAME_EXECUTIONS, sample->weight);
	if (!isnan(sample->cpu_ns))
		put_annotation(trace, NAME_CPU_NS, sample->cpu_ns);
	for (size_t i = 0; i < trace->pass->count; i++)
		put_annotation(trace, NAME_EVENTS + i, values[i]);
}

/* The region's name, into the packet, unless the sequence has it. */
static void intern_region(struct trace *trace, uint32_t region)
{
	if (trace->interned[region] == trace->sequence)
		return;
	trace->interned[region] = trace->sequence;
	protobuf_put_uint(&trace->innermost, NAME_IID, (uint64_t)region + 1);
	protobuf_put_string(&trace->innermost, NAME_TEXT,
			    trace->source.regions[region].name);
	protobuf_put_message(&trace->inner, INTERNED_EVENT_NAME, &trace->innermost);
	protobuf_put_message(&trace->packet, PACKET_INTERNED_DATA, &trace->inner);
}

static void put_begin(struct trace *trace, const struct timeline_sample *sample)
{
	intern_region(trace, sample->region);
	protobuf_put_uint(&trace->event, EVENT_TYPE, EVENT_BEGIN);
	protobuf_put_uint(&trace->event, EVENT_NAME_IID, (uint64_t)sample->region + 1);
	put_annotations(trace, sample);
	put_event(trace, sample->begin_ns);
	put_counters(trace, sample->begin_ns, sample);
}

/* From then on the counters are those of the sample around it. */
static void put_end(struct trace *trace, const struct timeline_sample *sample,
		    const struct timeline_sample *around)
{
	protobuf_put_uint(&trace->event, EVENT_TYPE, EVENT_END);
	put_event(trace, sample->end_ns);
	put_counters(trace, sample->end_ns, around);
}

/* ---- threads ---- */

static void put_thread(struct trace *trace, const struct timeline_sample *sample,
		       uint64_t uuid, uint64_t process_uuid, uint32_t process_number)
{
	const struct timeline_process *process =
		&trace->timeline.processes[sample->process];
	struct text *track = &trace->event, *thread = &trace->inner;
	struct text name = {0};

	text_printf(&name, "thread %" PRIu32, sample->thread - process->first_thread);
	protobuf_put_uint(track, TRACK_UUID, uuid);
	protobuf_put_uint(track, TRACK_PARENT_UUID, process_uuid);
	protobuf_put_uint(thread, THREAD_PID, process_number);
	protobuf_put_uint(thread, THREAD_TID, trace->sequence);
	protobuf_put_string(thread, THREAD_NAME, name.chars ? name.chars : "");
	protobuf_put_message(track, TRACK_THREAD, thread);
	put_descriptor(trace, trace->sequence, track);
	trace->packet.failed |= name.failed;
	text_free(&name);
}

static void put_annotation_name(struct trace *trace, struct text *interned, uint64_t id,
				const char *name)
{
	protobuf_put_uint(&trace->innermost, NAME_IID, id);
	protobuf_put_string(&trace->innermost, NAME_TEXT, name);
	protobuf_put_message(interned, INTERNED_ANNOTATION_NAME, &trace->innermost);
}

/* The first packet of a sequence: what holds for all that follow. */
static void start_sequence(struct trace *trace, uint64_t thread_uuid)
{
	struct text *defaults = &trace->event, *event = &trace->inner;

	protobuf_put_uint(event, EVENT_TRACK_UUID, thread_uuid);
	protobuf_put_message(defaults, DEFAULTS_TRACK_EVENT, event);
	protobuf_put_uint(&trace->packet, PACKET_SEQUENCE_ID, trace->sequence);
	protobuf_put_uint(&trace->packet, PACKET_SEQUENCE_FLAGS, SEQUENCE_STARTS);
	protobuf_put_message(&trace->packet, PACKET_DEFAULTS, defaults);
	put_annotation_name(trace, event, NAME_EXECUTIONS, "executions");
	put_annotation_name(trace, event, NAME_CPU_NS, "cpu_ns");
	for (size_t i = 0; i < trace->pass->count; i++)
		put_annotation_name(trace, event, NAME_EVENTS + i,
				    event_of(trace, i)->name);
	protobuf_put_message(&trace->packet, PACKET_INTERNED_DATA, event);
	put_packet(trace);
	for (size_t i = 0; i < trace->pass->count; i++)
		trace->shown[i] = NAN;
}

/* Begins and ends of the samples [first, end), all of one thread. */
static void put_samples(struct trace *trace, size_t first, size_t end)
{
	struct progress *progress = &trace->source.progress;
	const struct timeline_sample *open[TIMELINE_LEVELS_MAX + 1] = {NULL};
	const struct timeline_sample *samples = trace->timeline.samples;
	size_t level = 0; /* open[level] is the innermost one; open[0] is none */

	for (size_t i = first; i < end; i++) {
		for (; level > samples[i].level; level--)
			put_end(trace, open[level], open[level - 1]);
		put_begin(trace, &samples[i]);
		open[++level] = &samples[i];
		progress_update(progress, progress->done + WRITING_READINGS);
	}
	for (; level; level--)
		put_end(trace, open[level], open[level - 1]);
}

static void put_run(struct trace *trace, const struct export_run *run)
{
	const struct timeline *timeline = &trace->timeline;
	uint64_t process_uuid = 0;
	uint32_t process_number = 0;

	for (size_t first = 0, end; first < timeline->count && !ferror(trace->out);
	     first = end) {
		const struct timeline_sample *sample = &timeline->samples[first];
		uint64_t thread_uuid;

		end = timeline_end_of_thread(timeline, first);
		trace->sequence = ++trace->last_number;
		if (!first || sample->process != sample[-1].process) {
			process_uuid = ++trace->last_uuid;
			process_number = trace->sequence;
			put_process(trace, run, &timeline->processes[sample->process],
				    process_uuid, process_number);
		}
		thread_uuid = ++trace->last_uuid;
		put_thread(trace, sample, thread_uuid, process_uuid, process_number);
		put_counter_tracks(trace, thread_uuid);
		start_sequence(trace, thread_uuid);
		put_samples(trace, first, end);
	}
}

static int export_run(struct trace *trace, const struct export_run *run,
		      struct export_summary *summary, struct error *error)
{
	int status = timeline_read(&trace->timeline, &trace->source, run, error);

	if (!status && !trace->timeline.timed)
		status = error_set(
			error, -ENODATA,
			"the samples of run %" PRIu32
			" of %s do not tell when they began and how long they took: "
			"there is nothing to draw; import columns begin_ns and "
			"wall_ns, or use --format csv",
			run->run.ordinal + 1, profile_path(trace->source.profile));
	if (!status) {
		trace->pass = &trace->source.plan.passes[run->run.pass];
		put_run(trace, run);
		summary->samples += trace->timeline.count;
		if (trace->packet.failed || trace->event.failed ||
		    trace->inner.failed || trace->innermost.failed)
			status = error_no_memory(error, "exporting");
	}
	timeline_free(&trace->timeline);
	return status;
}

int profile_export_perfetto(struct profile *profile,
			    const struct export_options *options, FILE *out,
			    struct export_summary *summary, struct error *error)
{
	struct trace trace = {.out = out};
	int status =
		export_source_open(&trace.source, profile, options, summary, error);

	trace.source.progress.total *= 1 + WRITING_READINGS;
	if (!status) {
		trace.interned =
			calloc(trace.source.region_count + 1, sizeof(*trace.interned));
		trace.shown = calloc(trace.source.plan.events.count + 1,
				     sizeof(*trace.shown));
		if (!trace.interned || !trace.shown)
			status = error_no_memory(error, "exporting");
	}
	for (size_t i = 0; i < trace.source.run_count && !status && !ferror(out); i++)
		status = export_run(&trace, &trace.source.runs[i], summary, error);
	summary->files = 1;
	free(trace.interned);
	free(trace.shown);
	text_free(&trace.packet);
	text_free(&trace.event);
	text_free(&trace.inner);
	text_free(&trace.innermost);
	export_source_close(&trace.source);
	return status;
}
