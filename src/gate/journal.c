/* SPDX-License-Identifier: MIT */
/* The journal of a check: see journal.h. */
#include "gate/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define JOURNAL_BYTES_MAX (1 << 24)

static const char *const names[] = {
	[STAGE_BUILD_BASE] = "build base",
	[STAGE_BUILD_HEAD] = "build head",
	[STAGE_ANNOTATE] = "annotate",
	[STAGE_MEASURE] = "measure",
	[STAGE_TRAIN] = "train",
	[STAGE_JUDGE] = "judge",
	[STAGE_CONFIRM_MEASURE] = "measure again",
	[STAGE_CONFIRM_TRAIN] = "train again",
	[STAGE_CONFIRM_JUDGE] = "judge again",
	[STAGES] = "none",
};

const char *gate_stage_name(enum gate_stage stage)
{
	return names[stage];
}

enum gate_stage journal_interrupted(const char *path)
{
	enum gate_stage found = STAGES;
	char *text = NULL, *last, *end;
	size_t length;

	if (file_read(path, JOURNAL_BYTES_MAX, &text, &length, NULL))
		return STAGES;
	end = text + length;
	/* Half a line says nothing. */
	while (end > text && end[-1] != '\n')
		end--;
	if (end > text)
		end--;
	*end = '\0';
	last = strrchr(text, '\n');
	last = last ? last + 1 : text;
	for (enum gate_stage stage = 0; stage < STAGES; stage++)
		if (!strncmp(last, "begin ", 6) && !strcmp(last + 6, names[stage]))
			found = stage;
	free(text);
	return found;
}

/* One write, so that a kill leaves a whole line or none. */
static int put_line(const char *path, const char *verb, enum gate_stage stage,
		    struct error *error)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "%s %s\n", verb, names[stage]);
	int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int code = 0;

	if (descriptor < 0 || write(descriptor, line, (size_t)length) != length)
		code = error_set(error, errno ? -errno : -EIO,
				 "cannot write '%s': %s; make room, or use another "
				 "cache: --cache DIR",
				 path, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return code;
}

int journal_begin(const char *path, enum gate_stage stage, struct error *error)
{
	return put_line(path, "begin", stage, error);
}

int journal_end(const char *path, enum gate_stage stage, struct error *error)
{
	return put_line(path, "end", stage, error);
}
