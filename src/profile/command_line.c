/* SPDX-License-Identifier: MIT */
/* See command_line.h. */
#include "profile/command_line.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static bool is_words(const json_t *array)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(array))
		return false;
	json_array_foreach (array, i, item)
		if (!json_is_string(item))
			return false;
	return true;
}

void command_line_put(struct text *text, const char *command)
{
	json_t *array = json_loads(command, 0, NULL), *item;
	size_t i;

	if (!is_words(array))
		text_puts(text, command);
	else if (json_array_size(array) == 1)
		text_puts(text, json_string_value(json_array_get(array, 0)));
	else
		json_array_foreach (array, i, item) {
			if (i)
				text_puts(text, " ");
			text_put_shell_word(text, json_string_value(item));
		}
	json_decref(array);
}
