/* SPDX-License-Identifier: MIT */
/*
 * Ten million samples from eight threads: nothing may be lost, and the runtime may take at most
 * 1 MiB of memory a thread. The peer is the same program without the runtime.
 *
 * usage: bench_recording LIBRARY
 */
#include <dirent.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "perfpoint.h"
#include "recording/reader.h"
#include "recording/session.h"

#define THREADS 8
#define SAMPLES 10000000

static void *thread(void *unused)
{
	for (int i = 0; i < SAMPLES / THREADS; i++) {
		perfpoint_START(i & 3);
		perfpoint_END();
	}
	return unused;
}

/* Peak resident memory in KiB. */
static long peak_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[128];
	long kib = 0;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib;
}

/* In the measured process: prints its peak memory to descriptor 3. */
static int work(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, NULL))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return dprintf(3, "%ld\n", peak_kib()) > 0 ? 0 : 1;
}

/* Runs the work, with the runtime if `library`; its peak memory in KiB, -1: failed. */
static long run(const char *library, const char *directory)
{
	char text[32] = "";
	int ends[2], status;
	pid_t child;

	if (pipe(ends))
		return -1;
	child = fork();
	if (!child) {
		dup2(ends[1], 3);
		if (library) {
			setenv("LD_PRELOAD", library, 1);
			setenv(SESSION_ENVIRONMENT, directory, 1);
		}
		execl("/proc/self/exe", "bench_recording", "--work", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	waitpid(child, &status, 0);
	if (read(ends[0], text, sizeof(text) - 1) <= 0 || status)
		return -1;
	close(ends[0]);
	return strtol(text, NULL, 10);
}

static int count(const char *directory, uint64_t *samples, uint64_t *losses,
		 double *bytes)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	struct recording recording;
	struct error error;
	struct stat status;
	char path[512];

	while (stream && (entry = readdir(stream))) {
		if (!strstr(entry->d_name, RECORDING_SUFFIX))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (recording_open(&recording, path, &error) || stat(path, &status)) {
			fprintf(stderr, "bench_recording: %s\n", error.text);
			return -1;
		}
		*samples += recording_count(&recording);
		for (int i = 0; i < RECORDING_LOSS_KINDS; i++)
			*losses += recording.header.losses[i];
		*bytes += (double)status.st_blocks * 512;
		recording_close(&recording);
	}
	if (stream)
		closedir(stream);
	return 0;
}

int main(int argc, char **argv)
{
	static const uint64_t configs[] = {
		PERF_COUNT_SW_TASK_CLOCK,       PERF_COUNT_SW_PAGE_FAULTS,
		PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_CPU_MIGRATIONS,
		PERF_COUNT_SW_PAGE_FAULTS_MIN,  PERF_COUNT_SW_PAGE_FAULTS_MAJ,
		PERF_COUNT_SW_CPU_CLOCK,        PERF_COUNT_SW_ALIGNMENT_FAULTS};
	struct session_event events[8];
	struct session session = {.source = "perf", .events = events, .event_count = 8};
	char directory[] = "/tmp/perfpoint-bench-XXXXXX";
	uint64_t samples = 0, losses = 0;
	double bytes = 0, per_thread;
	struct error error;
	long with, without;

	if (argc == 2 && !strcmp(argv[1], "--work"))
		return work();
	if (argc != 2) {
		fprintf(stderr, "usage: %s LIBRARY\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < 8; i++)
		events[i] = (struct session_event){.name = "software",
						   .type = PERF_TYPE_SOFTWARE,
						   .config = configs[i]};
	if (!mkdtemp(directory) || session_write(&session, directory, &error))
		return 1;
	without = run(NULL, NULL);
	with = run(argv[1], directory);
	if (with < 0 || without < 0 || count(directory, &samples, &losses, &bytes))
		return 1;
	per_thread = (double)(with - without) / THREADS;
	printf("%d threads: %llu of %d samples, %llu lost, %.0f MiB; peak memory %ld "
	       "KiB, "
	       "without the runtime %ld KiB: %.0f KiB a thread (at most 1024)\n",
	       THREADS, (unsigned long long)samples, SAMPLES,
	       (unsigned long long)losses, bytes / 1048576, with, without, per_thread);
	file_remove_tree(directory, &error);
	return samples == SAMPLES && !losses && per_thread <= 1024 ? 0 : 1;
}
