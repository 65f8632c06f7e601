/* SPDX-License-Identifier: MIT */
/* Runs programs under the runtime: see harness.h. */
#include "harness.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

const char *library, *scenario, *exceptions, *plugin, *inert, *papi_plugin,
	*papi_any_cpu;

bool harness_arguments(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr,
			"usage: %s LIBRARY SCENARIO EXCEPTIONS PLUGIN STATIC [PAPI "
			"SHIM]\n",
			argv[0]);
		return false;
	}
	library = argv[1];
	scenario = argv[2];
	exceptions = argv[3];
	plugin = argv[4];
	inert = argv[5];
	papi_plugin = argc > 7 ? argv[6] : NULL;
	papi_any_cpu = argc > 7 ? argv[7] : NULL;
	return true;
}

static const struct session_event software[] = {
	{.name = "task-clock",
	 .type = PERF_TYPE_SOFTWARE,
	 .config = PERF_COUNT_SW_TASK_CLOCK},
	{.name = "context-switches",
	 .type = PERF_TYPE_SOFTWARE,
	 .config = PERF_COUNT_SW_CONTEXT_SWITCHES},
	{.name = "page-faults",
	 .type = PERF_TYPE_SOFTWARE,
	 .config = PERF_COUNT_SW_PAGE_FAULTS},
};

static void child(const struct setup *setup, const char *directory)
{
	char path[128], preload[1024];
	struct rlimit limit;
	int fd, ends[2];

	snprintf(path, sizeof(path), "%s/stderr", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
	if (setup->broken_stderr && !pipe(ends)) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
	}
	snprintf(preload, sizeof(preload), "%s%s%s", library, papi_any_cpu ? ":" : "",
		 papi_any_cpu ? papi_any_cpu : "");
	setenv("LD_PRELOAD", preload, 1);
	setenv(SESSION_ENVIRONMENT, directory, 1);
	setenv("SCENARIO_PLUGIN", plugin, 1);
	limit = (struct rlimit){0, 0};
	setrlimit(RLIMIT_CORE, &limit);
	if (setup->file_limit) {
		limit = (struct rlimit){setup->file_limit, setup->file_limit};
		setrlimit(RLIMIT_FSIZE, &limit);
	}
	if (setup->fd_limit) {
		limit = (struct rlimit){setup->fd_limit, setup->fd_hard_limit
								 ? setup->fd_hard_limit
								 : setup->fd_limit};
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	execl(setup->program, setup->program, setup->argument, (char *)NULL);
	_exit(97);
}

static void write_text(const char *directory, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/" SESSION_FILE, directory);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void load(struct outcome *outcome)
{
	struct error error;
	char path[128];
	size_t length;

	recordings_load(&outcome->recorded, outcome->directory);
	snprintf(path, sizeof(path), "%s/stderr", outcome->directory);
	assert_int_equal(
		file_read(path, 1 << 20, &outcome->stderr_text, &length, &error), 0);
}

struct outcome *run(const struct setup *setup)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	struct session session = {
		.source = setup->source ? setup->source : "perf",
		.plugin = papi_plugin,
		.user_read = true,
		.max_overhead = setup->max_overhead,
		.running_floor = setup->running_floor,
		.events = setup->events ? setup->events : software,
		.event_count = setup->events ? setup->event_count : 3,
	};
	struct error error;
	pid_t pid;

	assert_non_null(outcome);
	strcpy(outcome->directory, "/tmp/perfpoint-test-XXXXXX");
	assert_non_null(mkdtemp(outcome->directory));
	if (setup->disk) {
		char options[64];

		snprintf(options, sizeof(options), "size=%s", setup->disk);
		if (mount("tmpfs", outcome->directory, "tmpfs", 0, options)) {
			rmdir(outcome->directory);
			free(outcome);
			return NULL;
		}
	}
	if (setup->session_text)
		write_text(outcome->directory, setup->session_text);
	else if (session_write(&session, outcome->directory, &error))
		fail_msg("%s", error.text);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(setup, outcome->directory);
	assert_int_equal(waitpid(pid, &outcome->status, 0), pid);
	load(outcome);
	return outcome;
}

struct outcome *run_scenario(const char *name)
{
	return run(&(struct setup){.program = scenario, .argument = name});
}

void finish(struct outcome *outcome)
{
	struct error error;

	recordings_close(&outcome->recorded);
	umount2(outcome->directory, MNT_DETACH);
	assert_int_equal(file_remove_tree(outcome->directory, &error), 0);
	free(outcome->stderr_text);
	free(outcome);
}

void assert_exited(const struct outcome *outcome, int status)
{
	if (!WIFEXITED(outcome->status) || WEXITSTATUS(outcome->status) != status)
		fail_msg("wait status 0x%x, expected exit %d; stderr: %s",
			 outcome->status, status, outcome->stderr_text);
}

void assert_quiet(const struct outcome *outcome)
{
	assert_string_equal(outcome->stderr_text, "");
}

static void add_one(const struct recording *recording,
		    const struct recording_sample *sample, const uint64_t *values,
		    void *context)
{
	(void)recording;
	(void)sample;
	(void)values;
	++*(uint64_t *)context;
}

uint64_t samples(struct outcome *outcome, const char *region)
{
	uint64_t count = 0;

	recordings_visit(&outcome->recorded, region, add_one, &count);
	return count;
}

uint64_t lost(const struct outcome *outcome, enum recording_loss loss)
{
	return recordings_lost(&outcome->recorded, loss);
}

uint64_t lost_at_all(const struct outcome *outcome)
{
	uint64_t count = 0;

	for (int loss = 0; loss < RECORDING_LOSS_KINDS; loss++)
		count += lost(outcome, (enum recording_loss)loss);
	return count;
}
