/* SPDX-License-Identifier: MIT */
/* Programs and recordings in the guest: see guest.h. */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "support/restricted.h"

#define WORDS_MAX    64
#define OUTPUT_MAX   (4u << 20)
#define NOBODY       65534
#define CANNOT_BEGIN 126 /* the child did not get as far as the program */

/* The child of call(): never returns. */
static void become(enum guest_user user, const char *program, const char *arguments,
		   int output, int errors)
{
	char path[256], words[4096];
	char *argv[WORDS_MAX + 2] = {path};
	size_t count = 1;

	snprintf(path, sizeof(path), "/guest/%s", program);
	snprintf(words, sizeof(words), "%s", arguments);
	for (char *word = strtok(words, " "); word && count <= WORDS_MAX;
	     word = strtok(NULL, " "))
		argv[count++] = word;
	if (dup2(output, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0 ||
	    (user == GUEST_NOBODY && restricted_to_nobody()))
		_exit(CANNOT_BEGIN);
	/* The test's own settings are not the program's. */
	unsetenv("CMOCKA_MESSAGE_OUTPUT");
	execv(path, argv);
	dprintf(errors, "cannot execute %s: %s\n", path, strerror(errno));
	_exit(CANNOT_BEGIN);
}

/* All of an unlinked file that a child wrote; closes it. */
static char *take_text(FILE *file)
{
	char *text;
	long length;

	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	length = ftell(file);
	assert_true(length >= 0 && length <= (long)OUTPUT_MAX);
	rewind(file);
	text = calloc(1, (size_t)length + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)length, file), length);
	fclose(file);
	return text;
}

struct reply *call(enum guest_user user, const char *program, const char *arguments)
{
	struct reply *reply = calloc(1, sizeof(*reply));
	FILE *output = tmpfile(), *errors = tmpfile();
	int status;
	pid_t child;

	assert_true(reply && output && errors);
	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		become(user, program, arguments, fileno(output), fileno(errors));
	assert_int_equal(waitpid(child, &status, 0), child);
	reply->status =
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	reply->output = take_text(output);
	reply->errors = take_text(errors);
	return reply;
}

void reply_free(struct reply *reply)
{
	free(reply->output);
	free(reply->errors);
	free(reply);
}

static void fail_with(const struct reply *reply, const char *expected, const char *part)
{
	fail_msg("expected %s%s; status %d, stdout:\n%sstderr:\n%s", expected, part,
		 reply->status, reply->output, reply->errors);
}

void assert_reply(const struct reply *reply, int status)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", status);
	if (reply->status != status)
		fail_with(reply, "status ", number);
}

void assert_output(const struct reply *reply, const char *part)
{
	if (!strstr(reply->output, part))
		fail_with(reply, "on stdout: ", part);
}

void assert_errors(const struct reply *reply, const char *part)
{
	if (!strstr(reply->errors, part))
		fail_with(reply, "on stderr: ", part);
}

/* A line of stderr that begins as autoperf's warnings do and has the part; NULL: none. */
static const char *find_warning(const struct reply *reply, const char *part)
{
	static const char prefix[] = "autoperf: warning: ";

	for (const char *line = reply->errors; line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *found = strstr(line, part);

		if (!strncmp(line, prefix, strlen(prefix)) && found &&
		    found <= line + strcspn(line, "\n"))
			return line;
	}
	return NULL;
}

void assert_warns(const struct reply *reply, const char *part)
{
	if (!find_warning(reply, part))
		fail_with(reply, "a warning with: ", part);
}

void assert_no_warning(const struct reply *reply)
{
	if (find_warning(reply, ""))
		fail_with(reply, "no warning", "");
}

/* Adds the recordings below `path`: DIRECTORY/run-N/PID.aprec. */
static void load_below(struct outcome *outcome, const char *path, int levels)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char below[700];

	assert_non_null(directory);
	while (levels && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		load_below(outcome, below, levels - 1);
	}
	closedir(directory);
	recordings_load(&outcome->recorded, path);
}

struct recorded *record_work(const char *options, const char *work)
{
	return record_work_as(GUEST_ROOT, options, work);
}

