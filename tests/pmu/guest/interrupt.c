/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers at every instruction of the runtime.
 *
 * A breakpoint takes the place of an instruction. Who executes it gets SIGTRAP, whose handler puts the
 * instruction back and sends SIGUSR1. That arrives when the handler returns: before the instruction,
 * as a timer's signal might. Nothing is switched meanwhile, so that fast markers stay fast.
 *
 * Which instructions are executed is found out by breakpoints in place of all of them. Each is
 * then interrupted on a thread of its own, whose first blocks are small: when a block is full, too.
 */
#include "interrupt.h"

#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "perfpoint.h"
#include "recording/format.h"
#include "work.h"

#define BREAKPOINT    0xd4200000u /* brk #0 */
#define POSITIONS_MAX 8192
#define EVENTS        2 /* that the tests record */
#define SAMPLE_BYTES  (sizeof(struct recording_sample) + EVENTS * sizeof(uint64_t))
/* Pairs until a first block is nearly full; and those that are interrupted then. */
#define PAIRS_BEFORE                                                                  \
	((RECORDING_BLOCK_UNIT - sizeof(struct recording_block)) / SAMPLE_BYTES / 2 - \
	 10)
#define PAIRS_INTERRUPTED 30
#define PAIRS_UNDISTURBED 10
#define BATCH             100 /* positions */
/* Instructions of a fast marker, at most. */
#define MARKER_LENGTH 160

static struct {
	uint32_t *begin, *end; /* the library's code */
	uint32_t *saved;       /* as it was */
} code;

static unsigned long stride;
static uint32_t *positions[POSITIONS_MAX];
static volatile size_t position_count;
static volatile bool collecting;
static enum handling { MEASURES, JUMPS_OUT, JUMPS_INSIDE } handling;
static sigjmp_buf before_pair;
/* Of this process and its children, one after the other. */
static volatile struct counts {
	unsigned long handled, pairs, undisturbed;
} * counts;

static void fail(const char *what)
{
	perror(what);
	exit(3);
}

static void put(uint32_t *position, uint32_t instruction)
{
	*position = instruction;
	__builtin___clear_cache((char *)position, (char *)(position + 1));
}

static void put_back(uint32_t *position)
{
	put(position, code.saved[position - code.begin]);
}

/* ---- handlers ---- */

static void at_breakpoint(int signal, siginfo_t *info, void *context)
{
	uint32_t *position = (uint32_t *)((ucontext_t *)context)->uc_mcontext.pc;

	(void)signal;
	(void)info;
	if (position < code.begin || position >= code.end)
		abort();
	put_back(position);
	if (!collecting)
		raise(SIGUSR1);
	else if (position_count < POSITIONS_MAX)
		positions[position_count++] = position;
}

static void at_signal(int signal)
{
	(void)signal;
	jmp_buf here;

	counts->handled++;
	if (handling == JUMPS_OUT)
		siglongjmp(before_pair, 1);
	if (handling == JUMPS_INSIDE && !setjmp(here))
		longjmp(here, 1);
	perfpoint_START(MARK_HANDLER);
	perfpoint_END();
}

static void install(void)
{
	struct sigaction trap = {.sa_sigaction = at_breakpoint, .sa_flags = SA_SIGINFO};
	struct sigaction user = {.sa_handler = at_signal};

	sigemptyset(&trap.sa_mask);
	sigaddset(&trap.sa_mask, SIGUSR1);
	if (sigaction(SIGTRAP, &trap, NULL) || sigaction(SIGUSR1, &user, NULL))
		fail("work: sigaction");
}

/* ---- the library's code ---- */

/* Section .text of the file: what is mapped with it is data, too. */
static int find_code(struct dl_phdr_info *info, size_t size, void *argument)
{
	ElfW(Ehdr) header;
	ElfW(Shdr) sections[64], *names;
	char text[4096];
	FILE *file;

	(void)size;
	(void)argument;
	if (!strstr(info->dlpi_name, "libperfpoint"))
		return 0;
	file = fopen(info->dlpi_name, "r");
	if (!file || fread(&header, sizeof(header), 1, file) != 1 ||
	    header.e_shnum > 64 || header.e_shstrndx >= header.e_shnum ||
	    fseek(file, (long)header.e_shoff, SEEK_SET) ||
	    fread(sections, sizeof(*sections), header.e_shnum, file) != header.e_shnum)
		fail(info->dlpi_name);
	names = &sections[header.e_shstrndx];
	if (names->sh_size > sizeof(text) ||
	    fseek(file, (long)names->sh_offset, SEEK_SET) ||
	    fread(text, 1, names->sh_size, file) != names->sh_size)
		fail(info->dlpi_name);
	fclose(file);
	for (int i = 0; i < header.e_shnum; i++) {
		if (strcmp(text + sections[i].sh_name, ".text"))
			continue;
		code.begin = (uint32_t *)(info->dlpi_addr + sections[i].sh_addr);
		code.end = code.begin + sections[i].sh_size / sizeof(uint32_t);
	}
	return 1;
}

static void open_code(void)
{
	uintptr_t page = (uintptr_t)getpagesize(), begin;
	size_t bytes;

	dl_iterate_phdr(find_code, NULL);
	bytes = (size_t)(code.end - code.begin) * sizeof(uint32_t);
	begin = (uintptr_t)code.begin & ~(page - 1);
	code.saved = malloc(bytes);
	if (!bytes || !code.saved ||
	    mprotect((void *)begin, (uintptr_t)code.end - begin,
		     PROT_READ | PROT_WRITE | PROT_EXEC))
		fail("work: the code of libperfpoint");
	memcpy(code.saved, code.begin, bytes);
}

