/* SPDX-License-Identifier: MIT */
/*
 * The machine's fingerprint: see machine.h. Most of it is files of /proc and /sys, which exist
 * or not by kernel, architecture and container; a missing one leaves its field unknown. Only
 * what changes counters or times is taken, and nothing that changes from run to run.
 */
#include "profile/machine.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "base/text.h"

#define CPUINFO_LINES_MAX 200 /* the first CPU, and what some kernels print before it */

struct name_of {
	const char *pattern;
	const char *name;
};

/* Drops trailing white space. */
static void trim(char *chars)
{
	size_t length = strlen(chars);

	while (length && strchr(" \t\r\n", chars[length - 1]))
		chars[--length] = '\0';
}

static void copy_trimmed(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
	trim(to);
}

static FILE *open_below(const char *root, const char *path)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return NULL;
	return fopen(full, "re");
}

static bool exists_below(const char *root, const char *path)
{
	char full[PATH_MAX];

	return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) &&
	       !access(full, F_OK);
}

/* First line of a small file; false, and an empty text, if there is none. */
static bool read_line(const char *root, const char *path, char *line, size_t size)
{
	FILE *file = open_below(root, path);

	*line = '\0';
	if (!file)
		return false;
	if (!fgets(line, (int)size, file))
		*line = '\0';
	fclose(file);
	trim(line);
	return *line;
}

/* A file that holds 0 or 1; -1 if it is missing or holds something else. */
static int read_switch(const char *root, const char *path)
{
	char line[16];

	if (!read_line(root, path, line, sizeof(line)))
		return -1;
	return strcmp(line, "1") ? strcmp(line, "0") ? -1 : 0 : 1;
}

/* Members of a list like "0-3,8", the kernel's notation; 0 if it is none. */
static int count_list(const char *list)
{
	long count = 0;

	while (*list) {
		char *end;
		long first = strtol(list, &end, 10), last = first;

		if (end == list || first < 0)
			return 0;
		if (*end == '-') {
			list = end + 1;
			last = strtol(list, &end, 10);
			if (end == list)
				return 0;
		}
		if (last < first || last - first >= INT_MAX - count)
			return 0;
		count += last - first + 1;
		if (*end && *end != ',')
			return 0;
		list = *end ? end + 1 : end;
	}
	return (int)count;
}

static int count_list_file(const char *root, const char *path)
{
	char line[4096];

	return read_line(root, path, line, sizeof(line)) ? count_list(line) : 0;
}

static const char *find_name(const struct name_of *names, size_t count,
			     const char *chars)
{
	for (size_t i = 0; i < count; i++)
		if (strcasestr(chars, names[i].pattern))
			return names[i].name;
	return NULL;
}

/* ---- CPU ---- */

/* Value of a "key : value" line, NULL if it has another key. Any case: LoongArch has "Model
 * Name". */
static char *value_of(char *line, const char *key)
{
	size_t length = strlen(key);
	char *at;

	if (strncasecmp(line, key, length))
		return NULL;
	at = line + length + strspn(line + length, " \t");
	if (*at != ':')
		return NULL;
	at++;
	return at + strspn(at, " \t");
}

/*
 * The CPU's model, by whichever line the architecture has, and whether a hypervisor is at work
 * (a flag that only x86 has).
 */
