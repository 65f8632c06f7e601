/* SPDX-License-Identifier: MIT */
/*
 * Nearest name by edit distance: insertions, deletions, replacements and swaps of neighbours,
 * case ignored ("optimal string alignment", Damerau 1964 with each part edited once). A
 * replacement counts as the insertion and deletion it is made of: names with a word left out
 * ("L1-dcache-misses") are commoner than names with most letters of a word wrong.
 */
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define COMPARED_MAX         96 /* longer names are not compared */
#define REPLACEMENT          2  /* edits */
#define FIRST_LETTER_PENALTY 2  /* edits; people get the first letter right */

static size_t minimum(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Both at most COMPARED_MAX long. Keeps the last three rows of the distance matrix. */
static size_t edit_distance(const char *a, size_t a_length, const char *b,
			    size_t b_length)
{
	size_t rows[3][COMPARED_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			bool same = same_letter(a[i - 1], b[j - 1]);

			row[j] = minimum(above[j - 1] + (same ? 0 : REPLACEMENT),
					 minimum(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
			    same_letter(a[i - 2], b[j - 1]))
				row[j] = minimum(row[j], before[j - 2] + 1);
		}
		size_t *spare = before;

		before = above;
		above = row;
		row = spare;
	}
	return above[b_length];
}

void nearest_start(struct nearest *nearest, const char *wanted)
{
	size_t half = strlen(wanted) / 2;

	nearest->wanted = wanted;
	nearest->distance = (half < 2 ? 2 : half) + 1;
	nearest->name[0] = '\0';
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	size_t wanted_length = strlen(nearest->wanted);
	size_t length = strlen(candidate);
	size_t distance;

	if (wanted_length > COMPARED_MAX || length > COMPARED_MAX)
		return;
	/* The distance is at least the difference in length. */
	if (length >= wanted_length + nearest->distance ||
	    wanted_length >= length + nearest->distance)
		return;
	distance = edit_distance(nearest->wanted, wanted_length, candidate, length);
	if (!same_letter(*nearest->wanted, *candidate))
		distance += FIRST_LETTER_PENALTY;
	/* As many edits as letters: nothing in common. */
	if (distance >= nearest->distance || distance >= length)
		return;
	nearest->distance = distance;
	memcpy(nearest->name, candidate, length + 1);
}
