/* SPDX-License-Identifier: MIT */
/*
 * A program that tells the simulator nonsense, by its client requests: pointers to nowhere, counts
 * beyond all memory, frames that never began, recordings that are none.
 *
 * usage: hostile markers|start|recordings|frames|objects [DIRECTORY]
 *
 * Prints "survived" in the end.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recording/format.h"
#include "requests.h"

#define NOWHERE ((void *)0x123456789000)
#define KERNEL  ((void *)0xffffffff80000000)
#define PAGE    4096u

static const char *const one_event[] = {"instructions"};
static char problem[256];

static void *const wild[] = {NULL, (void *)8, NOWHERE, KERNEL, (void *)~0ul};
#define WILD_COUNT (sizeof(wild) / sizeof(wild[0]))

static void expect_refused(const char *what, int answer)
{
	if (answer == AUTOPERF_SIM_REFUSED)
		return;
	printf("%s was answered with %d\n", what, answer);
	exit(1);
}

/* A page without anything behind it, full of 'x'. */
static char *last_page(void)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE))
		exit(2);
	memset(pages, 'x', PAGE);
	return pages;
}

static void send_markers(void)
{
	const void *functions[64];
	const unsigned long counts[] = {1, 64, 65, 1ul << 32, 1ul << 61, ~0ul};

	for (size_t i = 0; i < WILD_COUNT; i++)
		for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++)
			expect_refused("markers",
				       autoperf_sim_markers(wild[i], counts[j]));
	/* Functions that are none may be announced: nothing ever calls them. */
	for (size_t i = 0; i < 64; i++)
		functions[i] = wild[i % WILD_COUNT];
	for (int i = 0; i < 100; i++)
		autoperf_sim_markers(functions, 64);
}

static struct autoperf_sim_start good_start(void)
{
	return (struct autoperf_sim_start){
		.abi = AUTOPERF_SIM_ABI,
		.event_count = 1,
		.events = one_event,
		.recording = "/nonexistent/recording",
		.problem = problem,
		.problem_bytes = sizeof(problem),
	};
}

static void refuse_start(const char *what, const struct autoperf_sim_start *start)
{
	expect_refused(what, autoperf_sim_start(start));
}

static void send_starts(void)
{
	struct autoperf_sim_start start;
	const char *names[] = {NULL};
	char *page = last_page();

	for (size_t i = 0; i < WILD_COUNT; i++)
		refuse_start("start", wild[i]);
	/* Reaches over the end of what is mapped. */
	refuse_start("half a start", (void *)(page + PAGE - sizeof(start) / 2));
	start = good_start();
	start.abi++;
	refuse_start("ABI", &start);
	start = good_start();
	start.event_count = ~0u;
	refuse_start("event count", &start);
	start.event_count = RECORDING_EVENTS_MAX;
	start.events = (void *)(page + PAGE - 8);
	refuse_start("half the events", &start);
	for (size_t i = 0; i < WILD_COUNT; i++) {
		start = good_start();
		start.events = wild[i];
		refuse_start("events", &start);
		start.events = names;
		names[0] = wild[i];
		refuse_start("a name", &start);
		start = good_start();
		start.recording = wild[i];
		refuse_start("recording", &start);
		start = good_start();
		start.problem = wild[i];
		refuse_start("problem", &start);
		start.problem_bytes = ~0ul;
		refuse_start("problem of any length", &start);
	}
	start = good_start();
	start.events = names;
	names[0] = page; /* never ends */
	refuse_start("endless name", &start);
	start = good_start();
	start.recording = page;
	refuse_start("endless path", &start);
	start = good_start();
	start.problem = (char *)"constant";
	refuse_start("problem that is constant", &start);
	start.problem = page + PAGE - 4;
	start.problem_bytes = ~0ul;
	refuse_start("problem at the end of memory", &start);
}

/* An adopted or refused recording; what follows must harm neither. */
static void use_recording(const char *path)
{
	struct autoperf_sim_start start = good_start();

	start.recording = path;
	autoperf_sim_start(&start);
	for (unsigned i = 0; i < 1000; i++) {
		autoperf_sim_begin(0, i % 3, i);
		autoperf_sim_end(0, i, i);
	}
}

static void write_recording(const char *path, const struct recording_header *header,
			    size_t bytes)
{
	FILE *file;

	/* Another file: to cut short what is mapped is death for any process. */
	unlink(path);
	file = fopen(path, "w");
	if (!file || fwrite(header, 1, bytes, file) != bytes || fclose(file))
		exit(2);
}

