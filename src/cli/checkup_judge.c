/* SPDX-License-Identifier: MIT */
/*
 * Judgements for `autoperf doctor`: see checkup.h. One function a check; each says what was
 * found, and unless that is fine, what it costs and the exact command that mends it. Nothing
 * here asks the machine.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/checkup.h"

/* Events of a pass of the default set without hardware counters; with them it is more. */
#define USUAL_EVENTS 5
#define FILES_ENOUGH UINT64_C(1024)
#define SPACE_SCARCE (INT64_C(64) << 20)
#define SPACE_ENOUGH (INT64_C(1) << 30)

/* Fills one of a check's texts. */
#define SAY(text, ...) snprintf(text, sizeof(text), __VA_ARGS__)

static void judge_perf(const struct checkup_facts *facts, struct check *check)
{
	if (facts->events.perf_allowed) {
		SAY(check->found, "works for this process%s",
		    facts->events.kernel_allowed ? ", kernel mode included"
						 : ", in user mode only");
		return;
	}
	check->state = CHECK_PROBLEM;
	SAY(check->found, "refused: %s", facts->events.reason);
	SAY(check->cost, "no event can be counted%s; wall time is all there is",
	    facts->simulator_problem[0] ? "" : " except with --source sim");
	SAY(check->mend, "the step named above, or one of the checks below");
}

static void mend_missing_pmu(const struct checkup_facts *facts, struct check *check)
{
	const char *hypervisor = facts->machine.hypervisor;

	if (!strcmp(hypervisor, "vmware"))
		SAY(check->mend, "in the machine's settings: vpmc.enable = \"TRUE\"");
	else if (!strcmp(hypervisor, "hyper-v"))
		SAY(check->mend,
		    "on the host: Set-VMProcessor NAME -Perfmon @(\"pmu\")");
	else if (!strcmp(hypervisor, "xen"))
		SAY(check->mend, "on the host: boot Xen with vpmu=1");
	else if (*hypervisor)
		SAY(check->mend,
		    "on the host: qemu-system-x86_64 -cpu host,pmu=on; in a"
		    " cloud: a bare-metal instance");
	else
		SAY(check->mend,
		    "dmesg | grep -i 'performance events' tells why the kernel"
		    " found none");
}

static void judge_hardware(const struct checkup_facts *facts, struct check *check)
{
	struct text counters = {0};

	if (facts->events.hardware_counters) {
		event_machine_describe(&facts->events, &counters);
		SAY(check->found, "%s", counters.failed ? "there are" : counters.chars);
		text_free(&counters);
		/* The watchdog is a check of its own. */
		if (!facts->events.taken_slots || facts->events.watchdog)
			return;
		check->state = CHECK_NOTE;
		SAY(check->cost, "events need more passes, and so more runs");
		SAY(check->mend,
		    "`sudo lsof | grep perf_event` finds other profilers: end them");
		return;
	}
	SAY(check->cost,
	    "no cycles, instructions, cache or branch misses: causes are told"
	    " from times, page faults and context switches alone%s",
	    facts->simulator_problem[0] ? "" : "; --source sim simulates them");
	if (!facts->events.perf_allowed) {
		check->state = CHECK_NOTE;
		SAY(check->found, "not tried: perf_event_open is refused");
		SAY(check->mend, "see perf_event_open");
		return;
	}
	check->state = facts->core_pmu ? CHECK_PROBLEM : CHECK_NOTE;
	SAY(check->found, "none: %s", facts->events.reason);
	mend_missing_pmu(facts, check);
}

static void judge_default_events(const struct checkup_facts *facts, struct check *check)
{
	size_t passes = facts->default_passes;

	if (!facts->events.perf_allowed) {
		check->state = CHECK_NOTE;
		SAY(check->found, "not tried: perf_event_open is refused");
		SAY(check->cost, "`autoperf record` measures wall time alone");
		SAY(check->mend, "see perf_event_open");
		return;
	}
	if (facts->default_events)
		SAY(check->found, "%zu can be counted, in %zu pass%s: %s%s%s",
		    facts->default_events, passes, passes == 1 ? "" : "es",
		    facts->default_names,
		    facts->default_missing[0] ? "; left out: " : "",
		    facts->default_missing);
	else
		SAY(check->found, "none can be counted: %s", facts->default_missing);
	if (facts->default_events && !facts->default_missing[0])
		return;
	check->state = facts->default_events ? CHECK_NOTE : CHECK_PROBLEM;
	SAY(check->cost, "what they tell is missing when causes are looked for");
	SAY(check->mend, "the steps named above, or other events: autoperf record -e");
}

