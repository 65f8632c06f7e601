/* SPDX-License-Identifier: MIT */
/*
 * The reading end of a recording (format.h): a mapping that is walked, never trusted.
 *
 * The writer may have died between any two stores. Two kinds of holes follow: in the names
 * area, records that were allotted and never finished; between the blocks, space that was
 * allotted and got no header. Both are stepped over by looking for the next thing that is
 * whole, at the alignment that the format guarantees. Nothing here changes a file or prints.
 */
#include "recording/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_ALIGNMENT 8u

_Static_assert(sizeof(struct recording_header) <= RECORDING_HEADER_BYTES,
	       "the header fits its place");
_Static_assert(sizeof(struct recording_block) % 8 == 0 &&
		       sizeof(struct recording_sample) % 8 == 0 &&
		       sizeof(struct recording_name) % NAME_ALIGNMENT == 0,
	       "records keep their neighbours aligned");

/* ---- opening ---- */

/* Maps the whole file, which must be a regular one. */
static int map_file(struct recording *recording, const char *path, struct error *error)
{
	/* Without O_NONBLOCK, opening a named pipe would wait for its writer. */
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	void *map;
	int code;

	if (descriptor < 0 || fstat(descriptor, &status)) {
		code = -errno;
		if (descriptor >= 0)
			close(descriptor);
		return error_set(error, code, "cannot open the recording '%s': %s",
				 path, strerror(-code));
	}
	if (!S_ISREG(status.st_mode)) {
		close(descriptor);
		return error_set(error, -EINVAL,
				 "'%s' is no recording: not a regular file", path);
	}
	if (status.st_size < RECORDING_HEADER_BYTES) {
		close(descriptor);
		return error_set(
			error, -ENODATA,
			"'%s' is no complete recording: it has %lld bytes, its header "
			"alone takes %u; nothing had been measured",
			path, (long long)status.st_size, RECORDING_HEADER_BYTES);
	}
	map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, descriptor, 0);
	code = map == MAP_FAILED ? -errno : 0;
	close(descriptor);
	if (code)
		return error_set(error, code, "cannot map the recording '%s': %s", path,
				 strerror(-code));
	recording->map = map;
	recording->map_bytes = (uint64_t)status.st_size;
	return 0;
}

/* Whether it is a recording, of this version, readable on this machine. */
static int check_kind(const struct recording *recording, const char *path,
		      struct error *error)
{
	static const char unfinished[sizeof(recording->header.magic)];
	const struct recording_header *header = &recording->header;

	if (!memcmp(header->magic, unfinished, sizeof(unfinished)))
		return error_set(
			error, -ENODATA,
			"'%s' is no complete recording: the program died while it was "
			"made; nothing had been measured",
			path);
	if (memcmp(header->magic, RECORDING_MAGIC, sizeof(header->magic)))
		return error_set(error, -EINVAL,
				 "'%s' is no recording: it does not begin as one",
				 path);
	if (header->byte_order == __builtin_bswap32(RECORDING_BYTE_ORDER))
		return error_set(error, -ENOTSUP,
				 "'%s' was recorded on a machine of the other byte "
				 "order; read it "
				 "on one like that",
				 path);
	if (header->byte_order != RECORDING_BYTE_ORDER)
		return error_set(error, -EBADMSG, "'%s' is damaged: byte order 0x%08x",
				 path, header->byte_order);
	if (header->version != RECORDING_VERSION)
		return error_set(
			error, -ENOTSUP,
			"'%s' is a recording of version %u; this autoperf reads "
			"version "
			"%u: use the autoperf that belongs to the libperfpoint which "
			"recorded it",
			path, header->version, RECORDING_VERSION);
	return 0;
}

