/* SPDX-License-Identifier: MIT */
/*
 * Memory of the logs and the cursor.
 */
#include "tool/log.h"

/* So often in a row a log was emptied that used little of its memory: it is too large. */
#define SPARSE_MAX 64u

struct cursor cursor;

void log_init(struct log *log)
{
	log->capacity = LOG_FIRST_WORDS;
	log->words = VG_(malloc)("autoperf.log",
				 (log->capacity + LOG_SLACK) * sizeof(*log->words));
	log->read = log->written = log->words;
	log->base = 0;
	log->sparse = 0;
	log->look_at = UINT64_MAX;
}

void log_free(struct log *log)
{
	VG_(free)(log->words);
	log->words = log->read = log->written = NULL;
}

void log_clear(struct log *log)
{
	log->base = log_position(log, log->written);
	log->read = log->written = log->words;
}

/*
 * A log without room has its limit before its end, so that the very next block calls log_full():
 * a thread may get one block in a turn, and many turns, and would come to the end of the slack.
 */
void log_enter(struct log *log)
{
	uint64_t *end = log->words + log->capacity;
	uint64_t position = log_position(log, log->written);
	uint64_t left = log->look_at > position ? log->look_at - position : 0;

	cursor.at = log->written;
	cursor.limit = end;
	if (end > log->written && left < (uint64_t)(end - log->written))
		cursor.limit = log->written + left;
}

void log_leave(struct log *log)
{
	log->written = cursor.at;
}

/* What a busy time needed is given back, but not what such times need again and again. */
static bool is_oversized(struct log *log)
{
	if (log->capacity <= 4 * LOG_FIRST_WORDS ||
	    (size_t)(log->written - log->words) > log->capacity / 8)
		log->sparse = 0;
	else
		log->sparse++;
	if (log->sparse < SPARSE_MAX)
		return false;
	log->sparse = 0;
	return true;
}

/* Valgrind's memmove() goes byte by byte. */
static void move_down(uint64_t *to, const uint64_t *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = from[i];
}

void log_make_room(struct log *log)
{
	size_t pending = (size_t)(log->written - log->read);
	size_t capacity = log->capacity;
	uint64_t *words = log->words;

	while (pending > capacity / 2)
		capacity *= 2;
	if (pending == 0 && is_oversized(log))
		capacity /= 2;
	if (capacity != log->capacity)
		words = VG_(malloc)("autoperf.log",
				    (capacity + LOG_SLACK) * sizeof(*words));
	log->base = log_position(log, log->read);
	if (words == log->words) {
		move_down(words, log->read, pending);
	} else {
		VG_(memcpy)(words, log->read, pending * sizeof(*words));
		VG_(free)(log->words);
	}
	log->words = log->read = words;
	log->written = words + pending;
	log->capacity = capacity;
}
