/* SPDX-License-Identifier: MIT */
/* Our standard streams and directory, lent to a command of the user's while it runs. */
#ifndef AUTOPERF_GATE_STREAMS_H
#define AUTOPERF_GATE_STREAMS_H

#include <signal.h>

#include "base/error.h"

struct streams {
	struct sigaction file_size; /* what SIGXFSZ did */
	int kept[3];
	int directory;
};

/*
 * Goes to `directory`; standard input is empty, what is printed is appended to the file `log`. Our
 * own messages need another descriptor. SIGXFSZ, which main() ignores, is the command's again.
 * streams_restore() is to be called whatever it returns.
 */
int streams_lend(struct streams *streams, const char *directory, const char *log,
		 struct error *error);
void streams_restore(struct streams *streams);

#endif
