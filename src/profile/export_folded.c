/* SPDX-License-Identifier: MIT */
/*
 * A profile as folded stacks, for flame graphs: doc/formats/folded.md.
 *
 * The stacks are a tree: process, thread, then regions by what lies inside what (timeline.h). A
 * node's weight is what its samples have, less what lies directly inside of them has, each times
 * the executions that it stands for; so all weights together are the total of the outermost
 * regions, thinned or not. Single samples may come out negative: one inner execution in ten is
 * measured and stands for ten, nine of them inside of other outer ones. The sum is right, and
 * only a sum below 0 is cut off.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "profile/export_source.h"
#include "profile/timeline.h"

#define NS_PER_US 1e3
#define NO_NODE   UINT32_MAX
#define SLOTS_MIN 64u /* a power of two */

/* What a node of the tree stands for; its `index` is counted apart for each kind. */
enum frame_kind { FRAME_PROCESS, FRAME_THREAD, FRAME_REGION };

struct frame {
	uint32_t parent; /* NO_NODE: none */
	uint32_t index; /* of the process's name, of the region; number of the thread */
	enum frame_kind kind;
	double weight; /* its own, in nanoseconds or counts */
};

struct stacks {
	struct export_source source;
	struct timeline timeline; /* of the current run */
	struct frame *frames;     /* a parent stands before its children */
	size_t frame_count, frame_capacity;
	uint32_t *slots; /* hash table: index in frames + 1, 0: free */
	size_t slot_count;
	char **processes; /* names, each once */
	size_t process_count, process_capacity;
};

/* ---- the tree ---- */

static size_t slot_of(const struct stacks *stacks, uint32_t parent,
		      enum frame_kind kind, uint32_t index)
{
	uint64_t hash = ((uint64_t)parent << 32 | index) * 3 + (uint64_t)kind;
	size_t slot;

