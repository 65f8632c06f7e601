/* SPDX-License-Identifier: MIT */
/* A library with a marker, loaded and unloaded by scenario loads_plugin. */
#include "perfpoint.h"

void plugin_region(void);
void plugin_region(void)
{
	PERFPOINT_SCOPE("plugin");
}
