/* SPDX-License-Identifier: MIT */
/* profile/machine.c on made-up machines below a directory, and on this one. */
#include "profile/machine.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/scratch.h"

static int set_up(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	scratch_open(scratch);
	*state = scratch;
	return 0;
}

static int tear_down(void **state)
{
	scratch_close(*state);
	free(*state);
	return 0;
}

/* Writes a file of the made-up machine, with the directories above it. */
static void put(const struct scratch *scratch, const char *path, const char *content)
{
	char part[256] = "";

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		mkdir(scratch_path(scratch, part), 0700);
	}
	scratch_write(scratch, path, content, strlen(content));
}

/* What the files say; other fields stay 0. */
static struct machine probe(const struct scratch *scratch)
{
	struct machine machine = {0};

	machine_probe_files(&machine, scratch->directory);
	return machine;
}

static void a_server_is_recognised(void **state)
{
	struct machine machine;

	put(*state, "proc/cpuinfo",
	    "processor\t: 0\n"
	    "vendor_id\t: GenuineIntel\n"
	    "cpu family\t: 6\n"
	    "model\t\t: 106\n"
	    "model name\t: Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz  \n"
	    "flags\t\t: fpu vme de pse\n\n"
	    "processor\t: 1\n"
	    "model name\t: another\n");
	put(*state, "proc/meminfo", "MemTotal:       263827456 kB\nMemFree: 5 kB\n");
	put(*state, "sys/devices/system/cpu/online", "0-55,57-111\n");
	put(*state, "sys/devices/system/cpu/smt/active", "1\n");
	put(*state, "sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
	put(*state, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	    "powersave\n");
	put(*state, "sys/devices/system/node/online", "0-1\n");
	put(*state, "sys/class/dmi/id/product_name", "PowerEdge R750\n");
	put(*state, "sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
	put(*state, "proc/self/cgroup", "0::/user.slice/user-1000.slice\n");
	machine = probe(*state);
	assert_string_equal(machine.cpu_model,
			    "Intel(R) Xeon(R) Gold 6330 CPU @ 2.00GHz");
	assert_int_equal(machine.cores, 111);
	assert_int_equal(machine.numa_nodes, 2);
	assert_int_equal(machine.smt, 1);
	assert_int_equal(machine.turbo, 1);
	assert_string_equal(machine.governor, "powersave");
	assert_true(machine.memory_bytes == UINT64_C(263827456) * 1024);
	assert_string_equal(machine.hypervisor, "");
	assert_string_equal(machine.container, "");
}

static void what_is_unknown_stays_empty(void **state)
{
	struct machine machine = probe(*state);

	assert_string_equal(machine.cpu_model, "");
	assert_string_equal(machine.governor, "");
	assert_string_equal(machine.hypervisor, "");
	assert_string_equal(machine.container, "");
	assert_int_equal(machine.smt, -1);
	assert_int_equal(machine.turbo, -1);
	assert_int_equal(machine.cores, 0);
	assert_int_equal(machine.numa_nodes, 1);
	assert_int_equal(machine.memory_bytes, 0);
}

static void other_architectures_have_other_lines(void **state)
{
	static const struct {
		const char *cpuinfo;
		const char *model;
	} cases[] = {
		{"processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\n"
		 "CPU architecture: 8\nCPU part\t: 0xd0c\n\n"
		 "processor\t: 1\nCPU implementer\t: 0x42\nCPU part\t: 0x1\n",
		 "ARM implementer 0x41 part 0xd0c"},
		{"processor\t: 0\ncpu\t\t: POWER9, altivec supported\n",
		 "POWER9, altivec supported"},
		{"processor\t: 0\nhart\t\t: 1\nisa\t\t: rv64imafdc\n"
		 "uarch\t\t: sifive,u74-mc\n",
		 "sifive,u74-mc"},
		{"system type\t: generic-loongson-machine\n\nprocessor\t: 0\n"
		 "Model Name\t: Loongson-3A5000\n",
		 "Loongson-3A5000"},
		{"", ""},
		{"model name\n:\nmodel name :", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(*state, "proc/cpuinfo", cases[i].cpuinfo);
		assert_string_equal(probe(*state).cpu_model, cases[i].model);
	}
}

static void turbo_and_threads_can_be_off(void **state)
{
	put(*state, "sys/devices/system/cpu/cpufreq/boost", "1\n");
	put(*state, "sys/devices/system/cpu/smt/active", "0\n");
	assert_int_equal(probe(*state).turbo, 1);
	assert_int_equal(probe(*state).smt, 0);
	put(*state, "sys/devices/system/cpu/cpufreq/boost", "0\n");
	assert_int_equal(probe(*state).turbo, 0);
	put(*state, "sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
	assert_int_equal(probe(*state).turbo, 0);
	put(*state, "sys/devices/system/cpu/smt/active", "perhaps\n");
	assert_int_equal(probe(*state).smt, -1);
}

static void lists_of_cpus_are_counted(void **state)
{
	static const struct {
		const char *list;
		int count;
	} cases[] = {
		{"0\n", 1},
		{"0-3\n", 4},
		{"0-3,8,10-11\n", 7},
		{"\n", 0},
		{"x\n", 0},
		{"3-\n", 0},
		{"3-1\n", 0},
		{"-1\n", 0},
		{"0-3;5\n", 0},
		{"0,\n", 1},
		{"0-4294967296\n", 0},
		{"0-2147483646,0-5\n", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(*state, "sys/devices/system/cpu/online", cases[i].list);
		assert_int_equal(probe(*state).cores, cases[i].count);
	}
}

static void guests_are_told_by_their_firmware(void **state)
{
	static const struct {
		const char *vendor, *product, *hypervisor;
	} cases[] = {
		{"QEMU\n", "Standard PC (Q35 + ICH9, 2009)\n", "kvm"},
		{"QEMU\n", "KVM Virtual Machine\n", "kvm"},
		{"VMware, Inc.\n", "VMware7,1\n", "vmware"},
		{"Microsoft Corporation\n", "Virtual Machine\n", "hyper-v"},
		{"Microsoft Corporation\n", "Surface Laptop\n", ""},
		{"Xen\n", "HVM domU\n", "xen"},
		{"innotek GmbH\n", "VirtualBox\n", "virtualbox"},
		{"LENOVO\n", "20XW\n", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(*state, "sys/class/dmi/id/sys_vendor", cases[i].vendor);
		put(*state, "sys/class/dmi/id/product_name", cases[i].product);
		assert_string_equal(probe(*state).hypervisor, cases[i].hypervisor);
	}
	/* Of the last nothing is known but the CPU's flag. */
	put(*state, "proc/cpuinfo", "flags\t: fpu hypervisor sse\n");
	assert_string_equal(probe(*state).hypervisor, "unknown");
	put(*state, "sys/hypervisor/type", "xen\n");
	assert_string_equal(probe(*state).hypervisor, "xen");
}

static void containers_are_told_by_what_they_leave(void **state)
{
	static const struct {
		const char *path, *content, *container;
	} cases[] = {
		{"run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"},
		{"proc/self/cgroup", "0::/lxc/box\n", "lxc"},
		{"proc/self/cgroup", "1:cpu:/\n0::/docker/0123\n", "docker"},
		{"proc/self/cgroup", "0::/machine.slice/libpod-01.scope\n", "podman"},
		{"proc/self/cgroup", "0::/kubepods/besteffort/pod1\n", "kubernetes"},
		{".dockerenv", "", "docker"},
		{"run/.containerenv", "engine=podman\n", "podman"},
		{"var/run/secrets/kubernetes.io/token", "", "kubernetes"},
	};

	/* Each is a stronger sign than those before it. */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put(*state, cases[i].path, cases[i].content);
		assert_string_equal(probe(*state).container, cases[i].container);
	}
}

static void long_texts_are_cut(void **state)
{
	char text[1000];
	struct machine machine;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "model name : ", 13);
	put(*state, "proc/cpuinfo", text);
	put(*state, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text + 13);
	put(*state, "run/systemd/container", text + 13);
	machine = probe(*state);
	assert_int_equal(strlen(machine.cpu_model), sizeof(machine.cpu_model) - 1);
	assert_int_equal(strlen(machine.governor), sizeof(machine.governor) - 1);
	assert_int_equal(strlen(machine.container), sizeof(machine.container) - 1);
}

static void this_machine_is_what_the_system_says(void **state)
{
	struct machine machine;
	struct utsname name;
	cpu_set_t all, one;

	(void)state;
	machine_probe(&machine);
	assert_int_equal(uname(&name), 0);
	assert_string_equal(machine.architecture, name.machine);
	assert_memory_equal(machine.kernel, name.release, strlen(name.release));
	assert_int_equal(machine.cores, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(machine.memory_bytes > 0);
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(machine.cores_allowed, CPU_COUNT(&all));
	CPU_ZERO(&one);
	for (int cpu = 0; !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	machine_probe(&machine);
	sched_setaffinity(0, sizeof(all), &all);
	assert_int_equal(machine.cores_allowed, 1);
}

static void only_like_machines_are_compared(void **state)
{
	struct machine a = {.cpu_model = "X", .architecture = "x86_64", .cores = 8};
	struct machine b = a;
	char why[128] = "";

	(void)state;
	b.hostname[0] = 'o';
	b.memory_bytes = 5;
	assert_true(machine_comparable(&a, &b, why, sizeof(why)));
	b = a;
	b.cores = 4;
	assert_false(machine_comparable(&a, &b, why, sizeof(why)));
	assert_string_equal(why, "one was measured on 8 CPUs, the other on 4");
	b = a;
	b.cpu_model[0] = 'Y';
	assert_false(machine_comparable(&a, &b, why, sizeof(why)));
	assert_string_equal(why, "one was measured on CPU 'X', the other on 'Y'");
	b = a;
	b.architecture[0] = 'y';
	assert_false(machine_comparable(&a, &b, why, sizeof(why)));
	assert_false(machine_comparable(&a, &b, why, 4));
	assert_string_equal(why, "one");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_server_is_recognised),
		TEST(what_is_unknown_stays_empty),
		TEST(other_architectures_have_other_lines),
		TEST(turbo_and_threads_can_be_off),
		TEST(lists_of_cpus_are_counted),
		TEST(guests_are_told_by_their_firmware),
		TEST(containers_are_told_by_what_they_leave),
		TEST(long_texts_are_cut),
		TEST(this_machine_is_what_the_system_says),
		TEST(only_like_machines_are_compared),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
