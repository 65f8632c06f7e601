/* SPDX-License-Identifier: MIT */
/*
 * The program's heap blocks at the point of virtual time that the replay has reached, and notes of
 * what lay at cache lines when they became contended.
 */
#ifndef AUTOPERF_SIM_TOOL_HEAP_H
#define AUTOPERF_SIM_TOOL_HEAP_H

#include "tool/describe.h"

/* `where`: the call stack, kept by Valgrind for ever. */
void heap_allocate(uint64_t address, uint64_t bytes, ExeContext *where);
void heap_free(uint64_t address);

/*
 * What lay at a cache line when it became contended. Later it may be gone: blocks are freed,
 * threads end.
 */
#define HEAP_NOTE_BLOCKS 4 /* blocks are at least 16 bytes apart */
struct heap_note {
	struct heap_noted_block {
		uint64_t address;
		uint64_t bytes;
		ExeContext *where;
	} blocks[HEAP_NOTE_BLOCKS]; /* by address */
	uint32_t block_count;
	struct data
		other; /* what describe_data() said of the line's first byte, if no block */
};

/* machine_host.note_line: the number of a note, 0: there is no room for another. */
uint32_t heap_note(void *context, uint64_t line);
const struct heap_note *heap_get_note(uint32_t number); /* NULL: no such */

#endif
