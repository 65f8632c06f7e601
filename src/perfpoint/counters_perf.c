/* SPDX-License-Identifier: MIT */
/*
 * Source perf: perf_event_open(2) groups of the calling thread, opened at its first marker and
 * always running. A region costs two reads of the group; nothing is started, stopped or reset.
 *
 * All events are one group where the kernel lets them be (its values are then of one moment);
 * an event that it refuses to add begins the next group. A reading is, per group, what read(2)
 * gives with PERF_FORMAT_GROUP and both times:
 *
 *	number of events, time enabled, time running, value ...
 *
 * Where every event can be read in user space (a mapped page with a counter index, as in
 * linux/perf_event.h), the same reading is put together without a system call. Most markers do
 * not even need that: perf_inline.h.
 */
#include "perfpoint/runtime.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUP_WORDS 3 /* before the values: number, time enabled, time running */
#define PAGE_BYTES  ((size_t)sysconf(_SC_PAGESIZE))

/* Descriptors that are left to the program where the hard limit cannot be raised: so many, or
 * this part of what it was started with. */
#define FDS_LEFT_MAX  64
#define FDS_LEFT_PART 4

/*
 * The program keeps the number of descriptors that it was started with: the soft limit is raised
 * by as many as we hold at once, as far as the hard limit lets. Beyond, some are left to it:
 * -EMFILE.
 */
static int make_room_for_fds(struct thread *thread, uint32_t count)
{
	uint64_t held = atomic_fetch_add(&process.fd_count, count) + count;
	uint64_t left = process.fd_limit / FDS_LEFT_PART;
	struct rlimit limit;
	rlim_t wanted;

	thread->fds_counted = count;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	wanted = process.fd_limit + held < limit.rlim_max ? process.fd_limit + held
							  : limit.rlim_max;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (left > FDS_LEFT_MAX)
		left = FDS_LEFT_MAX;
	return held + left > limit.rlim_cur ? -EMFILE : 0;
}

static int open_event(const struct runtime_event *event, int group_fd, bool user_read)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.disabled = group_fd < 0, /* a leader waits for its group */
		.type = event->type,
		.config = event->config,
		.config1 = event->config1,
		.config2 = event->config2,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	long fd;

	attr.exclude_user = !!(event->flags & SESSION_EVENT_EXCLUDE_USER);
	attr.exclude_kernel = !!(event->flags & SESSION_EVENT_EXCLUDE_KERNEL);
	attr.exclude_hv = !!(event->flags & SESSION_EVENT_EXCLUDE_HV);
	attr.precise_ip = event->flags >> SESSION_EVENT_PRECISE_SHIFT & 3;
	if (user_read)
		user_read_request(&attr);
	do
		fd = syscall(SYS_perf_event_open, &attr, 0, -1, group_fd,
			     (unsigned long)PERF_FLAG_FD_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 && errno == EINVAL && user_read)
		return open_event(event, group_fd, false);
	return fd < 0 ? -errno : process_move_fd((int)fd);
}

/* Maps the event's page; false when it cannot be read in user space now. */
static bool map_slot(struct perf_slot *slot)
{
	void *page = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, slot->fd, 0);

	if (page == MAP_FAILED)
		return false;
	slot->page = page;
	return user_read_possible(slot->page) && user_read_counts(slot->page);
}

/* Where a thread without pages looks: the lock is never what an armed copy has. */
static const struct perf_event_mmap_page no_page;

void perf_disarm(struct thread *thread)
{
	thread->counters[0] = (struct user_counter){
		.page = &no_page,
		.lock = USER_READ_DISARMED,
	};
}

/* A mapped event holds its counter until it is unmapped. */
static void unmap_slots(struct thread *thread)
{
	perf_disarm(thread);
	for (uint32_t i = 0; i < thread->slot_count; i++) {
		if (thread->slots[i].page)
			munmap(thread->slots[i].page, PAGE_BYTES);
		thread->slots[i].page = NULL;
	}
	thread->user_read = false;
}

/* The pages, and the clock, which any event's page may tell. */
static void map_slots(struct thread *thread)
{
	bool user_read = process.user_read && thread->slot_count;

	perf_disarm(thread);
	for (uint32_t i = 0; user_read && i < thread->slot_count; i++)
		user_read = map_slot(&thread->slots[i]);
	clock_set(&thread->clock, process.start_ns);
	if (thread->slots[0].page)
		clock_set_raw(&thread->clock, thread->slots[0].page, process.start_ns);
	thread->user_read = user_read && thread->clock.raw;
	if (!thread->user_read)
		unmap_slots(thread);
	for (uint32_t i = 0; thread->user_read && i < thread->slot_count; i++)
		thread->counters[i] = (struct user_counter){
			.page = thread->slots[i].page,
			.lock = USER_READ_DISARMED,
		};
}