static void judge_paranoid(const struct checkup_facts *facts, struct check *check)
{
	if (facts->events.paranoid == INT_MIN)
		SAY(check->found, "not visible");
	else
		SAY(check->found, "kernel.perf_event_paranoid is %d",
		    facts->events.paranoid);
	if (facts->events.kernel_allowed || facts->events.paranoid <= 1)
		return;
	check->state = CHECK_PROBLEM;
	if (!facts->events.perf_allowed)
		SAY(check->cost, "nothing can be counted by this user");
	else
		SAY(check->cost, "context switches, migrations and tracepoints cannot "
				 "be counted, the"
				 " others in user mode only");
	SAY(check->mend, "sudo sysctl kernel.perf_event_paranoid=1 (to keep it: echo"
			 " kernel.perf_event_paranoid=1 | sudo tee"
			 " /etc/sysctl.d/60-perf.conf)");
}

static void judge_privileges(const struct checkup_facts *facts, struct check *check)
{
	if (facts->perfmon_inherits) {
		SAY(check->found, facts->root ? "root" : "CAP_PERFMON");
		return;
	}
	if (!facts->perfmon) {
		SAY(check->found,
		    facts->root ? "root without CAP_PERFMON" : "an ordinary user");
		if (facts->events.kernel_allowed)
			return;
	} else {
		SAY(check->found,
		    "CAP_PERFMON, but programs that autoperf starts lose it");
	}
	check->state = CHECK_NOTE;
	SAY(check->cost,
	    "kernel.perf_event_paranoid applies in full to measured programs");
	SAY(check->mend,
	    "sudo setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups"
	    " --inh-caps=+perfmon --ambient-caps=+perfmon autoperf record ...");
}

static void judge_seccomp(const struct checkup_facts *facts, struct check *check)
{
	if (facts->seccomp <= 0) {
		SAY(check->found, facts->seccomp ? "not visible" : "no filter");
		return;
	}
	if (facts->events.perf_allowed) {
		SAY(check->found,
		    "a filter is in force and lets perf_event_open through");
		return;
	}
	check->state = CHECK_PROBLEM;
	SAY(check->found, "a filter is in force");
	SAY(check->cost, "it may be what refuses perf_event_open");
	SAY(check->mend,
	    "docker run --security-opt seccomp=unconfined ... (or --cap-add"
	    " PERFMON)");
}

static void judge_container(const struct checkup_facts *facts, struct check *check)
{
	if (!facts->machine.container[0]) {
		SAY(check->found, "none");
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->found, "runs in %s", facts->machine.container);
	SAY(check->cost,
	    "other containers share processors and caches; settings of the kernel"
	    " must be changed on the host");
	SAY(check->mend,
	    "docker run --cpuset-cpus=0-3 ... gives it processors of its own");
}

static void judge_hypervisor(const struct checkup_facts *facts, struct check *check)
{
	if (!facts->machine.hypervisor[0]) {
		SAY(check->found, "none");
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->found, "a guest of %s", facts->machine.hypervisor);
	SAY(check->cost,
	    "other guests share the processor: times vary more, so more runs are"
	    " needed");
	SAY(check->mend, "autoperf record -n 20 ...");
}

static void judge_watchdog(const struct checkup_facts *facts, struct check *check)
{
	if (facts->nmi_watchdog != 1) {
		SAY(check->found, facts->nmi_watchdog ? "not there" : "off");
		return;
	}
	SAY(check->found, "on");
	if (!facts->core_pmu)
		return;
	/* There are watchdogs that need no counter. */
	if (facts->events.hardware_counters && !facts->events.taken_slots) {
		SAY(check->found, "on, but no counter is taken");
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->cost,
	    "it holds one hardware counter of every processor: more passes");
	SAY(check->mend, "sudo sysctl kernel.nmi_watchdog=0");
}

/* What reads in user space save, by the measured costs. */
static void judge_slow_reads(const struct checkup_facts *facts, struct check *check)
{
	check->state = CHECK_NOTE;
	if (facts->reading.system_ns > 0)
		SAY(check->cost,
		    "each marker reads the counters by a system call: %.0f ns here",
		    facts->reading.system_ns);
	else
		SAY(check->cost, "each marker reads the counters by a system call");
}

