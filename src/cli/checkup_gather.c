/* SPDX-License-Identifier: MIT */
/*
 * Facts for `autoperf doctor`: see checkup.h. What can be tried is tried (events, PAPI); the
 * rest is read from /proc and /sys.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/checkup.h"
#include "event/kernel_file.h"
#include "event/papi.h"
#include "event/pmu.h"
#include "workload/machine_description.h"
#include "workload/simulator.h"
#include "workload/workload.h"

#define RUNTIME     "libperfpoint.so.0"
#define PAPI_PLUGIN "libperfpoint-papi.so"

/* Bits of CapEff and CapAmb in /proc/self/status (capabilities(7)). */
#define CAPABILITY_SYS_ADMIN (UINT64_C(1) << 21)
#define CAPABILITY_PERFMON   (UINT64_C(1) << 38)

/* Number in a file below root, or CHECKUP_UNKNOWN. */
static int number_below(const char *root, const char *path)
{
	char full[PATH_MAX];
	int64_t value;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= PATH_MAX ||
	    kernel_file_number(full, &value) || value < INT_MIN || value > INT_MAX)
		return CHECKUP_UNKNOWN;
	return (int)value;
}

/* The seccomp mode and the capabilities. */
static void gather_status(struct checkup_facts *facts, const char *root)
{
	const uint64_t enough = CAPABILITY_PERFMON | CAPABILITY_SYS_ADMIN;
	char path[PATH_MAX];
	char line[256];
	uint64_t effective = 0, ambient = 0;
	FILE *status;

	facts->root = !geteuid();
	facts->seccomp = CHECKUP_UNKNOWN;
	if (snprintf(path, sizeof(path), "%s/proc/self/status", root) >= PATH_MAX)
		return;
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status)) {
		if (!strncmp(line, "CapEff:", 7))
			effective = strtoull(line + 7, NULL, 16);
		else if (!strncmp(line, "CapAmb:", 7))
			ambient = strtoull(line + 7, NULL, 16);
		else if (!strncmp(line, "Seccomp:", 8))
			facts->seccomp = (int)strtol(line + 8, NULL, 10);
	}
	if (status)
		fclose(status);
	facts->perfmon = effective & enough;
	/* execve() keeps root's capabilities and ambient ones (capabilities(7)). */
	facts->perfmon_inherits = facts->perfmon && (facts->root || (ambient & enough));
}

/* The first of the paths that exists below root, or "". */
static void first_existing(const char *root, const char *const *paths, size_t count,
			   char *found, size_t size)
{
	char full[PATH_MAX];

	*found = '\0';
	for (size_t i = 0; i < count && !*found; i++)
		if (snprintf(full, sizeof(full), "%s%s", root, paths[i]) < PATH_MAX &&
		    !access(full, F_OK))
			snprintf(found, size, "%s", paths[i]);
}

static void gather_switches(struct checkup_facts *facts, const char *root)
{
	static const char *const user_reads[] = {
		"/sys/bus/event_source/devices/cpu/rdpmc",
		"/sys/bus/event_source/devices/cpu_core/rdpmc",
		"/proc/sys/kernel/perf_user_access",
	};
	static const char *const turbos[] = {
		"/sys/devices/system/cpu/intel_pstate/no_turbo",
		"/sys/devices/system/cpu/cpufreq/boost",
	};

	facts->nmi_watchdog = number_below(root, "/proc/sys/kernel/nmi_watchdog");
	first_existing(root, user_reads, sizeof(user_reads) / sizeof(*user_reads),
		       facts->user_read_switch, sizeof(facts->user_read_switch));
	facts->user_read = CHECKUP_USER_READ_UNKNOWN;
	if (facts->user_read_switch[0])
		facts->user_read = number_below(root, facts->user_read_switch) > 0
					   ? CHECKUP_USER_READ_ON
					   : CHECKUP_USER_READ_OFF;
	first_existing(root, turbos, sizeof(turbos) / sizeof(*turbos),
		       facts->turbo_switch, sizeof(facts->turbo_switch));
}

static void gather_limits(struct checkup_facts *facts)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	facts->files_soft = files.rlim_cur;
	facts->files_hard = files.rlim_max;
}

