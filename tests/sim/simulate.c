/* SPDX-License-Identifier: MIT */
/* Runs programs under the simulator: see simulate.h. */
#include "simulate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "recording/session.h"

#define WORDS_MAX 32

const char *runtime_library;
static const char *valgrind_library;
static char **programs; /* ends with NULL */

bool simulate_arguments(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: %s VALGRIND_LIB RUNTIME PROGRAM...\n", argv[0]);
		return false;
	}
	valgrind_library = argv[1];
	runtime_library = argv[2];
	programs = argv + 3;
	return true;
}

const char *find_program(const char *name)
{
	for (char **program = programs; *program; program++) {
		const char *slash = strrchr(*program, '/');

		if (!strcmp(slash ? slash + 1 : *program, name))
			return *program;
	}
	return NULL;
}

bool is_installed(const char *command)
{
	const char *path = getenv("PATH");
	char candidate[400];

	for (size_t length; path && *path; path += length + (path[length] == ':')) {
		length = strcspn(path, ":");
		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)length, path,
			 command);
		if (!access(candidate, X_OK))
			return true;
	}
	return false;
}

static void write_session(const struct simulation *simulation, const struct plan *plan)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/" SESSION_FILE, simulation->directory);
	file = fopen(path, "w");
	assert_non_null(file);
	if (plan->session) {
		fputs(plan->session, file);
	} else {
		fprintf(file, "perfpoint-session 1\nsource %s\n",
			plan->natively ? "none" : "sim");
		for (int i = 0; i < MACHINE_COUNTERS; i++)
			fprintf(file, "event 0 0 0 0 0 %s\n", machine_counter_name(i));
	}
	assert_int_equal(fclose(file), 0);
}

static void child(const struct simulation *simulation, const struct plan *plan)
{
	const char *words[WORDS_MAX] = {NULL};
	const struct rlimit no_core = {0, 0};
	char path[128], session[128];
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/output", simulation->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	setrlimit(RLIMIT_CORE, &no_core);
	if (plan->markers) {
		setenv("LD_PRELOAD", runtime_library, 1);
		setenv(SESSION_ENVIRONMENT, simulation->directory, 1);
	}
	if (!plan->natively) {
		setenv("VALGRIND_LIB", valgrind_library, 1);
		snprintf(session, sizeof(session), "--session=%s",
			 simulation->directory);
		words[n++] = "valgrind";
		words[n++] = "-q";
		words[n++] = "--tool=autoperf-sim";
		words[n++] = "--trace-children=yes";
		words[n++] = session;
		for (size_t i = 0; plan->options[i]; i++)
			words[n++] = plan->options[i];
	}
	for (size_t i = 0; plan->command[i]; i++)
		words[n++] = plan->command[i];
	execvp(words[0], (char *const *)words);
	_exit(97);
}

static void load(struct simulation *simulation)
{
	struct error error;
	char path[128];
	size_t length;

	recordings_load(&simulation->recorded, simulation->directory);
	snprintf(path, sizeof(path), "%s/output", simulation->directory);
	assert_int_equal(file_read(path, 1 << 24, &simulation->text, &length, &error),
			 0);
}

struct simulation *simulate(const struct plan *plan)
{
	struct simulation *simulation = calloc(1, sizeof(*simulation));
	pid_t pid;

	assert_non_null(simulation);
	strcpy(simulation->directory, "/tmp/autoperf-sim-XXXXXX");
	assert_non_null(mkdtemp(simulation->directory));
	write_session(simulation, plan);
	pid = fork();
	if (!pid)
		child(simulation, plan);
	assert_int_equal(waitpid(pid, &simulation->status, 0), pid);
	load(simulation);
	return simulation;
}

void finish(struct simulation *simulation)
{
	DIR *directory = opendir(simulation->directory);
	struct dirent *entry;
	char path[400];

	recordings_close(&simulation->recorded);
	while (directory && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/%s", simulation->directory,
			 entry->d_name);
		unlink(path);
	}
	if (directory)
		closedir(directory);
	rmdir(simulation->directory);
	free(simulation->text);
	free(simulation);
}

void assert_exited(const struct simulation *simulation, int status)
{
	if (!WIFEXITED(simulation->status) || WEXITSTATUS(simulation->status) != status)
		fail_msg("status %x instead of exit %d: %s",
			 (unsigned)simulation->status, status, simulation->text);
}

static void add_sample(const struct recording *recording,
		       const struct recording_sample *sample, const uint64_t *values,
		       void *context)
{
	struct totals *totals = context;

	totals->executions++;
	totals->wall_ns += sample->wall_ns;
	totals->cpu_ns += sample->cpu_ns;
	for (uint32_t i = 0; i < recording->header.event_count; i++)
		for (int j = 0; j < MACHINE_COUNTERS; j++)
			if (!strcmp(recording->event_names[i], machine_counter_name(j)))
				totals->counters[j] += values[i];
}

struct totals add_up(const struct simulation *simulation, const char *region)
{
	struct totals totals = {0};

	recordings_visit(&simulation->recorded, region, add_sample, &totals);
	return totals;
}

uint64_t lost(const struct simulation *simulation, enum recording_loss loss)
{
	return recordings_lost(&simulation->recorded, loss);
}

char *read_result(const struct simulation *simulation, const char *suffix)
{
	DIR *directory = opendir(simulation->directory);
	struct dirent *entry;
	char *text = NULL, path[400];
	struct error error;
	size_t length;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (!strstr(entry->d_name, suffix))
			continue;
		assert_null(text);
		snprintf(path, sizeof(path), "%s/%s", simulation->directory,
			 entry->d_name);
		assert_int_equal(file_read(path, 1 << 24, &text, &length, &error), 0);
	}
	closedir(directory);
	assert_non_null(text);
	return text;
}

struct totals contend(const char *mode, int threads, long count)
{
	char thread_text[16], count_text[16];
	const struct plan plan = {
		.options = {"--region-function=work"},
		.command = {find_program("contention"), mode, thread_text, count_text},
	};
	struct simulation *simulation;
	struct totals totals;

	snprintf(thread_text, sizeof(thread_text), "%d", threads);
	snprintf(count_text, sizeof(count_text), "%ld", count);
	simulation = simulate(&plan);
	assert_exited(simulation, 0);
	totals = add_up(simulation, "work");
	assert_int_equal(totals.executions, threads);
	finish(simulation);
	return totals;
}