	hash = (hash ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	slot = (size_t)(hash ^ hash >> 32) & (stacks->slot_count - 1);
	for (; stacks->slots[slot]; slot = (slot + 1) & (stacks->slot_count - 1)) {
		const struct frame *frame = &stacks->frames[stacks->slots[slot] - 1];

		if (frame->parent == parent && frame->index == index &&
		    frame->kind == kind)
			break;
	}
	return slot;
}

/* Keeps the table at most half full. */
static int make_slots(struct stacks *stacks)
{
	size_t count = stacks->slot_count ? 2 * stacks->slot_count : SLOTS_MIN;
	uint32_t *slots;

	if (2 * (stacks->frame_count + 1) <= stacks->slot_count)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(stacks->slots);
	stacks->slots = slots;
	stacks->slot_count = count;
	for (size_t i = 0; i < stacks->frame_count; i++) {
		const struct frame *frame = &stacks->frames[i];

		slots[slot_of(stacks, frame->parent, frame->kind, frame->index)] =
			(uint32_t)i + 1;
	}
	return 0;
}

/* The child of that parent, made if need be. */
static int find_frame(struct stacks *stacks, uint32_t parent, enum frame_kind kind,
		      uint32_t index, uint32_t *found)
{
	size_t slot;

	if (stacks->frame_count >= NO_NODE - 1 || make_slots(stacks))
		return -ENOMEM;
	slot = slot_of(stacks, parent, kind, index);
	if (!stacks->slots[slot]) {
		if (array_reserve(&stacks->frames, &stacks->frame_capacity,
				  stacks->frame_count + 1, sizeof(*stacks->frames)))
			return -ENOMEM;
		stacks->frames[stacks->frame_count++] =
			(struct frame){.parent = parent, .index = index, .kind = kind};
		stacks->slots[slot] = (uint32_t)stacks->frame_count;
	}
	*found = stacks->slots[slot] - 1;
	return 0;
}

/* Runs of one program are one process here, so that its runs add up. */
static int find_process(struct stacks *stacks, const struct timeline_process *process,
			uint32_t *found)
{
	const char *slash = strrchr(process->executable, '/');
	const char *name = slash ? slash + 1 : process->executable;
	size_t at = 0;

	name = *name ? name : "process";
	while (at < stacks->process_count && strcmp(stacks->processes[at], name) != 0)
		at++;
	if (at == stacks->process_count) {
		if (array_reserve(&stacks->processes, &stacks->process_capacity, at + 1,
				  sizeof(*stacks->processes)))
			return -ENOMEM;
		stacks->processes[at] = strdup(name);
		if (!stacks->processes[at])
			return -ENOMEM;
		stacks->process_count++;
	}
	return find_frame(stacks, NO_NODE, FRAME_PROCESS, (uint32_t)at, found);
}

/* ---- samples ---- */

/* `position` SIZE_MAX: time. */
static double weight_of(const struct timeline *timeline,
			const struct timeline_sample *sample, size_t position)
{
	return position == SIZE_MAX
		       ? sample->wall_ns
		       : timeline->values[sample->row * timeline->event_count +
					  position];
}

/* The samples [first, end) are of one thread. */
static int add_thread(struct stacks *stacks, size_t first, size_t end, size_t position)
{
	const struct timeline *timeline = &stacks->timeline;
	const struct timeline_process *process =
		&timeline->processes[timeline->samples[first].process];
	uint32_t frames[TIMELINE_LEVELS_MAX + 1];
	const struct timeline_sample *open[TIMELINE_LEVELS_MAX];

	if (find_process(stacks, process, &frames[0]) ||
	    find_frame(stacks, frames[0], FRAME_THREAD,
		       timeline->samples[first].thread - process->first_thread,
		       &frames[0]))
		return -ENOMEM;
	for (size_t i = first; i < end; i++) {
		const struct timeline_sample *sample = &timeline->samples[i];
		uint16_t level = sample->level;
		double weight = sample->weight * weight_of(timeline, sample, position);

		if (find_frame(stacks, frames[level], FRAME_REGION, sample->region,
			       &frames[level + 1]))
			return -ENOMEM;
		open[level] = sample;
		stacks->frames[frames[level + 1]].weight += weight;
		if (level)
			stacks->frames[frames[level]].weight -=
				weight * open[level - 1]->weight;
	}
	return 0;
}

static int add_run(struct stacks *stacks, const struct export_run *run, size_t position,
		   struct error *error)
{
	struct timeline *timeline = &stacks->timeline;
	int status = timeline_read(timeline, &stacks->source, run, error);

	for (size_t first = 0, end; first < timeline->count && !status; first = end) {
		end = timeline_end_of_thread(timeline, first);
		if (add_thread(stacks, first, end, position))
			status = error_no_memory(error, "exporting");
	}
	timeline_free(timeline);
	return status;
}

/* ---- output ---- */

/*
 * Semicolons part frames, the last blank parts the weight, and a number before that is taken for
 * a second weight by the tool that invented the format.
 */
static void put_name(struct text *text, const char *name)
{
	size_t length = strlen(name), tail = length;

	while (tail &&
	       (isdigit((unsigned char)name[tail - 1]) || name[tail - 1] == '.'))
		tail--;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (c == ';')
			c = ':';
		else if (c == ' ' && (i + 1 == tail || i + 1 == length))
			c = '_';
		text_append(text, &c, 1);
	}
	if (!length)
		text_puts(text, "unnamed");
}

static void put_label(const struct stacks *stacks, const struct frame *frame,
		      struct text *line)
{
	switch (frame->kind) {
	case FRAME_PROCESS:
		put_name(line, stacks->processes[frame->index]);
		break;
	case FRAME_THREAD:
		text_printf(line, "thread %" PRIu32, frame->index);
		break;
	case FRAME_REGION:
		put_name(line, stacks->source.regions[frame->index].name);
		break;
	}
}

