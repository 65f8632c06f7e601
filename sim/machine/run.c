/* SPDX-License-Identifier: MIT */
/* Preparing runs; performing them is inlined (run.h). */
#include "machine/run.h"

void machine_run_init(struct machine_run *run)
{
	struct machine_reference *reference;

	run->loads = run->stores = 0;
	for (reference = run->references; reference != run->references_end;
	     reference++) {
		run->loads += reference->kind != MACHINE_STORE;
		run->stores += reference->kind != MACHINE_LOAD;
	}
}