/* ---- what is interrupted ---- */

static __attribute__((noinline)) void one_pair(void)
{
	perfpoint_START(MARK_OUTER_SHORT);
	perfpoint_START(MARK_INNER);
	perfpoint_END();
	perfpoint_END();
	counts->pairs++;
}

/* With a breakpoint there, or not. */
static __attribute__((noinline)) void interrupted_pair(uint32_t *position)
{
	if (sigsetjmp(before_pair, 1))
		return;
	if (position)
		put(position, BREAKPOINT);
	one_pair();
	if (position)
		put_back(position);
}

static void undisturbed_pairs(void)
{
	for (int i = 0; i < PAIRS_UNDISTURBED; i++) {
		perfpoint_START(MARK_OUTER_LONG);
		one_pair();
		perfpoint_END();
		counts->undisturbed++;
	}
}

/* The thread's first markers. */
static void *attach(void *position)
{
	interrupted_pair(position);
	undisturbed_pairs();
	return NULL;
}

static sem_t done, all_done;

/* Ends when all have: else the next one had its blocks. */
static void *fill_blocks(void *position)
{
	one_pair();
	for (size_t i = 0; i < PAIRS_BEFORE; i++)
		one_pair();
	for (size_t i = 0; i < PAIRS_INTERRUPTED; i++)
		interrupted_pair(position);
	undisturbed_pairs();
	sem_post(&done);
	while (sem_wait(&all_done))
		;
	return NULL;
}

static pthread_t begin(void *(*run)(void *), uint32_t *position)
{
	static pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 << 10);
	if (pthread_create(&thread, &attributes, run, position))
		fail("work: pthread_create");
	return thread;
}

static void collect(void *(*run)(void *))
{
	pthread_t thread;

	position_count = 0;
	collecting = true;
	for (uint32_t *position = code.begin; position < code.end; position++)
		*position = BREAKPOINT;
	__builtin___clear_cache((char *)code.begin, (char *)code.end);
	thread = begin(run, NULL);
	sem_post(&all_done);
	pthread_join(thread, NULL);
	sem_init(&all_done, 0, 0);
	sem_init(&done, 0, 0);
	collecting = false;
	memcpy(code.begin, code.saved,
	       (size_t)(code.end - code.begin) * sizeof(uint32_t));
	__builtin___clear_cache((char *)code.begin, (char *)code.end);
}

static bool is_in(const uint32_t *position, const void *function)
{
	return position >= (const uint32_t *)function &&
	       position < (const uint32_t *)function + MARKER_LENGTH;
}

/* Of what is no fast marker every so many positions will do. */
static void thin_out(void)
{
	const struct perfpoint_runtime *runtime = perfpoint_runtime_v1();
	size_t kept = 0;

	for (size_t i = 0; i < position_count; i++)
		if (is_in(positions[i], (const void *)runtime->start) ||
		    is_in(positions[i], (const void *)runtime->end) || i % stride == 0)
			positions[kept++] = positions[i];
	position_count = kept;
}

static size_t interrupt_attaching(void)
{
	collect(attach);
	thin_out();
	for (size_t i = 0; i < position_count; i++)
		pthread_join(begin(attach, positions[i]), NULL);
	return position_count;
}

/* By threads that are all alive; `end`: the first position that is another batch's. */
static void interrupt_batch(size_t at, size_t end)
{
	for (; at < end; at++) {
		begin(fill_blocks, positions[at]);
		while (sem_wait(&done))
			;
	}
}

/*
 * What only attaching executes is not interrupted: the thread is known by then. Batches are
 * processes, whose threads' memory is given back.
 */
static size_t interrupt_filling(void)
{
	collect(fill_blocks);
	thin_out();
	for (size_t at = 0; at < position_count; at += BATCH) {
		size_t end = at + BATCH < position_count ? at + BATCH : position_count;
		pid_t child = fork();
		int status;

		if (child < 0)
			fail("work: fork");
		if (!child) {
			interrupt_batch(at, end);
			_exit(0);
		}
		if (waitpid(child, &status, 0) != child || status) {
			fprintf(stderr, "work: positions %zu to %zu: status %x\n", at,
				end, status);
			exit(3);
		}
	}
	return position_count;
}

static void interrupt(unsigned long every)
{
	size_t count;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		fail("work: mmap");
	sem_init(&all_done, 0, 0);
	sem_init(&done, 0, 0);
	stride = every;
	install();
	open_code();
	one_pair();
	perfpoint_START(MARK_HANDLER);
	perfpoint_END();
	count = interrupt_attaching();
	count += interrupt_filling();
	printf("positions %zu\npairs %lu\nhandled %lu\nundisturbed %lu\n", count,
	       counts->pairs, counts->handled + 1, counts->undisturbed);
}

void interrupt_everywhere(unsigned long every)
{
	interrupt(every);
}

void interrupt_and_jump_everywhere(unsigned long every)
{
	handling = JUMPS_OUT;
	interrupt(every);
}

void interrupt_and_jump_inside(unsigned long every)
{
	handling = JUMPS_INSIDE;
	interrupt(every);
}
