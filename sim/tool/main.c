/* SPDX-License-Identifier: MIT */
/*
 * autoperf-sim: a Valgrind tool that runs the program on a simulated machine and counts per region
 * what hardware counters would have counted. This file: options, start and end.
 *
 *	instrument.c	finds out what the program's code does
 *	log_code.c	puts logging of that into the code ...
 *	direct_code.c	... or, while there is one thread, its simulation (direct.c)
 *	hooks.c		functions of the program that mean something
 *	system_calls.c	... and system calls that do (futex.c, channel.c)
 *	schedule.c	who executes for how long (gate.c, spin.c)
 *	replay.c	simulates what was logged, in virtual time (order.c, heap.c)
 *	region.c	counters of regions into samples (recording.c)
 *	report.c	what is told at the end
 */
#include "tool/main.h"

#include <pub_tool_clientstate.h>
#include <pub_tool_clreq.h>
#include <pub_tool_options.h>
#include <pub_tool_threadstate.h>
#include <pub_tool_tooliface.h>

#include "requests.h"
#include "tool/heap.h"
#include "tool/hooks.h"
#include "tool/instrument.h"
#include "tool/order.h"
#include "tool/region.h"
#include "tool/replay.h"
#include "tool/report.h"
#include "tool/schedule.h"
#include "tool/spin.h"
#include "tool/system_calls.h"
#include "tool/version.h"

/* coregrind/pub_core_options.h */
extern Int VG_(clo_fair_sched); /* enum FairSchedType: disabled, enabled, tried */
extern UInt VG_(clo_max_threads);
extern Bool VG_(clo_read_inline_info);

#define FAIR_SCHED_ENABLED 1
#define MACHINE_FILE_MAX   (1 << 20)
#define LARGE_BYTES        (256u << 10)

struct tool tool = {.warm = true, .direct = True, .window = 10000, .lines = 20};

void tool_give_up(const char *reason)
{
	HChar line[512];

	VG_(snprintf)(line, sizeof(line), "autoperf-sim: %s\n", reason);
	VG_(write)(2, line, (Int)VG_(strlen)(line));
	VG_(exit)(1);
}

/* ---- the machine ---- */

/*
 * The first core's tables are looked at by generated code (direct_code.c), which is shorter if their
 * addresses have 31 bits, as those of the tool's own variables.
 */
static struct {
	_Alignas(64) char memory[512u << 10];
	size_t used;
} near;

static void *lend_near(size_t bytes)
{
	char *memory = near.memory + near.used;

	if (bytes > sizeof(near.memory) - near.used)
		return NULL;
	near.used += (bytes + 63) & ~(size_t)63;
	return memory;
}

static bool is_near(const void *memory)
{
	return (const char *)memory >= near.memory &&
	       (const char *)memory < near.memory + sizeof(near.memory);
}

/* Large blocks come straight from the kernel: untouched pages cost nothing. */
struct large {
	uint64_t bytes;
	uint64_t magic;
};
#define LARGE_MAGIC 0x4c61726765426c6bu

static void *lend(void *context, size_t bytes)
{
	struct large *large = lend_near(bytes);
	SysRes result;

	(void)context;
	if (large)
		return large;
	if (bytes < LARGE_BYTES) {
		large = VG_(calloc)("autoperf.machine", 1, sizeof(*large) + bytes);
		large->magic = 0;
		return large + 1;
	}
	result = VG_(am_mmap_anon_float_valgrind)(sizeof(*large) + bytes);
	if (sr_isError(result))
		return NULL;
	large = (struct large *)sr_Res(result);
	large->bytes = sizeof(*large) + bytes;
	large->magic = LARGE_MAGIC;
	return large + 1;
}

/* What is near is not lent again. */
static void take_back(void *context, void *memory)
{
	struct large *large = (struct large *)memory - 1;

	(void)context;
	if (!memory || is_near(memory))
		return;
	if (large->magic == LARGE_MAGIC)
		VG_(am_munmap_valgrind)((Addr)large, large->bytes);
	else
		VG_(free)(large);
}

/* NULL: cannot be read. */
static HChar *read_file(const HChar *path, Int *length)
{
	SysRes opened = VG_(open)(path, VKI_O_RDONLY, 0);
	HChar *text;
	Int fd, n;

	if (sr_isError(opened))
		return NULL;
	fd = (Int)sr_Res(opened);
	/* One byte more than a description may have, so that the parser sees it. */
	text = VG_(malloc)("autoperf.description", MACHINE_FILE_MAX + 1);
	for (*length = 0;
	     (n = VG_(read)(fd, text + *length, MACHINE_FILE_MAX + 1 - *length)) > 0;)
		*length += n;
	VG_(close)(fd);
	if (n >= 0)
		return text;
	VG_(free)(text);
	return NULL;
}

static void describe_machine(struct machine_config *config)
{
	struct machine_problem problem = {0};
	HChar text[512], *description;
	Int length;

	machine_config_default(config);
	if (!tool.machine_file)
		return;
	description = read_file(tool.machine_file, &length);
	if (!description) {
		VG_(snprintf)
		(text, sizeof(text), "cannot read the machine description %s",
		 tool.machine_file);
		tool_give_up(text);
	}
	if (machine_config_parse(config, description, (size_t)length, &problem)) {
		VG_(snprintf)
		(text, sizeof(text), "%s, line %u: %s", tool.machine_file, problem.line,
		 problem.text);
		tool_give_up(text);
	}
	VG_(free)(description);
}

/* "FILE: what is wrong with it". */
static void refuse_machine(const struct machine_problem *problem)
{
	HChar text[512];

	VG_(snprintf)
	(text, sizeof(text), "%s%s%s", tool.machine_file ? tool.machine_file : "",
	 tool.machine_file ? ": " : "", problem->text);
	tool_give_up(text);
}

