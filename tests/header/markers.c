/* SPDX-License-Identifier: MIT */
/*
 * Uses everything in perfpoint.h. Valid as C99 and later and as C++11 and later; linked to
 * nothing it must run and exit 0.
 */
#include "perfpoint.h"
#include "perfpoint.h" /* twice is once */

static int scope(int n)
{
	PERFPOINT_SCOPE("scope");
	if (n > 5)
		return n;
	{
		PERFPOINT_SCOPE("inner");
		n++;
	}
	for (int i = 0; i < n; i++) {
		PERFPOINT_SCOPE("loop");
		PERFPOINT_SCOPE("a second one in the same block");
	}
	return n;
}

int main(void)
{
	int sum = 0;

	perfpoint_START(1);
	PERFPOINT_BEGIN("named");
	for (int i = 0; i < 3; i++)
		sum += scope(i);
	PERFPOINT_END_REGION();
	if (sum)
		PERFPOINT_BEGIN("dangling else");
	else
		sum = 1;
	PERFPOINT_END_REGION();
	perfpoint_END();
	return sum == 6 ? 0 : 1;
}
