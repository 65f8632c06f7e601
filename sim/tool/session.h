/* SPDX-License-Identifier: MIT */
/*
 * The session file (recording/session.h), for --region-function: which counters are asked for. With
 * markers it is the runtime that reads it.
 */
#ifndef AUTOPERF_SIM_TOOL_SESSION_H
#define AUTOPERF_SIM_TOOL_SESSION_H

#include "tool/recording.h"

/*
 * Names of the events of `<directory>/session`, in order, into names[RECORDING_EVENTS_MAX]; they
 * stay valid. Their number, or -1 and *problem says why.
 */
int session_events(const HChar *directory, const HChar **names,
		   struct problem *problem);

#endif
