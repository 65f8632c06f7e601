/* SPDX-License-Identifier: MIT */
/* Growable arrays: one function that makes room; the owner keeps pointer, count, capacity. */
#ifndef AUTOPERF_BASE_ARRAY_H
#define AUTOPERF_BASE_ARRAY_H

#include <stddef.h>

/*
 * Makes `*items` (an array of `*capacity` items of `item_bytes` bytes, or NULL) hold at
 * least `need` items; grows by half. New items are zeroed. Returns 0 or -ENOMEM, in which
 * case the old array is intact.
 *
 *	if (array_reserve(&list->items, &list->capacity, list->count + 1,
 *			  sizeof(*list->items)))
 */
int array_reserve(void *items, size_t *capacity, size_t need, size_t item_bytes);

#endif
