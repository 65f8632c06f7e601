/* SPDX-License-Identifier: MIT */
/*
 * Source perf: perf_event_open(2) groups of the calling thread, opened at its first marker and
 * always running. A region costs two reads of the group; nothing is started, stopped or reset.
 *
 * The session says what the groups are; else all events are one where the kernel lets them be
 * (its values are then of one moment), and an event that it refuses to add begins the next.
 * On processors with cores of several kinds, an event that each kind counts by a PMU of its own is
 * in two groups, of which at most one runs; its count is the sum. A reading is, per group, what read(2)
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

static int open_event(const struct runtime_event *event, bool other, int group_fd,
		      bool user_read)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.disabled = group_fd < 0, /* a leader waits for its group */
		.type = other ? event->other_type : event->type,
		.config = other ? event->other_config : event->config,
		.config1 = other ? event->other_config1 : event->config1,
		.config2 = other ? event->other_config2 : event->config2,
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
		return open_event(event, other, group_fd, false);
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
	thread->armed = USER_READ_DISARMED;
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

/* What raw samples mean is told once: all threads have the first one's clock. */
static void share_clock(struct clock *clock)
{
	struct recording_raw *raw = &process.header->raw;

	thread_lock();
	if (!raw->clock_rate) {
		raw->clock_origin = clock->origin;
		raw->clock_origin_ns = clock->origin_ns;
		raw->clock_rate = clock->rate;
	}
	clock->origin = raw->clock_origin;
	clock->origin_ns = raw->clock_origin_ns;
	clock->rate = raw->clock_rate;
	thread_unlock();
}

/* The pages, and the clock, which any event's page may tell. */
static void map_slots(struct thread *thread)
{
	bool user_read = process.user_read && thread->slot_count;

	/* Of two counters of one event at most one is on the processor: not for raw reads. */
	user_read &= thread->slot_count == process.event_count;
	perf_disarm(thread);
	for (uint32_t i = 0; user_read && i < thread->slot_count; i++)
		user_read = map_slot(&thread->slots[i]);
	clock_set(&thread->clock, process.start_ns);
	if (thread->slots[0].page)
		clock_set_raw(&thread->clock, thread->slots[0].page, process.start_ns);
	if (thread->clock.raw)
		share_clock(&thread->clock);
	thread->user_read = user_read && thread->clock.raw;
	if (!thread->user_read)
		unmap_slots(thread);
	for (uint32_t i = 0; thread->user_read && i < thread->slot_count; i++)
		thread->counters[i] = (struct user_counter){
			.page = thread->slots[i].page,
			.lock = USER_READ_DISARMED,
		};
}

/* The number may be the program's by now, of another perf event, too. */
static bool is_ours(const struct perf_slot *slot)
{
	uint64_t id;

	return !ioctl(slot->fd, PERF_EVENT_IOC_ID, &id) && id == slot->id;
}

void perf_close(struct thread *thread, bool forked)
{
	/* The pages were not copied into a child; what is at their address is not ours. */
	if (forked)
		for (uint32_t i = 0; i < thread->slot_count; i++)
			thread->slots[i].page = NULL;
	unmap_slots(thread);
	for (uint32_t i = 0; i < thread->slot_count; i++)
		if (is_ours(&thread->slots[i]))
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
	for (uint32_t g = 0; g < thread->group_count; g++)
		ioctl(thread->slots[thread->groups[g].first].fd, PERF_EVENT_IOC_ENABLE,
		      0);
}

/* Opens an event as the thread's next slot, in the last group or as leader of a new one. */
static int add_slot(struct thread *thread, uint32_t event, bool other, bool leads)
{
	uint32_t groups = thread->group_count;
	int leader = leads ? -1 : thread->slots[thread->groups[groups - 1].first].fd;
	int fd;

	fd = open_event(&process.events[event], other, leader, process.user_read);
	if (fd < 0)
		return fd;
	if (leads) {
		thread->groups[groups] = (struct perf_group){
			.first = thread->slot_count,
			.word = thread->slot_count + GROUP_WORDS * groups,
		};
		thread->group_count++;
	}
	thread->groups[thread->group_count - 1].size++;
	thread->slots[thread->slot_count] =
		(struct perf_slot){.fd = fd, .event = event};
	(void)ioctl(fd, PERF_EVENT_IOC_ID, &thread->slots[thread->slot_count].id);
	thread->slot_count++;
	return 0;
}

