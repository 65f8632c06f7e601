/* SPDX-License-Identifier: MIT */
/* Growable arrays: see array.h. */
#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int array_reserve(void *items, size_t *capacity, size_t need, size_t item_bytes)
{
	size_t grown;
	char *old, *new;

	if (need <= *capacity)
		return 0;
	grown = *capacity + *capacity / 2;
	if (grown < 8)
		grown = 8;
	if (grown < need)
		grown = need;
	if (grown > SIZE_MAX / item_bytes)
		return -ENOMEM;
	/* `items` is the address of a pointer of the caller's own type. */
	memcpy(&old, items, sizeof(old));
	new = realloc(old, grown * item_bytes);
	if (!new)
		return -ENOMEM;
	memset(new + *capacity *item_bytes, 0, (grown - *capacity) * item_bytes);
	memcpy(items, &new, sizeof(new));
	*capacity = grown;
	/* cppcheck-suppress memleak ; it is the caller's now, through memcpy */
	return 0;
}
