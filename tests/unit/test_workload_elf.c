/* SPDX-License-Identifier: MIT */
/* src/workload/elf.c: headers made byte by byte, good, cut and contradictory. */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"
#include "workload/elf.h"

#define LOADER "/lib/ld-test.so.1"

/* A small program: file header, PT_LOAD over all of it, PT_INTERP, the loader's path. */
struct image {
	ElfW(Ehdr) file;
	ElfW(Phdr) load;
	ElfW(Phdr) interpreter;
	char loader[sizeof(LOADER)];
};

static struct image good_image(void)
{
	struct image image = {
		.file = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32,
				     __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB
								     : ELFDATA2MSB,
				     EV_CURRENT},
			 .e_type = ET_DYN,
			 .e_machine = EM_X86_64,
			 .e_phoff = offsetof(struct image, load),
			 .e_phentsize = sizeof(ElfW(Phdr)),
			 .e_phnum = 2},
		.load = {.p_type = PT_LOAD, .p_filesz = sizeof(struct image)},
		.interpreter = {.p_type = PT_INTERP,
				.p_offset = offsetof(struct image, loader),
				.p_filesz = sizeof(LOADER)},
		.loader = LOADER,
	};

	return image;
}

/* What elf_read() makes of a file with these bytes. */
static struct elf_file read_bytes(const void *bytes, size_t length)
{
	struct elf_file elf;
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(elf_read(fd, &elf), 0);
	close(fd);
	return elf;
}

static struct elf_file read_image(const struct image *image)
{
	return read_bytes(image, sizeof(*image));
}

static void a_program_with_a_loader_is_dynamic(void **state)
{
	(void)state;
	struct image image = good_image();
	struct elf_file elf = read_image(&image);

	assert_int_equal(elf.kind, ELF_DYNAMIC);
	assert_string_equal(elf.loader, LOADER);
	assert_int_equal(elf.bits, sizeof(void *) * 8);
	assert_int_equal(elf.machine, EM_X86_64);
}

static void this_test_is_dynamic(void **state)
{
	(void)state;
	struct elf_file elf;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(elf_read(fd, &elf), 0);
	close(fd);
	assert_int_equal(elf.kind, ELF_DYNAMIC);
	assert_int_equal(access(elf.loader, X_OK), 0);
	assert_non_null(elf_machine_name(elf.machine));
}

static void a_program_without_loader_is_static(void **state)
{
	(void)state;
	struct image image = good_image();

	image.interpreter.p_type = PT_NOTE;
	assert_int_equal(read_image(&image).kind, ELF_STATIC);
}

static void the_first_loader_counts(void **state)
{
	(void)state;
	struct image image = good_image();

	image.load = image.interpreter;
	image.load.p_offset++;
	image.load.p_filesz--;
	assert_string_equal(read_image(&image).loader, &LOADER[1]);
}

static void other_files_are_no_elf(void **state)
{
	(void)state;
	assert_int_equal(read_bytes("", 0).kind, ELF_NONE);
	assert_int_equal(read_bytes("\x7f"
				    "EL",
				    3)
				 .kind,
			 ELF_NONE);
	assert_int_equal(read_bytes("#!/bin/sh\n", 10).kind, ELF_NONE);
}

static void cut_at_any_byte_it_is_truncated(void **state)
{
	(void)state;
	struct image image = good_image();

	for (size_t length = SELFMAG; length < sizeof(image); length++)
		assert_int_equal(read_bytes(&image, length).kind, ELF_TRUNCATED);
}

static void segments_beyond_the_end_are_truncated(void **state)
{
	(void)state;
	struct image image = good_image();

	image.load.p_filesz = sizeof(image) + 1;
	assert_int_equal(read_image(&image).kind, ELF_TRUNCATED);
	image = good_image();
	image.load.p_offset = (ElfW(Off)) - 1; /* offset + size wraps around */
	image.load.p_filesz = 2;
	assert_int_equal(read_image(&image).kind, ELF_TRUNCATED);
	image = good_image();
	image.file.e_phoff = (ElfW(Off)) - 8;
	assert_int_equal(read_image(&image).kind, ELF_TRUNCATED);
}