/* In a forked child the number may be the program's by now. */
static bool is_perf_fd(int fd)
{
	static const char perf_link[] = "anon_inode:[perf_event]";
	char path[32], link[sizeof(perf_link)];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link));
	return length == sizeof(perf_link) - 1 &&
	       !memcmp(link, perf_link, (size_t)length);
}

void perf_close(struct thread *thread, bool forked)
{
	/* The pages were not copied into a child; what is at their address is not ours. */
	if (forked)
		for (uint32_t i = 0; i < thread->slot_count; i++)
			thread->slots[i].page = NULL;
	unmap_slots(thread);
	for (uint32_t i = 0; i < thread->slot_count; i++)
		if (!forked || is_perf_fd(thread->slots[i].fd))
			close(thread->slots[i].fd);
	if (!forked)
		atomic_fetch_sub(&process.fd_count, thread->fds_counted);
	thread->fds_counted = 0;
	thread->slot_count = thread->group_count = 0;
}

/*
 * Groups are started whole. An event that joins a running group of another kernel PMU (software
 * events and task-clock are two) would not count before the thread's next context switch; seen
 * on Linux 6.18.
 */
static void start_groups(const struct thread *thread)
{
	const struct perf_slot *leader = thread->slots;

	for (uint32_t g = 0; g < thread->group_count; g++) {
		ioctl(leader->fd, PERF_EVENT_IOC_ENABLE, 0);
		leader += thread->group_sizes[g];
	}
}

int perf_open(struct thread *thread, char *text, size_t size)
{
	int leader = -1;
	int room = make_room_for_fds(thread, process.event_count);

	thread->slot_count = thread->group_count = 0;
	for (uint32_t i = 0; i < process.event_count; i++) {
		const struct runtime_event *event = &process.events[i];
		int fd = room ? room : open_event(event, leader, process.user_read);

		if (leader >= 0 && fd < 0 && fd != -EMFILE)
			fd = open_event(event, -1, process.user_read), leader = -1;
		if (fd < 0) {
			perf_refusal(event, -fd, text, size);
			perf_close(thread, false);
			return fd;
		}
		if (leader < 0) {
			leader = fd;
			thread->group_sizes[thread->group_count++] = 0;
		}
		thread->group_sizes[thread->group_count - 1]++;
		thread->slots[i] = (struct perf_slot){.fd = fd};
		thread->slot_count++;
	}
	start_groups(thread);
	map_slots(thread);
	return 0;
}

uint32_t perf_reading_words(void)
{
	/* In the worst case each event is a group. */
	return (GROUP_WORDS + 1) * process.event_count;
}

/*
 * Makes the raw reading of an open region what perf_read() would have given then. In place, from
 * its end: no value moves down.
 */
static void settle(const struct thread *thread, struct frame *frame)
{
	uint32_t i = thread->slot_count;
	uint64_t *to = frame->reading + i + GROUP_WORDS * thread->group_count;

	for (uint32_t g = thread->group_count; g-- > 0;) {
		const struct user_counter *leader;

		for (uint32_t k = thread->group_sizes[g]; k-- > 0;) {
			i--;
			*--to = user_read_value_of(&thread->counters[i],
						   frame->reading[i]);
		}
		leader = &thread->counters[i];
		to -= GROUP_WORDS;
		user_read_times_of(leader, frame->begin, &to[1], &to[2]);
		to[0] = thread->group_sizes[g];
	}
	frame->readable = true;
	frame->epoch = 0;
}

bool perf_rearm(struct thread *thread)
{
	if (!thread->user_read)
		return false;
	for (uint32_t depth = thread->depth; depth > 0; depth--)
		if (thread_frame(thread, depth - 1)->epoch == thread->epoch)
			settle(thread, thread_frame(thread, depth - 1));
	if (++thread->epoch == 0)
		thread->epoch = 1;
	for (uint32_t i = 0; i < thread->slot_count; i++) {
		if (user_read_arm(&thread->counters[i]))
			continue;
		thread->counters[0].lock = USER_READ_DISARMED;
		return false;
	}
	return true;
}

