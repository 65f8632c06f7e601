/* SPDX-License-Identifier: MIT */
/*
 * The writing end of a recording (recording/format.h).
 *
 * File space is reserved with fallocate before it is touched, so a full disk is an error here
 * and not a SIGBUS in the program; the file-size limit is checked first, because exceeding it
 * would raise SIGXFSZ. The descriptor is checked against the recording's inode before use: a
 * program may have closed it and opened something of its own under the number.
 */
#include "perfpoint/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAMES_STEP       (64u << 10) /* file space for names is reserved in such steps */
#define RESERVE_STEP_MIN 4096u

#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

static const unsigned char zeros[64 << 10];

static bool fd_is_ours(void)
{
	struct stat status;

	return process.fd >= 0 && !fstat(process.fd, &status) &&
	       status.st_dev == process.device && status.st_ino == process.inode;
}

void writer_forget(void)
{
	if (fd_is_ours())
		close(process.fd);
	process.fd = -1;
}

/* A descriptor of the recording; reopened by name if the program has closed ours. */
static int recording_fd(void)
{
	int fd;

	if (likely(fd_is_ours()))
		return process.fd;
	fd = open(process.path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	process.fd = process_move_fd(fd);
	return fd_is_ours() ? process.fd : -ESTALE;
}

/*
 * Writes zeros. The range is nobody else's yet. Done for every block, not only on file systems
 * without fallocate: pages that a large write has made are mapped several at a time, while
 * pages made one by one at a fault cost more than the samples on them (ext4, 48-byte samples:
 * 12 against 70 ns each).
 */
static int fill(int fd, uint64_t offset, uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes;) {
		uint64_t rest = bytes - done;
		ssize_t n =
			pwrite(fd, zeros, rest < sizeof(zeros) ? rest : sizeof(zeros),
			       (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		done += (uint64_t)n;
	}
	return 0;
}

/*
 * On tmpfs a signal undoes what fallocate has done, so that a timer's signals may come faster than
 * it is done with all of it: then it is asked for less, down to a page.
 */
static int reserve(int fd, uint64_t offset, uint64_t bytes)
{
	uint64_t end = offset + bytes, step = bytes;
	struct rlimit limit;

	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY &&
	    end > limit.rlim_cur)
		return -EFBIG;
	while (offset < end) {
		uint64_t next = end - offset < step ? end - offset : step;

		if (!fallocate(fd, 0, (off_t)offset, (off_t)next))
			offset += next;
		else if (errno == EOPNOTSUPP || errno == ENOSYS)
			return fill(fd, offset, end - offset);
		else if (errno != EINTR)
			return -errno;
		else if (step / 2 >= RESERVE_STEP_MIN)
			step /= 2;
	}
	return 0;
}

/*
 * On btrfs a store into a mapped page may need new space, which would be a SIGBUS when there is
 * none; without copy-on-write what was reserved stays reserved. Other file systems refuse.
 */
static void forbid_copy_on_write(int fd)
{
	int flags = 0;

	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags)) {
		flags |= FS_NOCOW_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
}

/* `<directory>/<pid>-<n>.aprec`: an exec keeps the pid, so n counts up. */
static int create_file(char *text, size_t size)
{
	for (unsigned n = 0; n < 100000; n++) {
		int fd;

		snprintf(process.path, sizeof(process.path),
			 "%s/%ld-%u" RECORDING_SUFFIX, process.directory,
			 (long)getpid(), n);
		fd = open(process.path,
			  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0) {
			forbid_copy_on_write(fd);
			return process_move_fd(fd);
		}
		if (errno != EEXIST)
			break;
	}
	int code = errno;
	snprintf(text, size, "cannot create %s: %s", process.path, strerror(code));
	return -code;
}

