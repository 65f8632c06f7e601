/* SPDX-License-Identifier: MIT */
/*
 * Memory of the logs and the cursor.
 */
#include "tool/log.h"

struct cursor cursor;

void log_init(struct log *log)
{
	log->capacity = LOG_FIRST_WORDS;
	log->words = VG_(malloc)("autoperf.log",
				 (log->capacity + LOG_SLACK) * sizeof(*log->words));
	log->read = log->written = log->words;
	log->base = 0;
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

void log_make_room(struct log *log)
{
	size_t pending = (size_t)(log->written - log->read);
	size_t capacity = log->capacity;
	uint64_t *words = log->words;

	while (pending > capacity / 2)
		capacity *= 2;
	/* What one busy time needed is given back. */
	if (pending == 0 && capacity > 4 * LOG_FIRST_WORDS)
		capacity = LOG_FIRST_WORDS;
	if (capacity != log->capacity)
		words = VG_(malloc)("autoperf.log",
				    (capacity + LOG_SLACK) * sizeof(*words));
	log->base = log_position(log, log->read);
	VG_(memmove)(words, log->read, pending * sizeof(*words));
	if (words != log->words)
		VG_(free)(log->words);
	log->words = log->read = words;
	log->written = words + pending;
	log->capacity = capacity;
}