/* The events, in the order of the session. */
static int add_event(struct thread *thread, uint32_t event)
{
	bool leads = event == 0 || process.events[event].begins_group;
	int result = add_slot(thread, event, false, leads);

	/* Without groups in the session: the kernel decides what fits. */
	if (result && !leads && !process.grouped && result != -EMFILE)
		result = add_slot(thread, event, false, true);
	thread->event_groups = thread->group_count;
	return result;
}

/* The same events on the processor's other PMU, where they have one; *event: what failed. */
static int add_twin(struct thread *thread, uint32_t g, uint32_t *event)
{
	uint32_t first = thread->groups[g].first;
	bool leads = true;

	for (uint32_t i = first; i < first + thread->groups[g].size; i++) {
		int result;

		if (!process.events[i].has_other)
			continue;
		*event = i;
		result = add_slot(thread, i, true, leads);
		if (result)
			return result;
		if (leads)
			thread->groups[g].twin = thread->group_count - 1;
		leads = false;
	}
	return 0;
}

static uint32_t slots_wanted(void)
{
	uint32_t count = process.event_count;

	for (uint32_t i = 0; i < process.event_count; i++)
		count += process.events[i].has_other;
	return count;
}

int perf_open(struct thread *thread, char *text, size_t size)
{
	uint32_t event = 0;
	int result = make_room_for_fds(thread, slots_wanted());

	thread->slot_count = thread->group_count = thread->event_groups = 0;
	for (uint32_t i = 0; !result && i < process.event_count; i++)
		result = add_event(thread, event = i);
	for (uint32_t g = 0; !result && g < thread->event_groups; g++)
		result = add_twin(thread, g, &event);
	if (result) {
		perf_refusal(&process.events[event], -result, text, size);
		perf_close(thread, false);
		return result;
	}
	start_groups(thread);
	map_slots(thread);
	return 0;
}

/* In place, from its end: no value moves down. */
void perf_settle(const struct thread *thread, struct frame *frame)
{
	uint32_t i = thread->slot_count;
	uint64_t *to = frame->reading + i + (size_t)GROUP_WORDS * thread->group_count;

	for (uint32_t g = thread->group_count; g-- > 0;) {
		const struct user_counter *leader;

		for (uint32_t k = thread->groups[g].size; k-- > 0;) {
			i--;
			*--to = user_read_value_of(&thread->counters[i],
						   frame->reading[i]);
		}
		leader = &thread->counters[i];
		to -= GROUP_WORDS;
		user_read_times_of(leader, frame->begin, &to[1], &to[2]);
		to[0] = thread->groups[g].size;
	}
	if (frame->armed != FRAME_THINNED)
		frame->one_in = 1;
	frame->readable = true;
	frame->armed = FRAME_SLOW;
}

static void settle_all(const struct thread *thread)
{
	for (uint32_t depth = thread->depth; depth > 0; depth--)
		if (perf_is_raw(thread_frame(thread, depth - 1)))
			perf_settle(thread, thread_frame(thread, depth - 1));
}

void perf_give_up_raw(struct thread *thread)
{
	settle_all(thread);
	thread->armed = USER_READ_DISARMED;
	thread->user_read = false;
}

bool perf_rearm(struct thread *thread)
{
	uint32_t sum = 0;

	if (!thread->user_read)
		return false;
	settle_all(thread);
	thread->armed = USER_READ_DISARMED;
	for (uint32_t i = 0; i < thread->slot_count; i++) {
		if (!user_read_arm(&thread->counters[i]))
			return false;
		sum += thread->counters[i].lock;
	}
	/* Else it could not be told from an enum frame_state. */
	if (!sum)
		return false;
	thread->armed = thread->counters[0].lock | (uint64_t)sum << 32;
	return true;
}

