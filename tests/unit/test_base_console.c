/* SPDX-License-Identifier: MIT */
/* base/console.c: messages into memory, progress bars into a pseudo-terminal. */
#include "base/console.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* A console whose messages end up in `text`. */
struct capture {
	struct console console;
	char *text;
	size_t length;
};

static void capture_open(struct capture *capture)
{
	memset(capture, 0, sizeof(*capture));
	capture->console.messages = open_memstream(&capture->text, &capture->length);
	assert_non_null(capture->console.messages);
}

static void capture_close(struct capture *capture)
{
	fclose(capture->console.messages);
	free(capture->text);
}

static void messages_say_who_speaks(void **state)
{
	struct capture capture;

	(void)state;
	capture_open(&capture);
	console_note(&capture.console, "%d runs", 3);
	console_warn(&capture.console, "run %d failed", 2);
	assert_string_equal(capture.text,
			    "autoperf: 3 runs\nautoperf: warning: run 2 failed\n");
	capture_close(&capture);
}

static void quiet_keeps_warnings(void **state)
{
	struct capture capture;

	(void)state;
	capture_open(&capture);
	capture.console.quiet = true;
	console_note(&capture.console, "unheard");
	console_warn(&capture.console, "heard");
	assert_string_equal(capture.text, "autoperf: warning: heard\n");
	capture_close(&capture);
}

static void only_coloured_warnings_have_escapes(void **state)
{
	struct capture capture;

	(void)state;
	capture_open(&capture);
	capture.console.color = true;
	console_warn(&capture.console, "x");
	assert_string_equal(capture.text, "autoperf: \033[33mwarning:\033[0m x\n");
	capture_close(&capture);
}

static void no_bar_is_drawn_without_a_terminal_or_when_quiet(void **state)
{
	struct progress progress;
	struct capture capture;

	(void)state;
	capture_open(&capture);
	for (int quiet = 0; quiet < 2; quiet++) {
		capture.console.terminal = capture.console.quiet = quiet;
		progress_start(&progress, &capture.console, "runs", 10);
		progress_update(&progress, 5);
		progress_label(&progress, "other");
		progress_finish(&progress);
	}
	progress_start(&progress, NULL, "silent", 10);
	progress_update(&progress, 5);
	progress_finish(&progress);
	fflush(capture.console.messages);
	assert_int_equal(capture.length, 0);
	capture_close(&capture);
}

/* ---- on a terminal ---- */

struct terminal {
	struct console console;
	int master;
	char seen[65536];
};