static void contradicting_headers_are_damage(void **state)
{
	(void)state;
	struct image image = good_image();

	image.file.e_phnum = 0;
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
	image.file.e_phnum = PN_XNUM;
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
	image = good_image();
	image.file.e_phentsize = 1;
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
	image = good_image();
	image.file.e_ident[EI_CLASS] = 3;
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
	image = good_image();
	image.file.e_ident[EI_DATA] = 0;
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
}

static void a_loader_without_end_or_name_is_damage(void **state)
{
	(void)state;
	struct image image = good_image();

	image.interpreter.p_filesz--; /* the NUL is outside */
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
	image.interpreter.p_filesz = 1;
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
	image = good_image();
	image.loader[0] = '\0';
	assert_int_equal(read_image(&image).kind, ELF_DAMAGED);
}

static void a_loader_longer_than_a_path_is_damage(void **state)
{
	(void)state;
	struct {
		struct image image;
		char more[PATH_MAX];
	} file = {.image = good_image()};

	memset(file.image.loader, 'x', sizeof(file.image.loader));
	memset(file.more, 'x', sizeof(file.more) - 1);
	file.image.interpreter.p_filesz = sizeof(LOADER) + sizeof(file.more);
	assert_int_equal(read_bytes(&file, sizeof(file)).kind, ELF_DAMAGED);
}

static void object_files_and_core_dumps_are_no_programs(void **state)
{
	(void)state;
	struct image image = good_image();

	image.file.e_type = ET_REL;
	assert_int_equal(read_image(&image).kind, ELF_NO_PROGRAM);
	image.file.e_type = ET_CORE;
	assert_int_equal(read_image(&image).kind, ELF_NO_PROGRAM);
}

static void another_class_or_byte_order_is_foreign(void **state)
{
	(void)state;
	struct image image = good_image();

	image.file.e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
	struct elf_file elf = read_image(&image);
	assert_int_equal(elf.kind, ELF_FOREIGN);
	assert_int_equal(elf.bits, sizeof(void *) == 8 ? 32 : 64);
	assert_int_equal(elf.machine, EM_X86_64);

	image = good_image();
	image.file.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	image.file.e_machine = __builtin_bswap16(EM_S390);
	elf = read_image(&image);
	assert_int_equal(elf.kind, ELF_FOREIGN);
	assert_int_equal(elf.machine, EM_S390);
	assert_string_equal(elf_machine_name(elf.machine), "s390");
}

static void any_bytes_are_read_without_harm(void **state)
{
	(void)state;
	struct random random;

	random_seed(&random, 1, 1);
	for (int turn = 0; turn < 20000; turn++) {
		struct image image = good_image();
		unsigned char *bytes = (unsigned char *)&image;

		for (uint32_t i = random_below(&random, 8); i-- > 0;)
			bytes[random_below(&random, sizeof(image))] =
				(unsigned char)random_u32(&random);

		struct elf_file elf =
			read_bytes(&image, random_below(&random, sizeof(image) + 1));

		if (elf.kind == ELF_DYNAMIC)
			assert_true(strnlen(elf.loader, sizeof(elf.loader)) <
				    sizeof(elf.loader));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_with_a_loader_is_dynamic),
		cmocka_unit_test(this_test_is_dynamic),
		cmocka_unit_test(a_program_without_loader_is_static),
		cmocka_unit_test(the_first_loader_counts),
		cmocka_unit_test(other_files_are_no_elf),
		cmocka_unit_test(cut_at_any_byte_it_is_truncated),
		cmocka_unit_test(segments_beyond_the_end_are_truncated),
		cmocka_unit_test(contradicting_headers_are_damage),
		cmocka_unit_test(a_loader_without_end_or_name_is_damage),
		cmocka_unit_test(a_loader_longer_than_a_path_is_damage),
		cmocka_unit_test(object_files_and_core_dumps_are_no_programs),
		cmocka_unit_test(another_class_or_byte_order_is_foreign),
		cmocka_unit_test(any_bytes_are_read_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
