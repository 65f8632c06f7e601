/* SPDX-License-Identifier: MIT */
/*
 * How fast a recording goes into a profile, and how small it becomes.
 *
 * Makes a recording as libperfpoint would (recording/format.h): threads fill blocks of their
 * own, every sample has eight counters with the noise that real ones have (timing jitter with
 * a long tail, counts that vary with the work and with each other, events that are nearly
 * always 0). Ingests it as `autoperf record` does, up to the commit on disk. The peer, in the
 * same run, is `zstd -1` over the same file, also synced to disk.
 *
 *	bench_ingest [MILLIONS_OF_SAMPLES] [DIRECTORY]
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/random.h"
#include "base/text.h"
#include "profile/profile.h"
#include "recording/format.h"

#define THREADS     8u
#define REGIONS     4u
#define EVENTS      8u
#define BLOCK_BYTES (64u << 10)
#define SEED        1u

#define TARGET_SAMPLES_PER_S 2e6
#define TARGET_SIZE_SHARE    0.40

static const char *const event_names[EVENTS] = {
	"instructions",          "cycles",
	"cache-misses",          "branch-misses",
	"L1-dcache-load-misses", "dTLB-load-misses",
	"context-switches",      "page-faults",
};
static const char *const region_names[REGIONS] = {"parse", "lookup", "update", "flush"};

static void die(const char *what)
{
	fprintf(stderr, "bench_ingest: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void die_of(const struct error *error)
{
	fprintf(stderr, "bench_ingest: %s\n", error->text);
	exit(EXIT_FAILURE);
}

static double seconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- the recording ---- */

struct generator {
	unsigned char *map;
	uint64_t bytes;
	struct recording_header *header;
	struct random random;
	uint64_t clock_ns[THREADS];
};

static void add_name(struct generator *generator, enum recording_name_kind kind,
		     uint32_t id, const char *chars)
{
	struct recording_header *header = generator->header;
	unsigned char *at = generator->map + header->names_offset + header->names_used;
	struct recording_name name = {.kind = kind, .id = id, .value = 1000 + id};

	name.length = (uint32_t)strlen(chars);
	memcpy(at, &name, sizeof(name));
	memcpy(at + sizeof(name), chars, name.length);
	header->names_used += (sizeof(name) + name.length + 7) & ~(uint64_t)7;
}

static void write_header(struct generator *generator)
{
	struct recording_header *header = generator->header;

	memcpy(header->magic, RECORDING_MAGIC, sizeof(header->magic));
	header->version = RECORDING_VERSION;
	header->byte_order = RECORDING_BYTE_ORDER;
	header->header_bytes = RECORDING_HEADER_BYTES;
	header->source = RECORDING_SOURCE_PERF;
	header->state = RECORDING_EXITED;
	header->event_count = EVENTS;
	header->sample_bytes =
		sizeof(struct recording_sample) + sizeof(uint64_t) * EVENTS;
	header->pid = 1;
	header->names_offset = RECORDING_HEADER_BYTES;
	header->names_bytes = RECORDING_NAMES_BYTES;
	header->blocks_offset = RECORDING_NAMES_BYTES + RECORDING_BLOCK_UNIT;
	header->file_bytes = generator->bytes;
	header->region_count = REGIONS;
	header->thread_count = THREADS;
	for (uint32_t i = 0; i < EVENTS; i++)
		add_name(generator, RECORDING_NAME_EVENT, i, event_names[i]);
	for (uint32_t i = 0; i < REGIONS; i++)
		add_name(generator, RECORDING_NAME_REGION, i, region_names[i]);
	for (uint32_t i = 0; i < THREADS; i++)
		add_name(generator, RECORDING_NAME_THREAD, i, "worker");
}

static uint64_t noisy(struct random *random, double mean, double spread)
{
	double value = mean + spread * random_normal(random);

	return value > 0 ? (uint64_t)value : 0;
}