struct recorded *record_work_as(enum guest_user user, const char *options,
				const char *work)
{
	struct recorded *recorded = calloc(1, sizeof(*recorded));
	struct text line = {0};

	assert_non_null(recorded);
	strcpy(recorded->directory, "/tmp/recorded-XXXXXX");
	assert_non_null(mkdtemp(recorded->directory));
	if (user == GUEST_NOBODY)
		assert_int_equal(chown(recorded->directory, NOBODY, NOBODY), 0);
	text_printf(
		&line,
		"record -n 1 --max-overhead 0 --keep-recordings -o %s/profile.apdb %s "
		"-- /guest/work %s",
		recorded->directory, options, work);
	assert_false(line.failed);
	recorded->reply = call(user, "autoperf", line.chars);
	text_free(&line);
	assert_reply(recorded->reply, 0);
	recorded->outcome = calloc(1, sizeof(*recorded->outcome));
	assert_non_null(recorded->outcome);
	load_below(recorded->outcome, recorded->directory, 2);
	return recorded;
}

void recorded_free(struct recorded *recorded)
{
	struct error error;

	recordings_close(&recorded->outcome->recorded);
	free(recorded->outcome);
	reply_free(recorded->reply);
	assert_int_equal(file_remove_tree(recorded->directory, &error), 0);
	free(recorded);
}

struct gathering {
	struct series series;
	size_t capacity;
	const char *event;
};

static void gather(const struct recording *recording,
		   const struct recording_sample *sample, const uint64_t *values,
		   void *context)
{
	struct gathering *gathering = context;
	struct series *series = &gathering->series;

	(void)sample;
	for (uint32_t i = 0; i < recording->header.event_count; i++) {
		if (strcmp(recording->event_names[i], gathering->event))
			continue;
		if (series->count == gathering->capacity) {
			gathering->capacity = 2 * gathering->capacity + 1024;
			series->values =
				reallocarray(series->values, gathering->capacity,
					     sizeof(*series->values));
			assert_non_null(series->values);
		}
		series->values[series->count++] = values[i];
	}
}

struct series series_of(const struct recorded *recorded, const char *region,
			const char *event)
{
	struct gathering gathering = {.event = event};

	recordings_visit(&recorded->outcome->recorded, region, gather, &gathering);
	if (!gathering.series.count)
		fail_msg("no sample of %s in region '%s'; stderr: %s", event, region,
			 recorded->reply->errors);
	return gathering.series;
}

void series_free(struct series *series)
{
	free(series->values);
	*series = (struct series){0};
}

uint64_t the_value_of(const struct recorded *recorded, const char *region,
		      const char *event)
{
	struct series series = series_of(recorded, region, event);
	uint64_t value = series.values[0];
	size_t other = 0;

	while (other < series.count && series.values[other] == value)
		other++;
	if (other < series.count)
		fail_msg("%s in region '%s': sample 1 of %zu is %llu, sample %zu is "
			 "%llu",
			 event, region, series.count, (unsigned long long)value,
			 other + 1, (unsigned long long)series.values[other]);
	series_free(&series);
	return value;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

uint64_t usual_value_of(const struct recorded *recorded, const char *region,
			const char *event)
{
	struct series series = series_of(recorded, region, event);
	uint64_t *values = series.values;
	uint64_t smallest, largest, median;
	size_t same = 0;

	qsort(values, series.count, sizeof(*values), compare);
	smallest = values[0];
	median = values[series.count / 2];
	largest = values[series.count - 1];
	for (size_t i = 0; i < series.count; i++)
		same += values[i] == median;
	if (same * 10 < series.count * 9)
		fail_msg("%s in region '%s': only %zu of %zu samples are %llu, the "
			 "others"
			 " %llu to %llu",
			 event, region, same, series.count, (unsigned long long)median,
			 (unsigned long long)smallest, (unsigned long long)largest);
	series_free(&series);
	return median;
}

uint64_t told(const struct reply *reply, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = reply->output; line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, length) && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
	fail_with(reply, "a line on stdout that begins with ", key);
	return 0;
}

void remark(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	fflush(stdout);
}

void take_counters(int *fds, int count)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.pinned = 1,
	};

	for (int i = 0; i < count; i++) {
		fds[i] = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1,
				      PERF_FLAG_FD_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
}

void give_counters_back(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		close(fds[i]);
}

void set_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail_msg("cannot write '%s' to %s: %s", text, path, strerror(errno));
	close(fd);
}

size_t count_samples(const struct recorded *recorded, const char *region)
{
	return samples(recorded->outcome, region);
}

void set_paranoid(int level)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", level);
	set_file("/proc/sys/kernel/perf_event_paranoid", text);
}

void set_user_reads(bool on)
{
	set_file("/proc/sys/kernel/perf_user_access", on ? "1" : "0");
}
