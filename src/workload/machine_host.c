/* SPDX-License-Identifier: MIT */
/*
 * The machine that we run on, as a description for the simulator. Caches and cores come from the
 * kernel's files, which virtual machines and containers fill with what no machine has, or hide.
 * So each value is bent until the simulator takes it, and what was bent, or is not told by any
 * file, is said in a comment beside it. Latencies, TLBs and policies no file tells.
 *
 * (Documentation/ABI/testing/sysfs-devices-system-cpu in the kernel's tree.)
 */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "event/kernel_file.h"
#include "machine/machine.h"
#include "workload/machine_description.h"

#define SYSTEM_CPU "/sys/devices/system/cpu"

#define CPUS_MAX      8192 /* Linux's own limit on x86-64 */
#define LIST_BYTES    4096 /* what the kernel writes into one file of sysfs */
#define SOCKETS_MAX   32
#define INDICES_MAX   16  /* cache/index0, index1, ... */
#define CPUINFO_LINES 200 /* the first CPU, and what some kernels print before it */
#define MHZ_MAX       100000
#define KHZ_PER_MHZ   1000
#define MHZ_STEP      100 /* momentary frequencies are rounded: same machine, same text */

/* What sim/machine/check.c allows. */
#define WAYS_MAX   16u
#define SLICES_MAX 1024u
#define L1_MAX     (UINT64_C(1) << 20)
#define L2_MAX     (UINT64_C(64) << 20)
#define LLC_MAX    (UINT64_C(4) << 30)

/* An LLC of fewer ways is no cache but what a hypervisor writes for lack of knowledge. */
#define LLC_WAYS_MIN     4u
#define LLC_WAYS_DEFAULT 16u

struct cpu_set {
	uint64_t bits[CPUS_MAX / 64];
};

struct cache {
	uint64_t bytes; /* 0: not told */
	uint64_t ways;  /* 0: fully associative, or not told */
	uint64_t line_bytes;
	struct cpu_set shared;
	bool is_shared; /* by several cores */
};

struct host {
	const char *root;
	struct text *text;
	struct cpu_set cores; /* the first CPU of each core */
	unsigned first;       /* lowest CPU that is online; its caches are described */
	unsigned cpus;        /* 0: not told, as the next two */
	unsigned packages;
	unsigned most_cores; /* of a package */
	unsigned nodes;
	bool merged; /* several packages were taken for one socket */
	int64_t package_ids[SOCKETS_MAX];
	unsigned package_cores[SOCKETS_MAX];
};

static void set_add(struct cpu_set *set, uint64_t cpu)
{
	if (cpu < CPUS_MAX)
		set->bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

static unsigned count_common(const struct cpu_set *left, const struct cpu_set *right)
{
	unsigned count = 0;

	for (size_t i = 0; i < CPUS_MAX / 64; i++)
		count += (unsigned)__builtin_popcountll(left->bits[i] & right->bits[i]);
	return count;
}

/* "0-3,8": the numbers in it, as far as they can be read; the lowest, or CPUS_MAX. */
static uint64_t read_list(const char *list, struct cpu_set *set)
{
	uint64_t lowest = CPUS_MAX;

	*set = (struct cpu_set){{0}};
	while (isdigit((unsigned char)*list)) {
		char *end;
		uint64_t first = strtoull(list, &end, 10), last = first;

		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoull(end + 1, &end, 10);
		for (uint64_t cpu = first; cpu <= last && cpu < CPUS_MAX; cpu++)
			set_add(set, cpu);
		if (first < lowest)
			lowest = first;
		list = *end == ',' ? end + 1 : end;
	}
	return lowest;
}

/* First line of a file below the root; false, and "", if it cannot be had. */
__attribute__((format(printf, 4, 5))) static bool
read_line(const struct host *host, char *line, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	int used = snprintf(path, sizeof(path), "%s", host->root);
	va_list arguments;

	*line = '\0';
	if (used < 0 || (size_t)used >= sizeof(path))
		return false;
	va_start(arguments, format);
	int more =
		vsnprintf(path + used, sizeof(path) - (size_t)used, format, arguments);
	va_end(arguments);
	return more > 0 && (size_t)more < sizeof(path) - (size_t)used &&
	       !kernel_file_line(path, line, size) && *line;
}

/* The value of the first line "KEY : VALUE" of /proc/cpuinfo whose key begins so; or "". */
static void read_cpuinfo(const struct host *host, const char *key, char *value,
			 size_t size)
{
	char path[PATH_MAX], line[512];
	FILE *file = NULL;

	*value = '\0';
	if (snprintf(path, sizeof(path), "%s/proc/cpuinfo", host->root) <
	    (int)sizeof(path))
		file = fopen(path, "re");
	if (!file)
		return;
	for (int i = 0; i < CPUINFO_LINES && fgets(line, sizeof(line), file); i++) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, strlen(key)))
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(value, size, "%.*s", (int)size - 1, colon);
		break;
	}
	fclose(file);
}