/* One execution: `work` is what the region had to do, the counters follow it with noise. */
static void make_sample(struct generator *generator, uint32_t thread, unsigned char *at)
{
	static const double region_work[REGIONS] = {400, 5000, 22000, 150000};
	struct random *random = &generator->random;
	uint32_t region = random_below(random, 100);
	struct recording_sample sample = {.thread = thread,
					  .flags = RECORDING_SAMPLE_CPU_TIME,
					  .running_share = UINT16_MAX,
					  .one_in = 1};
	uint64_t values[EVENTS];
	double work, wall;

	region = region < 40 ? 0 : region < 75 ? 1 : region < 98 ? 2 : 3;
	work = region_work[region] * exp(0.05 * random_normal(random));
	wall = 250 + work * 0.31 * (1 + 0.04 * fabs(random_normal(random)));
	if (!random_below(random, 300)) /* preempted, or an interrupt */
		wall += 2000 + 60000 * random_uniform(random);
	sample.region = region;
	sample.begin_ns = generator->clock_ns[thread];
	sample.wall_ns = (uint64_t)wall;
	sample.cpu_ns = sample.wall_ns - noisy(random, 60, 15) % 200;
	values[0] = (uint64_t)work;
	values[1] = noisy(random, wall * 2.9, wall * 0.02);
	values[2] = noisy(random, work * 0.002, 1 + work * 0.0004);
	values[3] = noisy(random, work * 0.006, 1 + sqrt(work * 0.006));
	values[4] = noisy(random, work * 0.021, 2 + work * 0.002);
	values[5] = noisy(random, work * 0.0005, 1 + work * 0.0001);
	values[6] = !random_below(random, 300);
	values[7] = !random_below(random, 500);
	generator->clock_ns[thread] += sample.wall_ns + noisy(random, 900, 200);
	memcpy(at, &sample, sizeof(sample));
	memcpy(at + sizeof(sample), values, sizeof(values));
}

static void generate(const char *path, uint64_t samples)
{
	const uint64_t sample_bytes =
		sizeof(struct recording_sample) + sizeof(uint64_t) * EVENTS;
	uint64_t per_block =
		(BLOCK_BYTES - sizeof(struct recording_block)) / sample_bytes;
	uint64_t blocks = (samples + per_block - 1) / per_block;
	struct generator generator = {0};
	int file = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);

	generator.bytes =
		RECORDING_NAMES_BYTES + RECORDING_BLOCK_UNIT + blocks * BLOCK_BYTES;
	if (file < 0 || ftruncate(file, (off_t)generator.bytes))
		die(path);
	generator.map = mmap(NULL, generator.bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			     file, 0);
	if (generator.map == MAP_FAILED)
		die(path);
	generator.header = (void *)generator.map;
	random_seed(&generator.random, SEED, 0);
	write_header(&generator);
	for (uint64_t i = 0; i < blocks; i++) {
		unsigned char *at = generator.map + generator.header->blocks_offset +
				    i * BLOCK_BYTES;
		struct recording_block *block = (void *)at;
		/* Which thread fills its block first is chance. */
		uint32_t thread = random_below(&generator.random, THREADS);
		uint64_t count = samples < per_block ? samples : per_block;

		block->magic = RECORDING_BLOCK_MAGIC;
		block->bytes = BLOCK_BYTES;
		block->used = count * sample_bytes;
		for (uint64_t k = 0; k < count; k++)
			make_sample(&generator, thread,
				    at + sizeof(*block) + k * sample_bytes);
		samples -= count;
	}
	if (msync(generator.map, generator.bytes, MS_SYNC))
		die(path);
	munmap(generator.map, generator.bytes);
	close(file);
}

/* ---- the two ways ---- */

struct result {
	double wall_s;
	double cpu_s;
	double bytes;
};

static double file_bytes(const char *path)
{
	struct stat info;

	if (stat(path, &info))
		die(path);
	return (double)info.st_size;
}

static void make_profile(struct profile **profile, const char *path)
{
	struct event events[EVENTS] = {0};
	size_t members[EVENTS];
	struct event_pass pass = {.members = members, .count = EVENTS};
	struct event_plan plan = {.source = EVENT_SOURCE_PERF,
				  .events = {.items = events, .count = EVENTS},
				  .passes = &pass,
				  .pass_count = 1};
	struct error error;

	for (size_t i = 0; i < EVENTS; i++) {
		events[i].name = (char *)(uintptr_t)event_names[i];
		members[i] = i;
	}
	if (profile_create(profile, path, true, &error) ||
	    profile_set_plan(*profile, &plan, &error))
		die_of(&error);
}

static struct result ingest(const char *recording, const char *path, uint64_t samples)
{
	struct profile_run run = {.status = PROFILE_RUN_OK};
	struct profile *profile;
	struct result result;
	struct error error;

	make_profile(&profile, path);
	result.wall_s = -seconds(CLOCK_MONOTONIC);
	result.cpu_s = -seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (profile_begin_run(profile, &run, &error) ||
	    profile_add_recording(profile, &run, recording, &error) ||
	    profile_end_run(profile, &run, &error))
		die_of(&error);
	result.wall_s += seconds(CLOCK_MONOTONIC);
	result.cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID);
	profile_close(profile);
	if (run.samples != samples || run.lost) {
		fprintf(stderr, "bench_ingest: %llu of %llu samples arrived\n",
			(unsigned long long)run.samples, (unsigned long long)samples);
		exit(EXIT_FAILURE);
	}
	result.bytes = file_bytes(path);
	return result;
}

