/* SPDX-License-Identifier: MIT */
/*
 * Where a profile comes from: command, directory, environment, commit. For people who compare
 * profiles, and for --append, which warns when they differ. Bytes that are no UTF-8 are kept
 * readable, see profile_clean_text().
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/version.h"
#include "workload/capture.h"
#include "workload/environment.h"
#include "workload/recorder.h"

/* `git status` of a huge tree may take long, and is not worth waiting for. */
#define GIT_TIMEOUT_S  10.0
#define GIT_OUTPUT_MAX 4096

#define FACT_COMMAND "command"
#define FACT_COMMIT  "git_commit"

extern char **environ;

/* The variables that change how fast programs run. */
static const char *const interesting_names[] = {"GLIBC_TUNABLES", "LD_LIBRARY_PATH",
						"LD_PRELOAD"};
static const char *const interesting_prefixes[] = {
	"GOMP_", "KMP_", "MALLOC_", "MKL_", "OPENBLAS_", "OMP_", "TBB_"};
static const char *const interesting_suffixes[] = {"_NUM_THREADS"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `length` is that of the name in NAME=VALUE. */
static bool is_interesting(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(interesting_names); i++)
		if (length == strlen(interesting_names[i]) &&
		    !memcmp(name, interesting_names[i], length))
			return true;
	for (size_t i = 0; i < COUNT(interesting_prefixes); i++)
		if (!strncmp(name, interesting_prefixes[i],
			     strlen(interesting_prefixes[i])))
			return true;
	for (size_t i = 0; i < COUNT(interesting_suffixes); i++) {
		size_t suffix = strlen(interesting_suffixes[i]);

		if (length > suffix &&
		    !memcmp(name + length - suffix, interesting_suffixes[i], suffix))
			return true;
	}
	return false;
}

static json_t *clean_string(const char *bytes, size_t length)
{
	char *text = profile_clean_text(bytes, length);
	json_t *string = text ? json_string(text) : NULL;

	free(text);
	return string;
}

/* Adds NAME=VALUE; false when out of memory. */
static bool put_variable(json_t *object, const char *item, size_t length)
{
	const char *value = item[length] ? item + length + 1 : "";
	char *name = profile_clean_text(item, length);
	json_t *text = clean_string(value, strlen(value));
	bool done = name && text && !json_object_set(object, name, text);

	json_decref(text);
	free(name);
	return done;
}

/* What is interesting in `inherited`, and all of `added`; a JSON object, malloc'd. */
static char *environment_json(char *const *inherited, char *const *added)
{
	json_t *object = json_object();
	bool done = object;

	for (; done && inherited && *inherited; inherited++) {
		size_t length = strcspn(*inherited, "=");

		if (is_interesting(*inherited, length))
			done = put_variable(object, *inherited, length);
	}
	for (; done && added && *added; added++)
		done = put_variable(object, *added, strcspn(*added, "="));

	char *text = done ? json_dumps(object, JSON_SORT_KEYS) : NULL;

	json_decref(object);
	return text;
}

/* A JSON array, malloc'd. */
static char *command_json(char *const *argv)
{
	json_t *array = json_array();
	bool done = array;

	for (; done && *argv; argv++)
		done = !json_array_append_new(array,
					      clean_string(*argv, strlen(*argv)));

	char *text = done ? json_dumps(array, 0) : NULL;

	json_decref(array);
	return text;
}

/* Takes over `value`, which is NULL when it could not be made. */
static int set_owned(struct profile *profile, const char *key, char *value,
		     struct error *error)
{
	int code = value ? profile_set_fact(profile, key, value, error)
			 : error_no_memory(error, "describing the measurement");

	free(value);
	return code;
}