/* Names area: what the file-size limit allows, so that a small limit leaves room for samples. */
static uint64_t names_area(void)
{
	struct rlimit limit;
	uint64_t bytes = RECORDING_NAMES_BYTES;

	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY)
		while (bytes > NAMES_STEP && bytes > limit.rlim_cur / 8)
			bytes /= 2;
	return bytes;
}

static void fill_header(struct recording_header *header, uint64_t names_bytes)
{
	struct timespec now;
	ssize_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	header->version = RECORDING_VERSION;
	header->byte_order = RECORDING_BYTE_ORDER;
	header->header_bytes = RECORDING_HEADER_BYTES;
	header->source = process.source;
	header->state = RECORDING_RUNNING;
	header->event_count = process.event_count;
	header->sample_bytes = process.sample_bytes;
	header->pid = (uint32_t)getpid();
	header->parent_pid = (uint32_t)getppid();
	header->start_realtime_ns =
		(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	header->start_monotonic_ns = process.start_ns;
	header->names_offset = RECORDING_HEADER_BYTES;
	header->names_bytes = names_bytes;
	header->blocks_offset =
		(RECORDING_HEADER_BYTES + names_bytes + RECORDING_BLOCK_UNIT - 1) /
		RECORDING_BLOCK_UNIT * RECORDING_BLOCK_UNIT;
	header->file_bytes = header->blocks_offset;
	length = readlink("/proc/self/exe", header->executable,
			  sizeof(header->executable) - 1);
	header->executable[length > 0 ? length : 0] = '\0';
}

int writer_create(char *text, size_t size)
{
	uint64_t names_bytes = names_area();
	uint64_t map_bytes = RECORDING_HEADER_BYTES + names_bytes;
	struct recording_header *header = MAP_FAILED;
	struct stat status;
	int fd = create_file(text, size), result;

	if (fd < 0)
		return fd;
	result = reserve(fd, 0, RECORDING_HEADER_BYTES + NAMES_STEP);
	if (!result && fstat(fd, &status))
		result = -errno;
	if (!result) {
		header = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			      0);
		result = header == MAP_FAILED ? -errno : 0;
	}
	if (result) {
		snprintf(text, size, "cannot reserve space for %s: %s", process.path,
			 strerror(-result));
		unlink(process.path);
		close(fd);
		return result;
	}
	madvise(header, map_bytes, MADV_DONTFORK);
	process.fd = fd;
	process.device = status.st_dev;
	process.inode = status.st_ino;
	process.map_bytes = map_bytes;
	process.start_ns = process_now();
	atomic_store(&process.names_reserved, RECORDING_HEADER_BYTES + NAMES_STEP);
	fill_header(header, names_bytes);
	process.header = header;
	for (uint32_t i = 0; i < process.event_count; i++)
		writer_name(RECORDING_NAME_EVENT, i, 0, process.events[i].name);
	/* Last: from here on it is a recording. */
	atomic_thread_fence(memory_order_release);
	memcpy(header->magic, RECORDING_MAGIC, sizeof(header->magic));
	return 0;
}

/* Makes sure that the file has space up to `end`. Any number of threads may do so at once. */
static bool reserve_names(uint64_t end)
{
	uint64_t reserved = atomic_load(&process.names_reserved);

	while (reserved < end) {
		uint64_t next = reserved + NAMES_STEP;
		int fd, result, saved_errno = errno;

		thread_hold_cancel();
		fd = recording_fd();
		result = fd < 0 ? fd : reserve(fd, reserved, NAMES_STEP);
		thread_release_cancel();
		errno = saved_errno;
		if (result) {
			complain(COMPLAINT_SPACE, -result,
				 "no space for names in %s: %s; regions not seen so "
				 "far are "
				 "not recorded",
				 process.path, strerror(-result));
			return false;
		}
		if (atomic_compare_exchange_strong(&process.names_reserved, &reserved,
						   next))
			reserved = next;
	}
	return true;
}

