/* SPDX-License-Identifier: MIT */
/* Empty regions: see self_cost_pairs.h. Not for anything else of the runtime. */
#include "perfpoint/self_cost_pairs.h"

#include "perfpoint.h"

/* As enum marker_kind, which the runtime's header has. */
enum kind { KIND_START, KIND_BEGIN, KIND_SCOPE };

#define EIGHT_TIMES(statement)                                                        \
	do {                                                                          \
		statement statement statement statement statement statement statement \
			statement                                                     \
	} while (0)

static inline void scope(struct perfpoint_site *site)
{
	PERFPOINT__GUARD(guard, (*site));
}

/* Sites have a cache line of their own, here on the stack. */
void self_cost_pairs(const struct self_cost_pairs *pairs)
{
	struct perfpoint_site site = {"", pairs->region + 1};
	int mark = pairs->mark;

	switch ((enum kind)pairs->kind) {
	case KIND_START:
		EIGHT_TIMES({
			perfpoint_START(mark);
			perfpoint_END();
		});
		break;
	case KIND_BEGIN:
		EIGHT_TIMES({
			perfpoint__begin(&site);
			perfpoint_END();
		});
		break;
	case KIND_SCOPE:
		EIGHT_TIMES({ scope(&site); });
		break;
	}
}

void self_cost_pair_around(const struct self_cost_pairs *pairs)
{
	struct perfpoint_site site = {"", pairs->region + 1};
	perfpoint_token token;

	switch ((enum kind)pairs->kind) {
	case KIND_START:
		perfpoint_START(pairs->mark);
		pairs->inside(pairs->argument);
		perfpoint_END();
		break;
	case KIND_BEGIN:
		perfpoint__begin(&site);
		pairs->inside(pairs->argument);
		perfpoint_END();
		break;
	case KIND_SCOPE:
		token = perfpoint__enter(&site);
		pairs->inside(pairs->argument);
		perfpoint__leave(&token);
		break;
	}
}