/* The commit that is checked out here, malloc'd; NULL without git or repository. */
static char *git_commit(void)
{
	static const char *const argv[] = {"git", "rev-parse", "--verify", "HEAD",
					   NULL};
	char *commit = NULL;

	if (capture_output(argv, GIT_OUTPUT_MAX, GIT_TIMEOUT_S, &commit))
		return NULL;
	commit[strcspn(commit, "\n")] = '\0';
	return commit;
}

/* Absent git, or no repository, is fine: then there is no commit to name. */
static int store_commit(struct profile *profile, struct error *error)
{
	/* Files that git does not know (the profile itself) make no version dirty. */
	static const char *const status[] = {
		"git",         "--no-optional-locks",  "status",
		"--porcelain", "--untracked-files=no", NULL};
	char *commit = git_commit();
	char *changes = NULL;
	int code;

	if (!commit)
		return 0;
	code = set_owned(profile, FACT_COMMIT, commit, error);
	if (code || capture_output(status, GIT_OUTPUT_MAX, GIT_TIMEOUT_S, &changes))
		return code;
	code = profile_set_fact(profile, "git_dirty", *changes ? "1" : "0", error);
	free(changes);
	return code;
}

/* ISO 8601, UTC. */
static int store_time(struct profile *profile, struct error *error)
{
	time_t now = time(NULL);
	struct tm utc;
	char text[32];

	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return profile_set_fact(profile, "created_utc", text, error);
}

static int store_directory(struct profile *profile, struct error *error)
{
	char *path = getcwd(NULL, 0);
	char *text;

	if (!path)
		return 0; /* it has been removed */
	text = profile_clean_text(path, strlen(path));
	free(path);
	return set_owned(profile, "directory", text, error);
}

/* What markers were to take at most, as a share of the program's time. */
static int store_budget(struct profile *profile, double share, struct error *error)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", share);
	return profile_set_fact(profile, FACT_MAX_OVERHEAD, text, error);
}

int recorder_store_facts(struct recorder *recorder, struct error *error)
{
	const struct record_options *options = recorder->options;
	struct profile *profile = recorder->profile;
	int code = store_time(profile, error);

	if (!code)
		code = profile_set_fact(profile, "tool_version", AUTOPERF_VERSION,
					error);
	if (!code)
		code = set_owned(profile, FACT_COMMAND, command_json(options->argv),
				 error);
	if (!code)
		code = store_directory(profile, error);
	if (!code && recorder->plan.source != EVENT_SOURCE_SIM)
		code = store_budget(profile, options->max_overhead, error);
	if (!code)
		code = set_owned(profile, "environment",
				 environment_json(environ, options->environment),
				 error);
	if (!code && recorder->plan.source == EVENT_SOURCE_SIM)
		code = profile_set_fact(profile, FACT_SIMULATED_MACHINE,
					recorder->simulation.machine.text, error);
	if (!code && recorder->plan.source == EVENT_SOURCE_SIM)
		code = profile_set_fact(profile, "simulated_on", recorder->simulated_on,
					error);
	if (!code)
		code = store_commit(profile, error);
	return code;
}

int recorder_compare_facts(struct recorder *recorder, struct error *error)
{
	const struct record_options *options = recorder->options;
	char *command = command_json(options->argv);
	char *old_command = profile_get_fact(recorder->profile, FACT_COMMAND);
	char *commit = git_commit();
	char *old_commit = profile_get_fact(recorder->profile, FACT_COMMIT);
	int code = 0;

	if (!command)
		code = error_no_memory(error, "comparing commands");
	else if (old_command && strcmp(command, old_command) != 0)
		console_warn(
			&recorder->console,
			"'%s' was recorded with another command, %s; its runs and the "
			"new ones will count as one workload",
			options->output, old_command);
	if (!code && commit && old_commit && strcmp(commit, old_commit) != 0)
		console_warn(
			&recorder->console,
			"'%s' was recorded at another commit, %.12s; its runs and the "
			"new ones will count as one version",
			options->output, old_commit);
	free(command);
	free(old_command);
	free(commit);
	free(old_commit);
	return code;
}
