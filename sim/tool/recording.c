/* SPDX-License-Identifier: MIT */
/*
 * The tool's end of a recording. It shares header and blocks with whoever made the file, by the
 * format's own rules: what is handed out by adding to a counter in the header belongs to the one
 * who added.
 */
#include "tool/recording.h"

#include "tool/main.h"

#define FILE_LIMIT      1 /* RLIMIT_FSIZE */
#define PROT_RW         (VKI_PROT_READ | VKI_PROT_WRITE)
#define BLOCK_FIRST     RECORDING_BLOCK_UNIT
#define NAMES_BYTES     (256u << 10) /* of our own recordings: few regions */
#define NAMES_BYTES_MAX (16u * RECORDING_NAMES_BYTES)

struct recording {
	HChar path[RECORDING_PATH_BYTES];
	Int fd;
	struct recording_header *header; /* mapped, with the names if they are ours */
	uint64_t header_bytes;
	uint8_t counters[RECORDING_EVENTS_MAX]; /* enum machine_counter of each value */
	uint32_t event_count;
	uint32_t sample_bytes;
	struct recording_block *block; /* mapped */
	unsigned char *write, *limit;
	uint64_t mapped_bytes; /* of the block */
	uint64_t block_bytes;  /* of the next one */
	bool full;
};

const HChar *recording_path(const struct recording *recording)
{
	return recording->path;
}

/* ---- opening ---- */

static int find_counter(const HChar *name)
{
	const HChar *known;

	for (int i = 0; (known = machine_counter_name(i)); i++)
		if (!VG_(strcmp)(name, known))
			return i;
	return -1;
}

static bool choose_counters(struct recording *recording, const HChar *const *events,
			    uint32_t event_count, struct problem *problem)
{
	if (event_count > RECORDING_EVENTS_MAX) {
		VG_(snprintf)
		(problem->text, sizeof(problem->text),
		 "%u counters were asked for, at most %u fit", event_count,
		 RECORDING_EVENTS_MAX);
		return false;
	}
	for (uint32_t i = 0; i < event_count; i++) {
		int counter = find_counter(events[i]);

		if (counter < 0) {
			VG_(snprintf)
			(problem->text, sizeof(problem->text),
			 "the simulated machine has no counter \"%s\"", events[i]);
			return false;
		}
		recording->counters[i] = (uint8_t)counter;
	}
	recording->event_count = event_count;
	recording->sample_bytes = (uint32_t)(sizeof(struct recording_sample) +
					     event_count * sizeof(uint64_t));
	recording->block_bytes = BLOCK_FIRST;
	return true;
}

static void *map(Int fd, uint64_t offset, uint64_t bytes)
{
	SysRes result = VG_(am_shared_mmap_file_float_valgrind)(bytes, PROT_RW, fd,
								(Off64T)offset);

	return sr_isError(result) ? NULL : (void *)sr_Res(result);
}

/* Maps the file up to `bytes` instead of what is mapped. */
static bool map_header(struct recording *recording, uint64_t bytes)
{
	if (recording->header)
		VG_(am_munmap_valgrind)
	((Addr)recording->header, recording->header_bytes);
	recording->header = map(recording->fd, 0, bytes);
	recording->header_bytes = bytes;
	return recording->header != NULL;
}

static struct recording *new_recording(const HChar *const *events, uint32_t event_count,
				       struct problem *problem)
{
	struct recording *recording =
		VG_(calloc)("autoperf.recording", 1, sizeof(*recording));

	recording->fd = -1;
	if (choose_counters(recording, events, event_count, problem))
		return recording;
	VG_(free)(recording);
	return NULL;
}