bool writer_name(enum recording_name_kind kind, uint32_t id, uint64_t value,
		 const char *name)
{
	struct recording_header *header = process.header;
	size_t length = strnlen(name, RECORDING_NAME_MAX);
	uint64_t bytes = (sizeof(struct recording_name) + length + 7) & ~(uint64_t)7;
	uint64_t at = __atomic_fetch_add(&header->names_used, bytes, __ATOMIC_RELAXED);
	struct recording_name *record;
	uint32_t seen;

	if (at + bytes > header->names_bytes ||
	    !reserve_names(header->names_offset + at + bytes))
		return false;
	record = (struct recording_name *)(void *)((unsigned char *)header +
						   header->names_offset + at);
	/* Length first: a reader can step over a record that a death left unfinished. */
	__atomic_store_n(&record->length, (uint32_t)length, __ATOMIC_RELEASE);
	record->id = id;
	record->value = value;
	memcpy(record + 1, name, length);
	__atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);
	if (kind != RECORDING_NAME_REGION)
		return true;
	seen = __atomic_load_n(&header->region_count, __ATOMIC_RELAXED);
	while (seen <= id &&
	       !__atomic_compare_exchange_n(&header->region_count, &seen, id + 1, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return true;
}

void writer_publish(struct thread *thread)
{
	if (thread->block)
		__atomic_store_n(&thread->block->used,
				 (uint64_t)(thread->write -
					    (unsigned char *)(thread->block + 1)),
				 __ATOMIC_RELEASE);
}

void writer_set_block(struct thread *thread, struct recording_block *block,
		      unsigned char *write, unsigned char *limit)
{
	thread->block = NULL;
	atomic_signal_fence(memory_order_seq_cst);
	thread->write = thread->tallied = write;
	thread->limit = limit;
	atomic_signal_fence(memory_order_seq_cst);
	thread->block = block;
}

/* Takes a new block from the end of the file. 0 or negative errno. */
static int next_block(struct thread *thread)
{
	size_t bytes = thread->block_bytes;
	uint64_t offset = __atomic_fetch_add(&process.header->file_bytes, bytes,
					     __ATOMIC_RELAXED);
	struct recording_block *block, *old = thread->block;
	int fd = recording_fd();
	int result = fd < 0 ? fd : reserve(fd, offset, bytes);

	if (!result)
		result = fill(fd, offset, bytes);
	if (result) {
		/* Hand it back, unless another thread has taken the next one already. */
		uint64_t end = offset + bytes;

		__atomic_compare_exchange_n(&process.header->file_bytes, &end, offset,
					    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		return result;
	}
	block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     (off_t)offset);
	if (block == MAP_FAILED)
		return -errno;
	/* Now, because a page fault in the middle of a region would be counted as the region's.
	 * MAP_POPULATE would map the pages of a shared file for reading only. */
	madvise(block, bytes, MADV_POPULATE_WRITE);
	madvise(block, bytes, MADV_DONTFORK);
	block->bytes = bytes;
	__atomic_store_n(&block->magic, RECORDING_BLOCK_MAGIC, __ATOMIC_RELEASE);
	writer_publish(thread);
	writer_set_block(thread, block, (unsigned char *)(block + 1),
			 (unsigned char *)block + bytes);
	if (old)
		munmap(old, old->bytes);
	if (thread->block_bytes < RECORDING_BLOCK_MAX)
		thread->block_bytes *= 2;
	return 0;
}

bool writer_new_block(struct thread *thread)
{
	int result, saved_errno = errno;

	if (atomic_load_explicit(&process.page->full, memory_order_relaxed))
		return false;
	thread_hold_cancel();
	result = next_block(thread);
	thread_release_cancel();
	errno = saved_errno;
	if (result) {
		atomic_store(&process.page->full, true);
		complain(
			COMPLAINT_SPACE, -result,
			"cannot extend %s: %s; recording stops here, the program goes "
			"on. "
			"Free some space, or choose another place with autoperf record "
			"--scratch DIR",
			process.path, strerror(-result));
		return false;
	}
	return true;
}