static void judge_user_read(const struct checkup_facts *facts, struct check *check)
{
	const struct reading_cost *reading = &facts->reading;
	bool is_switched = facts->user_read != CHECKUP_USER_READ_UNKNOWN;

	if (!facts->events.hardware_counters) {
		SAY(check->found,
		    "not needed: only hardware counters can be read that way");
		if (reading->system_ns > 0)
			SAY(check->found,
			    "not needed: only hardware counters can be read that way; a"
			    " read by a system call takes %.0f ns",
			    reading->system_ns);
		return;
	}
	if (facts->events.user_read) {
		SAY(check->found, "on (%s): %.0f ns a read, %.0f ns by a system call",
		    is_switched ? facts->user_read_switch : "no switch",
		    reading->user_ns, reading->system_ns);
		return;
	}
	judge_slow_reads(facts, check);
	if (facts->user_read == CHECKUP_USER_READ_OFF) {
		SAY(check->found, "off (%s)", facts->user_read_switch);
		SAY(check->mend, "echo 1 | sudo tee %s", facts->user_read_switch);
	} else if (is_switched) {
		SAY(check->found,
		    "on (%s), but the kernel offers no counter for them: usual in"
		    " guests",
		    facts->user_read_switch);
	} else {
		SAY(check->found, "this kernel or processor does not offer them");
	}
}

static void judge_governor(const struct checkup_facts *facts, struct check *check)
{
	const char *governor = facts->machine.governor;

	if (!*governor || !strcmp(governor, "performance")) {
		SAY(check->found, "%s", *governor ? governor : "not visible");
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->found, "%s", governor);
	SAY(check->cost, "the clock follows the load: times of short runs vary");
	SAY(check->mend, "sudo cpupower frequency-set -g performance");
}

static void judge_turbo(const struct checkup_facts *facts, struct check *check)
{
	bool inverted = strstr(facts->turbo_switch, "no_turbo");

	if (facts->machine.turbo != 1) {
		SAY(check->found, facts->machine.turbo ? "not visible" : "off");
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->found, "on");
	SAY(check->cost,
	    "the clock depends on heat and on how many cores work: times vary");
	if (facts->turbo_switch[0])
		SAY(check->mend, "echo %d | sudo tee %s", inverted,
		    facts->turbo_switch);
}

static void judge_smt(const struct checkup_facts *facts, struct check *check)
{
	if (facts->machine.smt != 1) {
		SAY(check->found, facts->machine.smt ? "not visible" : "off");
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->found, "on");
	SAY(check->cost,
	    "threads that share a core share its caches and counters: results"
	    " depend on where the kernel puts them");
	SAY(check->mend, "echo off | sudo tee /sys/devices/system/cpu/smt/control");
}

static void judge_cpus(const struct checkup_facts *facts, struct check *check)
{
	int allowed = facts->machine.cores_allowed;

	SAY(check->found, "%d online, %d allowed to this process", facts->machine.cores,
	    allowed);
	if (allowed > 1 && allowed >= facts->machine.cores)
		return;
	check->state = CHECK_NOTE;
	if (allowed == 1)
		SAY(check->cost, "threads never run at the same time: false sharing and"
				 " contention hardly show");
	else
		SAY(check->cost, "profiles made with other limits are not comparable");
	if (allowed < facts->machine.cores)
		SAY(check->mend, "taskset -cp 0-%d $$", facts->machine.cores - 1);
}

static void judge_files(const struct checkup_facts *facts, struct check *check)
{
	SAY(check->found,
	    "at most %" PRIu64 " open files: enough for about %" PRIu64
	    " threads with %d events each",
	    facts->files_soft, facts->files_soft / (USUAL_EVENTS + 1), USUAL_EVENTS);
	if (facts->files_soft >= FILES_ENOUGH)
		return;
	check->state = CHECK_NOTE;
	SAY(check->cost, "threads beyond that are not measured");
	if (facts->files_hard > facts->files_soft)
		SAY(check->mend, "ulimit -n %" PRIu64,
		    facts->files_hard < FILES_ENOUGH ? facts->files_hard
						     : FILES_ENOUGH * 4);
	else
		SAY(check->mend,
		    "raise LimitNOFILE= or nofile in /etc/security/limits.conf");
}

static void judge_tracepoints(const struct checkup_facts *facts, struct check *check)
{
	static const char *const found[] = {
		[TRACEFS_READABLE] = "tracefs can be read",
		[TRACEFS_FORBIDDEN] =
			"tracefs is mounted, but this user may not read it",
		[TRACEFS_NOT_MOUNTED] = "tracefs is not mounted",
		[TRACEFS_ABSENT] = "this kernel has no tracefs",
	};

	SAY(check->found, "%s", found[facts->tracefs]);
	if (facts->tracefs == TRACEFS_READABLE)
		return;
	check->state = CHECK_NOTE;
	SAY(check->cost, "tracepoints (sched:sched_switch, ...) cannot be counted");
	if (facts->tracefs == TRACEFS_FORBIDDEN)
		SAY(check->mend, "sudo mount -o remount,mode=755 /sys/kernel/tracing");
	else if (facts->tracefs == TRACEFS_NOT_MOUNTED)
		SAY(check->mend, "sudo mount -t tracefs nodev /sys/kernel/tracing");
}