/* The reading from the mapped pages; false: some counter is not on the CPU just now. */
static bool read_in_user_space(struct thread *thread, uint64_t *reading)
{
	const struct perf_slot *slot = thread->slots;

	for (uint32_t g = 0; g < thread->group_count; g++) {
		uint32_t size = thread->groups[g].size;

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
		uint32_t size = thread->groups[g].size;
		size_t bytes = (GROUP_WORDS + size) * sizeof(*reading);
		long n;

		do
			n = read_raw(slot->fd, reading, bytes);
		while (unlikely(n == -EINTR));
		/* The program closed it: not again, the number may soon be another's. */
		if (unlikely(n == -EBADF))
			thread->counting = false;
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
		for (uint32_t i = 0; i < thread->groups[g].size; i++, word++, event++) {
			uint64_t count = end[word] - begin[word] + constant[event];

			for (uint32_t d = 0; d < depth; d++) {
				struct frame *frame = thread_frame(thread, d);

				frame->reading[perf_is_raw(frame) ? event : word] +=
					count;
			}
		}
	}
}

void perf_pause(struct thread *thread)
{
	thread->paused = thread->user_read && perf_read(thread, thread->pause[0]);
}

void perf_resume(struct thread *thread, const uint64_t *cost)
{
	if (thread->paused && perf_read(thread, thread->pause[1]))
		perf_credit(thread, thread->depth, thread->pause[0], thread->pause[1],
			    cost);
	thread->paused = false;
}

/* value x enabled / running without overflow, rounded down. */
static uint64_t scale(uint64_t value, uint64_t enabled, uint64_t running)
{
	return (uint64_t)((unsigned __int128)value * enabled / running);
}

/* Adds the increases of a group's events. */
static void add_increases(const struct thread *thread, const struct perf_group *group,
			  const uint64_t *begin, const uint64_t *end, uint64_t *deltas)
{
	const struct perf_slot *slot = &thread->slots[group->first];
	uint32_t word = group->word + GROUP_WORDS;

	for (uint32_t i = 0; i < group->size; i++, word++, slot++)
		deltas[slot->event] += end[word] - begin[word];
}

/* Time enabled and running of a group and its twin between two readings. */
static void times_between(const struct thread *thread, const struct perf_group *group,
			  const uint64_t *begin, const uint64_t *end, uint64_t *enabled,
			  uint64_t *running)
{
	uint32_t word = group->word;

	*enabled = end[word + 1] - begin[word + 1];
	*running = end[word + 2] - begin[word + 2];
	if (group->twin) {
		word = thread->groups[group->twin].word;
		*running += end[word + 2] - begin[word + 2];
	}
	if (*running > *enabled)
		*running = *enabled;
}

/* The group did not run all of the time: what it missed is taken to be as what it saw. */
static enum recording_loss extrapolate(const struct perf_group *group, uint64_t enabled,
				       uint64_t running, uint64_t *deltas,
				       struct recording_sample *sample)
{
	uint64_t share;

	if (!running)
		return RECORDING_LOSS_NOT_RUNNING;
	if (scale(running, 1000, enabled) < process.running_floor)
		return RECORDING_LOSS_TOO_LITTLE_RUNNING;
	/* A group's own slots are its events. */
	for (uint32_t i = group->first; i < group->first + group->size; i++)
		deltas[i] = scale(deltas[i], enabled, running);
	share = scale(running, UINT16_MAX, enabled);
	sample->flags |= RECORDING_SAMPLE_MULTIPLEXED;
	if (share < sample->running_share)
		sample->running_share = (uint16_t)share;
	return RECORDING_LOSS_KINDS;
}

enum recording_loss perf_subtract(const struct thread *thread, const uint64_t *begin,
				  const uint64_t *end, uint64_t *deltas,
				  struct recording_sample *sample)
{
	memset(deltas, 0, process.event_count * sizeof(*deltas));
	for (uint32_t g = 0; g < thread->event_groups; g++) {
		const struct perf_group *group = &thread->groups[g];
		enum recording_loss loss = RECORDING_LOSS_KINDS;
		uint64_t enabled, running;

		times_between(thread, group, begin, end, &enabled, &running);
		add_increases(thread, group, begin, end, deltas);
		if (group->twin)
			add_increases(thread, &thread->groups[group->twin], begin, end,
				      deltas);
		if (unlikely(running < enabled))
			loss = extrapolate(group, enabled, running, deltas, sample);
		if (unlikely(loss != RECORDING_LOSS_KINDS))
			return loss;
		if (g == 0) {
			sample->cpu_ns = enabled;
			sample->flags |= RECORDING_SAMPLE_CPU_TIME;
		}
	}
	return RECORDING_LOSS_KINDS;
}
