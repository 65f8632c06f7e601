/* SPDX-License-Identifier: MIT */
/* See advice.h. The command is quoted so that it can be pasted into a shell. */
#include "model/advice.h"

#include <stdlib.h>

#include "profile/command_line.h"

/* The profile's command, or a stand-in for it. */
static void append_command(struct text *text, struct profile *profile)
{
	char *command = profile_get_fact(profile, "command");

	text_puts(text, " ");
	if (command)
		command_line_put(text, command);
	else
		text_puts(text, "PROGRAM ARGUMENTS");
	free(command);
}

void advice_more_runs(struct text *text, struct profile *profile,
		      enum event_source source, size_t runs)
{
	const char *path = profile_path(profile);

	if (source == EVENT_SOURCE_IMPORT) {
		text_printf(text, "import at least %zu more run%s together with these",
			    runs, runs == 1 ? "" : "s");
		return;
	}
	text_puts(text, "get them with: autoperf record --append -n ");
	text_printf(text, "%zu -o ", runs);
	text_put_shell_word(text, path ? path : "PROFILE");
	text_puts(text, " --");
	append_command(text, profile);
}
