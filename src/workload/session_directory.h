/* SPDX-License-Identifier: MIT */
/*
 * Inside this room: the directory that holds the session and recordings of the run under way.
 *
 *	PARENT/autoperf-1a2b3c4d.perfpoint-session/	one per `autoperf record`
 *		lock					held (flock) as long as it is in use
 *		run-00000001/				one per run: `session`, *.aprec
 *
 * Names have a fixed length: the program sees the path in its environment. A directory that
 * nobody holds was left behind by an autoperf that was killed; it is reported, not deleted.
 */
#ifndef AUTOPERF_WORKLOAD_SESSION_DIRECTORY_H
#define AUTOPERF_WORKLOAD_SESSION_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/console.h"
#include "base/error.h"

/* Zero-initialised is none. */
struct session_directory {
	char *path;     /* absolute */
	char *run_path; /* of the run under way, NULL between runs */
	int lock;
	unsigned runs; /* begun so far */
};

/* Makes it in `parent`. */
int session_directory_make(struct session_directory *directory, const char *parent,
			   struct error *error);
/* Makes the next run's directory, run_path. */
int session_directory_begin_run(struct session_directory *directory,
				struct error *error);
/* Removes it, unless `keep`. Failing to remove is not worth failing for: it warns. */
void session_directory_end_run(struct session_directory *directory, bool keep,
			       const struct console *console);
/*
 * Removes everything; or, with `keep`, gives it a name that is not taken for a leftover and
 * tells the console which. Harmless when nothing was made.
 */
void session_directory_close(struct session_directory *directory, bool keep,
			     const struct console *console);

/* Warns of each directory in `parent` that nobody holds. */
void session_directory_warn_leftovers(const char *parent,
				      const struct console *console);

/* Paths of the recordings in `directory`, in order; free with session_files_free(). */
int session_recordings(const char *directory, char ***paths, size_t *count,
		       struct error *error);
void session_files_free(char **paths, size_t count);

#endif