static int compare_frames(const void *a, const void *b, void *context)
{
	const struct frame *frames = context;
	const struct frame *x = &frames[*(const uint32_t *)a];
	const struct frame *y = &frames[*(const uint32_t *)b];

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Where the children of the frame begin in `order`, which is sorted by parent. */
static size_t find_children(const struct stacks *stacks, const uint32_t *order,
			    uint32_t parent)
{
	size_t low = 0, high = stacks->frame_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stacks->frames[order[middle]].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A line for each frame below `parent` that has a weight; `line` holds the frames above. */
static void put_below(const struct stacks *stacks, const uint32_t *order,
		      uint32_t parent, struct text *line, double unit, FILE *out)
{
	for (size_t i = find_children(stacks, order, parent);
	     i < stacks->frame_count && !line->failed && !ferror(out); i++) {
		const struct frame *frame = &stacks->frames[order[i]];
		double weight = round(frame->weight / unit);
		size_t length = line->length;

		if (frame->parent != parent)
			break;
		if (length)
			text_puts(line, ";");
		put_label(stacks, frame, line);
		if (weight >= 1 && !line->failed)
			fprintf(out, "%s %.0f\n", line->chars, weight);
		put_below(stacks, order, order[i], line, unit, out);
		line->length = length;
	}
}

/* Regions are in the order of their names, so equal profiles make equal files. */
static int put_lines(const struct stacks *stacks, double unit, FILE *out)
{
	uint32_t *order = calloc(stacks->frame_count + 1, sizeof(*order));
	struct text line = {0};
	int status;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < stacks->frame_count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, stacks->frame_count, sizeof(*order), compare_frames,
		stacks->frames);
	put_below(stacks, order, NO_NODE, &line, unit, out);
	status = line.failed ? -ENOMEM : 0;
	text_free(&line);
	free(order);
	return status;
}

/* ---- what weighs ---- */

/* Where the event is in the run's values; SIZE_MAX: nowhere. */
static size_t find_event(const struct export_source *source,
			 const struct export_run *run, const char *name)
{
	const struct event_pass *pass = &source->plan.passes[run->run.pass];

	for (size_t i = 0; i < pass->count; i++)
		if (!strcmp(source->plan.events.items[pass->members[i]].name, name))
			return i;
	return SIZE_MAX;
}

static int no_weight(const struct stacks *stacks, const char *weight,
		     struct error *error)
{
	const char *path = profile_path(stacks->source.profile);

	return weight ? error_set(error, -ENOENT,
				  "no run in %s counts '%s'; 'autoperf info' lists "
				  "what was counted",
				  path, weight)
		      : error_set(error, -ENODATA,
				  "no sample in %s tells how long it took: choose a "
				  "counter with --weight",
				  path);
}

static int add_runs(struct stacks *stacks, const char *weight,
		    struct export_summary *summary, struct error *error)
{
	const struct export_source *source = &stacks->source;
	size_t used = 0;
	int status = 0;

	for (size_t i = 0; i < source->run_count && !status; i++) {
		const struct export_run *run = &source->runs[i];
		size_t position = SIZE_MAX;

		if (weight) {
			position = find_event(source, run, weight);
			if (position == SIZE_MAX)
				continue;
		}
		status = add_run(stacks, run, position, error);
		for (size_t k = 0; k < run->chunk_count; k++)
			summary->samples +=
				source->chunks[run->first_chunk + k].chunk.rows;
		used++;
	}
	summary->runs = used;
	return status || used ? status : no_weight(stacks, weight, error);
}

int profile_export_folded(struct profile *profile, const struct export_options *options,
			  const char *weight, FILE *out, struct export_summary *summary,
			  struct error *error)
{
	struct stacks stacks = {0};
	bool weighs = false;
	int status =
		export_source_open(&stacks.source, profile, options, summary, error);

	if (!status)
		status = add_runs(&stacks, weight, summary, error);
	for (size_t i = 0; i < stacks.frame_count; i++)
		weighs |= stacks.frames[i].weight > 0;
	if (!status && !weight && !weighs)
		status = no_weight(&stacks, weight, error);
	if (!status && put_lines(&stacks, weight ? 1 : NS_PER_US, out))
		status = error_no_memory(error, "exporting");
	summary->files = 1;
	for (size_t i = 0; i < stacks.process_count; i++)
		free(stacks.processes[i]);
	free(stacks.processes);
	free(stacks.frames);
	free(stacks.slots);
	export_source_close(&stacks.source);
	return status;
}
