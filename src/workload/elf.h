/* SPDX-License-Identifier: MIT */
/*
 * What the headers of an ELF file say about starting it, read with every offset checked
 * against the file's length. Files of another class or byte order are told apart, not parsed.
 */
#ifndef AUTOPERF_WORKLOAD_ELF_H
#define AUTOPERF_WORKLOAD_ELF_H

#include <limits.h>
#include <stdint.h>

enum elf_kind {
	ELF_NONE,      /* no ELF file at all */
	ELF_TRUNCATED, /* begins like one, but ends before what its headers announce */
	ELF_DAMAGED,   /* headers contradict themselves */
	ELF_FOREIGN, /* another class or byte order than this program; not parsed further */
	ELF_NO_PROGRAM, /* object file or core dump */
	ELF_STATIC,     /* started without a dynamic loader */
	ELF_DYNAMIC,    /* started by the loader named in `loader` */
};

struct elf_file {
	enum elf_kind kind;
	int bits;              /* 32 or 64; 0 when too short to tell */
	uint16_t machine;      /* e_machine; valid when bits is */
	char loader[PATH_MAX]; /* ELF_DYNAMIC: path of the dynamic loader (PT_INTERP) */
};

/* Reads from the open file `fd`. Returns 0, or a negative errno when reading failed. */
int elf_read(int fd, struct elf_file *elf);

/* "x86-64" for EM_X86_64 and so on; NULL when it has no name here. */
const char *elf_machine_name(uint16_t machine);

#endif
