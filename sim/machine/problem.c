/* SPDX-License-Identifier: MIT */
/* See problem.h. */
#include "machine/problem.h"

#define QUOTED_MAX 40 /* bytes of a quotation; a line of a wrong file can be endless */

static void add_bytes(struct machine_problem *problem, const char *text, size_t length)
{
	size_t used = 0;

	while (problem->text[used])
		used++;
	for (size_t i = 0; i < length && used + 1 < sizeof(problem->text); i++)
		problem->text[used++] = text[i];
	problem->text[used] = '\0';
}

int problem_add(struct machine_problem *problem, const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	add_bytes(problem, text, length);
	return -1;
}

int problem_set(struct machine_problem *problem, uint32_t line, const char *first)
{
	problem->line = line;
	problem->text[0] = '\0';
	return problem_add(problem, first);
}

int problem_add_number(struct machine_problem *problem, uint64_t number)
{
	char digits[20]; /* of 2^64 - 1 */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	add_bytes(problem, digits + at, sizeof(digits) - at);
	return -1;
}

int problem_add_quoted(struct machine_problem *problem, const char *text, size_t length)
{
	add_bytes(problem, "'", 1);
	for (size_t i = 0; i < length && i < QUOTED_MAX; i++)
		add_bytes(problem, text[i] >= ' ' && text[i] <= '~' ? &text[i] : "?",
			  1);
	return problem_add(problem, length > QUOTED_MAX ? "...'" : "'");
}
