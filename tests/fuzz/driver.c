/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing without libFuzzer: a main() for harnesses, so that they run in every build, with gcc
 * and with any sanitizer, as ordinary tests.
 *
 * To add a harness: write fuzz_NAME.c beside this file, with the two functions that fuzz.h
 * declares, and add NAME to the list in meson.build. LLVMFuzzerTestOneInput() calls the code
 * under test with the input and checks what must always hold; fuzz_seed() gives a few good
 * inputs, small ones, since most mutations of a large one hit nothing. See fuzz_recording.c.
 *
 *	fuzz_NAME FILE...		replays inputs, for instance saved crashes
 *	fuzz_NAME [--seconds S] [--rounds N] [--seed N]
 *					mutates the seeds until time or rounds are over
 *	fuzz_NAME --write-seeds DIR	writes the seeds there, a corpus for libFuzzer
 *
 * Round i's input depends on seed and i alone. Rounds run in a child process; when it dies, by
 * whatever means (a sanitizer's exit, a signal) or makes no progress for HANG_SECONDS, the
 * parent makes the input of that round again, saves it in the working directory as
 * crash-NAME-SEED-ROUND and fails.
 *
 * This knows nothing of coverage. For a long search use libFuzzer, without this file:
 *
 *	CC=clang meson setup build-fuzz -Db_sanitize=address,undefined -Db_lundef=false \
 *		-Dc_args=-fsanitize=fuzzer-no-link
 *	ninja -C build-fuzz tests/fuzz/libfuzzer_recording
 *	build-fuzz/tests/fuzz/fuzz_recording --write-seeds corpus
 *	build-fuzz/tests/fuzz/libfuzzer_recording corpus
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "fuzz/fuzz.h"

#define INPUT_BYTES_MAX  (1u << 20)
#define MUTATIONS_MAX    8
#define HANG_SECONDS     20
#define SECONDS_DEFAULT  3
#define REPLAY_BYTES_MAX (1u << 30)
#define RECORD_BYTES     64 /* about the size of the records that formats are made of */
#define PARENT_LOOK_MS   100

struct seed {
	uint8_t *bytes;
	size_t length;
};

struct fuzzer {
	const char *name; /* of the program, without directories */
	uint64_t seed;
	uint64_t rounds;
	double seconds;
	struct seed *seeds;
	size_t seed_count;
	uint8_t *input; /* [INPUT_BYTES_MAX] */
	size_t length;
	/* Shared with the parent: the round that is running. */
	volatile uint64_t *round;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- mutations ---- */

static size_t position(const struct fuzzer *fuzzer, struct random *random)
{
	size_t at = random_below(random, (uint32_t)fuzzer->length);

	/* Half of the time where something begins: formats with reserved space are mostly zeros. */
	if (random_u32(random) & 1)
		return at;
	for (size_t i = 0; i < fuzzer->length && !fuzzer->input[at]; i++)
		at = (at + 1) % fuzzer->length;
	return (at + random_below(random, RECORD_BYTES)) % fuzzer->length;
}

/* A stretch from `at` on; short ones are as likely as long ones. */
static size_t stretch(const struct fuzzer *fuzzer, struct random *random, size_t at)
{
	size_t length = 1 + random_below(random, 2u << random_below(random, 14));

	return length < fuzzer->length - at ? length : fuzzer->length - at;
}

/* Makes room for `length` bytes at `at`, as far as the input may grow; returns how many. */
static size_t open_gap(struct fuzzer *fuzzer, size_t at, size_t length)
{
	if (length > INPUT_BYTES_MAX - fuzzer->length)
		length = INPUT_BYTES_MAX - fuzzer->length;
	memmove(fuzzer->input + at + length, fuzzer->input + at, fuzzer->length - at);
	fuzzer->length += length;
	return length;
}

/* A number at the edge of some type or limit, in 1, 2, 4 or 8 bytes of either order. */
static void put_number(struct fuzzer *fuzzer, struct random *random, size_t at)
{
	static const uint64_t numbers[] = {
		0,
		1,
		2,
		7,
		8,
		0x7f,
		0x80,
		0xff,
		0x100,
		0xfff,
		0x1000,
		0x4000,
		0x7fff,
		0x8000,
		0xffff,
		0x10000,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		INT64_MAX,
		UINT64_MAX,
		UINT64_MAX - 7,
		UINT64_MAX / 8,
	};
	size_t bytes = (size_t)1 << random_below(random, 4);
	uint64_t number =
		numbers[random_below(random, sizeof(numbers) / sizeof(*numbers))];

	if (random_below(random, 4) == 0) /* near it */
		number += random_below(random, 17) - UINT64_C(8);
	if (random_below(random, 4) == 0)
		number = __builtin_bswap64(number) >> (64 - 8 * bytes);
	if (random_u32(random) & 1)
		at -= at % bytes;
	if (bytes > fuzzer->length - at)
		bytes = fuzzer->length - at;
	for (size_t i = 0; i < bytes; i++)
		fuzzer->input[at + i] = (uint8_t)(number >> 8 * i);
}

/* Pieces of text that parsers treat in ways of their own. */
static void put_token(struct fuzzer *fuzzer, struct random *random, size_t at)
{
	static const char *const tokens[] = {
		"",
		",",
		";",
		"\n",
		"\r\n",
		"\"",
		"\"\"",
		"nan",
		"inf",
		"-1",
		"1e999",
		"0x1",
		"null",
		"true",
		"{",
		"}",
		"[",
		"]",
		"[[[[",
		"\\u0000",
		"\xff\xfe",
		"\xef\xbb\xbf",
		"99999999999999999999",
		":",
		"0.1",
		"-0",
		" ",
		"\t",
		"%s%n",
		"../",
		"#",
		"=",
	};
	const char *token =
		tokens[random_below(random, sizeof(tokens) / sizeof(*tokens))];
	size_t length = strlen(token);

	if (random_u32(random) & 1)
		length = open_gap(fuzzer, at, length);
	else if (length > fuzzer->length - at)
		length = fuzzer->length - at;
	memcpy(fuzzer->input + at, token, length);
}

/* A piece of another seed, or of this input, over or between what is at `at`. */
static void splice(struct fuzzer *fuzzer, struct random *random, size_t at)
{
	const struct seed *other =
		&fuzzer->seeds[random_below(random, (uint32_t)fuzzer->seed_count)];
	size_t from, length;

	if (!other->length)
		return;
	from = random_below(random, (uint32_t)other->length);
	length = stretch(fuzzer, random, at);
	if (length > other->length - from)
		length = other->length - from;
	if (random_below(random, 4) == 0)
		length = open_gap(fuzzer, at, length);
	memcpy(fuzzer->input + at, other->bytes + from, length);
}

static void mutate(struct fuzzer *fuzzer, struct random *random)
{
	size_t at, length;

	if (!fuzzer->length) {
		fuzzer->input[fuzzer->length++] = (uint8_t)random_u32(random);
		return;
	}
	at = position(fuzzer, random);
	length = stretch(fuzzer, random, at);
	switch (random_below(random, 10)) {
	case 0:
		fuzzer->input[at] ^= (uint8_t)(1u << random_below(random, 8));
		break;
	case 1:
		fuzzer->input[at] = (uint8_t)random_u32(random);
		break;
	case 2:
	case 3:
		put_number(fuzzer, random, at);
		break;
	case 4:
		put_token(fuzzer, random, at);
		break;
	case 5:
		memset(fuzzer->input + at, random_u32(random) & 1 ? 0 : 0xff, length);
		break;
	case 6: /* cut out */
		memmove(fuzzer->input + at, fuzzer->input + at + length,
			fuzzer->length - at - length);
		fuzzer->length -= length;
		break;
	case 7: /* cut off */
		fuzzer->length = at;
		break;
	case 8: /* put in */
		length = open_gap(fuzzer, at, length);
		memset(fuzzer->input + at, (uint8_t)random_u32(random), length);
		break;
	default:
		splice(fuzzer, random, at);
		break;
	}
}

/* The input of a round: the first rounds are the seeds as they are. */
static void make_input(struct fuzzer *fuzzer, uint64_t round)
{
	struct random random;
	const struct seed *seed;
	uint32_t mutations = 0;

	random_seed(&random, fuzzer->seed, round);
	if (round < fuzzer->seed_count) {
		seed = &fuzzer->seeds[round];
	} else {
		seed = &fuzzer->seeds[random_below(&random,
						   (uint32_t)fuzzer->seed_count)];
		mutations = 1 + random_below(&random, MUTATIONS_MAX);
	}
	memcpy(fuzzer->input, seed->bytes, seed->length);
	fuzzer->length = seed->length;
	while (mutations--)
		mutate(fuzzer, &random);
}

/* ---- running ---- */

/* The input in a block of exactly its size, so that ASan sees reads past its end. */
static void try_input(const uint8_t *bytes, size_t length)
{
	uint8_t *exact = malloc(length ? length : 1);

	fuzz_require(exact);
	if (length)
		memcpy(exact, bytes, length);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
}

static void run_rounds(struct fuzzer *fuzzer)
{
	double end = now_s() + fuzzer->seconds;

	for (uint64_t round = 0; round < fuzzer->rounds; round++) {
		/* At least the seeds are tried, however slow the machine. */
		if (round >= fuzzer->seed_count && now_s() >= end)
			return;
		*fuzzer->round = round;
		make_input(fuzzer, round);
		try_input(fuzzer->input, fuzzer->length);
	}
}

/* Saves the input of the round that went wrong; returns the exit status. */
static int report(struct fuzzer *fuzzer, const char *what, int number)
{
	char path[256];
	FILE *file;

	make_input(fuzzer, *fuzzer->round);
	snprintf(path, sizeof(path), "crash-%s-%llu-%llu", fuzzer->name,
		 (unsigned long long)fuzzer->seed, (unsigned long long)*fuzzer->round);
	fprintf(stderr, "%s: round %llu %s %d; input of %zu bytes: %s\n", fuzzer->name,
		(unsigned long long)*fuzzer->round, what, number, fuzzer->length, path);
	file = fopen(path, "w");
	if (!file || fwrite(fuzzer->input, 1, fuzzer->length, file) != fuzzer->length ||
	    fclose(file))
		perror(path);
	return EXIT_FAILURE;
}

/* Waits for the child; kills it when it stays in one round. Returns the exit status. */
static int watch(struct fuzzer *fuzzer, pid_t child)
{
	double since = now_s();
	uint64_t last = UINT64_MAX;
	int status;

	for (;;) {
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child)
			break;
		if (*fuzzer->round != last) {
			last = *fuzzer->round;
			since = now_s();
		} else if (now_s() - since > HANG_SECONDS) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return report(fuzzer, "makes no progress; seconds waited:",
				      HANG_SECONDS);
		}
		poll(NULL, 0, PARENT_LOOK_MS);
	}
	if (WIFSIGNALED(status))
		return report(fuzzer, "was killed by signal", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return report(fuzzer,
			      "(or one before it, if memory leaked) exited with status",
			      WEXITSTATUS(status));
	printf("%s: %llu inputs from %zu seeds\n", fuzzer->name,
	       (unsigned long long)*fuzzer->round + 1, fuzzer->seed_count);
	return EXIT_SUCCESS;
}

static int run_in_child(struct fuzzer *fuzzer)
{
	void *shared = mmap(NULL, sizeof(*fuzzer->round), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t child;

	fuzz_require(shared != MAP_FAILED);
	fuzzer->round = shared;
	child = fork();
	fuzz_require(child >= 0);
	if (!child) {
		run_rounds(fuzzer);
		/* Not _exit(): a leak checker looks at exit. */
		exit(EXIT_SUCCESS);
	}
	status = watch(fuzzer, child);
	munmap(shared, sizeof(*fuzzer->round));
	return status;
}

static int replay(const char *path)
{
	struct error error;
	char *bytes;
	size_t length;

	if (file_read(path, REPLAY_BYTES_MAX, &bytes, &length, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return EXIT_FAILURE;
	}
	try_input((const uint8_t *)bytes, length);
	free(bytes);
	printf("%s: fine\n", path);
	return EXIT_SUCCESS;
}

/* ---- seeds and arguments ---- */

static void load_seeds(struct fuzzer *fuzzer)
{
	struct seed seed;

	while (fuzz_seed(fuzzer->seed_count, &seed.bytes, &seed.length)) {
		fuzz_require(seed.length <= INPUT_BYTES_MAX);
		fuzzer->seeds = realloc(fuzzer->seeds, (fuzzer->seed_count + 1) *
							       sizeof(*fuzzer->seeds));
		fuzz_require(fuzzer->seeds);
		fuzzer->seeds[fuzzer->seed_count++] = seed;
	}
	fuzz_require(fuzzer->seed_count > 0);
}

static int write_seeds(const struct fuzzer *fuzzer, const char *directory)
{
	struct error error;

	if (mkdir(directory, 0777) && errno != EEXIST) {
		perror(directory);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < fuzzer->seed_count; i++) {
		struct file_output output;
		struct text path = {0};
		int code;

		text_printf(&path, "%s/%s-%zu", directory, fuzzer->name, i);
		fuzz_require(!path.failed);
		code = file_output_open(&output, path.chars, true, &error);
		text_free(&path);
		if (!code) {
			fwrite(fuzzer->seeds[i].bytes, 1, fuzzer->seeds[i].length,
			       output.stream);
			code = file_output_commit(&output, &error);
		}
		if (code) {
			fprintf(stderr, "%s\n", error.text);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

/* Options into *fuzzer; returns the index of the first file, or -1. */
static int parse(struct fuzzer *fuzzer, int argc, char **argv, const char **seeds_to)
{
	int i = 1;

	for (; i < argc && !strncmp(argv[i], "--", 2); i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		int code = 0;

		if (!strcmp(argv[i], "--seconds"))
			code = text_to_double(value, &fuzzer->seconds);
		else if (!strcmp(argv[i], "--rounds"))
			code = text_to_u64(value, &fuzzer->rounds);
		else if (!strcmp(argv[i], "--seed"))
			code = text_to_u64(value, &fuzzer->seed);
		else if (!strcmp(argv[i], "--write-seeds") && *value)
			*seeds_to = value;
		else
			code = -EINVAL;
		if (code) {
			fprintf(stderr,
				"usage: %s [--seconds S] [--rounds N] [--seed N]\n"
				"       %s --write-seeds DIR\n       %s FILE...\n",
				fuzzer->name, fuzzer->name, fuzzer->name);
			return -1;
		}
	}
	return i;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	struct fuzzer fuzzer = {.name = slash ? slash + 1 : argv[0],
				.seed = 1,
				.rounds = UINT64_MAX,
				.seconds = SECONDS_DEFAULT};
	const char *seeds_to = NULL;
	int first = parse(&fuzzer, argc, argv, &seeds_to);
	int status = EXIT_SUCCESS;

	if (first < 0)
		return EXIT_USAGE;
	for (int i = first; i < argc && status == EXIT_SUCCESS; i++)
		status = replay(argv[i]);
	if (first < argc)
		return status;
	load_seeds(&fuzzer);
	fuzzer.input = malloc(INPUT_BYTES_MAX);
	fuzz_require(fuzzer.input);
	if (seeds_to)
		status = write_seeds(&fuzzer, seeds_to);
	else
		status = run_in_child(&fuzzer);
	for (size_t i = 0; i < fuzzer.seed_count; i++)
		free(fuzzer.seeds[i].bytes);
	free(fuzzer.seeds);
	free(fuzzer.input);
	return status;
}