/* The program's word for what is in the file is not taken: pages beyond its end are SIGBUS. */
static bool is_usable(struct recording *recording, uint32_t event_count)
{
	const struct recording_header *header;
	struct vg_stat status;
	uint64_t names_bytes;

	if (VG_(fstat)(recording->fd, &status) || !VKI_S_ISREG(status.mode) ||
	    status.size < (Long)RECORDING_HEADER_BYTES ||
	    !map_header(recording, RECORDING_HEADER_BYTES))
		return false;
	header = recording->header;
	names_bytes = header->names_bytes;
	return header->version == RECORDING_VERSION &&
	       header->names_offset == RECORDING_HEADER_BYTES &&
	       names_bytes <= NAMES_BYTES_MAX && header->event_count == event_count &&
	       map_header(recording, RECORDING_HEADER_BYTES + names_bytes);
}

struct recording *recording_adopt(const HChar *path, const HChar *const *events,
				  uint32_t event_count, struct problem *problem)
{
	struct recording *recording = new_recording(events, event_count, problem);
	SysRes opened;

	if (!recording)
		return NULL;
	VG_(snprintf)(recording->path, sizeof(recording->path), "%s", path);
	opened = VG_(open)(path, VKI_O_RDWR, 0);
	if (!sr_isError(opened))
		recording->fd = VG_(safe_fd)((Int)sr_Res(opened));
	if (recording->fd >= 0 && is_usable(recording, event_count))
		return recording;
	VG_(snprintf)
	(problem->text, sizeof(problem->text),
	 "the simulator cannot use the recording %s: %s", path,
	 recording->header ? "it is none, or of another version" : "opening it failed");
	recording_forget(recording);
	return NULL;
}

static const HChar *reason(UWord code)
{
	return code == VKI_ENOSPC  ? " (disk full)"
	       : code == VKI_EFBIG ? " (file-size limit)"
				   : "";
}

/* 0 or an errno. */
static UWord create_file(struct recording *recording, const HChar *directory)
{
	for (unsigned n = 0; n < 100000; n++) {
		SysRes opened;

		VG_(snprintf)
		(recording->path, sizeof(recording->path), "%s/%d-%u" RECORDING_SUFFIX,
		 directory, VG_(getpid)(), n);
		opened = VG_(open)(recording->path,
				   VKI_O_RDWR | VKI_O_CREAT | VKI_O_EXCL, 0600);
		if (!sr_isError(opened)) {
			recording->fd = VG_(safe_fd)((Int)sr_Res(opened));
			return 0;
		}
		if (sr_Err(opened) != VKI_EEXIST)
			return sr_Err(opened);
	}
	return VKI_EEXIST;
}

/* Space in the file; 0 or an errno. Beyond the file-size limit the kernel sends SIGXFSZ. */
static UWord reserve(const struct recording *recording, uint64_t offset, uint64_t bytes)
{
	struct vki_rlimit limit;
	SysRes result;

	if (VG_(getrlimit)(FILE_LIMIT, &limit) == 0 && offset + bytes > limit.rlim_cur)
		return VKI_EFBIG;
	result = system_call(__NR_fallocate, (UWord)recording->fd, 0, offset, bytes);
	return sr_isError(result) ? sr_Err(result) : 0;
}

