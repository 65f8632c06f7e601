/* SPDX-License-Identifier: MIT */
/*
 * Translation: what Valgrind calls for each superblock of the program.
 */
#ifndef AUTOPERF_SIM_TOOL_INSTRUMENT_H
#define AUTOPERF_SIM_TOOL_INSTRUMENT_H

#include "tool/base.h"

#include <pub_tool_tooliface.h>

/* Of VG_(basic_tool_funcs). */
IRSB *instrument(VgCallbackClosure *closure, IRSB *in, const VexGuestLayout *layout,
		 const VexGuestExtents *extents, const VexArchInfo *host,
		 IRType guest_word, IRType host_word);

/*
 * With --warm=off, blocks are translated with hooks only while they are not wanted, as at first.
 * Changing it discards all translations.
 */
void instrument_blocks(bool wanted);
/*
 * Discards all translations. Not while generated code is being executed, nor when Valgrind is about
 * to (schedule_start()).
 */
void instrument_anew(void);
bool instrument_blocks_wanted(void);

/* Generated code calls this when the cursor is beyond its limit (schedule.c). */
void log_full(void);

#endif
