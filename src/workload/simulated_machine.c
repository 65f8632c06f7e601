/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine's name, size and digest. Numbers of two simulated machines are as little
 * comparable as those of two real ones; the digest tells apart descriptions of one name, so that
 * an edited file is another machine, but not for a comment.
 */
#include "workload/simulated_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/machine.h"
#include "workload/machine_description.h"

/* FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_BASIS 2166136261u
#define FNV_PRIME 16777619u

/* Comments, blanks and empty lines left out; lines end in LF. */
static uint32_t digest_of(const char *text)
{
	uint32_t digest = FNV_BASIS;

	while (*text) {
		size_t end = strcspn(text, "\n");
		size_t length = strcspn(text, "#\n");
		char last = '\n';

		for (size_t i = 0; i < length; i++) {
			if (strchr(" \t\r", text[i]))
				continue;
			last = text[i];
			digest = (digest ^ (unsigned char)last) * FNV_PRIME;
		}
		if (last != '\n')
			digest = (digest ^ '\n') * FNV_PRIME;
		text += end + (text[end] == '\n');
	}
	return digest;
}

int simulated_machine_read(struct simulated_machine *machine, const char *text,
			   const char *origin, struct error *error)
{
	struct machine_problem problem = {0};
	struct machine_config config;

	machine_config_default(&config);
	if (machine_config_parse(&config, text, strlen(text), &problem) ||
	    machine_config_check(&config, &problem))
		return error_set(error, -EINVAL,
				 "cannot simulate the machine of %s: %s", origin,
				 problem.text);
	*machine = (struct simulated_machine){
		.text = strdup(text),
		.cores = (int)(config.sockets * config.cores),
		.sockets = (int)config.sockets,
		.digest = digest_of(text),
	};
	_Static_assert(sizeof(machine->name) >= MACHINE_NAME_BYTES, "it must fit");
	memcpy(machine->name, config.name, sizeof(config.name));
	return machine->text ? 0 : error_no_memory(error, "reading a description");
}

int simulated_machine_find(struct simulated_machine *machine, const char *name,
			   struct error *error)
{
	char *text, *origin;
	int code = machine_description_resolve(name, &text, &origin, error);

	if (code)
		return code;
	code = simulated_machine_read(machine, text, origin, error);
	free(text);
	free(origin);
	return code;
}

void simulated_machine_free(struct simulated_machine *machine)
{
	free(machine->text);
	*machine = (struct simulated_machine){0};
}
