/* SPDX-License-Identifier: MIT */
/* A PMU that is not there: see fake_pmu.h. */
#include "support/fake_pmu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS_MAX 1024
#define RUN_NS     100000u
#define VALUE      1000u

/* The linker's --wrap makes these of calls that the code under test makes; mmap is mmap64 where
 * files may be large. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
int __real_close(int fd);
int __wrap_close(int fd);
void *__real_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off_t offset);
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off_t offset);

struct open_event {
	bool used;
	int leader; /* descriptor; its own, if it leads */
	uint32_t type;
	uint64_t config;
};

static struct fake_pmu pmu;
static struct open_event events[EVENTS_MAX]; /* by descriptor */

void fake_pmu_install(const struct fake_pmu *installed)
{
	static const struct fake_pmu none = {.refusal = ENOENT};

	pmu = installed ? *installed : none;
}

int fake_pmu_open_events(void)
{
	int open_events = 0;

	for (int fd = 0; fd < EVENTS_MAX; fd++)
		open_events += events[fd].used;
	return open_events;
}

static bool is_of_other(const struct open_event *event)
{
	return pmu.other_type && event->type == pmu.other_type;
}

static bool is_hardware(const struct open_event *event)
{
	return is_of_other(event) || event->type == PERF_TYPE_HARDWARE ||
	       event->type == PERF_TYPE_HW_CACHE || event->type == PERF_TYPE_RAW;
}

/* The counters that can count it, a bit each. */
static uint32_t counters_of(const struct open_event *event)
{
	uint32_t any = (1u << pmu.counters) - 1;

	if (event->type == PERF_TYPE_RAW && pmu.mask[event->config % 16])
		return pmu.mask[event->config % 16];
	if (event->type != PERF_TYPE_HARDWARE)
		return any;
	if (event->config == PERF_COUNT_HW_CPU_CYCLES && pmu.cycles_counter)
		any |= 1u << pmu.cycles_counter;
	if (event->config == PERF_COUNT_HW_INSTRUCTIONS && pmu.instructions_counter)
		any |= 1u << pmu.instructions_counter;
	return any;
}

/* Whether the group's hardware events from descriptor `fd` on find counters among `free`. */
static bool place(int leader, int fd, uint32_t available)
{
	while (fd < EVENTS_MAX && !(events[fd].used && events[fd].leader == leader &&
				    is_hardware(&events[fd])))
		fd++;
	if (fd == EVENTS_MAX)
		return true;
	for (int c = 0; c < FAKE_PMU_COUNTERS_MAX; c++)
		if (counters_of(&events[fd]) & available & 1u << c &&
		    place(leader, fd + 1, available & ~(1u << c)))
			return true;
	return false;
}

/* Whether the group has an event of the PMU that is asked for. */
static bool has_member(int leader, bool of_other)
{
	for (int fd = 0; fd < EVENTS_MAX; fd++)
		if (events[fd].used && events[fd].leader == leader &&
		    is_hardware(&events[fd]) && is_of_other(&events[fd]) == of_other)
			return true;
	return false;
}

/* Whether the group runs: on this core, with the counters that are free. */
static bool runs(int leader)
{
	return !has_member(leader, !pmu.on_other) && place(leader, 0, ~pmu.taken);
}

static int refusal_of(const struct perf_event_attr *attr,
		      const struct open_event *event)
{
	if (pmu.kernel_refusal && !attr->exclude_kernel)
		return pmu.kernel_refusal;
	return is_hardware(event) ? pmu.refusal : pmu.software_refusal;
}

static long open_event(const struct perf_event_attr *attr, int leader)
{
	struct open_event event = {
		.used = true, .type = attr->type, .config = attr->config};
	int fd =
		refusal_of(attr, &event) ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (refusal_of(attr, &event))
		errno = refusal_of(attr, &event);
	if (fd < 0)
		return -1;
	event.leader = leader < 0 ? fd : leader;
	events[fd] = event;
	if (place(event.leader, 0, UINT32_MAX) &&
	    !(has_member(event.leader, false) && has_member(event.leader, true)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

long __wrap_syscall(long number, ...)
{
	long arguments[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_perf_event_open)
		return open_event((const void *)arguments[0], (int)arguments[3]);
	return __real_syscall(number, arguments[0], arguments[1], arguments[2],
			      arguments[3], arguments[4], arguments[5]);
}

static bool is_event(int fd)
{
	return fd >= 0 && fd < EVENTS_MAX && events[fd].used;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list list;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	return is_event(fd) ? 0 : __real_ioctl(fd, request, argument);
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
	uint64_t *words = bytes;
	size_t count = 0;

	if (!is_event(fd))
		return __real_read(fd, bytes, size);
	for (int member = 0; member < EVENTS_MAX; member++)
		count += events[member].used && events[member].leader == fd;
	if (size < (count + 3) * sizeof(*words)) {
		errno = ENOSPC;
		return -1;
	}
	words[0] = count;
	words[1] = RUN_NS;
	words[2] = runs(fd) ? RUN_NS : 0;
	for (size_t i = 0; i < count; i++)
		words[3 + i] = words[2] ? VALUE : 0;
	return (ssize_t)((count + 3) * sizeof(*words));
}

int __wrap_close(int fd)
{
	if (is_event(fd))
		events[fd] = (struct open_event){0};
	return __real_close(fd);
}

/* A page of the event's own, as the kernel's; unmapped as any other. */
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd,
		    off_t offset)
{
	struct perf_event_mmap_page *page;

	if (!is_event(fd))
		return __real_mmap64(address, size, protection, flags, fd, offset);
	page = __real_mmap64(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return page;
	page->cap_user_rdpmc = page->cap_user_time = 1;
	page->index = pmu.user_read && runs(fd);
	return page;
}
