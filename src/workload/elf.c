/* SPDX-License-Identifier: MIT */
/* ELF headers, bounds-checked: see elf.h. Reads with pread(2); maps and allocates nothing. */
#include "workload/elf.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel's own limit on the size of the program header table (fs/binfmt_elf.c). */
#define PROGRAM_HEADERS_BYTES_MAX 65536u

#define NATIVE_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#define NATIVE_DATA  (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)

/* Bytes at `offset`; fewer than `length` at the end of the file, or a negative errno. */
static ssize_t read_at(int fd, void *bytes, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t got = pread(fd, (char *)bytes + done, length - done,
				    (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* Whether [offset, offset + length) lies within `file_bytes`, whatever the numbers are. */
static int within(uint64_t offset, uint64_t length, uint64_t file_bytes)
{
	return offset <= file_bytes && length <= file_bytes - offset;
}

/* Reads the loader's path. Returns 0 with elf->kind set, or a negative errno. */
static int read_loader(int fd, const ElfW(Phdr) * header, struct elf_file *elf)
{
	size_t length = (size_t)header->p_filesz;

	elf->kind = ELF_DAMAGED;
	if (length < 2 || header->p_filesz > sizeof(elf->loader))
		return 0;

	ssize_t got = read_at(fd, elf->loader, length, header->p_offset);

	if (got < 0)
		return (int)got;
	if ((size_t)got < length)
		elf->kind = ELF_TRUNCATED;
	else if (!elf->loader[length - 1] && elf->loader[0])
		elf->kind = ELF_DYNAMIC;
	return 0;
}

/* Walks the program headers of a file of our own class and byte order. */
static int read_program_headers(int fd, const ElfW(Ehdr) * file, uint64_t file_bytes,
				struct elf_file *elf)
{
	uint64_t table_bytes = (uint64_t)file->e_phnum * sizeof(ElfW(Phdr));
	ElfW(Phdr) loader = {.p_type = PT_NULL};

	if (!file->e_phnum || file->e_phentsize != sizeof(ElfW(Phdr)) ||
	    table_bytes > PROGRAM_HEADERS_BYTES_MAX) {
		elf->kind = ELF_DAMAGED;
		return 0;
	}
	elf->kind = ELF_TRUNCATED;
	if (!within(file->e_phoff, table_bytes, file_bytes))
		return 0;
	for (unsigned i = 0; i < file->e_phnum; i++) {
		ElfW(Phdr) header;
		ssize_t got = read_at(fd, &header, sizeof(header),
				      file->e_phoff + i * sizeof(header));

		if (got < 0)
			return (int)got;
		if ((size_t)got < sizeof(header))
			return 0;
		if (header.p_type != PT_LOAD && header.p_type != PT_INTERP)
			continue;
		if (!within(header.p_offset, header.p_filesz, file_bytes))
			return 0;
		/* The kernel takes the first. */
		if (header.p_type == PT_INTERP && loader.p_type == PT_NULL)
			loader = header;
	}
	if (loader.p_type == PT_INTERP)
		return read_loader(fd, &loader, elf);
	elf->kind = ELF_STATIC;
	return 0;
}

int elf_read(int fd, struct elf_file *elf)
{
	ElfW(Ehdr) file;
	struct stat status;

	memset(elf, 0, sizeof(*elf));
	if (fstat(fd, &status))
		return -errno;

	ssize_t got = read_at(fd, &file, sizeof(file), 0);

	if (got < 0)
		return (int)got;
	if (got < SELFMAG || memcmp(file.e_ident, ELFMAG, SELFMAG))
		return 0;
	elf->kind = ELF_TRUNCATED;
	/* Ident, type and machine are laid out alike in both classes. */
	if ((size_t)got < offsetof(ElfW(Ehdr), e_version))
		return 0;

	unsigned char class = file.e_ident[EI_CLASS];
	unsigned char data = file.e_ident[EI_DATA];

	if ((class != ELFCLASS32 && class != ELFCLASS64) ||
	    (data != ELFDATA2LSB && data != ELFDATA2MSB)) {
		elf->kind = ELF_DAMAGED;
		return 0;
	}
	elf->bits = class == ELFCLASS64 ? 64 : 32;
	elf->machine = data == NATIVE_DATA ? file.e_machine
					   : __builtin_bswap16(file.e_machine);
	if (class != NATIVE_CLASS || data != NATIVE_DATA) {
		elf->kind = ELF_FOREIGN;
		return 0;
	}
	if ((size_t)got < sizeof(file))
		return 0;
	if (file.e_type != ET_EXEC && file.e_type != ET_DYN) {
		elf->kind = ELF_NO_PROGRAM;
		return 0;
	}
	return read_program_headers(fd, &file, (uint64_t)status.st_size, elf);
}

const char *elf_machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{EM_386, "x86"},          {EM_X86_64, "x86-64"},
		{EM_ARM, "arm"},          {EM_AARCH64, "arm64"},
		{EM_RISCV, "RISC-V"},     {EM_PPC, "PowerPC"},
		{EM_PPC64, "PowerPC 64"}, {EM_S390, "s390"},
		{EM_MIPS, "MIPS"},        {EM_LOONGARCH, "LoongArch"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}
