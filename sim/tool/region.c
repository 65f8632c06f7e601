/* SPDX-License-Identifier: MIT */
/*
 * Frames of regions. The runtime decides which frames exist, by their depth; for functions it is
 * the depth of calls of such functions on the thread.
 */
#include "tool/region.h"

#include <pub_tool_aspacemgr.h>
#include <pub_tool_clientstate.h>

#include "requests.h"
#include "tool/hooks.h"
#include "tool/main.h"
#include "tool/schedule.h"
#include "tool/session.h"

/* coregrind/pub_core_debuginfo.h; a SymAVMAs is one address here, and some elsewhere. */
extern Int VG_(DebugInfo_syms_howmany)(const DebugInfo *object);
extern void VG_(DebugInfo_syms_getidx)(const DebugInfo *object, Int index,
				       Addr *addresses, UInt *bytes, const HChar **name,
				       const HChar ***others, Bool *text,
				       Bool *indirect, Bool *global);
#define SYMBOL_ADDRESSES 8

#define DEPTH_LIMIT  4096u
#define MARKERS_MAX  64u
#define REGION_LIMIT (1u << 20)

static struct {
	struct recording *recordings[FRAME_STACKS];
	struct region_total **totals; /* by number */
	uint32_t total_count;
	uint32_t open;
	bool seen;
	struct region_function {
		const HChar *name;
		bool called;
	} * functions;
	uint32_t function_count;
	bool function_recording_tried;
	uint32_t
		threads_named; /* serials up to which the function recording knows them */
} regions;

static uint32_t number_of(enum frame_stack_kind kind, uint32_t id)
{
	return id * FRAME_STACKS + (uint32_t)kind + 1;
}

enum frame_stack_kind region_kind(uint32_t number)
{
	return (enum frame_stack_kind)((number - 1) % FRAME_STACKS);
}

uint32_t region_id(uint32_t number)
{
	return (number - 1) / FRAME_STACKS;
}

uint32_t region_count(void)
{
	return regions.total_count;
}

const struct region_total *region_total(uint32_t number)
{
	return number && number <= regions.total_count ? regions.totals[number - 1]
						       : NULL;
}

const struct recording *region_recording(enum frame_stack_kind kind)
{
	return regions.recordings[kind];
}

void region_name(uint32_t number, HChar *name, uint32_t bytes)
{
	enum frame_stack_kind kind = region_kind(number);
	uint32_t id = region_id(number);

	if (kind == FRAMES_FUNCTIONS && id < regions.function_count)
		VG_(snprintf)(name, (Int)bytes, "%s", regions.functions[id].name);
	else if (!regions.recordings[kind] ||
		 !recording_region_name(regions.recordings[kind], id, name, bytes))
		VG_(snprintf)(name, (Int)bytes, "region %u", id);
}

uint32_t region_open_frames(void)
{
	return regions.open;
}

bool region_seen(void)
{
	return regions.seen;
}

/* ---- requests ---- */

static bool readable(const void *from, SizeT bytes)
{
	return VG_(am_is_valid_for_client)((Addr)from, bytes, VKI_PROT_READ);
}

/* Whether a string of less than `limit` bytes is there. */
static bool is_string(const HChar *text, SizeT limit)
{
	for (SizeT i = 0; i < limit; i++) {
		if ((!i || VG_IS_PAGE_ALIGNED(text + i)) && !readable(text + i, 1))
			return false;
		if (!text[i])
			return true;
	}
	return false;
}

static bool are_strings(const HChar *const *texts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!is_string(texts[i], RECORDING_NAME_MAX))
			return false;
	return true;
}

/* Into the program's own memory, if there is any. */
static void tell_problem(const struct autoperf_sim_start *start,
			 const struct problem *problem)
{
	SizeT bytes = start->problem_bytes;

	if (bytes > sizeof(problem->text))
		bytes = sizeof(problem->text);
	if (bytes &&
	    VG_(am_is_valid_for_client)((Addr)start->problem, bytes, VKI_PROT_WRITE))
		VG_(snprintf)(start->problem, (Int)bytes, "%s", problem->text);
}

static UWord take_markers(const void *const *functions, UWord count)
{
	if (count > MARKERS_MAX || !readable(functions, count * sizeof(*functions)))
		return AUTOPERF_SIM_REFUSED;
	for (UWord i = 0; i < count; i++)
		hooks_add_marker((Addr)functions[i]);
	return AUTOPERF_SIM_DONE;
}

static UWord start(const struct autoperf_sim_start *start)
{
	struct problem problem;
	struct recording *recording;

	if (!readable(start, sizeof(*start)) || start->abi != AUTOPERF_SIM_ABI ||
	    start->event_count > RECORDING_EVENTS_MAX ||
	    !readable(start->events, start->event_count * sizeof(*start->events)) ||
	    !are_strings(start->events, start->event_count) ||
	    !is_string(start->recording, RECORDING_PATH_BYTES))
		return AUTOPERF_SIM_REFUSED;
	recording = recording_adopt(start->recording, start->events, start->event_count,
				    &problem);
	if (!recording) {
		tell_problem(start, &problem);
		return AUTOPERF_SIM_REFUSED;
	}
	if (regions.recordings[FRAMES_MARKERS])
		recording_forget(regions.recordings[FRAMES_MARKERS]);
	regions.recordings[FRAMES_MARKERS] = recording;
	return AUTOPERF_SIM_DONE;
}