/* The model, in what a name may have: printable ASCII without the start of a comment. */
static void put_name(const struct host *host)
{
	char name[MACHINE_NAME_BYTES];

	read_cpuinfo(host, "model name", name, sizeof(name));
	for (char *at = name; *at; at++)
		if (*at < ' ' || *at > '~' || *at == '#')
			*at = '?';
	if (!name[strspn(name, " ")])
		snprintf(name, sizeof(name), "host");
	text_printf(host->text, "name = %s\n", name);
}

static void put_clock(const struct host *host)
{
	static const char *const files[] = {"base_frequency", "cpuinfo_max_freq"};
	char line[64];
	double mhz;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		uint64_t khz;

		if (read_line(host, line, sizeof(line), SYSTEM_CPU "/cpu%u/cpufreq/%s",
			      host->first, files[i]) &&
		    !text_to_u64(line, &khz) && khz >= KHZ_PER_MHZ &&
		    khz / KHZ_PER_MHZ <= MHZ_MAX) {
			text_printf(host->text, "clock_mhz = %llu  # cpufreq/%s\n",
				    (unsigned long long)(khz / KHZ_PER_MHZ), files[i]);
			return;
		}
	}
	read_cpuinfo(host, "cpu MHz", line, sizeof(line));
	if (!text_to_double(line, &mhz) && mhz >= MHZ_STEP && mhz <= MHZ_MAX)
		text_printf(host->text,
			    "clock_mhz = %u  # cpu MHz of /proc/cpuinfo, rounded\n",
			    (unsigned)(mhz / MHZ_STEP + 0.5) * MHZ_STEP);
	else
		text_puts(host->text,
			  "# clock_mhz: not told; that of the default machine\n");
}

/* Counts one CPU, and its core and package if it is the first CPU of a core. */
static int visit_cpu(const char *name, void *context)
{
	struct host *host = context;
	char list[LIST_BYTES];
	struct cpu_set siblings;
	uint64_t cpu;
	int64_t package = 0;
	unsigned at = 0;

	if (strncmp(name, "cpu", 3) || text_to_u64(name + 3, &cpu) || cpu >= CPUS_MAX)
		return 0;
	/* The second name is that of kernels before 5.5. A CPU without either is offline. */
	if (!read_line(host, list, sizeof(list),
		       SYSTEM_CPU "/%s/topology/core_cpus_list", name) &&
	    !read_line(host, list, sizeof(list),
		       SYSTEM_CPU "/%s/topology/thread_siblings_list", name))
		return 0;
	if (!host->cpus++ || cpu < host->first)
		host->first = (unsigned)cpu;
	if (read_list(list, &siblings) < cpu)
		return 0;
	set_add(&host->cores, cpu);
	if (read_line(host, list, sizeof(list),
		      SYSTEM_CPU "/%s/topology/physical_package_id", name))
		text_to_i64(list, &package);
	while (at < host->packages && host->package_ids[at] != package)
		at++;
	if (at == SOCKETS_MAX)
		return 0;
	if (at == host->packages) {
		host->package_ids[at] = package;
		host->packages++;
	}
	if (++host->package_cores[at] > host->most_cores)
		host->most_cores = host->package_cores[at];
	return 0;
}

static void gather(struct host *host)
{
	char list[LIST_BYTES], path[PATH_MAX];
	struct cpu_set nodes;

	if (snprintf(path, sizeof(path), "%s" SYSTEM_CPU, host->root) <
	    (int)sizeof(path))
		kernel_directory_each(path, visit_cpu, host);
	if (read_line(host, list, sizeof(list),
		      "/sys/devices/system/node/has_memory")) {
		read_list(list, &nodes);
		host->nodes = count_common(&nodes, &nodes);
	}
}