static void make_machine(void)
{
	static const struct machine_host host = {
		.allocate = lend,
		.release = take_back,
		.note_line = heap_note,
	};
	struct machine_config config;
	struct machine_problem problem;

	describe_machine(&config);
	tool.machine = machine_create(&config, &host, &problem);
	if (!tool.machine)
		refuse_machine(&problem);
	tool.config = machine_configuration(tool.machine);
}

/* ---- callbacks ---- */

static void thread_made(ThreadId parent, ThreadId child)
{
	struct thread *maker =
		parent == VG_INVALID_THREADID ? NULL : thread_find(parent);

	thread_create(maker, child);
	if (maker)
		system_call_cloned(maker, thread_find(child));
}

static void thread_gone(ThreadId tid)
{
	struct thread *thread = thread_find(tid);

	if (!thread)
		return;
	system_call_exited(thread);
	thread_exit(tid);
}

static Bool client_request(ThreadId tid, UWord *request, UWord *answer)
{
	struct thread *thread = thread_find(tid);

	return VG_IS_TOOL_USERREQ('A', 'P', request[0]) && thread &&
	       region_request(thread, request, answer);
}

static void memory_gone(Addr address, SizeT bytes)
{
	struct thread *thread = thread_find(VG_(get_running_tid)());

	if (thread)
		THREAD_APPEND(thread, LOG_UNMAP, address, bytes);
}

static void memory_mapped(Addr address, SizeT bytes, Bool readable, Bool writable,
			  Bool executable, ULong debug_info)
{
	(void)readable, (void)writable, (void)executable, (void)debug_info;
	memory_gone(address, bytes);
}

static void block_gone(Addr address, VexGuestExtents extents)
{
	(void)extents;
	block_discarded(address);
}

static void forked_child(ThreadId tid)
{
	tool.forked = true;
	regions_forked();
	order_forked();
	system_calls_forked();
	threads_forked(tid);
	report_forked();
}

/* ---- start and end ---- */

static Bool option(const HChar *argument)
{
	const HChar *name = NULL;

	if VG_STR_CLO (argument, "--session", tool.session) {
	} else if VG_STR_CLO (argument, "--machine", tool.machine_file) {
	} else if VG_BOOL_CLO (argument, "--summary", tool.summary) {
	} else if VG_BOOL_CLO (argument, "--direct", tool.direct) {
	} else if VG_XACT_CLO (argument, "--warm=on", tool.warm, true) {
	} else if VG_XACT_CLO (argument, "--warm=off", tool.warm, false) {
	} else if VG_BINT_CLO (argument, "--window", tool.window, 100, 10000000) {
	} else if VG_BINT_CLO (argument, "--lines", tool.lines, 0, 100000) {
	} else if VG_STR_CLO (argument, "--region-function", name)
		hooks_add_region(name, region_function(name));
	else
		return False;
	return True;
}

static void usage(void)
{
	VG_(printf)
	("    --session=DIR             record into DIR/<pid>-<n>.aprec (see "
	 "doc/formats.md)\n"
	 "    --machine=FILE            simulate the machine that FILE describes\n"
	 "    --region-function=NAME    calls of NAME are a region; may be repeated\n"
	 "    --warm=on|off             simulate outside regions too [on]\n"
	 "    --window=CYCLES           how far threads may execute ahead of others "
	 "[10000]\n"
	 "    --lines=COUNT             contended cache lines that are reported [20]\n"
	 "    --direct=yes|no           simulate a single thread without a log, which "
	 "is\n"
	 "                              faster and comes to the same [yes]\n"
	 "    --summary=yes|no          print counters at the end [no]\n");
}

static void debug_usage(void)
{
}

static void begin(void)
{
	version_check();
	make_machine();
	VG_(track_start_client_code)(schedule_start);
	VG_(track_stop_client_code)(schedule_stop);
}

static void finish(Int code)
{
	(void)code;
	schedule_drain();
	regions_close();
	report();
}

static void before_options(void)
{
	VG_(details_name)("autoperf-sim");
	VG_(details_version)(NULL);
	VG_(details_description)("counters of a simulated machine, per region");
	VG_(details_copyright_author)
	("Part of AutoPerf; source under the MIT licence.");
	VG_(details_bug_reports_to)("the authors of AutoPerf");
	VG_(details_avg_translation_sizeB)(500);
	VG_(basic_tool_funcs)(begin, instrument, finish);
	VG_(needs_client_requests)(client_request);
	VG_(needs_command_line_options)(option, usage, debug_usage);
	VG_(needs_syscall_wrapper)(system_call_before, system_call_after);
	VG_(needs_superblock_discards)(block_gone);
	VG_(track_pre_thread_ll_create)(thread_made);
	VG_(track_pre_thread_ll_exit)(thread_gone);
	VG_(track_die_mem_munmap)(memory_gone);
	VG_(track_die_mem_brk)(memory_gone);
	VG_(track_new_mem_mmap)(memory_mapped);
	VG_(atfork)(NULL, NULL, forked_child);
	/* A hooked function must begin a block. */
	VG_(clo_vex_control).guest_chase = False;
	/* Threads take turns, and as many as the machine knows may exist. */
	VG_(clo_fair_sched) = FAIR_SCHED_ENABLED;
	/* The core has read its own option by now, and has not yet made its table. */
	if (VG_(clo_max_threads) < MACHINE_THREADS_MAX + 2)
		VG_N_THREADS = VG_(clo_max_threads) = MACHINE_THREADS_MAX + 2;
	VG_(clo_read_inline_info) = True; /* the report names functions (describe.c) */
}

VG_DETERMINE_INTERFACE_VERSION(before_options)