bool region_request(struct thread *thread, const UWord *request, UWord *answer)
{
	*answer = AUTOPERF_SIM_DONE;
	switch (request[0]) {
	case AUTOPERF_SIM_MARKERS:
		*answer = take_markers((const void *const *)request[1], request[2]);
		return true;
	case AUTOPERF_SIM_START:
		*answer = start((const struct autoperf_sim_start *)request[1]);
		return true;
	case AUTOPERF_SIM_BEGIN:
		if (request[2] >= RECORDING_REGIONS_MAX)
			return true;
		regions.seen = true;
		schedule_region(thread);
		thread->marker_depth = request[1] + 1;
		THREAD_APPEND(thread, LOG_FRAME_BEGIN, FRAMES_MARKERS, request[1],
			      request[2], request[3]);
		return true;
	case AUTOPERF_SIM_END:
		thread->marker_depth = request[1];
		THREAD_APPEND(thread, LOG_FRAME_END, FRAMES_MARKERS, request[1],
			      request[2], request[3]);
		return true;
	default:
		return false;
	}
}

/* ---- functions ---- */

uint32_t region_function(const HChar *name)
{
	regions.functions =
		VG_(realloc)("autoperf.functions", regions.functions,
			     (regions.function_count + 1) * sizeof(*regions.functions));
	regions.functions[regions.function_count] =
		(struct region_function){.name = name};
	return regions.function_count++;
}

/* The recording of functions is made by the first call of one. */
static void make_recording(void)
{
	const HChar *names[RECORDING_EVENTS_MAX];
	struct problem problem;
	struct recording *recording = NULL;
	int count;

	regions.function_recording_tried = true;
	if (!tool.session)
		return;
	count = session_events(tool.session, names, &problem);
	if (count >= 0)
		recording =
			recording_make(tool.session, names, (uint32_t)count, &problem);
	if (!recording) {
		VG_(umsg)("autoperf-sim: %s; not recording\n", problem.text);
		return;
	}
	for (uint32_t i = 0; i < regions.function_count; i++)
		recording_name(recording, RECORDING_NAME_REGION, i, 0,
			       regions.functions[i].name);
	regions.recordings[FRAMES_FUNCTIONS] = recording;
}

static void name_threads(void)
{
	struct recording *recording = regions.recordings[FRAMES_FUNCTIONS];

	for (struct thread *thread = threads.first; recording && thread;
	     thread = thread->next)
		if (thread->serial > regions.threads_named) {
			recording_name(recording, RECORDING_NAME_THREAD,
				       thread->serial - 1, (uint64_t)thread->kernel_id,
				       "");
			regions.threads_named = thread->serial;
		}
}

void region_enter(struct thread *thread, uint32_t region)
{
	regions.seen = true;
	regions.functions[region].called = true;
	if (!regions.function_recording_tried)
		make_recording();
	if (!thread->kernel_id)
		thread->kernel_id = VG_(gettid)();
	if (thread->serial > regions.threads_named)
		name_threads();
	schedule_region(thread);
	THREAD_APPEND(thread, LOG_FRAME_BEGIN, FRAMES_FUNCTIONS, thread->region_depth++,
		      region, 0);
}

void region_leave(struct thread *thread)
{
	if (thread->region_depth)
		THREAD_APPEND(thread, LOG_FRAME_END, FRAMES_FUNCTIONS,
			      --thread->region_depth, thread->serial - 1, 0);
}

/* ---- replay ---- */

static struct region_total *total_of(uint32_t number)
{
	if (number > REGION_LIMIT)
		return NULL;
	if (number > regions.total_count) {
		regions.totals = VG_(realloc)("autoperf.totals", regions.totals,
					      2 * number * sizeof(*regions.totals));
		for (uint32_t i = regions.total_count; i < 2 * number; i++)
			regions.totals[i] = NULL;
		regions.total_count = 2 * number;
	}
	if (!regions.totals[number - 1])
		regions.totals[number - 1] =
			VG_(calloc)("autoperf.total", 1, sizeof(struct region_total));
	return regions.totals[number - 1];
}

/* The innermost frame, for the machine to attribute contention to; markers go first. */
static void set_machine_region(struct thread *thread)
{
	thread->machine->region = 0;
	for (int kind = FRAME_STACKS - 1; kind >= 0; kind--) {
		const struct frame_stack *stack = &thread->stacks[kind];

		if (stack->depth)
			thread->machine->region =
				number_of((enum frame_stack_kind)kind,
					  stack->frames[stack->depth - 1].region);
	}
}

void region_drop(struct thread *thread, enum frame_stack_kind kind, uint32_t depth)
{
	struct frame_stack *stack = &thread->stacks[kind];

	if (stack->depth <= depth)
		return;
	regions.open -= stack->depth - depth;
	stack->depth = depth;
	set_machine_region(thread);
}