static uint64_t nanoseconds(vki_clockid_t clock)
{
	struct vki_timespec now;

	VG_(clock_gettime)(&now, clock);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fill_header(struct recording *recording)
{
	struct recording_header *header = recording->header;

	header->version = RECORDING_VERSION;
	header->byte_order = RECORDING_BYTE_ORDER;
	header->header_bytes = RECORDING_HEADER_BYTES;
	header->source = RECORDING_SOURCE_SIM;
	header->state = RECORDING_RUNNING;
	header->event_count = recording->event_count;
	header->sample_bytes = recording->sample_bytes;
	header->pid = (uint32_t)VG_(getpid)();
	header->parent_pid = (uint32_t)VG_(getppid)();
	header->start_realtime_ns = nanoseconds(VKI_CLOCK_REALTIME);
	header->start_monotonic_ns = nanoseconds(VKI_CLOCK_MONOTONIC);
	header->names_offset = RECORDING_HEADER_BYTES;
	header->names_bytes = NAMES_BYTES;
	header->blocks_offset =
		(RECORDING_HEADER_BYTES + NAMES_BYTES + RECORDING_BLOCK_UNIT - 1) /
		RECORDING_BLOCK_UNIT * RECORDING_BLOCK_UNIT;
	header->file_bytes = header->blocks_offset;
	VG_(client_fname)(header->executable, sizeof(header->executable), True);
}

struct recording *recording_make(const HChar *directory, const HChar *const *events,
				 uint32_t event_count, struct problem *problem)
{
	struct recording *recording = new_recording(events, event_count, problem);
	UWord code;

	if (!recording)
		return NULL;
	code = create_file(recording, directory);
	if (!code) {
		code = reserve(recording, 0, RECORDING_HEADER_BYTES + NAMES_BYTES);
		if (!code &&
		    !map_header(recording, RECORDING_HEADER_BYTES + NAMES_BYTES))
			code = VKI_ENOMEM;
		if (code)
			VG_(unlink)(recording->path);
	}
	if (code) {
		VG_(snprintf)
		(problem->text, sizeof(problem->text), "cannot create %s: error %lu%s",
		 recording->path, code, reason(code));
		recording_forget(recording);
		return NULL;
	}
	fill_header(recording);
	for (uint32_t i = 0; i < event_count; i++)
		recording_name(recording, RECORDING_NAME_EVENT, i, 0, events[i]);
	/* Last: from here on it is a recording. */
	VG_(memcpy)
	(recording->header->magic, RECORDING_MAGIC, sizeof(recording->header->magic));
	return recording;
}

/* ---- names ---- */

void recording_name(struct recording *recording, enum recording_name_kind kind,
		    uint32_t id, uint64_t value, const HChar *text)
{
	struct recording_header *header = recording->header;
	uint32_t length = (uint32_t)VG_(strlen)(text);
	uint64_t bytes;
	struct recording_name *record;

	if (length > RECORDING_NAME_MAX)
		length = RECORDING_NAME_MAX;
	bytes = (sizeof(*record) + length + 7) & ~(uint64_t)7;
	if (header->names_used + bytes > header->names_bytes)
		return;
	record = (struct recording_name *)(void *)((unsigned char *)header +
						   header->names_offset +
						   header->names_used);
	header->names_used += bytes;
	record->length = length;
	record->id = id;
	record->value = value;
	VG_(memcpy)(record + 1, text, length);
	__atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);
	if (kind == RECORDING_NAME_REGION && header->region_count <= id)
		header->region_count = id + 1;
	if (kind == RECORDING_NAME_THREAD && header->thread_count <= id)
		header->thread_count = id + 1;
}

bool recording_region_name(const struct recording *recording, uint32_t region,
			   HChar *name, uint32_t bytes)
{
	const unsigned char *names =
		(const unsigned char *)recording->header + RECORDING_HEADER_BYTES;
	uint64_t used = recording->header->names_used, at = 0;
	uint64_t end = recording->header_bytes - RECORDING_HEADER_BYTES;
	struct vg_stat status;

	/* What was never given space in the file must not be touched. */
	if (VG_(fstat)(recording->fd, &status) ||
	    status.size < (Long)RECORDING_HEADER_BYTES)
		return false;
	if (end > (uint64_t)status.size - RECORDING_HEADER_BYTES)
		end = (uint64_t)status.size - RECORDING_HEADER_BYTES;
	if (end > used)
		end = used;
	while (at + sizeof(struct recording_name) <= end) {
		const struct recording_name *record =
			(const struct recording_name *)(const void *)(names + at);
		uint32_t length = record->length;

		if (length > RECORDING_NAME_MAX || at + sizeof(*record) + length > end)
			return false;
		if (record->kind == RECORDING_NAME_REGION && record->id == region) {
			if (length >= bytes)
				length = bytes - 1;
			VG_(memcpy)(name, record + 1, length);
			name[length] = '\0';
			return true;
		}
		at += (sizeof(*record) + length + 7) & ~(uint64_t)7;
	}
	return false;
}

