/* SPDX-License-Identifier: MIT */
/* Which processor this is, as far as the default sets of events tell processors apart. */
#ifndef AUTOPERF_EVENT_PROCESSOR_H
#define AUTOPERF_EVENT_PROCESSOR_H

#include <stddef.h>
#include <stdio.h>

#define PROCESSOR_KEY_BYTES 32

/*
 * The key of this machine's processor, "skylake-sp", "zen4", "neoverse-n1": what
 * default_set_of() takes. Returns 0; -ENODEV when the processor is none of the known ones or
 * the machine has several kinds that are not one product; another -errno when /proc/cpuinfo
 * cannot be read. *key is "" then. `size` should be PROCESSOR_KEY_BYTES.
 */
int event_processor_key(char *key, size_t size);

/* The same from text in the form of /proc/cpuinfo; the stream stays open. */
int processor_key_read(FILE *cpuinfo, char *key, size_t size);

#endif