/* Appends ", name"; a list that is full stays as it is. */
static void append_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	if (used + strlen(name) + 3 < size)
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* The rejected events of a plan on one line. */
static void gather_missing(struct checkup_facts *facts, const struct event_plan *plan)
{
	struct text text = {0};
	size_t used = 0;

	event_plan_describe_rejected(plan, &text);
	for (size_t i = 0; !text.failed && i < text.length; i++) {
		if (used + 2 >= sizeof(facts->default_missing))
			break;
		if (text.chars[i] == '\n')
			facts->default_missing[used++] = ';';
		else if (used || text.chars[i] != ' ')
			facts->default_missing[used++] = text.chars[i];
		/* The indentation of a line becomes the gap behind the semicolon. */
		if (text.chars[i] == '\n' && text.chars[i + 1] == ' ')
			i++;
	}
	facts->default_missing[used] = '\0';
	text_free(&text);
}

/* Which events of the default set work: they are planned as `autoperf record` plans them. */
static void gather_default_events(struct checkup_facts *facts)
{
	const struct event_plan_options options = {.source = EVENT_SOURCE_PERF};
	struct event_plan plan = {0};
	struct error error = {0};

	if (!facts->events.perf_allowed)
		return;
	if (event_plan_make(&plan, &options, &error)) {
		snprintf(facts->default_missing, sizeof(facts->default_missing), "%s",
			 error.text);
		return;
	}
	facts->default_events = plan.events.count;
	facts->default_passes = plan.pass_count;
	for (size_t i = 0; i < plan.events.count; i++)
		append_name(facts->default_names, sizeof(facts->default_names),
			    plan.events.items[i].name);
	gather_missing(facts, &plan);
	event_plan_free(&plan);
}

static void gather_papi(struct checkup_facts *facts)
{
	char *plugin = workload_find_library(PAPI_PLUGIN);
	struct papi_component component;
	struct error error = {0};
	struct papi *papi;

	if (papi_open(&papi, NULL, &error)) {
		snprintf(facts->papi_problem, sizeof(facts->papi_problem), "%s",
			 error.text);
	} else {
		for (int i = 0; papi_component_at(papi, i, &component); i++)
			if (component.works && component.events)
				append_name(facts->papi_components,
					    sizeof(facts->papi_components),
					    component.name);
		snprintf(facts->papi_disabled, sizeof(facts->papi_disabled), "%s",
			 papi_disabled_reason(papi));
		if (!plugin)
			snprintf(facts->papi_problem, sizeof(facts->papi_problem),
				 "the plug-in " PAPI_PLUGIN " is not installed");
		papi_close(papi);
	}
	free(plugin);
}

static void gather_simulator(struct checkup_facts *facts)
{
	struct simulator simulator = {0};
	struct text machines = {0};
	struct error error = {0};
	char *description = NULL, *origin = NULL;
	int code = simulator_find(&simulator, &error);

	if (!code)
		code = machine_description_resolve(NULL, &description, &origin, &error);
	machine_description_names(", ", &machines);
	if (code)
		snprintf(facts->simulator_problem, sizeof(facts->simulator_problem),
			 "%s", error.text);
	else
		snprintf(facts->simulator, sizeof(facts->simulator),
			 "Valgrind %s (%s), tool in %s; machines: %s",
			 simulator_version(), simulator.valgrind, simulator.directory,
			 machines.failed ? "not listed" : machines.chars);
	free(description);
	free(origin);
	text_free(&machines);
	simulator_free(&simulator);
}

static int64_t free_bytes(const char *path)
{
	struct statvfs file_system;

	if (statvfs(path, &file_system))
		return CHECKUP_UNKNOWN;
	return (int64_t)(file_system.f_bavail * file_system.f_frsize);
}

void checkup_gather(struct checkup_facts *facts, const char *root)
{
	char path[PATH_MAX];
	char *runtime;

	*facts = (struct checkup_facts){0};
	machine_probe(&facts->machine);
	if (*root)
		machine_probe_files(&facts->machine, root);
	event_machine_probe(&facts->events);
	facts->reading = reading_measure(&facts->events);
	gather_default_events(facts);
	snprintf(path, sizeof(path), "%s" PMU_DEVICES, root);
	facts->core_pmu = pmu_has_core(path);
	gather_status(facts, root);
	gather_switches(facts, root);
	gather_limits(facts);
	snprintf(path, sizeof(path), "%s/sys", root);
	facts->tracefs = tracefs_find(path, NULL);
	gather_papi(facts);
	gather_simulator(facts);
	runtime = workload_find_library(RUNTIME);
	snprintf(facts->runtime, sizeof(facts->runtime), "%s", runtime ? runtime : "");
	free(runtime);
	facts->shared_memory_bytes = free_bytes("/dev/shm");
	facts->disk_bytes = free_bytes(".");
}
