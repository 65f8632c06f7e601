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

enum data_kind { DATA_UNKNOWN, DATA_GLOBAL, DATA_STACK, DATA_HEAP, DATA_FILE };
struct data {
	enum data_kind kind;
	HChar name[DESCRIBE_NAME_BYTES]; /* of a variable or a mapped file */
	int64_t offset;                  /* in the variable or heap block */
};
/* What lies at an address, without the heap. */
void describe_data(Addr address, struct data *data);

#endif
