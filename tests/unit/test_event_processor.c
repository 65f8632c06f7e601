/* SPDX-License-Identifier: MIT */
/* src/event/processor.c: keys from texts in the form of /proc/cpuinfo. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/defaults.h"
#include "event/processor.h"

static char key[PROCESSOR_KEY_BYTES];

static int read_key(const char *text)
{
	FILE *stream = fmemopen((char *)text, strlen(text), "r");
	int code;

	assert_non_null(stream);
	memset(key, 'x', sizeof(key));
	code = processor_key_read(stream, key, sizeof(key));
	fclose(stream);
	return code;
}

static int read_x86(const char *vendor, unsigned family, unsigned model,
		    unsigned stepping)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "processor\t: 0\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
		 "model name\t: Some 7 GHz processor, model : 5\nstepping\t: %u\n"
		 "flags\t\t: fpu vme\n\n",
		 vendor, family, model, stepping);
	return read_key(text);
}

static int read_arm(const char *implementer, const char *part)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd\n"
		 "CPU implementer\t: %s\nCPU architecture: 8\nCPU variant\t: 0x3\n"
		 "CPU part\t: %s\nCPU revision\t: 1\n\n",
		 implementer, part);
	return read_key(text);
}

static void x86_processors_are_told_by_family_model_and_stepping(void **state)
{
	static const struct {
		const char *vendor;
		unsigned family, model, stepping;
		const char *key;
	} rows[] = {
		{"GenuineIntel", 6, 0x5e, 3, "skylake"},
		{"GenuineIntel", 6, 0x9e, 10, "skylake"},
		{"GenuineIntel", 6, 0xa6, 0, "skylake"},
		{"GenuineIntel", 6, 0x55, 4, "skylake-sp"},
		{"GenuineIntel", 6, 0x55, 7, "cascade-lake"},
		{"GenuineIntel", 6, 0x55, 11, "cascade-lake"},
		{"GenuineIntel", 6, 0x7e, 5, "ice-lake"},
		{"GenuineIntel", 6, 0x8c, 1, "ice-lake"},
		{"GenuineIntel", 6, 0xa7, 1, "ice-lake"},
		{"GenuineIntel", 6, 0x6a, 6, "ice-lake-sp"},
		{"GenuineIntel", 6, 0x8f, 8, "sapphire-rapids"},
		{"GenuineIntel", 6, 0xcf, 2, "sapphire-rapids"},
		{"GenuineIntel", 6, 0x97, 2, "alder-lake"},
		{"GenuineIntel", 6, 0xb7, 1, "alder-lake"},
		{"AuthenticAMD", 0x17, 0x01, 2, "zen1"},
		{"AuthenticAMD", 0x17, 0x18, 1, "zen1"},
		{"HygonGenuine", 0x18, 0x00, 1, "zen1"},
		{"AuthenticAMD", 0x17, 0x31, 0, "zen2"},
		{"AuthenticAMD", 0x17, 0x71, 0, "zen2"},
		{"AuthenticAMD", 0x19, 0x01, 1, "zen3"},
		{"AuthenticAMD", 0x19, 0x21, 0, "zen3"},
		{"AuthenticAMD", 0x19, 0x50, 0, "zen3"},
		{"AuthenticAMD", 0x19, 0x11, 1, "zen4"},
		{"AuthenticAMD", 0x19, 0x61, 2, "zen4"},
		{"AuthenticAMD", 0x19, 0xa0, 2, "zen4"},
		{"AuthenticAMD", 0x1a, 0x02, 1, "zen5"},
		{"AuthenticAMD", 0x1a, 0x44, 0, "zen5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(read_x86(rows[i].vendor, rows[i].family, rows[i].model,
					  rows[i].stepping),
				 0);
		assert_string_equal(key, rows[i].key);
	}
}

static void neoverse_cores_are_told_by_implementer_and_part(void **state)
{
	(void)state;
	assert_int_equal(read_arm("0x41", "0xd0c"), 0);
	assert_string_equal(key, "neoverse-n1");
	assert_int_equal(read_arm("0x41", "0xd40"), 0);
	assert_string_equal(key, "neoverse-v1");
	assert_int_equal(read_arm("0x41", "0xd49"), 0);
	assert_string_equal(key, "neoverse-n2");
	assert_int_equal(read_arm("0x6d", "0xd49"), 0);
	assert_string_equal(key, "neoverse-n2");
}

static void processors_without_a_set_have_no_key(void **state)
{
	(void)state;
	assert_int_equal(read_x86("GenuineIntel", 6, 0x3c, 3), -ENODEV); /* Haswell */
	assert_string_equal(key, "");
	assert_int_equal(read_x86("GenuineIntel", 15, 0x55, 4), -ENODEV);
	assert_int_equal(read_x86("AuthenticAMD", 6, 0x55, 4), -ENODEV);
	assert_int_equal(read_x86("AuthenticAMD", 0x1a, 0x50, 0), -ENODEV); /* Zen 6 */
	assert_int_equal(read_x86("CentaurHauls", 6, 0x55, 4), -ENODEV);
	assert_int_equal(read_arm("0x41", "0xd08"), -ENODEV); /* Cortex-A72 */
	assert_int_equal(read_arm("0x42", "0xd0c"), -ENODEV);
}

