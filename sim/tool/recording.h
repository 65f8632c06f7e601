/* SPDX-License-Identifier: MIT */
/*
 * Samples into recordings (recording/format.h). The runtime makes the recording of the markers and
 * keeps its names and losses; that of --region-function is made here. Samples are stored in a
 * mapping of the file, so that they survive any death of the process.
 */
#ifndef AUTOPERF_SIM_TOOL_RECORDING_H
#define AUTOPERF_SIM_TOOL_RECORDING_H

#include "recording/format.h"
#include "tool/thread.h"

struct recording;

#define RECORDING_PATH_BYTES 2048 /* with the NUL; longer ones are refused */

/* What went wrong, for the user: one sentence without a newline. */
struct problem {
	HChar text[512];
};

/* The recording at `path`, made by someone else in this process. NULL: *problem says why. */
struct recording *recording_adopt(const HChar *path, const HChar *const *events,
				  uint32_t event_count, struct problem *problem);
/* A new one in `directory`. */
struct recording *recording_make(const HChar *directory, const HChar *const *events,
				 uint32_t event_count, struct problem *problem);
/* Name of a region (text) or kernel id of a thread (value). */
void recording_name(struct recording *recording, enum recording_name_kind kind,
		    uint32_t id, uint64_t value, const HChar *text);
/* `values` are increases of all of the machine's counters; header fields as in the format. */
void recording_add(struct recording *recording, const struct recording_sample *sample,
		   const uint64_t *values);
void recording_lose(struct recording *recording, enum recording_loss loss);
/* Name of a region, at most `bytes` - 1 of it; false: not there. */
bool recording_region_name(const struct recording *recording, uint32_t region,
			   HChar *name, uint32_t bytes);
const HChar *recording_path(const struct recording *recording);
/* The process exits in order. */
void recording_close(struct recording *recording);
/* In a forked child: the file is the parent's. */
void recording_forget(struct recording *recording);

#endif