/* What is wrong with the header's numbers, NULL if they fit together. */
static const char *contradiction(const struct recording_header *header)
{
	if (header->header_bytes != RECORDING_HEADER_BYTES)
		return "the size of its header";
	if (header->source > RECORDING_SOURCE_SIM)
		return "its source";
	if (header->state < RECORDING_RUNNING || header->state > RECORDING_EXECED)
		return "its state";
	if (header->event_count > RECORDING_EVENTS_MAX)
		return "its number of events";
	if (header->sample_bytes !=
	    sizeof(struct recording_sample) + sizeof(uint64_t) * header->event_count)
		return "the size of its samples";
	if (header->names_offset < RECORDING_HEADER_BYTES ||
	    header->names_offset % NAME_ALIGNMENT ||
	    header->names_offset > header->blocks_offset ||
	    header->names_bytes > header->blocks_offset - header->names_offset)
		return "the place of its names";
	if (header->blocks_offset % RECORDING_BLOCK_UNIT)
		return "the place of its blocks";
	if (header->file_bytes < header->blocks_offset ||
	    header->file_bytes % RECORDING_BLOCK_UNIT)
		return "its length";
	if (header->thread_count > RECORDING_THREADS_MAX)
		return "its number of threads";
	return NULL;
}

static int check_header(struct recording *recording, const char *path,
			struct error *error)
{
	struct recording_header *header = &recording->header;
	const char *wrong;
	int code = check_kind(recording, path, error);

	if (code)
		return code;
	wrong = contradiction(header);
	if (wrong)
		return error_set(error, -EBADMSG,
				 "'%s' is damaged: %s cannot be; record again", path,
				 wrong);
	header->failure[sizeof(header->failure) - 1] = '\0';
	header->executable[sizeof(header->executable) - 1] = '\0';
	/* Before the first block the file need not reach to where blocks begin. */
	recording->truncated = header->file_bytes > header->blocks_offset &&
			       recording->map_bytes < header->file_bytes;
	recording->end =
		recording->truncated ? recording->map_bytes : header->file_bytes;
	recording->next_block = header->blocks_offset;
	recording->thread_count = header->thread_count;
	/* Ids are handed out before the table is found to be full. */
	recording->region_count = header->region_count < RECORDING_REGIONS_MAX
					  ? header->region_count
					  : RECORDING_REGIONS_MAX;
	return 0;
}

/* ---- names ---- */

static uint64_t align_name(uint64_t bytes)
{
	return (bytes + NAME_ALIGNMENT - 1) & ~(uint64_t)(NAME_ALIGNMENT - 1);
}

/* Keeps one complete record; ids out of range and second names of an id are ignored. */
static int keep_name(struct recording *recording, const struct recording_name *name,
		     const char *chars)
{
	char **place = NULL;

	switch (name->kind) {
	case RECORDING_NAME_EVENT:
		if (name->id < recording->header.event_count)
			place = &recording->event_names[name->id];
		break;
	case RECORDING_NAME_REGION:
		if (name->id < recording->region_count)
			place = &recording->region_names[name->id];
		break;
	case RECORDING_NAME_THREAD:
		if (name->id < recording->thread_count &&
		    !recording->thread_tids[name->id])
			recording->thread_tids[name->id] = (uint32_t)name->value;
		break;
	default:
		break;
	}
	if (!place || *place)
		return 0;
	*place = strndup(chars, name->length);
	return *place ? 0 : -ENOMEM;
}

/*
 * Records follow each other without gaps. One whose kind is still 0 was not finished: if its
 * length was stored, it is skipped by it; else its extent is unknown, and the space, zeros, is
 * searched word by word for the next kind. Text that was stored already is not taken for one:
 * it has no NUL, and the first word of a record has three.
 */
