/* SPDX-License-Identifier: MIT */
/*
 * What a program says to the simulator, by Valgrind's client requests: a few instructions that
 * do nothing outside Valgrind. libperfpoint is the one who says it; the rules of regions
 * (nesting, END alone, threads that end inside a region, longjmp, fork) are its business, and it
 * makes the recording. The simulator is told which frame begins and which ends, and appends the
 * samples once the virtual time has come that far.
 *
 * Needs only valgrind.h, which is under a BSD-style licence.
 */
#ifndef AUTOPERF_SIM_REQUESTS_H
#define AUTOPERF_SIM_REQUESTS_H

#include <stdint.h>
#include <valgrind/valgrind.h>

#define AUTOPERF_SIM_ABI 1u

enum autoperf_sim_request {
	AUTOPERF_SIM_MARKERS = VG_USERREQ_TOOL_BASE('A', 'P'),
	AUTOPERF_SIM_START,
	AUTOPERF_SIM_BEGIN,
	AUTOPERF_SIM_END,
};

/* Answers; 0 is what a request gets where nobody listens. */
enum autoperf_sim_answer {
	AUTOPERF_SIM_ABSENT = 0,
	AUTOPERF_SIM_DONE = 1,
	AUTOPERF_SIM_REFUSED = 2,
};

/* Of AUTOPERF_SIM_START. Everything is read before the request returns. */
struct autoperf_sim_start {
	uint32_t abi;              /* AUTOPERF_SIM_ABI */
	uint32_t event_count;      /* counters in each sample, in this order */
	const char *const *events; /* their names, as machine_counter_name() has them */
	const char *recording; /* path; made by the caller, header and events written */
	char *problem;         /* REFUSED: filled with the reason, NUL-terminated */
	uint64_t problem_bytes;
};

/*
 * The functions that user code calls as markers, at most 64. What they and their callees execute
 * until they return is neither simulated nor counted. Say it before they are called.
 */
static inline int autoperf_sim_markers(const void *const *functions,
				       unsigned long count)
{
	return (int)VALGRIND_DO_CLIENT_REQUEST_EXPR(
		AUTOPERF_SIM_ABSENT, AUTOPERF_SIM_MARKERS, functions, count, 0, 0, 0);
}

/* From now on frames of this process go into that recording. After a fork, say it again. */
static inline int autoperf_sim_start(const struct autoperf_sim_start *start)
{
	return (int)VALGRIND_DO_CLIENT_REQUEST_EXPR(
		AUTOPERF_SIM_ABSENT, AUTOPERF_SIM_START, start, 0, 0, 0, 0);
}

/*
 * The calling thread opens its frame number `depth`, from 0, for an execution of `region`.
 * Frames that were open at this depth or deeper are dropped. The token is the caller's, to name
 * the frame when it ends.
 */
static inline void autoperf_sim_begin(uint32_t depth, uint32_t region, uint64_t token)
{
	VALGRIND_DO_CLIENT_REQUEST_STMT(AUTOPERF_SIM_BEGIN, depth, region, token, 0, 0);
}

/*
 * The frame of that token, now at `depth`, ends and becomes a sample of `thread`, an index of the
 * recording. Frames above it are dropped.
 */
static inline void autoperf_sim_end(uint32_t depth, uint32_t thread, uint64_t token)
{
	VALGRIND_DO_CLIENT_REQUEST_STMT(AUTOPERF_SIM_END, depth, thread, token, 0, 0);
}

#endif
