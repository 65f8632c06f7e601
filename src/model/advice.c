/* SPDX-License-Identifier: MIT */
/* See advice.h. The command is quoted so that it can be pasted into a shell. */
#include "model/advice.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The profile's command, or a stand-in for it. */
static void append_command(struct text *text, struct profile *profile)
{
	char *fact = profile_get_fact(profile, "command");
	json_t *words = fact ? json_loads(fact, 0, NULL) : NULL;
	json_t *word;
	size_t i;

	if (!json_is_array(words) || !json_array_size(words))
		text_puts(text, " PROGRAM ARGUMENTS");
	json_array_foreach (words, i, word) {
		text_puts(text, " ");
		text_put_shell_word(text, json_is_string(word) ? json_string_value(word)
							       : "?");
	}
	json_decref(words);
	free(fact);
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