static int read_names(struct recording *recording)
{
	const struct recording_header *header = &recording->header;
	uint64_t used = header->names_used < header->names_bytes ? header->names_used
								 : header->names_bytes;
	uint64_t end = header->names_offset + used;
	uint64_t at = header->names_offset;
	bool searching = false;

	if (end > recording->map_bytes)
		end = recording->map_bytes;
	while (at < end && end - at >= sizeof(struct recording_name)) {
		const unsigned char *bytes = recording->map + at;
		uint64_t rest = end - at - sizeof(struct recording_name);
		struct recording_name name;
		bool known, whole;
		int code;

		/* Acquire: what was stored before the kind is read after it. */
		(void)__atomic_load_n((const uint32_t *)(const void *)bytes,
				      __ATOMIC_ACQUIRE);
		memcpy(&name, bytes, sizeof(name));
		known = name.kind >= RECORDING_NAME_EVENT &&
			name.kind <= RECORDING_NAME_THREAD;
		whole = name.length <= RECORDING_NAME_MAX && name.length <= rest;
		if (!whole || (!known && (searching || !name.length))) {
			searching = true;
			at += NAME_ALIGNMENT;
			continue;
		}
		code = keep_name(recording, &name, (const char *)bytes + sizeof(name));
		if (code)
			return code;
		searching = false;
		at += align_name(sizeof(name) + name.length);
	}
	return 0;
}

static int load_names(struct recording *recording, const char *path,
		      struct error *error)
{
	/* One more than needed: calloc(0) may be NULL. */
	recording->event_names = calloc(recording->header.event_count + 1,
					sizeof(*recording->event_names));
	recording->region_names =
		calloc(recording->region_count + 1, sizeof(*recording->region_names));
	recording->thread_tids =
		calloc(recording->thread_count + 1, sizeof(*recording->thread_tids));
	if (!recording->event_names || !recording->region_names ||
	    !recording->thread_tids || read_names(recording))
		return error_no_memory(error, "reading the names in a recording");
	for (uint32_t i = 0; i < recording->header.event_count; i++) {
		if (recording->event_names[i])
			continue;
		if (!recording_count(recording))
			return error_set(error, -ENODATA,
					 "'%s' is no complete recording: it ends "
					 "before the names "
					 "of its events; no sample is in it",
					 path);
		return error_set(
			error, -EBADMSG,
			"'%s' is damaged: its event %u has no name; record again", path,
			i);
	}
	return 0;
}

/* ---- blocks ---- */

/* One block as far as it can be believed. */
struct block_view {
	const unsigned char *samples;
	size_t count;   /* samples that are in the file, the last one complete */
	uint64_t torn;  /* samples announced that are not */
	uint64_t bytes; /* to the place where the next block may begin */
};

/* So many samples are there when those that are complete behind the first `count` count, too. */
static size_t last_complete(const unsigned char *samples, size_t count, size_t room,
			    uint32_t sample_bytes)
{
	for (size_t i = room; i > count; i--) {
		const struct recording_sample *sample =
			(const void *)(samples + (i - 1) * sample_bytes);
		const uint64_t *first = (const void *)sample;

		/* Acquire: what was stored before is read after it. */
		(void)__atomic_load_n(first, __ATOMIC_ACQUIRE);
		if (sample->one_in)
			return i;
	}
	return count;
}

static struct block_view view_block(const struct recording *recording, uint64_t at)
{
	const struct recording_block *block =
		(const void *)(recording->map + at); /* aligned: see contradiction() */
	uint32_t sample_bytes = recording->header.sample_bytes;
	struct block_view view = {.bytes = RECORDING_BLOCK_UNIT};
	uint64_t bytes, used, room;

	/* A hole: space that was allotted, and no header came before the writer died. */
	if (__atomic_load_n(&block->magic, __ATOMIC_ACQUIRE) != RECORDING_BLOCK_MAGIC)
		return view;
	bytes = block->bytes;
	used = __atomic_load_n(&block->used, __ATOMIC_ACQUIRE);
	if (!bytes || bytes % RECORDING_BLOCK_UNIT || bytes > RECORDING_BLOCK_MAX ||
	    bytes > recording->header.file_bytes - at) {
		/* How much it held is unknown; at least what fits the smallest block. */
		view.torn = (RECORDING_BLOCK_UNIT - sizeof(*block)) / sample_bytes;
		return view;
	}
	view.bytes = bytes;
	if (used > bytes - sizeof(*block)) {
		view.torn = (bytes - sizeof(*block)) / sample_bytes;
		return view;
	}
	room = recording->end - at < bytes ? recording->end - at : bytes;
	room -= sizeof(*block);
	view.samples = (const unsigned char *)(block + 1);
	view.count = (size_t)((used < room ? used : room) / sample_bytes);
	view.torn = used / sample_bytes - view.count;
	view.count = last_complete(view.samples, view.count,
				   (size_t)(room / sample_bytes), sample_bytes);
	return view;
}

