/* SPDX-License-Identifier: MIT */
/*
 * Errors as values.
 *
 * A function that can fail takes a `struct error *`, returns 0 or a negative
 * errno-like code, and builds the text once, where the cause is known: what was
 * attempted, on which file or event, why it failed, what to do. Callers pass it
 * up untouched or add context with error_prefix(); only src/cli prints it.
 */
#ifndef AUTOPERF_BASE_ERROR_H
#define AUTOPERF_BASE_ERROR_H

/* Exit statuses of the command line; scripts depend on the numbers. */
enum exit_status {
	EXIT_NORMAL = 0,         /* nothing anomalous */
	EXIT_FAILED = 1,         /* the command failed */
	EXIT_USAGE = 2,          /* wrong usage */
	EXIT_REGRESSION = 3,     /* a regression was found */
	EXIT_CANNOT_MEASURE = 4, /* this machine cannot measure that */
};

struct error {
	int code;                     /* negative errno-like code, 0: no error */
	enum exit_status exit_status; /* what the process should exit with */
	char text[2048];              /* one or more lines, no trailing newline */
};

/*
 * Fills *error (may be NULL) and returns `code`, so that a failing function can
 * `return error_set(error, -EINVAL, ...)`. `code` must be negative; text that does
 * not fit ends in "...". exit_status becomes EXIT_FAILED.
 */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with an exit status of its own. */
int error_set_exit(struct error *error, enum exit_status status, int code,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Out of memory while doing `what`; returns -ENOMEM. */
int error_no_memory(struct error *error, const char *what);

/* Puts "<text>: " in front of an error that is already set; returns its code. */
int error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* It cannot see that these return what is negative, and follows paths that do not exist. */
#define error_set(error, code, ...) (error_set(error, code, __VA_ARGS__), (code))
#define error_set_exit(error, status, code, ...) \
	(error_set_exit(error, status, code, __VA_ARGS__), (code))
#define error_no_memory(error, what) (error_no_memory(error, what), -1)
#endif

#endif
