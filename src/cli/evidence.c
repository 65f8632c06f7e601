/* SPDX-License-Identifier: MIT */
/* What a page shows besides the findings: see evidence.h. */
#include "cli/evidence.h"

#include <errno.h>
#include <sys/stat.h>

/* Findings may be anybody's: what they name is opened only if it is a file, no device or pipe. */
static int check_file(const char *path, struct error *error)
{
	struct stat status;

	if (stat(path, &status))
		return error_set(error, -errno,
				 "it is no longer where the findings say");
	if (!S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "what the findings name is no file");
	return 0;
}

static int open_model(struct evidence_files *files, const struct evidence_paths *paths,
		      const struct findings *findings, struct error *error)
{
	if (paths->model)
		return model_load(&files->model, paths->model, error);
	if (findings->model_path &&
	    (check_file(findings->model_path, &files->no_model) ||
	     model_load(&files->model, findings->model_path, &files->no_model)))
		files->evidence.no_model = files->no_model.text;
	return 0;
}

static int open_fresh(struct evidence_files *files, const struct evidence_paths *paths,
		      const struct findings *findings, struct error *error)
{
	if (paths->fresh)
		return profile_open(&files->fresh, paths->fresh, PROFILE_READ, error);
	if (findings->profile_path &&
	    (check_file(findings->profile_path, &files->no_fresh) ||
	     profile_open(&files->fresh, findings->profile_path, PROFILE_READ,
			  &files->no_fresh)))
		files->evidence.no_fresh = files->no_fresh.text;
	return 0;
}

int evidence_files_open(struct evidence_files *files,
			const struct evidence_paths *paths,
			const struct findings *findings, const struct console *console,
			struct error *error)
{
	int code;

	*files = (struct evidence_files){.evidence = {.console = console}};
	code = open_model(files, paths, findings, error);
	if (!code)
		code = open_fresh(files, paths, findings, error);
	if (!code && paths->normal)
		code = profile_open(&files->normal, paths->normal, PROFILE_READ, error);
	files->evidence.model = files->model;
	files->evidence.fresh = files->fresh;
	files->evidence.normal = files->normal;
	return code;
}

void evidence_files_close(struct evidence_files *files)
{
	profile_close(files->fresh);
	profile_close(files->normal);
	model_free(files->model);
	*files = (struct evidence_files){0};
}
