/* SPDX-License-Identifier: MIT */
/*
 * Region names to ids, without a lock: the first execution of a marker may happen inside
 * another region.
 *
 * An open-addressing table of pointers to entries that are never changed or removed; an entry
 * is prepared whole (its id taken, its name written to the recording) and then put in with one
 * compare-and-swap. A thread that loses the race uses the winner's entry; its own id stays
 * unused, which readers allow for. The memory is private to the process and survives fork.
 */
#include "perfpoint/runtime.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define TABLE_SLOTS ((size_t)2 * RECORDING_REGIONS_MAX) /* power of two */
#define ARENA_BYTES ((size_t)8 << 20) /* address space; pages are taken as used */

struct entry {
	uint64_t hash;
	uint32_t id;
	char name[];
};

static struct {
	struct entry *_Atomic *slots; /* [TABLE_SLOTS] */
	unsigned char *arena;
	_Atomic size_t arena_used;
	_Atomic uint32_t count; /* ids handed out */
} names;

uint32_t names_marks[NAMES_MARKS];

int names_init(void)
{
	size_t slot_bytes = TABLE_SLOTS * sizeof(*names.slots);
	unsigned char *memory =
		mmap(NULL, slot_bytes + ARENA_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	names.slots = (struct entry * _Atomic *)(void *)memory;
	names.arena = memory + slot_bytes;
	return 0;
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t hash_name(const char *name, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
	return hash;
}

static struct entry *make_entry(const char *name, size_t length, uint64_t hash)
{
	size_t bytes = (sizeof(struct entry) + length + 1 + 15) & ~(size_t)15;
	struct entry *entry;
	size_t at;

	/* Looked at before they are added to, so that they cannot wrap around. */
	if (atomic_load(&names.arena_used) > ARENA_BYTES - bytes ||
	    atomic_load(&names.count) >= RECORDING_REGIONS_MAX)
		return NULL;
	at = atomic_fetch_add(&names.arena_used, bytes);
	if (at > ARENA_BYTES - bytes)
		return NULL;
	entry = (struct entry *)(void *)(names.arena + at);
	entry->id = atomic_fetch_add(&names.count, 1);
	if (entry->id >= RECORDING_REGIONS_MAX)
		return NULL;
	entry->hash = hash;
	memcpy(entry->name, name, length);
	entry->name[length] = '\0';
	if (!writer_name(RECORDING_NAME_REGION, entry->id, 0, entry->name))
		return NULL;
	return entry;
}

uint32_t names_region(const char *name)
{
	size_t length = name ? strnlen(name, RECORDING_NAME_MAX) : 0;
	uint64_t hash = hash_name(name ? name : "", length);
	struct entry *mine = NULL;

	for (size_t step = 0; step < TABLE_SLOTS; step++) {
		struct entry *_Atomic *slot = &names.slots[(hash + step) % TABLE_SLOTS];
		struct entry *entry = atomic_load_explicit(slot, memory_order_acquire);

		if (!entry) {
			if (!mine)
				mine = make_entry(name ? name : "", length, hash);
			if (!mine)
				break;
			if (atomic_compare_exchange_strong(slot, &entry, mine))
				return mine->id;
		}
		if (entry->hash == hash && strlen(entry->name) == length &&
		    !memcmp(entry->name, name ? name : "", length))
			return entry->id;
	}
	complain(COMPLAINT_NAMES, ENOSPC,
		 "no room for region \"%.60s\": more than %u regions or %u KiB of "
		 "names; "
		 "regions not seen so far are not recorded",
		 name ? name : "", RECORDING_REGIONS_MAX,
		 (unsigned)(process.header ? process.header->names_bytes >> 10 : 0));
	return UINT32_MAX;
}

/* "mark-<n>" without stdio, which is not async-signal-safe. */
static void format_mark(int mark, char *name, size_t size)
{
	char digits[12];
	size_t length = 0, at = 0;
	unsigned int rest = mark < 0 ? 0u - (unsigned int)mark : (unsigned int)mark;

	do
		digits[length++] = (char)('0' + rest % 10);
	while (rest /= 10);
	memcpy(name, "mark-", 5);
	at = 5;
	if (mark < 0)
		name[at++] = '-';
	while (length && at + 1 < size)
		name[at++] = digits[--length];
	name[at] = '\0';
}

uint32_t names_mark(int mark)
{
	uint32_t id = names_known_mark(mark);
	char name[24];

	if (likely(id))
		return id - 1;
	format_mark(mark, name, sizeof(name));
	id = names_region(name);
	if ((unsigned int)mark < NAMES_MARKS)
		__atomic_store_n(&names_marks[mark], id + 1, __ATOMIC_RELAXED);
	return id;
}

void names_repeat(void)
{
	for (size_t i = 0; i < TABLE_SLOTS; i++) {
		const struct entry *entry = names.slots[i];

		if (entry)
			writer_name(RECORDING_NAME_REGION, entry->id, 0, entry->name);
	}
	__atomic_store_n(&process.header->region_count, names.count, __ATOMIC_RELAXED);
}