static void compress_stream(int in, int out)
{
	size_t in_bytes = ZSTD_CStreamInSize(), out_bytes = ZSTD_CStreamOutSize();
	unsigned char *from = malloc(in_bytes), *to = malloc(out_bytes);
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_EndDirective mode = ZSTD_e_continue;

	if (!from || !to || !context)
		die("zstd");
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	while (mode != ZSTD_e_end) {
		ssize_t got = read(in, from, in_bytes);
		ZSTD_inBuffer input = {from, (size_t)(got < 0 ? 0 : got), 0};
		size_t left = 1;

		if (got < 0)
			die("read");
		mode = got ? ZSTD_e_continue : ZSTD_e_end;
		while (input.pos < input.size || (mode == ZSTD_e_end && left)) {
			ZSTD_outBuffer output = {to, out_bytes, 0};

			left = ZSTD_compressStream2(context, &output, &input, mode);
			if (ZSTD_isError(left) ||
			    write(out, to, output.pos) != (ssize_t)output.pos)
				die("zstd");
		}
	}
	ZSTD_freeCCtx(context);
	free(from);
	free(to);
}

static struct result compress_raw(const char *recording, const char *path)
{
	struct result result;
	int in = open(recording, O_RDONLY | O_CLOEXEC);
	int out = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);

	if (in < 0 || out < 0)
		die(path);
	result.wall_s = -seconds(CLOCK_MONOTONIC);
	result.cpu_s = -seconds(CLOCK_PROCESS_CPUTIME_ID);
	compress_stream(in, out);
	if (fsync(out))
		die(path);
	result.wall_s += seconds(CLOCK_MONOTONIC);
	result.cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID);
	close(in);
	close(out);
	result.bytes = file_bytes(path);
	return result;
}

static void print_row(const char *name, const struct result *result, double samples,
		      double raw_bytes)
{
	char size[32];

	printf("%-22s %8.2f %8.2f %10.2f %12s %8.1f %%\n", name, result->wall_s,
	       result->cpu_s, samples / result->wall_s / 1e6,
	       text_bytes(result->bytes, size, sizeof(size)),
	       100 * result->bytes / raw_bytes);
}

static char *join(const char *directory, const char *name)
{
	struct text text = {0};

	text_printf(&text, "%s/%s", directory, name);
	if (text.failed)
		die("memory");
	return text.chars;
}

int main(int argc, char **argv)
{
	const char *directory = argc > 2 ? argv[2] : ".";
	uint64_t millions = 10, samples;
	char *recording = join(directory, "bench_ingest.aprec");
	char *profile = join(directory, "bench_ingest.apdb");
	char *packed = join(directory, "bench_ingest.zst");
	struct result ours, peer;
	double raw_bytes, speed;
	char size[32];

	if (argc > 1 && (text_to_u64(argv[1], &millions) || !millions))
		die("usage: bench_ingest [MILLIONS_OF_SAMPLES] [DIRECTORY]");
	samples = millions * 1000000;
	generate(recording, samples);
	raw_bytes = file_bytes(recording);
	printf("%llu million samples, %u threads, %u regions, %u counters: %s\n\n",
	       (unsigned long long)millions, THREADS, REGIONS, EVENTS,
	       text_bytes(raw_bytes, size, sizeof(size)));
	ours = ingest(recording, profile, samples);
	peer = compress_raw(recording, packed);

	printf("%-22s %8s %8s %10s %12s %10s\n", "", "wall s", "CPU s", "M samples/s",
	       "size", "of raw");
	print_row("profile ingest", &ours, (double)samples, raw_bytes);
	print_row("zstd -1 of the file", &peer, (double)samples, raw_bytes);
	speed = (double)samples / ours.wall_s;
	printf("\ningest/zstd: %.2f x the speed, %.2f x the size\n",
	       peer.wall_s / ours.wall_s, ours.bytes / peer.bytes);
	printf("target: at least %.0f M samples/s: %s; at most %.0f %% of raw: %s\n",
	       TARGET_SAMPLES_PER_S / 1e6,
	       speed >= TARGET_SAMPLES_PER_S ? "met" : "MISSED",
	       100 * TARGET_SIZE_SHARE,
	       ours.bytes <= TARGET_SIZE_SHARE * raw_bytes ? "met" : "MISSED");
	unlink(recording);
	unlink(profile);
	unlink(packed);
	free(recording);
	free(profile);
	free(packed);
	return speed >= TARGET_SAMPLES_PER_S &&
			       ours.bytes <= TARGET_SIZE_SHARE * raw_bytes
		       ? EXIT_SUCCESS
		       : EXIT_FAILURE;
}
