/* SPDX-License-Identifier: MIT */
/* Inside this room: the machine that source sim simulates, as far as a profile is about it. */
#ifndef AUTOPERF_WORKLOAD_SIMULATED_MACHINE_H
#define AUTOPERF_WORKLOAD_SIMULATED_MACHINE_H

#include <stdint.h>

#include "base/error.h"

/* Zero-initialised is none. */
struct simulated_machine {
	char *text;    /* its description */
	char name[64]; /* as the description has it */
	int cores;     /* of all sockets, as the next */
	int sockets;
	uint32_t digest; /* of the description without comments and blanks */
};

/* Finds the description of that name (machine_description.h) and reads it. */
int simulated_machine_find(struct simulated_machine *machine, const char *name,
			   struct error *error);
/* Reads a description; `origin` is what error texts call it. */
int simulated_machine_read(struct simulated_machine *machine, const char *text,
			   const char *origin, struct error *error);
void simulated_machine_free(struct simulated_machine *machine);

#endif