static void terminal_open(struct terminal *terminal, unsigned short columns)
{
	const struct winsize size = {.ws_row = 24, .ws_col = columns};
	struct termios settings;
	int slave;

	memset(terminal, 0, sizeof(*terminal));
	terminal->master = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal->master < 0)
		skip();
	assert_int_equal(grantpt(terminal->master), 0);
	assert_int_equal(unlockpt(terminal->master), 0);
	slave = open(ptsname(terminal->master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	assert_int_equal(tcgetattr(slave, &settings), 0);
	cfmakeraw(&settings);
	assert_int_equal(tcsetattr(slave, TCSANOW, &settings), 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	terminal->console =
		(struct console){.messages = fdopen(slave, "w"), .terminal = true};
	assert_non_null(terminal->console.messages);
}

/* What has been written to it since the last look. */
static const char *terminal_read(struct terminal *terminal)
{
	struct pollfd ready = {.fd = terminal->master, .events = POLLIN};
	size_t length = 0;

	while (length < sizeof(terminal->seen) - 1 && poll(&ready, 1, 20) == 1) {
		ssize_t got = read(terminal->master, terminal->seen + length,
				   sizeof(terminal->seen) - 1 - length);

		if (got <= 0)
			break;
		length += (size_t)got;
	}
	terminal->seen[length] = '\0';
	return terminal->seen;
}

static void terminal_close(struct terminal *terminal)
{
	fclose(terminal->console.messages);
	close(terminal->master);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void a_bar_shows_label_share_and_time_left(void **state)
{
	struct terminal terminal;
	struct progress progress;

	(void)state;
	terminal_open(&terminal, 80);
	progress_start(&progress, &terminal.console, "run 3 of 10", 8);
	progress.drawn_ns = 0; /* the next is due */
	progress_update(&progress, 2);
	terminal_read(&terminal);
	assert_has(terminal.seen, "run 3 of 10 [");
	assert_has(terminal.seen, "=>");
	assert_has(terminal.seen, " 25 %");
	assert_has(terminal.seen, " left");
	assert_null(strchr(terminal.seen, '\n'));
	progress_label(&progress, "run 4 of 10");
	assert_has(terminal_read(&terminal), "run 4 of 10 [");
	progress_finish(&progress);
	assert_string_equal(terminal_read(&terminal), "\r\033[K");
	/* Nothing is left to clear. */
	progress_finish(&progress);
	assert_string_equal(terminal_read(&terminal), "");
	terminal_close(&terminal);
}

static void a_bar_never_leaves_its_line(void **state)
{
	static const unsigned short widths[] = {1, 10, 20, 30, 60, 200};
	static const double dones[] = {-1, 0, 50, 100, 1000};
	struct terminal terminal;
	struct progress progress;

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		terminal_open(&terminal, widths[i]);
		progress_start(&progress, &terminal.console,
			       "a label that is longer than narrow terminals", 100);
		for (size_t k = 0; k < sizeof(dones) / sizeof(*dones); k++) {
			const char *line;

			terminal_read(&terminal);
			progress.drawn_ns = 0;
			progress_update(&progress, dones[k]);
			line = terminal_read(&terminal);
			assert_memory_equal(line, "\r\033[K", 4);
			assert_true(strlen(line + 4) <
				    (widths[i] > 1 ? (size_t)widths[i] : 2));
		}
		progress_finish(&progress);
		terminal_close(&terminal);
	}
}

static void a_bar_is_not_redrawn_for_every_update(void **state)
{
	struct terminal terminal;
	struct progress progress;
	int drawn = 0;

	(void)state;
	terminal_open(&terminal, 80);
	progress_start(&progress, &terminal.console, "many", 100000);
	for (int i = 0; i < 100000; i++)
		progress_update(&progress, i);
	terminal_read(&terminal);
	for (const char *at = terminal.seen; (at = strstr(at, "\r\033[K")); at++)
		drawn++;
	/* 100,000 updates take well under three seconds even under a sanitizer. */
	assert_in_range(drawn, 1, 30);
	terminal_close(&terminal);
}

static void a_message_takes_the_line_of_the_bar(void **state)
{
	struct terminal terminal;
	struct progress progress;

	(void)state;
	terminal_open(&terminal, 80);
	progress_start(&progress, &terminal.console, "bar", 10);
	terminal_read(&terminal);
	console_note(&terminal.console, "hello");
	assert_string_equal(terminal_read(&terminal), "\r\033[Kautoperf: hello\n");
	terminal_close(&terminal);
}

/* console_open() with stderr on `descriptor` and these settings. */
static struct console open_with(int descriptor, const char *term, const char *no_color)
{
	int saved = dup(STDERR_FILENO);
	struct console console;

	term ? setenv("TERM", term, 1) : unsetenv("TERM");
	no_color ? setenv("NO_COLOR", no_color, 1) : unsetenv("NO_COLOR");
	dup2(descriptor, STDERR_FILENO);
	console = console_open(false);
	dup2(saved, STDERR_FILENO);
	close(saved);
	return console;
}

static void the_environment_decides_on_colour_and_bars(void **state)
{
	struct terminal terminal;
	struct console console;
	int slave, none = open("/dev/null", O_WRONLY);

	(void)state;
	terminal_open(&terminal, 80);
	slave = fileno(terminal.console.messages);
	console = open_with(slave, "xterm", NULL);
	assert_true(console.terminal && console.color && console.messages == stderr);
	console = open_with(slave, "xterm", "1");
	assert_true(console.terminal && !console.color);
	console = open_with(slave, "xterm", "");
	assert_true(console.color);
	console = open_with(slave, "dumb", NULL);
	assert_true(!console.terminal && !console.color);
	console = open_with(slave, NULL, NULL);
	assert_true(!console.terminal && !console.color);
	console = open_with(none, "xterm", NULL);
	assert_true(!console.terminal && !console.color);
	assert_true(console_open(true).quiet);
	close(none);
	terminal_close(&terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_say_who_speaks),
		cmocka_unit_test(quiet_keeps_warnings),
		cmocka_unit_test(only_coloured_warnings_have_escapes),
		cmocka_unit_test(no_bar_is_drawn_without_a_terminal_or_when_quiet),
		cmocka_unit_test(a_bar_shows_label_share_and_time_left),
		cmocka_unit_test(a_bar_never_leaves_its_line),
		cmocka_unit_test(a_bar_is_not_redrawn_for_every_update),
		cmocka_unit_test(a_message_takes_the_line_of_the_bar),
		cmocka_unit_test(the_environment_decides_on_colour_and_bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