static void put_cores(struct host *host)
{
	unsigned sockets = host->packages, cores = host->most_cores;
	unsigned all = count_common(&host->cores, &host->cores);

	if (!cores) {
		text_puts(host->text,
			  "# sockets, cores: not told; those of the default machine\n");
		return;
	}
	if (host->cpus > all)
		text_printf(
			host->text,
			"# %u hardware threads on %u cores: threads that share a core "
			"share its caches.\n",
			host->cpus, all);
	if (sockets > 1 && host->nodes && host->nodes < sockets) {
		text_printf(host->text,
			    "# %u packages, but memory of %u node%s, as in virtual "
			    "machines: taken for one socket.\n",
			    sockets, host->nodes, host->nodes > 1 ? "s" : "");
		host->merged = true;
		cores = all;
		sockets = 1;
	} else if (host->nodes > sockets) {
		text_printf(host->text,
			    "# %u memory nodes: simulated is one a socket.\n",
			    host->nodes);
	}
	if (cores > MACHINE_CORES_MAX / sockets) {
		text_printf(host->text,
			    "# %u cores a socket: simulated are %u in all.\n", cores,
			    MACHINE_CORES_MAX);
		cores = MACHINE_CORES_MAX / sockets;
	}
	host->packages = sockets;
	host->most_cores = cores;
	text_printf(host->text, "sockets = %u\ncores_per_socket = %u\n", sockets,
		    cores);
}

/* "48K", "1024K", "32M", "65536": bytes; 0: none of them. */
static uint64_t read_size(const char *line)
{
	static const char units[] = "KMG";
	uint64_t bytes;
	char *end;

	if (!isdigit((unsigned char)*line))
		return 0;
	bytes = strtoull(line, &end, 10);
	for (size_t i = 0; units[i]; i++)
		if (*end == units[i] &&
		    __builtin_mul_overflow(bytes, UINT64_C(1024) << 10 * i, &bytes))
			return 0;
	return bytes;
}

/* The cache of that level of the first CPU that holds `type` or both; bytes 0: none. */
static void read_cache(const struct host *host, uint64_t level, const char *type,
		       struct cache *cache)
{
	char line[LIST_BYTES];
	uint64_t number;

	*cache = (struct cache){.line_bytes = MACHINE_LINE_BYTES};
	for (unsigned i = 0; i < INDICES_MAX && !cache->bytes; i++) {
#define READ(file)                                                                   \
	read_line(host, line, sizeof(line), SYSTEM_CPU "/cpu%u/cache/index%u/" file, \
		  host->first, i)
		if (!READ("level") || text_to_u64(line, &number) || number != level ||
		    !READ("type") || (strcmp(line, type) && strcmp(line, "Unified")) ||
		    !READ("size"))
			continue;
		cache->bytes = read_size(line);
		if (READ("ways_of_associativity") && !text_to_u64(line, &number))
			cache->ways = number;
		if (READ("coherency_line_size") && !text_to_u64(line, &number))
			cache->line_bytes = number;
		if (READ("shared_cpu_list"))
			read_list(line, &cache->shared);
		cache->is_shared = count_common(&cache->shared, &host->cores) > 1;
#undef READ
	}
}

/* Slices that make sets a power of two, so that the cache can be simulated; 0: none do. */
static uint64_t slices_of(uint64_t lines, uint64_t ways, uint64_t slices_max)
{
	uint64_t sets = lines / ways;

	if (!sets || lines % ways)
		return 0;
	sets >>= __builtin_ctzll(sets);
	return sets <= slices_max ? sets : 0;
}

/*
 * The nearest cache that can be simulated: same size and ways if possible, same size with other
 * ways if not, else as many sets as a power of two allows. Returns the number of slices.
 */
static uint64_t fit_cache(struct cache *cache, uint64_t bytes_max, uint64_t slices_max)
{
	uint64_t wanted = cache->ways, lines, slices;

	if (cache->bytes > bytes_max)
		cache->bytes = bytes_max;
	if (cache->bytes < MACHINE_LINE_BYTES)
		cache->bytes = MACHINE_LINE_BYTES;
	lines = cache->bytes / MACHINE_LINE_BYTES;
	if (!wanted || wanted > WAYS_MAX)
		wanted = WAYS_MAX;
	if (wanted > lines)
		wanted = lines;
	cache->bytes = lines * MACHINE_LINE_BYTES;
	for (uint64_t ways = wanted; ways > wanted / 2; ways--) {
		slices = slices_of(lines, ways, slices_max);
		cache->ways = ways;
		if (slices)
			return slices;
	}
	for (uint64_t ways = wanted + 1; ways <= WAYS_MAX; ways++) {
		slices = slices_of(lines, ways, slices_max);
		cache->ways = ways;
		if (slices)
			return slices;
	}
	cache->ways = wanted;
	lines /= wanted;
	while (lines & (lines - 1))
		lines &= lines - 1;
	cache->bytes = lines * wanted * MACHINE_LINE_BYTES;
	return 1;
}

