/* SPDX-License-Identifier: MIT */
/*
 * Progress while commands run. The command writes to the same terminal as we, at any moment,
 * and its output is not ours to intercept or to overwrite. So there is a bar only where the
 * command's stdout goes elsewhere; where it goes to the terminal, a line is printed now and
 * then, between runs.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "workload/recorder.h"

#define NS_PER_S         UINT64_C(1000000000)
#define LINE_INTERVAL_NS (2 * NS_PER_S)

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

struct console recorder_show_console(const struct console *console)
{
	struct console own = *console;

	/* Without a bar there is nothing to clear, and what stands there is the command's. */
	if (isatty(STDOUT_FILENO))
		own.terminal = false;
	return own;
}

void recorder_show_start(struct recorder *recorder)
{
	struct show *show = &recorder->show;
	const struct console *console = recorder->options->console;

	*show = (struct show){
		.lines = console->terminal && !recorder->console.terminal,
		.total = recorder->summary->runs_planned,
		.started_ns = now_ns(),
	};
	show->told_ns = show->started_ns;
	progress_start(&show->progress, &recorder->console, "starting", show->total);
}

/* "run 3 of 10, pass 2 of 6" */
static void write_label(const struct recorder *recorder, size_t pass, char *label,
			size_t size)
{
	size_t passes = recorder->plan.pass_count;
	unsigned run = recorder->show.done / (unsigned)passes + 1;

	if (passes > 1)
		snprintf(label, size, "run %u of %u, pass %zu of %zu", run,
			 recorder->options->runs, pass + 1, passes);
	else
		snprintf(label, size, "run %u of %u", run, recorder->options->runs);
}

/* A line with the time left, if the last one is long enough ago. */
static void print_line(struct recorder *recorder, const char *label)
{
	struct show *show = &recorder->show;
	double elapsed_ns = (double)(show->run_started_ns - show->started_ns);
	char duration[32];

	if (!show->done || show->run_started_ns - show->told_ns < LINE_INTERVAL_NS)
		return;
	show->told_ns = show->run_started_ns;
	text_duration(elapsed_ns * (show->total - show->done) / show->done, duration,
		      sizeof(duration));
	console_note(&recorder->console, "%s, about %s left", label, duration);
}

void recorder_show_run(struct recorder *recorder, size_t pass)
{
	struct show *show = &recorder->show;
	char label[96];

	show->run_started_ns = now_ns();
	write_label(recorder, pass, label, sizeof(label));
	if (show->lines)
		print_line(recorder, label);
	else
		progress_label(&show->progress, label);
}

/* A run counts for what runs have taken on average, but never as done before it is. */
static void tick(void *context)
{
	struct recorder *recorder = context;
	struct show *show = &recorder->show;
	double elapsed_ns = (double)(show->run_started_ns - show->started_ns);
	double share = 0;

	if (show->done)
		share = (double)(now_ns() - show->run_started_ns) /
			(elapsed_ns / show->done);
	progress_update(&show->progress, show->done + (share < 0.9 ? share : 0.9));
}

void (*recorder_show_waiting(const struct recorder *recorder))(void *context)
{
	return recorder->console.terminal && !recorder->console.quiet ? tick : NULL;
}

void recorder_show_done(struct recorder *recorder)
{
	recorder->show.done++;
	progress_update(&recorder->show.progress, recorder->show.done);
}

void recorder_show_finish(struct recorder *recorder)
{
	progress_finish(&recorder->show.progress);
}
