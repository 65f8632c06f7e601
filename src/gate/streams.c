/* SPDX-License-Identifier: MIT */
/* Standard streams that change hands: see streams.h. */
#include "gate/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int streams_lend(struct streams *streams, const char *directory, const char *log,
		 struct error *error)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int code = 0;

	sigaction(SIGXFSZ, &standard, &streams->file_size);
	streams->directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3; i++)
		streams->kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
	if (input < 0 || output < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
	    dup2(output, 2) < 0)
		code = error_set(error, -errno, "cannot write '%s': %s", log,
				 strerror(errno));
	else if (chdir(directory))
		code = error_set(error, -errno, "cannot go to '%s': %s", directory,
				 strerror(errno));
	if (input >= 0)
		close(input);
	if (output >= 0)
		close(output);
	return code;
}

void streams_restore(struct streams *streams)
{
	for (int i = 0; i < 3; i++) {
		if (streams->kept[i] < 0)
			continue;
		dup2(streams->kept[i], i);
		close(streams->kept[i]);
	}
	if (streams->directory >= 0) {
		(void)!fchdir(streams->directory);
		close(streams->directory);
	}
	sigaction(SIGXFSZ, &streams->file_size, NULL);
}
