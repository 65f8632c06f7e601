/* SPDX-License-Identifier: MIT */
/*
 * What is missing in the runs of this recording, by name: nothing is lost silently. Sums over
 * processes; the profile keeps them apart.
 */
#include <stdlib.h>

#include "recording/reader.h"
#include "workload/recorder.h"

struct losses {
	uint64_t kinds[RECORDING_LOSS_KINDS];
	uint64_t torn;
	unsigned truncated;        /* processes */
	unsigned failed;           /* processes in which the runtime met a failure */
	const char *first_failure; /* text in the list of processes */
	const char *first_executable;
};

/* Our own runs, not those that --append found. */
static bool is_ours(const struct recorder *recorder,
		    const struct profile_process *process)
{
	return recorder->first_run && process->run >= recorder->first_run;
}

static void sum_process(struct losses *losses, const struct profile_process *process)
{
	for (size_t kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		losses->kinds[kind] += process->losses[kind];
	losses->torn += process->torn;
	losses->truncated += process->truncated;
	if (!process->failure[0])
		return;
	if (!losses->failed++) {
		losses->first_failure = process->failure;
		losses->first_executable = process->executable;
	}
}

static void warn(const struct console *console, const struct losses *losses)
{
	char count[32];

	for (int kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		if (losses->kinds[kind])
			console_warn(
				console, "%s: %s",
				recording_loss_text((enum recording_loss)kind),
				text_count(losses->kinds[kind], count, sizeof(count)));
	if (losses->torn)
		console_warn(console, "samples left out because they made no sense: %s",
			     text_count(losses->torn, count, sizeof(count)));
	if (losses->truncated)
		console_warn(console, "recordings that were cut short: %u",
			     losses->truncated);
	if (losses->failed == 1)
		console_warn(console, "in a process of %s: %s",
			     losses->first_executable, losses->first_failure);
	else if (losses->failed)
		console_warn(console, "in %u processes, the first of %s: %s",
			     losses->failed, losses->first_executable,
			     losses->first_failure);
}

int recorder_report_losses(struct recorder *recorder, struct error *error)
{
	struct profile_process *processes;
	struct losses losses = {0};
	size_t count;
	int code = profile_processes(recorder->profile, &processes, &count, error);

	if (code)
		return code;
	for (size_t i = 0; i < count; i++)
		if (is_ours(recorder, &processes[i]))
			sum_process(&losses, &processes[i]);
	warn(&recorder->console, &losses);
	free(processes);
	return 0;
}
