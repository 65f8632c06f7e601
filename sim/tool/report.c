/* SPDX-License-Identifier: MIT */
/*
 * Puts the report beside the recordings, and on the user's terminal if --summary=yes.
 */
#include "tool/report.h"

#include "tool/lines.h"
#include "tool/main.h"
#include "tool/region.h"

#define PATH_BYTES   2048
#define LINES_SUFFIX ".lines.json"

/* Counters of threads that have ended. */
static struct {
	uint64_t (*counters)[MACHINE_COUNTERS];
	uint32_t *serials;
	uint32_t count;
} ended;

void report_thread(const struct thread *thread)
{
	uint32_t count = ended.count;

	if (!tool.summary)
		return;
	if (!(count & (count + 1))) {
		ended.counters =
			VG_(realloc)("autoperf.ended", ended.counters,
				     2 * (count + 1) * sizeof(*ended.counters));
		ended.serials = VG_(realloc)("autoperf.ended", ended.serials,
					     2 * (count + 1) * sizeof(*ended.serials));
	}
	VG_(memcpy)
	(ended.counters[count], thread->machine->counters, sizeof(*ended.counters));
	ended.serials[ended.count++] = thread->serial;
}

static void print_counters(const uint64_t *counters)
{
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		if (counters[i])
			VG_(umsg)
	("  %-16s %15llu\n", machine_counter_name(i), (ULong)counters[i]);
}

static void print_threads(void)
{
	for (uint32_t i = 0; i < ended.count; i++) {
		VG_(umsg)("thread %u\n", ended.serials[i]);
		print_counters(ended.counters[i]);
	}
	for (struct thread *thread = threads.first; thread; thread = thread->next) {
		VG_(umsg)("thread %u\n", thread->serial);
		print_counters(thread->machine->counters);
	}
}

static void print_regions(void)
{
	for (uint32_t i = 1; i <= region_count(); i++) {
		const struct region_total *total = region_total(i);
		HChar name[256];

		if (!total || !total->executions)
			continue;
		region_name(i, name, sizeof(name));
		VG_(umsg)
		("region %s: %llu executions, %llu cycles\n", name,
		 (ULong)total->executions, (ULong)total->cycles);
		print_counters(total->counters);
	}
}

/* `<recording>` with another suffix. */
static void write_lines(const struct recording *recording)
{
	const HChar *name = recording_path(recording);
	SizeT length = VG_(strlen)(name) - VG_(strlen)(RECORDING_SUFFIX);
	HChar path[PATH_BYTES];

	VG_(snprintf)(path, sizeof(path), "%s", name);
	if (length + sizeof(LINES_SUFFIX) > sizeof(path))
		return;
	VG_(strcpy)(path + length, LINES_SUFFIX);
	if (!lines_write(path))
		VG_(umsg)
	("autoperf-sim: cannot write %s; contended cache lines are "
	 "not reported\n",
	 path);
}

void report(void)
{
	/* Once, beside whichever recording there is. */
	for (int i = 0; i < FRAME_STACKS; i++)
		if (region_recording((enum frame_stack_kind)i)) {
			write_lines(region_recording((enum frame_stack_kind)i));
			break;
		}
	if (!tool.summary)
		return;
	print_threads();
	print_regions();
	lines_print();
	if (machine_out_of_memory(tool.machine))
		VG_(umsg)
	("autoperf-sim: memory ran out; some lines were simulated as "
	 "uncached\n");
	if (!region_seen())
		VG_(umsg)
	("autoperf-sim: no region was executed; without markers, "
	 "--region-function=NAME makes the calls of a function one\n");
}

void report_forked(void)
{
	ended.count = 0;
}