static void send_recordings(const char *directory)
{
	static const char *const others[] = {"/dev/zero", "/dev/null",      "/dev/full",
					     "/",         "/proc/self/mem", ""};
	struct {
		struct recording_header header;
		char rest[RECORDING_HEADER_BYTES - sizeof(struct recording_header)];
	} file = {.header = {.magic = RECORDING_MAGIC,
			     .version = RECORDING_VERSION,
			     .byte_order = RECORDING_BYTE_ORDER,
			     .header_bytes = RECORDING_HEADER_BYTES,
			     .event_count = 1,
			     .sample_bytes = sizeof(struct recording_sample) + 8,
			     .names_offset = RECORDING_HEADER_BYTES,
			     .names_bytes = 1 << 20,
			     .blocks_offset = 2 << 20,
			     .file_bytes = 2 << 20}};
	const struct recording_header good = file.header;
	const uint64_t numbers[] = {0,           1,         4095,      4096,
				    1 << 14,     1ul << 40, 1ul << 62, 1ul << 63,
				    ~0ul - 4095, ~0ul};
	char path[512];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		use_recording(others[i]);
	snprintf(path, sizeof(path), "%s/fifo", directory);
	mkfifo(path, 0600);
	use_recording(path);
	snprintf(path, sizeof(path), "%s/recording", directory);
	write_recording(path, &file.header, 0);
	use_recording(path);
	write_recording(path, &file.header, 100);
	use_recording(path);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t *const fields[] = {
			&file.header.names_offset, &file.header.names_bytes,
			&file.header.names_used,   &file.header.blocks_offset,
			&file.header.file_bytes,
		};

		for (size_t j = 0; j < sizeof(fields) / sizeof(fields[0]); j++) {
			file.header = good;
			*fields[j] = numbers[i];
			write_recording(path, &file.header, sizeof(file));
			use_recording(path);
		}
	}
}

static void *send_frames(void *argument)
{
	const uint32_t numbers[] = {0,          1,          2,          4095,
				    4096,       1u << 20,   1u << 30,   0x7ffffffe,
				    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	const size_t count = sizeof(numbers) / sizeof(numbers[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			autoperf_sim_end(numbers[i], numbers[j], 1);
			autoperf_sim_begin(numbers[i], numbers[j], 1);
			autoperf_sim_end(numbers[j], numbers[i], 1);
			autoperf_sim_begin(0, numbers[i], j);
			autoperf_sim_end(0, numbers[j], j);
		}
	for (uint32_t depth = 0; depth < 10000; depth++)
		autoperf_sim_begin(depth, depth, depth);
	for (uint32_t depth = 10000; depth--;)
		autoperf_sim_end(depth, 0, depth);
	/* Requests that there are none of. */
	for (unsigned i = 0; i < 64; i++)
		VALGRIND_DO_CLIENT_REQUEST_STMT(AUTOPERF_SIM_END + 1 + i, NOWHERE,
						KERNEL, ~0ul, ~0ul, ~0ul);
	return argument;
}

static void send_all_frames(void)
{
	pthread_t threads[4];

	send_frames(NULL);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, send_frames, NULL))
			exit(2);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

/* Calls with pointers to nowhere end the program as they do natively, not the simulator. */
static void use_object(int which, void *nowhere)
{
	switch (which) {
	case 0:
		sem_post(nowhere);
		break;
	case 1:
		sem_wait(nowhere);
		break;
	case 2:
		pthread_mutex_lock(nowhere);
		break;
	case 3:
		pthread_mutex_unlock(nowhere);
		break;
	case 4:
		pthread_barrier_wait(nowhere);
		break;
	case 5:
		pthread_rwlock_wrlock(nowhere);
		break;
	case 6:
		pthread_spin_lock(nowhere);
		break;
	case 7:
		pthread_cond_signal(nowhere);
		break;
	default:
		if (posix_memalign(nowhere, 64, 64))
			exit(1);
		break;
	}
}

static void use_objects(void)
{
	for (int which = 0; which < 9; which++)
		for (size_t i = 1; i < WILD_COUNT; i++) {
			pid_t child = fork();
			int status;

			if (!child) {
				setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
				use_object(which, wild[i]);
				_exit(0);
			}
			if (waitpid(child, &status, 0) != child ||
			    !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV) {
				printf("object %d at %p: status %x\n", which, wild[i],
				       (unsigned)status);
				exit(1);
			}
		}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "markers"))
		send_markers();
	else if (!strcmp(what, "start"))
		send_starts();
	else if (!strcmp(what, "recordings") && argc == 3)
		send_recordings(argv[2]);
	else if (!strcmp(what, "frames"))
		send_all_frames();
	else if (!strcmp(what, "objects"))
		use_objects();
	else
		return 2;
	/* Whatever was said: it still runs what is there. */
	printf("survived\n");
	return 0;
}
