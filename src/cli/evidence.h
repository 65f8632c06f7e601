/* SPDX-License-Identifier: MIT */
/* Opens what a page shows besides the findings: the model and the profiles of both sides. */
#ifndef AUTOPERF_CLI_EVIDENCE_H
#define AUTOPERF_CLI_EVIDENCE_H

#include "base/console.h"
#include "base/error.h"
#include "detect/findings.h"
#include "report/html.h"

/* What the user names; NULL: nothing. */
struct evidence_paths {
	const char *model;
	const char *normal;
	const char *fresh;
};

struct evidence_files {
	struct report_evidence evidence; /* of the files below */
	struct model *model;
	struct profile *normal;
	struct profile *fresh;
	struct error no_model, no_fresh; /* why they are missing */
};

/*
 * What was named must open. Else the model and the new profile are where the findings say (NULL:
 * then they must be named); when they are not there, the page does without, and says so. Close with evidence_files_close(), also after a
 * failure.
 */
int evidence_files_open(struct evidence_files *files,
			const struct evidence_paths *paths,
			const struct findings *findings, const struct console *console,
			struct error *error);
void evidence_files_close(struct evidence_files *files);

#endif
