/* SPDX-License-Identifier: MIT */
/*
 * The program's heap blocks at the point of virtual time that the replay has reached, and notes of
 * those in which cache lines became contended.
 */
#ifndef AUTOPERF_SIM_TOOL_HEAP_H
#define AUTOPERF_SIM_TOOL_HEAP_H

#include "tool/base.h"

#include <pub_tool_execontext.h>

/* `where`: the call stack, kept by Valgrind for ever. */
void heap_allocate(uint64_t address, uint64_t bytes, ExeContext *where);
void heap_free(uint64_t address);

/* machine_host.note_line: 0, or the number of the note of the block at that address. */
uint32_t heap_note(void *context, uint64_t line);

struct heap_note {
	uint64_t address;
	uint64_t bytes;
	ExeContext *where;
};
const struct heap_note *heap_get_note(uint32_t number); /* NULL: no such */

#endif