void region_begin(struct thread *thread, enum frame_stack_kind kind, uint32_t depth,
		  uint32_t region, uint64_t token)
{
	struct frame_stack *stack = &thread->stacks[kind];
	struct frame *frame;

	region_drop(thread, kind, depth);
	/* A runtime that attached in the middle may skip depths; they stay unused. */
	if (depth != stack->depth || depth >= DEPTH_LIMIT)
		return;
	if (depth == stack->capacity) {
		stack->capacity = stack->capacity ? 2 * stack->capacity : 4;
		stack->frames = VG_(realloc)("autoperf.frames", stack->frames,
					     stack->capacity * sizeof(*stack->frames));
	}
	frame = &stack->frames[stack->depth++];
	regions.open++;
	machine_settle(tool.machine, thread->machine);
	frame->token = token;
	frame->region = region;
	frame->begin = thread_clock(thread);
	VG_(memcpy)
	(frame->counters, thread->machine->counters, sizeof(frame->counters));
	set_machine_region(thread);
}

static uint64_t to_nanoseconds(uint64_t cycles)
{
	return (uint64_t)((unsigned __int128)cycles * 1000 / tool.config->clock_mhz);
}

void region_end(struct thread *thread, enum frame_stack_kind kind, uint32_t depth,
		uint32_t index, uint64_t token)
{
	struct frame_stack *stack = &thread->stacks[kind];
	struct recording_sample sample = {0};
	uint64_t values[MACHINE_COUNTERS];
	struct region_total *total;
	const struct frame *frame;
	uint64_t elapsed;
	uint32_t at = depth;

	/* The runtime may have moved it down when it dropped frames below. */
	while (at < stack->depth && stack->frames[at].token != token)
		at++;
	if (at >= stack->depth) {
		if (regions.recordings[kind])
			recording_lose(regions.recordings[kind],
				       RECORDING_LOSS_NOT_ENDED);
		return;
	}
	frame = &stack->frames[at];
	machine_settle(tool.machine, thread->machine);
	elapsed = thread_clock(thread) - frame->begin;
	total = total_of(number_of(kind, frame->region));
	for (int i = 0; i < MACHINE_COUNTERS; i++) {
		values[i] = thread->machine->counters[i] - frame->counters[i];
		if (total)
			total->counters[i] += values[i];
	}
	if (total) {
		total->executions++;
		total->cycles += elapsed;
	}
	sample.region = frame->region;
	sample.thread = index;
	sample.begin_ns = to_nanoseconds(frame->begin);
	sample.wall_ns = to_nanoseconds(elapsed);
	sample.cpu_ns = to_nanoseconds(elapsed - values[MACHINE_BLOCKED]);
	sample.flags = RECORDING_SAMPLE_CPU_TIME;
	sample.running_share = UINT16_MAX;
	sample.depth = (uint16_t)depth;
	sample.one_in = 1;
	region_drop(thread, kind, depth);
	if (regions.recordings[kind])
		recording_add(regions.recordings[kind], &sample, values);
}

static bool has_function(const DebugInfo *object, const HChar *name)
{
	for (Int i = 0; i < VG_(DebugInfo_syms_howmany)(object); i++) {
		Addr addresses[SYMBOL_ADDRESSES];
		const HChar *mangled, **others, *written;
		Bool text, indirect, global;
		UInt bytes;

		VG_(DebugInfo_syms_getidx)
		(object, i, addresses, &bytes, &mangled, &others, &text, &indirect,
		 &global);
		if (!text)
			continue;
		VG_(demangle)(True, False, mangled, &written);
		if (hooks_same_function(written, name))
			return true;
	}
	return false;
}

/* Whether any object that is mapped has a function of that name. */
static bool exists(const HChar *name)
{
	for (const DebugInfo *object = VG_(next_DebugInfo)(NULL); object;
	     object = VG_(next_DebugInfo)(object))
		if (has_function(object, name))
			return true;
	return false;
}

/* For whoever asked for them; autoperf record reads it in the log. */
static void tell_functions(void)
{
	for (uint32_t i = 0; i < regions.function_count; i++) {
		const struct region_function *function = &regions.functions[i];
		const HChar *state = "absent";

		if (function->called)
			state = "called";
		else if (exists(function->name))
			state = "idle";
		VG_(umsg)
		("autoperf-sim: function %s: %s\n", function->name, state);
	}
}

void regions_close(void)
{
	if (tool.session)
		tell_functions();
	/* That of the markers is closed by the runtime. */
	if (regions.recordings[FRAMES_FUNCTIONS])
		recording_close(regions.recordings[FRAMES_FUNCTIONS]);
}

void regions_forked(void)
{
	for (int i = 0; i < FRAME_STACKS; i++) {
		if (regions.recordings[i])
			recording_forget(regions.recordings[i]);
		regions.recordings[i] = NULL;
	}
	for (uint32_t i = 0; i < regions.total_count; i++)
		if (regions.totals[i])
			VG_(memset)(regions.totals[i], 0, sizeof(*regions.totals[i]));
	regions.open = 0;
	regions.function_recording_tried = false;
	regions.threads_named = 0;
}