/* Whether a block's header can be at *at, which is then inside the file. */
static bool has_block(const struct recording *recording, uint64_t at)
{
	return at < recording->end &&
	       recording->end - at >= sizeof(struct recording_block);
}

int recording_next(struct recording *recording, const unsigned char **samples,
		   size_t *count)
{
	while (has_block(recording, recording->next_block)) {
		struct block_view view = view_block(recording, recording->next_block);

		recording->next_block += view.bytes;
		if (view.count) {
			*samples = view.samples;
			*count = view.count;
			return 1;
		}
	}
	return 0;
}

void recording_rewind(struct recording *recording)
{
	recording->next_block = recording->header.blocks_offset;
}

void recording_copy(const struct recording *recording, const void *sample, void *copy)
{
	memcpy(copy, sample, recording->header.sample_bytes);
	recording_settle(&recording->header.raw, recording->header.event_count, copy,
			 (uint64_t *)((struct recording_sample *)copy + 1));
}

static uint64_t walk(const struct recording *recording, uint64_t *torn)
{
	uint64_t at = recording->header.blocks_offset;
	uint64_t count = 0;

	*torn = 0;
	while (has_block(recording, at)) {
		struct block_view view = view_block(recording, at);

		count += view.count;
		*torn += view.torn;
		at += view.bytes;
	}
	return count;
}

uint64_t recording_count(const struct recording *recording)
{
	uint64_t torn;

	return walk(recording, &torn);
}

/* ---- the whole ---- */

int recording_open(struct recording *recording, const char *path, struct error *error)
{
	int code;

	*recording = (struct recording){0};
	code = map_file(recording, path, error);
	if (code)
		return code;
	/* The checks and the use must see the same bytes, even while the program runs. */
	memcpy(&recording->header, recording->map, sizeof(recording->header));
	code = check_header(recording, path, error);
	if (!code)
		code = load_names(recording, path, error);
	if (!code)
		walk(recording, &recording->torn_samples);
	if (code)
		recording_close(recording);
	return code;
}

static void free_names(char **names, uint32_t count)
{
	for (uint32_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

void recording_close(struct recording *recording)
{
	free_names(recording->event_names, recording->header.event_count);
	free_names(recording->region_names, recording->region_count);
	free(recording->thread_tids);
	if (recording->map)
		munmap((void *)(uintptr_t)recording->map, (size_t)recording->map_bytes);
	*recording = (struct recording){0};
}

const char *recording_loss_text(enum recording_loss loss)
{
	switch (loss) {
	case RECORDING_LOSS_NO_SPACE:
		return "samples not stored: no space";
	case RECORDING_LOSS_NO_COUNTERS:
		return "samples not stored: the thread's counters did not open";
	case RECORDING_LOSS_READ_FAILED:
		return "samples not stored: reading the counters failed";
	case RECORDING_LOSS_NOT_RUNNING:
		return "samples not stored: the counters never ran in them";
	case RECORDING_LOSS_TOO_DEEP:
		return "executions not measured: nested too deep";
	case RECORDING_LOSS_TOO_MANY_NAMES:
		return "executions not measured: too many regions";
	case RECORDING_LOSS_IN_SIGNAL:
		return "executions not measured: in a signal handler that interrupted "
		       "a marker";
	case RECORDING_LOSS_END_ALONE:
		return "END without START";
	case RECORDING_LOSS_NOT_ENDED:
		return "START without END";
	case RECORDING_LOSS_THREAD_ENDED:
		return "executions not measured: in a destructor that ran late";
	case RECORDING_LOSS_TOO_LITTLE_RUNNING:
		return "samples not stored: the counters ran for too little of their "
		       "time";
	case RECORDING_LOSS_KINDS:
		break;
	}
	return "lost for an unknown reason";
}