/* The reading from the mapped pages; false: some counter is not on the CPU just now. */
static bool read_in_user_space(struct thread *thread, uint64_t *reading)
{
	const struct perf_slot *slot = thread->slots;

	for (uint32_t g = 0; g < thread->group_count; g++) {
		uint32_t size = thread->group_sizes[g];

		reading[0] = size;
		if (!user_read_times(slot->page, &reading[1], &reading[2]))
			return false;
		reading += GROUP_WORDS;
		for (uint32_t i = 0; i < size; i++, slot++)
			if (!user_read_value(slot->page, reading++))
				return false;
	}
	return true;
}

/*
 * read(2) itself: not a cancellation point, does not touch errno, and spares the calls through
 * the procedure linkage table, which are slow just after the kernel was left. Negative errno.
 */
static inline long read_raw(int fd, void *buffer, size_t bytes)
{
#if defined(__x86_64__)
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_read), "D"((long)fd), "S"(buffer), "d"(bytes)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long number __asm__("x8") = SYS_read;
	register long result __asm__("x0") = fd;
	register void *to __asm__("x1") = buffer;
	register size_t length __asm__("x2") = bytes;

	__asm__ volatile("svc 0"
			 : "+r"(result)
			 : "r"(number), "r"(to), "r"(length)
			 : "memory");
	return result;
#else
	int saved = errno;
	long result = syscall(SYS_read, fd, buffer, bytes);

	if (result < 0)
		result = -errno;
	errno = saved;
	return result;
#endif
}

bool perf_read(struct thread *thread, uint64_t *reading)
{
	const struct perf_slot *slot = thread->slots;

	if (thread->user_read && read_in_user_space(thread, reading))
		return true;
	for (uint32_t g = 0; g < thread->group_count; g++) {
		uint32_t size = thread->group_sizes[g];
		size_t bytes = (GROUP_WORDS + size) * sizeof(*reading);
		long n;

		do
			n = read_raw(slot->fd, reading, bytes);
		while (unlikely(n == -EINTR));
		/* 0: an event in error state, for instance pinned without a counter. */
		if (unlikely(n != (long)bytes || reading[0] != size))
			return false;
		reading += GROUP_WORDS + size;
		slot += size;
	}
	return true;
}

void perf_credit(const struct thread *thread, uint32_t depth, const uint64_t *begin,
		 const uint64_t *end, const uint64_t *constant)
{
	uint32_t event = 0;
	size_t word = 0;

	for (uint32_t g = 0; g < thread->group_count; g++) {
		word += GROUP_WORDS;
		for (uint32_t i = 0; i < thread->group_sizes[g]; i++, word++, event++) {
			uint64_t count = end[word] - begin[word] + constant[event];

			for (uint32_t d = 0; d < depth; d++) {
				struct frame *frame = thread_frame(thread, d);

				frame->reading[frame->epoch ? event : word] += count;
			}
		}
	}
}

void perf_pause(struct thread *thread)
{
	thread->paused = thread->user_read && perf_read(thread, thread->pause[0]);
}

void perf_resume(struct thread *thread)
{
	if (thread->paused && perf_read(thread, thread->pause[1]))
		perf_credit(thread, thread->depth, thread->pause[0], thread->pause[1],
			    thread->pause_cost);
	thread->paused = false;
}

/* value x enabled / running without overflow, rounded down. */
static uint64_t scale(uint64_t value, uint64_t enabled, uint64_t running)
{
	return (uint64_t)((unsigned __int128)value * enabled / running);
}

bool perf_subtract(const struct thread *thread, const uint64_t *begin,
		   const uint64_t *end, uint64_t *deltas,
		   struct recording_sample *sample)
{
	for (uint32_t g = 0; g < thread->group_count; g++) {
		uint32_t size = thread->group_sizes[g];
		uint64_t enabled = end[1] - begin[1];
		uint64_t running = end[2] - begin[2];
		bool partial = running < enabled;
		uint64_t share;

		if (unlikely(!running && enabled))
			return false;
		begin += GROUP_WORDS;
		end += GROUP_WORDS;
		for (uint32_t i = 0; i < size; i++) {
			uint64_t delta = *end++ - *begin++;

			*deltas++ = unlikely(partial) ? scale(delta, enabled, running)
						      : delta;
		}
		if (unlikely(partial)) {
			share = (uint64_t)((unsigned __int128)running * UINT16_MAX /
					   enabled);
			sample->flags |= RECORDING_SAMPLE_MULTIPLEXED;
			if (share < sample->running_share)
				sample->running_share = (uint16_t)share;
		}
		if (g == 0) {
			sample->cpu_ns = enabled;
			sample->flags |= RECORDING_SAMPLE_CPU_TIME;
		}
	}
	return true;
}
