/* SPDX-License-Identifier: MIT */
/*
 * Descriptions of machines for the simulator, by name: what `--machine NAME` means. A name is
 *
 *	default, skylake-2s, ...   one of the descriptions that are installed with AutoPerf
 *	./my.machine, a/b          a file: it has a '/' or ends in ".machine"
 *	host                       this machine, as its kernel describes it
 *
 * What is handed out has been read and checked by the simulator's own code, so that a mistake is
 * told before a program is started.
 */
#ifndef AUTOPERF_WORKLOAD_MACHINE_DESCRIPTION_H
#define AUTOPERF_WORKLOAD_MACHINE_DESCRIPTION_H

#include "base/error.h"
#include "base/text.h"

#define MACHINE_DESCRIPTION_NAME_MAX 64 /* bytes of a name that is no path */

/*
 * The description that `name` (NULL: "default") stands for. *text is the description, *origin
 * the path of its file or "host"; both malloc'd, the caller's, and unchanged on failure. 0 or
 * a negative errno: -ENOENT unknown name or no such file, -EINVAL not a description or an
 * impossible machine; the text names the file, and the line or the values.
 */
int machine_description_resolve(const char *name, char **text, char **origin,
				struct error *error);

/* The same with a directory of installed descriptions and a root of /proc and /sys of one's own. */
struct machine_description_places {
	const char *directory; /* of NAME.machine; NULL: not to be found */
	const char *root;      /* "" is this machine */
};
int machine_description_resolve_in(const struct machine_description_places *places,
				   const char *name, char **text, char **origin,
				   struct error *error);

/*
 * Appends the names that need no file of the user's: "default", "host", then the others in the
 * order of their bytes, with `separator` between them. For help, errors and completion.
 */
void machine_description_names(const char *separator, struct text *names);

/*
 * Appends a description of the machine below `root`, made from the kernel's files; what they do
 * not tell, or tell so that it cannot be simulated, is said in comments. Always one that the
 * simulator takes.
 */
void machine_description_host(const char *root, struct text *text);

#endif
