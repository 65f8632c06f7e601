/* SPDX-License-Identifier: MIT */
/* gate/config.c: any bytes as .autoperf/config.ini; what was read is what is read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "gate/config.h"

static void check_empty(struct config *config)
{
	for (const struct config_key *key = config_keys; key->section; key++)
		fuzz_require(!*config_member(config, key));
}

/* Trimmed, without empty lines: what a value may be. */
static void check_value(const char *value)
{
	fuzz_require(*value);
	for (const char *line = value; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		fuzz_require(*line && !strchr(" \t\r\n", *line));
	}
}

static void check_round_trip(struct config *config)
{
	struct config again;
	struct error error = {0};
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	fuzz_require(stream);
	config_write(config, stream);
	fuzz_require(!fclose(stream));
	fuzz_require(!config_parse(&again, text, "written", &error));
	for (const struct config_key *key = config_keys; key->section; key++) {
		const char *one = *config_member(config, key);
		const char *other = *config_member(&again, key);

		fuzz_require(!one == !other);
		if (one) {
			check_value(one);
			fuzz_require(!strcmp(one, other));
		}
	}
	config_free(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *path = fuzz_file(bytes, length);
	struct error error = {0};
	struct config config;

	if (config_read(&config, path, &error)) {
		fuzz_require(error.code < 0 && strstr(error.text, path));
		check_empty(&config);
	} else {
		check_round_trip(&config);
		config_free(&config);
		check_empty(&config);
	}
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {
		"[build]\ncmd = make -j2\ndir = .\n[workload]\ncmd = ./x\n",
		"\xef\xbb\xbf[build]\r\ncmd: make &&\r\n  make check ; true\r\n",
		("  [workload]\n  cmd =\n    ./a\n    # a remark\n    ; another\n    "
		 "./b\n"
		 "  dir = sub\n"),
		"[model]\nhidden = [16, 8]\n more\n[training]\nepochs = 1\n"
		"[check]\nsource = sim\nruns = 10\n[git]\nmain = main\n",
		"; only\n\n# remarks\n",
		"[clean]\ncmd = printf '[x]'\n [y]\n=z\n",
	};

	if (index >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	fuzz_require(*bytes);
	memcpy(*bytes, seeds[index], *length);
	return true;
}
