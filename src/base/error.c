/* SPDX-License-Identifier: MIT */
/* Errors as values: see error.h. Nothing here prints or allocates. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What error.h tells the analyser is about the callers of these. */
#undef error_set
#undef error_set_exit
#undef error_no_memory

static void format_text(char *text, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void format_text(char *text, size_t size, const char *format, va_list args)
{
	int length = vsnprintf(text, size, format, args);

	if (length >= 0 && (size_t)length >= size && size > 4)
		memcpy(text + size - 4, "...", 4);
}

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	error->code = code;
	error->exit_status = EXIT_FAILED;
	va_start(args, format);
	format_text(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

int error_set_exit(struct error *error, enum exit_status status, int code,
		   const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	error->code = code;
	error->exit_status = status;
	va_start(args, format);
	format_text(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

int error_no_memory(struct error *error, const char *what)
{
	return error_set(error, -ENOMEM, "out of memory while %s", what);
}

int error_prefix(struct error *error, const char *format, ...)
{
	char old[sizeof(error->text)];
	char prefix[sizeof(error->text)];
	va_list args;

	if (!error)
		return -EIO;
	memcpy(old, error->text, sizeof(old));
	va_start(args, format);
	format_text(prefix, sizeof(prefix), format, args);
	va_end(args);
	int length = snprintf(error->text, sizeof(error->text), "%s: %s", prefix, old);
	if (length >= (int)sizeof(error->text))
		memcpy(error->text + sizeof(error->text) - 4, "...", 4);
	return error->code;
}