static void text_of_another_kind_has_no_key(void **state)
{
	(void)state;
	assert_int_equal(read_key("\n"), -ENODEV);
	assert_int_equal(read_key("processor : 0\nhart : 0\nisa : rv64gc\n"), -ENODEV);
	assert_int_equal(read_key("vendor_id\nmodel\ncpu family\n\n"), -ENODEV);
	assert_int_equal(read_key("model : 99999999999999999999\n\n"), -ENODEV);
	assert_string_equal(key, "");
}

static void the_last_lines_need_no_empty_line_behind_them(void **state)
{
	(void)state;
	assert_int_equal(read_key("vendor_id : AuthenticAMD\ncpu family : 26\n"
				  "model : 2\nstepping : 1"),
			 0);
	assert_string_equal(key, "zen5");
}

static void lines_longer_than_any_buffer_are_passed_over(void **state)
{
	char text[8192] = "vendor_id : AuthenticAMD\ncpu family : 26\nflags : ";
	size_t used = strlen(text);

	(void)state;
	/* What is in the cut-off part must not be taken for a line. */
	memset(text + used, 'f', 6000);
	snprintf(text + used + 6000, sizeof(text) - used - 6000,
		 "model : 17\nmodel : 2\n\n");
	assert_int_equal(read_key(text), 0);
	assert_string_equal(key, "zen5");
}

static void cores_of_one_kind_agree_and_of_two_kinds_have_no_key(void **state)
{
	static const char n1[] = "CPU implementer : 0x41\nCPU part : 0xd0c\n\n";
	static const char v1[] = "CPU implementer : 0x41\nCPU part : 0xd40\n\n";
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "%s%s%sHardware : board\n", n1, n1, n1);
	assert_int_equal(read_key(text), 0);
	assert_string_equal(key, "neoverse-n1");
	snprintf(text, sizeof(text), "%s%s", n1, v1);
	assert_int_equal(read_key(text), -ENODEV);
	assert_string_equal(key, "");
	snprintf(text, sizeof(text), "%sCPU implementer : 0x41\nCPU part : 0xd05\n",
		 n1);
	assert_int_equal(read_key(text), -ENODEV);
}

static void a_key_that_does_not_fit_is_none(void **state)
{
	static const char text[] = "CPU implementer : 0x41\nCPU part : 0xd0c\n\n";
	FILE *stream = fmemopen((char *)text, strlen(text), "r");

	(void)state;
	assert_int_equal(processor_key_read(stream, key, strlen("neoverse-n1")),
			 -ENODEV);
	assert_string_equal(key, "");
	fclose(stream);
}

static void this_machines_key_has_a_set_or_is_empty(void **state)
{
	int code = event_processor_key(key, sizeof(key));

	(void)state;
	assert_true(code <= 0);
	assert_int_equal(!code, key[0] != '\0');
	assert_int_equal(!code, default_set_of(key) != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x86_processors_are_told_by_family_model_and_stepping),
		cmocka_unit_test(neoverse_cores_are_told_by_implementer_and_part),
		cmocka_unit_test(processors_without_a_set_have_no_key),
		cmocka_unit_test(text_of_another_kind_has_no_key),
		cmocka_unit_test(the_last_lines_need_no_empty_line_behind_them),
		cmocka_unit_test(lines_longer_than_any_buffer_are_passed_over),
		cmocka_unit_test(cores_of_one_kind_agree_and_of_two_kinds_have_no_key),
		cmocka_unit_test(a_key_that_does_not_fit_is_none),
		cmocka_unit_test(this_machines_key_has_a_set_or_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