/* ---- samples ---- */

void recording_lose(struct recording *recording, enum recording_loss loss)
{
	__atomic_fetch_add(&recording->header->losses[loss], 1, __ATOMIC_RELAXED);
}

static void complain(struct recording *recording, UWord code)
{
	struct recording_header *header = recording->header;
	HChar line[RECORDING_PATH_BYTES + 256];

	VG_(snprintf)
	(line, sizeof(line),
	 "perfpoint: cannot extend %s: error %lu%s; recording stops here, "
	 "the program goes on. Free some space, or choose another place "
	 "with autoperf record --scratch DIR\n",
	 recording->path, code, reason(code));
	VG_(write)(2, line, (Int)VG_(strlen)(line));
	if (header->failure_code)
		return;
	VG_(snprintf)
	(header->failure, sizeof(header->failure),
	 "cannot extend the recording: error %lu", code);
	header->failure_code = (int32_t)code;
}

static void unmap_block(struct recording *recording)
{
	if (recording->block)
		VG_(am_munmap_valgrind)
	((Addr)recording->block, recording->mapped_bytes);
	recording->block = NULL;
}

/* A new block at the end of the file; 0 or an errno. */
static UWord next_block(struct recording *recording)
{
	uint64_t bytes = recording->block_bytes;
	uint64_t offset = __atomic_fetch_add(&recording->header->file_bytes, bytes,
					     __ATOMIC_RELAXED);
	UWord code = offset % RECORDING_BLOCK_UNIT || offset < recording->header_bytes
			     ? VKI_EINVAL
			     : reserve(recording, offset, bytes);
	struct recording_block *block = NULL;

	if (!code) {
		block = map(recording->fd, offset, bytes);
		code = block ? 0 : VKI_ENOMEM;
	}
	if (code) {
		uint64_t end = offset + bytes;

		__atomic_compare_exchange_n(&recording->header->file_bytes, &end,
					    offset, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
		return code;
	}
	unmap_block(recording);
	block->bytes = bytes;
	__atomic_store_n(&block->magic, RECORDING_BLOCK_MAGIC, __ATOMIC_RELEASE);
	recording->block = block;
	recording->mapped_bytes = bytes;
	recording->write = (unsigned char *)(block + 1);
	recording->limit = (unsigned char *)block + bytes;
	if (recording->block_bytes < RECORDING_BLOCK_MAX)
		recording->block_bytes *= 2;
	return 0;
}

static bool has_room(struct recording *recording)
{
	UWord code;

	if (recording->block &&
	    (size_t)(recording->limit - recording->write) >= recording->sample_bytes)
		return true;
	if (recording->full)
		return false;
	code = next_block(recording);
	if (!code)
		return true;
	recording->full = true;
	complain(recording, code);
	return false;
}

void recording_add(struct recording *recording, const struct recording_sample *sample,
		   const uint64_t *values)
{
	uint64_t *stored;

	if (!has_room(recording)) {
		recording_lose(recording, RECORDING_LOSS_NO_SPACE);
		return;
	}
	VG_(memcpy)(recording->write, sample, sizeof(*sample));
	stored = (uint64_t *)(void *)(recording->write + sizeof(*sample));
	for (uint32_t i = 0; i < recording->event_count; i++)
		stored[i] = values[recording->counters[i]];
	recording->write += recording->sample_bytes;
	__atomic_store_n(
		&recording->block->used,
		(uint64_t)(recording->write - (unsigned char *)(recording->block + 1)),
		__ATOMIC_RELEASE);
}

/* ---- ends ---- */

void recording_close(struct recording *recording)
{
	recording->header->state = RECORDING_EXITED;
}

void recording_forget(struct recording *recording)
{
	unmap_block(recording);
	if (recording->header)
		VG_(am_munmap_valgrind)
	((Addr)recording->header, recording->header_bytes);
	if (recording->fd >= 0)
		VG_(close)(recording->fd);
	VG_(free)(recording);
}