static void judge_papi(const struct checkup_facts *facts, struct check *check)
{
	if (!facts->papi_problem[0] && !facts->papi_disabled[0]) {
		SAY(check->found, "works; components: %s", facts->papi_components);
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->cost,
	    "--source papi cannot be used for the processor's events; --source"
	    " perf needs no PAPI");
	if (facts->papi_problem[0]) {
		SAY(check->found, "%s", facts->papi_problem);
		SAY(check->mend, "install libpapi and autoperf's PAPI plug-in");
		return;
	}
	SAY(check->found,
	    "its processor component does not work (%s); components that do: %s",
	    facts->papi_disabled,
	    facts->papi_components[0] ? facts->papi_components : "none");
	SAY(check->mend, "a PAPI that knows this processor, or hardware counters");
}

static void judge_simulator(const struct checkup_facts *facts, struct check *check)
{
	if (!facts->simulator_problem[0]) {
		SAY(check->found, "works: %s", facts->simulator);
		return;
	}
	check->state = CHECK_NOTE;
	SAY(check->found, "%s", facts->simulator_problem);
	SAY(check->cost, "--source sim cannot be used%s",
	    facts->events.hardware_counters
		    ? ""
		    : ": cache misses and false sharing are not seen here");
	SAY(check->mend, "the step named above");
}

static void judge_runtime(const struct checkup_facts *facts, struct check *check)
{
	if (facts->runtime[0]) {
		SAY(check->found, "%s", facts->runtime);
		return;
	}
	check->state = CHECK_PROBLEM;
	SAY(check->found, "libperfpoint.so.0 was not found beside autoperf");
	SAY(check->cost, "`autoperf record` cannot measure any program");
	SAY(check->mend, "make install, or export PERFPOINT_LIBRARY_DIR=DIRECTORY");
}

static void judge_space(int64_t bytes, const char *where, struct check *check)
{
	char amount[32];

	if (bytes < 0) {
		SAY(check->found, "%s: not visible", where);
		return;
	}
	SAY(check->found, "%s free in %s",
	    text_bytes((double)bytes, amount, sizeof(amount)), where);
	if (bytes >= SPACE_ENOUGH)
		return;
	check->state = bytes < SPACE_SCARCE ? CHECK_PROBLEM : CHECK_NOTE;
	SAY(check->cost,
	    "recordings take about 100 bytes a sample until each run is read in;"
	    " samples beyond the space are lost");
	SAY(check->mend, "autoperf record --scratch DIRECTORY ...");
}

static void judge_disk(const struct checkup_facts *facts, struct check *check)
{
	judge_space(facts->disk_bytes, "the working directory", check);
}

static void judge_shared_memory(const struct checkup_facts *facts, struct check *check)
{
	judge_space(facts->shared_memory_bytes, "/dev/shm", check);
	/* Only a place that recordings may be put; nothing depends on it. */
	if (check->state == CHECK_PROBLEM)
		check->state = CHECK_NOTE;
}

static const struct {
	const char *name;
	void (*judge)(const struct checkup_facts *facts, struct check *check);
} judges[] = {
	{"perf_event_open", judge_perf},
	{"hardware counters", judge_hardware},
	{"default events", judge_default_events},
	{"perf_event_paranoid", judge_paranoid},
	{"privileges", judge_privileges},
	{"seccomp", judge_seccomp},
	{"container", judge_container},
	{"hypervisor", judge_hypervisor},
	{"NMI watchdog", judge_watchdog},
	{"user-space reads", judge_user_read},
	{"frequency governor", judge_governor},
	{"turbo", judge_turbo},
	{"SMT", judge_smt},
	{"CPUs", judge_cpus},
	{"open files", judge_files},
	{"tracepoints", judge_tracepoints},
	{"PAPI", judge_papi},
	{"valgrind", judge_simulator},
	{"runtime", judge_runtime},
	{"disk space", judge_disk},
	{"shared memory", judge_shared_memory},
};

bool checkup_judge(const struct checkup_facts *facts, size_t index, struct check *check)
{
	if (index >= sizeof(judges) / sizeof(*judges))
		return false;
	*check = (struct check){.name = judges[index].name};
	judges[index].judge(facts, check);
	return true;
}

const char *check_state_name(enum check_state state)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok",
		[CHECK_NOTE] = "note",
		[CHECK_PROBLEM] = "problem",
	};

	return names[state];
}
