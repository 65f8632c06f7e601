/* SPDX-License-Identifier: MIT */
/*
 * sim/tool/log.c: the cursor never comes to the end of a log's memory, however its thread is
 * scheduled. Valgrind's allocator is the C library's here, which a sanitizer watches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/log.h"

#define TURNS       100000u
#define BLOCK_WORDS (1 + BLOCK_ROOTS_MAX)

void *VG_(malloc)(const HChar *label, SizeT bytes)
{
	(void)label;
	return malloc(bytes);
}

void VG_(free)(void *memory)
{
	free(memory);
}

void *VG_(memcpy)(void *to, const void *from, SizeT bytes)
{
	return memcpy(to, from, bytes);
}

/* What the translated code of a block does, log_code.c, and log_full() when nothing is replayed. */
static void execute_block(struct log *log, uint64_t words, uint32_t *looks)
{
	if (cursor.limit < cursor.at) {
		log_leave(log);
		if (log_is_full(log))
			log_make_room(log);
		log->look_at = UINT64_MAX;
		++*looks;
		log_enter(log);
	}
	assert_true(cursor.at + words <= log->words + log->capacity + LOG_SLACK);
	memset(cursor.at, 0, words * sizeof(*cursor.at));
	cursor.at += words;
}

static void turns_of_one_block_find_room(void **state)
{
	struct log log;
	uint32_t looks = 0;

	(void)state;
	log_init(&log);
	for (uint32_t i = 0; i < TURNS; i++) {
		log_enter(&log);
		execute_block(&log, 1 + i % BLOCK_WORDS, &looks);
		log_leave(&log);
	}
	assert_true(looks > 0);
	log_free(&log);
}

static void long_turns_find_room(void **state)
{
	struct log log;
	uint32_t looks = 0;

	(void)state;
	log_init(&log);
	log_enter(&log);
	for (uint32_t i = 0; i < TURNS; i++)
		execute_block(&log, BLOCK_WORDS, &looks);
	log_leave(&log);
	log_free(&log);
}

static void what_is_replayed_makes_room_without_growing(void **state)
{
	struct log log;
	uint32_t looks = 0;

	(void)state;
	log_init(&log);
	for (uint32_t i = 0; i < TURNS; i++) {
		log_enter(&log);
		execute_block(&log, BLOCK_WORDS, &looks);
		log_leave(&log);
		log.read = log.written;
	}
	assert_int_equal(log.capacity, LOG_FIRST_WORDS);
	log_free(&log);
}

static void a_look_comes_after_so_many_words(void **state)
{
	struct log log;
	uint32_t looks = 0, blocks = 0;

	(void)state;
	log_init(&log);
	log_look_after(&log, 100);
	log_enter(&log);
	for (; !looks; blocks++)
		execute_block(&log, 10, &looks);
	log_leave(&log);
	/* The block that begins beyond the hundredth word looks first. */
	assert_int_equal(blocks, 12);
	log_free(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_of_one_block_find_room),
		cmocka_unit_test(long_turns_find_room),
		cmocka_unit_test(what_is_replayed_makes_room_without_growing),
		cmocka_unit_test(a_look_comes_after_so_many_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
