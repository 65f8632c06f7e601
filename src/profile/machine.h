/* SPDX-License-Identifier: MIT */
/* The machine's fingerprint: what makes two measurements comparable. */
#ifndef AUTOPERF_PROFILE_MACHINE_H
#define AUTOPERF_PROFILE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

struct machine {
	char cpu_model[128];
	char architecture[32];
	int cores;         /* CPUs online */
	int cores_allowed; /* CPUs in the affinity mask */
	int numa_nodes;
	int smt;           /* 1 on, 0 off, -1 unknown */
	char governor[32]; /* cpufreq governor of CPU 0, "" unknown */
	int turbo;         /* 1 on, 0 off, -1 unknown */
	char kernel[128];  /* release and version */
	char hypervisor
		[32]; /* "", or "kvm", "vmware", "hyper-v", "xen", ..., "unknown" */
	char container[32]; /* "", or "docker", "podman", "lxc", "kubernetes", ... */
	char hostname[64];
	unsigned long memory_bytes;
};

/* Reads /proc and /sys; what is unknown stays empty, 0 or -1. Never fails. */
void machine_probe(struct machine *machine);
/*
 * The part that comes from files, with `root` in front of their paths ("" is this machine):
 * for tests, and for machines of which only the files are at hand. Leaves the other fields.
 */
void machine_probe_files(struct machine *machine, const char *root);
/*
 * Whether numbers of one may be compared with the other: same CPU model, core count and
 * architecture. Else *why (size bytes) gets a sentence.
 */
bool machine_comparable(const struct machine *a, const struct machine *b, char *why,
			size_t size);

#endif