static void read_cpuinfo(struct machine *machine, const char *root, bool *virtual)
{
	static const char *const model_keys[] = {"model name", "cpu model", "uarch",
						 "cpu"};
	char implementer[32] = "", part[32] = "";
	FILE *file = open_below(root, "/proc/cpuinfo");
	char *line = NULL, *value;
	size_t size = 0;

	for (int i = 0;
	     file && i < CPUINFO_LINES_MAX && getline(&line, &size, file) > 0; i++) {
		for (size_t k = 0; k < sizeof(model_keys) / sizeof(*model_keys); k++)
			if (!*machine->cpu_model &&
			    (value = value_of(line, model_keys[k])))
				copy_trimmed(machine->cpu_model,
					     sizeof(machine->cpu_model), value);
		if (!*implementer && (value = value_of(line, "CPU implementer")))
			copy_trimmed(implementer, sizeof(implementer), value);
		if (!*part && (value = value_of(line, "CPU part")))
			copy_trimmed(part, sizeof(part), value);
		if ((value = value_of(line, "flags")) && strstr(value, " hypervisor"))
			*virtual = true;
	}
	/* arm64 says numbers; they tell models apart as well as a name does. */
	if (!*machine->cpu_model && *implementer)
		snprintf(machine->cpu_model, sizeof(machine->cpu_model),
			 "ARM implementer %s part %s", implementer, part);
	free(line);
	if (file)
		fclose(file);
}

static int read_turbo(const char *root)
{
	int off = read_switch(root, "/sys/devices/system/cpu/intel_pstate/no_turbo");

	if (off >= 0)
		return !off;
	return read_switch(root, "/sys/devices/system/cpu/cpufreq/boost");
}

static unsigned long read_memory(const char *root)
{
	FILE *file = open_below(root, "/proc/meminfo");
	unsigned long kib = 0;
	char *line = NULL, *value;
	size_t size = 0;

	while (file && !kib && getline(&line, &size, file) > 0)
		if ((value = value_of(line, "MemTotal")))
			kib = strtoul(value, NULL, 10);
	free(line);
	if (file)
		fclose(file);
	return kib * 1024;
}

/* ---- hypervisor and container ---- */

/* By firmware: the way that every architecture has, if the firmware tells. */
static void read_hypervisor(struct machine *machine, const char *root, bool virtual)
{
	static const struct name_of types[] = {
		{"kvm", "kvm"},
		{"qemu", "kvm"},
		{"vmware", "vmware"},
		{"virtual machine", "hyper-v"},
		{"xen", "xen"},
		{"hvm domu", "xen"},
		{"virtualbox", "virtualbox"},
		{"parallels", "parallels"},
	};
	static const char *const files[] = {
		"/sys/hypervisor/type",
		"/sys/class/dmi/id/product_name",
		"/sys/class/dmi/id/sys_vendor",
	};
	const char *name = NULL;
	char line[128];

	for (size_t i = 0; !name && i < sizeof(files) / sizeof(*files); i++)
		if (read_line(root, files[i], line, sizeof(line)))
			name = find_name(types, sizeof(types) / sizeof(*types), line);
	if (!name && virtual)
		name = "unknown";
	copy_trimmed(machine->hypervisor, sizeof(machine->hypervisor),
		     name ? name : "");
}

/* By CPUID, which cannot be hidden by a container: leaf 0x40000000, vendor's signature. */
static void ask_hypervisor(struct machine *machine)
{
#if defined(__x86_64__) || defined(__i386__)
	static const struct name_of signatures[] = {
		{"KVM", "kvm"},     {"VMware", "vmware"},     {"Microsoft", "hyper-v"},
		{"Xen", "xen"},     {"TCG", "qemu"},          {"VBox", "virtualbox"},
		{"bhyve", "bhyve"}, {"lrpepyh", "parallels"}, {"ACRN", "acrn"},
	};
	const unsigned int leaf = 0x40000000, hypervisor_bit = 1u << 31;
	unsigned int a, b, c, d;
	char signature[13] = "";
	const char *name;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & hypervisor_bit))
		return;
	__cpuid(leaf, a, b, c, d);
	memcpy(signature, &b, 4);
	memcpy(signature + 4, &c, 4);
	memcpy(signature + 8, &d, 4);
	name = find_name(signatures, sizeof(signatures) / sizeof(*signatures),
			 signature);
	copy_trimmed(machine->hypervisor, sizeof(machine->hypervisor),
		     name ? name : "unknown");
#else
	(void)machine;
#endif
}

