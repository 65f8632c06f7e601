/* SPDX-License-Identifier: MIT */
/*
 * What a counter plug-in offers libperfpoint. It is a shared object of its own, so that the
 * libraries it needs (libpapi) are loaded only into processes that asked for them. It exports
 * one symbol, `perfpoint_plugin_v1`, a struct perfpoint_plugin.
 */
#ifndef AUTOPERF_PERFPOINT_PLUGIN_H
#define AUTOPERF_PERFPOINT_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERFPOINT_PLUGIN_SYMBOL "perfpoint_plugin_v1"

struct perfpoint_plugin {
	uint32_t abi; /* 1 */
	/*
	 * Once per process, and once more in a forked child that executes a marker. The names
	 * stay valid. 0, or -1 with the reason in text (size bytes).
	 */
	int (*start)(const char *const *names, size_t count, char *text, size_t size);
	/* Counters of the calling thread, started; NULL with the reason in text. */
	void *(*thread_open)(char *text, size_t size);
	/* values[count] so far, in the order of the names. No lock, no allocation. */
	bool (*thread_read)(void *thread, uint64_t *values);
	/* On the thread itself. */
	void (*thread_close)(void *thread);
};

#endif