static void put_cache(const struct host *host, const char *name,
		      const struct cache *told, uint64_t bytes_max, uint64_t slices_max)
{
	struct cache cache = *told;
	uint64_t slices;

	if (!told->bytes) {
		text_printf(host->text, "# %s: not told; that of the default machine\n",
			    name);
		return;
	}
	if (told->line_bytes != MACHINE_LINE_BYTES)
		text_printf(host->text,
			    "# %s: lines of %llu bytes; simulated are 64.\n", name,
			    (unsigned long long)told->line_bytes);
	slices = fit_cache(&cache, bytes_max, slices_max);
	if (cache.bytes != told->bytes || cache.ways != told->ways)
		text_printf(host->text,
			    "# %s: told are %llu bytes, %llu ways; simulated is the "
			    "nearest that can be.\n",
			    name, (unsigned long long)told->bytes,
			    (unsigned long long)told->ways);
	text_printf(host->text, "%s_bytes = %llu\n%s_ways = %llu\n", name,
		    (unsigned long long)cache.bytes, name,
		    (unsigned long long)cache.ways);
	if (slices_max > 1)
		text_printf(host->text, "%s_slices = %llu\n", name,
			    (unsigned long long)slices);
}

/* How many cores share an LLC, if the sockets can be divided so. */
static void put_llc_cores(const struct host *host, const struct cache *llc)
{
	unsigned below = count_common(&llc->shared, &host->cores);
	unsigned cores = host->most_cores;

	if (!cores)
		return;
	if (below == cores)
		text_puts(host->text, "cores_per_llc = 0  # all of the socket\n");
	else if (below && below < cores && !host->merged && cores % below == 0 &&
		 host->packages * (cores / below) <= MACHINE_LLCS_MAX)
		text_printf(host->text, "cores_per_llc = %u\n", below);
	else
		text_printf(
			host->text,
			"cores_per_llc = 0  # told are %u; simulated is one for the "
			"socket\n",
			below);
}

static void put_llc(const struct host *host, const struct cache *told)
{
	struct cache llc = *told;

	if (llc.bytes)
		put_llc_cores(host, &llc);
	if (llc.bytes && llc.ways < LLC_WAYS_MIN) {
		text_printf(host->text,
			    "# llc: %llu ways are told, which is no real cache's "
			    "number; taken are %u.\n",
			    (unsigned long long)llc.ways, LLC_WAYS_DEFAULT);
		llc.ways = LLC_WAYS_DEFAULT;
	}
	put_cache(host, "llc", &llc, LLC_MAX, SLICES_MAX);
}

/*
 * The last level is the third, or a second one that cores share where there is no third. What
 * lies beyond a third level is left out. No last level at all is one that is kept from us, by a
 * hypervisor or because it belongs to the memory system.
 */
static void put_caches(const struct host *host)
{
	struct cache l1i, l1d, l2, llc;

	read_cache(host, 1, "Instruction", &l1i);
	read_cache(host, 1, "Data", &l1d);
	read_cache(host, 2, "Data", &l2);
	read_cache(host, 3, "Data", &llc);
	put_cache(host, "l1i", &l1i, L1_MAX, 1);
	put_cache(host, "l1d", &l1d, L1_MAX, 1);
	text_puts(host->text, "l2_policy = non-inclusive  # not told\n"
			      "llc_policy = non-inclusive  # not told\n");
	if (!llc.bytes && l2.is_shared) {
		text_puts(host->text, "l2_bytes = 0  # none of the core's own\n");
		llc = l2;
	} else {
		if (l2.is_shared)
			text_puts(host->text,
				  "# l2: shared by several cores; simulated "
				  "is one for each.\n");
		put_cache(host, "l2", &l2, L2_MAX, 1);
	}
	put_llc(host, &llc);
}

void machine_description_host(const char *root, struct text *text)
{
	struct host host = {.root = root, .text = text};

	gather(&host);
	text_puts(text,
		  "# This machine, as its kernel describes it. TLBs, branch predictor, "
		  "policies and\n"
		  "# latencies are told by no file: they are the default machine's.\n");
	put_name(&host);
	put_clock(&host);
	put_cores(&host);
	put_caches(&host);
}