static void read_container(struct machine *machine, const char *root)
{
	static const struct name_of marks[] = {
		{"/var/run/secrets/kubernetes.io", "kubernetes"},
		{"/run/.containerenv", "podman"},
		{"/.dockerenv", "docker"},
	};
	static const struct name_of groups[] = {
		{"kubepods", "kubernetes"},
		{"libpod", "podman"},
		{"docker", "docker"},
		{"/lxc", "lxc"},
	};
	FILE *file;
	char *line = NULL;
	const char *name = NULL;
	size_t size = 0;

	for (size_t i = 0; !name && i < sizeof(marks) / sizeof(*marks); i++)
		if (exists_below(root, marks[i].pattern))
			name = marks[i].name;
	file = name ? NULL : open_below(root, "/proc/self/cgroup");
	while (file && !name && getline(&line, &size, file) > 0)
		name = find_name(groups, sizeof(groups) / sizeof(*groups), line);
	free(line);
	if (file)
		fclose(file);
	if (name)
		copy_trimmed(machine->container, sizeof(machine->container), name);
	else /* the host's manager names the rest, "systemd-nspawn" */
		read_line(root, "/run/systemd/container", machine->container,
			  sizeof(machine->container));
}

/* ---- the whole ---- */

void machine_probe_files(struct machine *machine, const char *root)
{
	bool virtual = false;

	*machine->cpu_model = '\0';
	read_cpuinfo(machine, root, &virtual);
	machine->cores = count_list_file(root, "/sys/devices/system/cpu/online");
	machine->numa_nodes = count_list_file(root, "/sys/devices/system/node/online");
	/* Kernels without NUMA have no such file. */
	if (!machine->numa_nodes)
		machine->numa_nodes = 1;
	machine->smt = read_switch(root, "/sys/devices/system/cpu/smt/active");
	machine->turbo = read_turbo(root);
	read_line(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
		  machine->governor, sizeof(machine->governor));
	machine->memory_bytes = read_memory(root);
	read_hypervisor(machine, root, virtual);
	read_container(machine, root);
}

/* CPUs in our affinity mask; 0 if unknown. The kernel says EINVAL to a mask that is too
 * small for the machine. */
static int count_allowed(void)
{
	for (size_t cpus = 1024; cpus <= 1u << 20; cpus *= 2) {
		size_t bytes = CPU_ALLOC_SIZE(cpus);
		cpu_set_t *set = CPU_ALLOC(cpus);
		int result = set ? sched_getaffinity(0, bytes, set) : -1;
		bool larger = result && set && errno == EINVAL;
		int count = result ? 0 : CPU_COUNT_S(bytes, set);

		CPU_FREE(set);
		if (!larger)
			return count;
	}
	return 0;
}

void machine_probe(struct machine *machine)
{
	struct utsname name;
	struct text kernel = {0};

	*machine = (struct machine){0};
	machine_probe_files(machine, "");
	if (!machine->cores)
		machine->cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	machine->cores_allowed = count_allowed();
	ask_hypervisor(machine);
	if (uname(&name))
		return;
	copy_trimmed(machine->architecture, sizeof(machine->architecture),
		     name.machine);
	copy_trimmed(machine->hostname, sizeof(machine->hostname), name.nodename);
	text_printf(&kernel, "%s %s", name.release, name.version);
	if (!kernel.failed)
		copy_trimmed(machine->kernel, sizeof(machine->kernel), kernel.chars);
	text_free(&kernel);
}

bool machine_comparable(const struct machine *a, const struct machine *b, char *why,
			size_t size)
{
	if (strcmp(a->architecture, b->architecture))
		snprintf(why, size, "one was measured on %s, the other on %s",
			 a->architecture, b->architecture);
	else if (strcmp(a->cpu_model, b->cpu_model))
		snprintf(why, size, "one was measured on CPU '%s', the other on '%s'",
			 a->cpu_model, b->cpu_model);
	else if (a->cores && b->cores &&
		 a->cores != b->cores) /* 0: unknown, an import */
		snprintf(why, size, "one was measured on %d CPUs, the other on %d",
			 a->cores, b->cores);
	else
		return true;
	return false;
}
