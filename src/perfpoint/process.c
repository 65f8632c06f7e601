/* SPDX-License-Identifier: MIT */
/*
 * The process: whether it is recorded at all, its recording, and what happens at fork.
 *
 * The session is read when the library is loaded; the recording is made by the first marker,
 * so that a shell or a launcher that only passes the environment on leaves no file behind.
 */
#include "perfpoint/budget.h"
#include "perfpoint/runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Our descriptors are not moved beyond this number: the kernel's table grows with it. */
#define FD_FLOOR_MAX 32768

struct process process = {.fd = -1};

static pthread_once_t once = PTHREAD_ONCE_INIT;

uint64_t process_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * Whether a line can be written to stderr without waiting and without SIGPIPE: a reader that
 * has gone away or does not read must not hurt the program.
 */
static bool stderr_takes_a_line(void)
{
	struct pollfd stream = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&stream, 1, 0) == 1 && stream.revents == POLLOUT;
}

void complain(enum complaint kind, int code, const char *format, ...)
{
	char line[1600] = "perfpoint: ";
	int saved_errno = errno;
	size_t prefix = strlen(line), length;
	struct recording_header *header = process.header;
	va_list args;
	int n;

	if (atomic_fetch_or(&process.complaints, 1u << kind) & 1u << kind)
		return;
	va_start(args, format);
	n = vsnprintf(line + prefix, sizeof(line) - prefix - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	length = strlen(line);
	if (header && !header->failure_code) {
		snprintf(header->failure, sizeof(header->failure), "%.*s",
			 (int)sizeof(header->failure) - 1, line + prefix);
		header->failure_code = code;
	}
	line[length++] = '\n';
	thread_hold_cancel();
	if (stderr_takes_a_line())
		while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
			;
	thread_release_cancel();
	errno = saved_errno;
}

int process_move_fd(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, process.fd_floor);

	if (moved < 0)
		return fd;
	close(fd);
	return moved;
}

/*
 * Where our descriptors go: into the upper half of what the program may have, out of the way of
 * programs that close or dup2 low numbers.
 */
static void choose_fd_floor(void)
{
	struct rlimit limit = {1024, 1024};

	getrlimit(RLIMIT_NOFILE, &limit);
	process.fd_limit = limit.rlim_cur;
	if (limit.rlim_cur > FD_FLOOR_MAX)
		process.fd_floor = FD_FLOOR_MAX;
	else
		process.fd_floor = (int)(limit.rlim_cur / 2);
}

/*
 * Makes room for our descriptors in the kernel's table, while there is one thread. With several,
 * the kernel waits for all CPUs before it replaces the table (synchronize_rcu() in expand_fdtable()
 * of fs/file.c): 10 ms and more, in which the first region that is entered stood still.
 */
static void reserve_descriptors(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		close(process_move_fd(fd));
}

/* Fork by fork(2): for kernels that cannot wipe the page. The child has one thread. */
static void forked_child(void)
{
	memset(process.page, 0, sizeof(*process.page));
	if (thread_self())
		thread_wipe(thread_self());
}

static int load_plugin(char *text, size_t size)
{
	void *library = dlopen(process.plugin_path, RTLD_NOW | RTLD_LOCAL);

	if (library)
		process.plugin = dlsym(library, PERFPOINT_PLUGIN_SYMBOL);
	if (!process.plugin || process.plugin->abi != 1) {
		snprintf(text, size, "cannot load the plug-in %s: %s",
			 process.plugin_path,
			 library ? "it is of another version" : dlerror());
		return -ELIBACC;
	}
	return 0;
}

/* Reads the session and reserves what the process will need; not the recording yet. */
static void configure(void)
{
	const char *directory = secure_getenv(SESSION_ENVIRONMENT);
	void *page;

	if (!directory || !*directory)
		return;
	choose_fd_floor();
	if (session_read(directory))
		return;
	page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || names_init() ||
	    pthread_key_create(&process.key, thread_detach)) {
		complain(COMPLAINT_RECORDING, ENOMEM,
			 "no memory for the tables; this process is not recorded");
		return;
	}
	madvise(page, sizeof(struct process_page), MADV_WIPEONFORK);
	process.page = page;
	reserve_descriptors();
	pthread_atfork(NULL, NULL, forked_child);
	process.sample_bytes = (uint32_t)sizeof(struct recording_sample) +
			       process.event_count * (uint32_t)sizeof(uint64_t);
	process.frame_bytes = FRAME_BYTES(process.event_count);
	process.frames_area = FRAMES_AREA(process.event_count);
	unwind_init();
	if (process.source == RECORDING_SOURCE_SIM)
		sim_configure();
	process.configured = true;
}

bool process_configure(void)
{
	pthread_once(&once, configure);
	return process.configured;
}

/* After a fork. Does nothing the first time. */
static void drop_parents_recording(void)
{
	writer_forget();
	process.header = NULL; /* not mapped in the child (MADV_DONTFORK) */
	atomic_store(&process.complaints, 0);
	atomic_store(&process.fd_count, 0);
}

static int start_plugin(char *text, size_t size)
{
	const char *names[RECORDING_EVENTS_MAX];

	if (process.source != RECORDING_SOURCE_PAPI)
		return 0;
	if (!process.plugin && load_plugin(text, size))
		return -ELIBACC;
	for (uint32_t i = 0; i < process.event_count; i++)
		names[i] = process.events[i].name;
	return process.plugin->start(names, process.event_count, text, size) ? -EIO : 0;
}

void process_start(void)
{
	bool forked = process.header != NULL;
	char text[1400] = "";
	int result;

	drop_parents_recording();
	result = start_plugin(text, sizeof(text));
	if (!result && process.source == RECORDING_SOURCE_SIM)
		result = sim_check(text, sizeof(text));
	if (!result)
		result = writer_create(text, sizeof(text));
	if (!result && process.source == RECORDING_SOURCE_SIM)
		result = sim_start(text, sizeof(text));
	if (result) {
		complain(COMPLAINT_RECORDING, -result,
			 "%s; process %ld is not recorded", text, (long)getpid());
		atomic_store(&process.page->state, PROCESS_STOPPED);
		return;
	}
	if (forked)
		names_repeat();
	process.generation++;
	atomic_store(&process.page->state, PROCESS_RECORDING);
}

__attribute__((constructor)) static void library_loaded(void)
{
	process_configure();
}

__attribute__((destructor)) static void library_unloaded(void)
{
	struct thread *self;

	if (!process.configured ||
	    atomic_load(&process.page->state) != PROCESS_RECORDING)
		return;
	/* exit() inside a region; other threads may still be in theirs and are left alone. */
	self = thread_recorded();
	if (self) {
		thread_put_in_order(self);
		thread_abandon(self, 0);
		thread_open_gate(self);
	}
	for (struct thread *thread = atomic_load(&process.threads); thread;
	     thread = thread->next)
		if (atomic_load(&thread->in_use))
			budget_report(thread, thread == self);
	process.header->state = RECORDING_EXITED;
}
