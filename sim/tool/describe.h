/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses: places in the program, variables, heap blocks.
 */
#ifndef AUTOPERF_SIM_TOOL_DESCRIBE_H
#define AUTOPERF_SIM_TOOL_DESCRIBE_H

#include "tool/base.h"

#include <pub_tool_execontext.h>

#define DESCRIBE_NAME_BYTES 256
#define DESCRIBE_FRAMES_MAX 12

/* A place in the program. */
struct place {
	HChar function[DESCRIBE_NAME_BYTES]; /* "": unknown */
	HChar file[DESCRIBE_NAME_BYTES];     /* "": unknown */
	HChar object[DESCRIBE_NAME_BYTES];   /* executable or library */
	uint32_t line;                       /* 0: unknown */
};
void describe_place(Addr address, struct place *place);

/* Where a heap block was allocated, innermost first; returns how many. */
uint32_t describe_allocation(ExeContext *where, struct place *places, uint32_t count);

enum data_kind {
	DATA_UNKNOWN,
	DATA_GLOBAL,  /* a variable with a symbol */
	DATA_SECTION, /* variables without one: `name` is the program or library */
	DATA_STACK, /* `name` is the function in whose frame it is, if that was found */
	DATA_THREAD, /* thread-local variables, and the C library's record of a thread */
	DATA_HEAP,
	DATA_FILE, /* a mapped file */
};
struct data {
	enum data_kind kind;
	HChar name[DESCRIBE_NAME_BYTES]; /* see above */
	int64_t offset;                  /* in the variable or heap block */
	uint32_t thread;                 /* whose stack it is; 0: none, or unknown */
};
/* On the stack of a thread that lives, or its own otherwise: gone when the thread is. */
bool describe_is_of_thread(Addr address);
/* What lies at an address now, without the heap. */
void describe_data(Addr address, struct data *data);

#endif
