/* SPDX-License-Identifier: MIT */
/*
 * Messages and progress bars on stderr: see console.h. ASCII only, so that they are readable
 * in every locale; a bar is one line that is redrawn in place and cleared when done.
 */
#include "base/console.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/text.h"

#define CLEAR_LINE         "\r\033[K"
#define REDRAW_INTERVAL_NS UINT64_C(100000000)
#define BAR_WIDTH_MAX      40
#define COLUMNS_DEFAULT    80

struct console console_open(bool quiet)
{
	const char *no_color = getenv("NO_COLOR");
	const char *type = getenv("TERM");
	bool terminal = isatty(STDERR_FILENO) && type && *type && strcmp(type, "dumb");

	return (struct console){
		.messages = stderr,
		.quiet = quiet,
		/* https://no-color.org: present and not empty */
		.color = terminal && !(no_color && *no_color),
		.terminal = terminal,
	};
}

bool console_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool is = locale && !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");

	if (locale)
		freelocale(locale);
	return is;
}

void console_put(FILE *stream, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t used = printable_sequence((const unsigned char *)text, left);

		if (used || *text == '\n' || *text == '\t')
			fwrite(text, 1, used ? used : 1, stream);
		else
			putc('?', stream);
		text += used ? used : 1;
		left -= used ? used : 1;
	}
}

/* One line under the stream's lock, so that threads do not mix theirs. */
static void write_line(const struct console *console, const char *kind,
		       const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void write_line(const struct console *console, const char *kind,
		       const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	flockfile(console->messages);
	/* A progress bar may be on the line; it comes back when it is next drawn. */
	if (console->terminal)
		fputs(CLEAR_LINE, console->messages);
	fprintf(console->messages, "autoperf: %s", kind);
	console_put(console->messages, text ? text : "out of memory");
	putc('\n', console->messages);
	fflush(console->messages);
	funlockfile(console->messages);
	free(text);
}

void console_note(const struct console *console, const char *format, ...)
{
	va_list args;

	if (console->quiet)
		return;
	va_start(args, format);
	write_line(console, "", format, args);
	va_end(args);
}

void console_warn(const struct console *console, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(console,
		   console->color ? "\033[33mwarning:\033[0m " : "warning: ", format,
		   args);
	va_end(args);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static bool is_drawn(const struct progress *progress)
{
	return progress->console && progress->console->terminal &&
	       !progress->console->quiet;
}

/* Width of the terminal that messages go to, in characters. */
static int columns(FILE *stream)
{
	struct winsize size;

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) || !size.ws_col)
		return COLUMNS_DEFAULT;
	return size.ws_col;
}

/* "run 3 of 10 [=======>      ]  52 %, 1 min 05 s left", cut to the terminal's width. */
static void draw(struct progress *progress, uint64_t now)
{
	FILE *stream = progress->console->messages;
	double share = progress->total > 0 ? progress->done / progress->total : 0;
	double elapsed = (double)(now - progress->started_ns);
	char duration[32];
	char tail[64];
	char bar[BAR_WIDTH_MAX + 1];
	int width, filled;

	share = fmin(fmax(share, 0), 1);
	if (share > 0)
		snprintf(tail, sizeof(tail), " %3.0f %%, %s left", floor(100 * share),
			 text_duration(elapsed * (1 - share) / share, duration,
				       sizeof(duration)));
	else
		snprintf(tail, sizeof(tail), "   0 %%");

	/* One column stays free: a full last line makes some terminals scroll. */
	width = columns(stream) - 1 - (int)strlen(progress->label) - (int)strlen(tail) -
		3;
	if (width > BAR_WIDTH_MAX)
		width = BAR_WIDTH_MAX;
	flockfile(stream);
	fprintf(stream, CLEAR_LINE "%.*s", columns(stream) - 1, progress->label);
	if (width >= 4) {
		filled = (int)(share * width);
		memset(bar, ' ', (size_t)width);
		memset(bar, '=', (size_t)filled);
		if (filled < width)
			bar[filled] = '>';
		bar[width] = '\0';
		fprintf(stream, " [%s]%s", bar, tail);
	}
	fflush(stream);
	funlockfile(stream);
	progress->drawn_ns = now;
	progress->visible = true;
}

void progress_start(struct progress *progress, const struct console *console,
		    const char *label, double total)
{
	*progress = (struct progress){
		.console = console, .total = total, .started_ns = now_ns()};
	progress_label(progress, label);
}

void progress_update(struct progress *progress, double done)
{
	uint64_t now;

	progress->done = done;
	if (!is_drawn(progress))
		return;
	now = now_ns();
	if (!progress->visible || now - progress->drawn_ns >= REDRAW_INTERVAL_NS)
		draw(progress, now);
}

void progress_label(struct progress *progress, const char *label)
{
	snprintf(progress->label, sizeof(progress->label), "%s", label);
	if (is_drawn(progress))
		draw(progress, now_ns());
}

void progress_finish(struct progress *progress)
{
	if (!progress->visible)
		return;
	fputs(CLEAR_LINE, progress->console->messages);
	fflush(progress->console->messages);
	progress->visible = false;
}
