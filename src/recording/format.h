/* SPDX-License-Identifier: MIT */
/*
 * The recording: what libperfpoint writes while the program runs, one file per process.
 *
 * The file is mapped shared, so what was stored survives any death of the process (the page
 * cache keeps it); only a crash of the machine loses it. Space is reserved (fallocate) before
 * it is mapped, so a full disk is an error code and never SIGBUS.
 *
 *	0                header, one struct recording_header, padded to RECORDING_HEADER_BYTES
 *	names_offset     names: records of struct recording_name, allocated by bumping
 *			 header.names_used, at most names_bytes, file space reserved on demand
 *	blocks_offset    sample blocks, allocated by bumping header.file_bytes; each a multiple
 *			 of RECORDING_BLOCK_UNIT and aligned to it
 *
 * Integers are in the writer's byte order; header.byte_order tells. Nothing is ever moved or
 * rewritten except the counters marked "atomic". A reader can therefore read at any moment:
 * a name counts once its `kind` is not 0, a sample once its `one_in` is not 0 (blocks are zeros at
 * first) or the block's `used` covers it, which lags behind.
 *
 * Samples may be raw: what the marker read, which is cheap to store. What they mean is in the
 * header's `raw`; recording_settle() works it out.
 *
 * This header is shared by the runtime (writer), the simulator (writer) and src/recording
 * (reader). It depends on nothing but <stdint.h>.
 */
#ifndef AUTOPERF_RECORDING_FORMAT_H
#define AUTOPERF_RECORDING_FORMAT_H

#include <stdint.h>

#define RECORDING_MAGIC        "APREC\r\n\x1a" /* 8 bytes; the CR LF catch text-mode copies */
#define RECORDING_VERSION      2u
#define RECORDING_BYTE_ORDER   0x01020304u
#define RECORDING_SUFFIX       ".aprec"
#define RECORDING_HEADER_BYTES 4096u
#define RECORDING_BLOCK_UNIT   16384u /* blocks are multiples of this, aligned to it */
#define RECORDING_BLOCK_MAX    (512u << 10) /* largest block a writer may make */
#define RECORDING_BLOCK_MAGIC  0x6b6c4250u  /* "PBlk" */
#define RECORDING_NAMES_BYTES  (4u << 20)   /* usual size of the names area; sparse */
#define RECORDING_EVENTS_MAX   64u          /* events in one pass */
#define RECORDING_NAME_MAX     4096u        /* bytes of one name; longer ones are cut */
#define RECORDING_REGIONS_MAX  16384u

enum recording_source {
	RECORDING_SOURCE_NONE = 0, /* wall time only */
	RECORDING_SOURCE_PERF = 1,
	RECORDING_SOURCE_PAPI = 2,
	RECORDING_SOURCE_SIM = 3,
};

enum recording_state {
	RECORDING_RUNNING = 1, /* still running, or died without exit handlers */
	RECORDING_EXITED = 2,  /* exit handlers ran */
	RECORDING_EXECED = 3,  /* reserved */
};

/* What went wrong or was left out; each is a count, all atomic, in this order. */
enum recording_loss {
	RECORDING_LOSS_NO_SPACE, /* samples not stored: disk full, file-size limit */
	RECORDING_LOSS_NO_COUNTERS, /* samples not stored: the thread's counters did not open */
	RECORDING_LOSS_READ_FAILED, /* samples not stored: reading the counters failed */
	RECORDING_LOSS_NOT_RUNNING, /* samples not stored: counters never ran in them */
	RECORDING_LOSS_TOO_DEEP,    /* executions not measured: nesting limit */
	RECORDING_LOSS_TOO_MANY_NAMES, /* executions not measured: region table full */
	RECORDING_LOSS_IN_SIGNAL, /* executions not measured: marker inside a marker */
	RECORDING_LOSS_END_ALONE, /* END without START */
	RECORDING_LOSS_NOT_ENDED, /* START without END: thread ended, longjmp, exception */
	RECORDING_LOSS_THREAD_ENDED, /* executions not measured: in a late destructor */
	RECORDING_LOSS_TOO_LITTLE_RUNNING, /* samples not stored: below the running floor */
	RECORDING_LOSS_KINDS = 16          /* room for more without a new version */
};

/* The ways to close a region, which cost differently. */
enum recording_closing { RECORDING_BY_END, RECORDING_BY_SCOPE, RECORDING_CLOSINGS };

/* What raw samples mean. */
struct recording_raw {
	uint64_t clock_rate; /* ns per unit of the clock, times 2^32; 0: not known */
	uint64_t clock_origin;
	uint64_t clock_origin_ns; /* since start_monotonic_ns */
	/* What the markers themselves add to a region: to be subtracted. */
	uint64_t own_ns[RECORDING_CLOSINGS];
	uint64_t own[RECORDING_CLOSINGS][RECORDING_EVENTS_MAX];
};

struct recording_header {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint32_t header_bytes; /* RECORDING_HEADER_BYTES */
	uint32_t source;       /* enum recording_source */
	uint32_t state;        /* enum recording_state */
	uint32_t event_count;  /* counters in each sample, <= RECORDING_EVENTS_MAX */
	uint32_t sample_bytes; /* sizeof(struct recording_sample) + 8 * event_count */
	uint32_t pid;
	uint32_t parent_pid;
	uint32_t reserved0;
	uint64_t start_realtime_ns; /* CLOCK_REALTIME when the file was made */
	uint64_t
		start_monotonic_ns; /* CLOCK_MONOTONIC then; samples' times are relative to it */
	uint64_t names_offset;
	uint64_t names_bytes;
	uint64_t blocks_offset;
	uint64_t
		names_used; /* atomic; bytes handed out in the names area; may exceed it */
	uint64_t file_bytes;   /* atomic; end of the last block handed out */
	uint32_t region_count; /* atomic; ids handed out, 0 .. region_count-1 */
	uint32_t thread_count; /* atomic; threads seen, indices 0 .. thread_count-1 */
	uint64_t losses[RECORDING_LOSS_KINDS];
	int32_t failure_code; /* errno of the first failure, 0: none */
	uint32_t reserved1;
	char failure[256];    /* text of the first failure, NUL-terminated */
	char executable[512]; /* /proc/self/exe, NUL-terminated, cut */
	/* What markers took, all atomic; 0 in recordings of older runtimes. */
	uint64_t executions; /* of regions, measured or not */
	uint64_t measured;
	uint64_t marker_ns; /* in markers, estimated from measured costs */
	struct recording_raw raw;
};

enum recording_name_kind {
	RECORDING_NAME_EVENT = 1,  /* id: position in the sample's values */
	RECORDING_NAME_REGION = 2, /* id: region */
	RECORDING_NAME_THREAD = 3, /* id: thread index; value: kernel thread id */
	/* Already subtracted from samples. id: position in the sample's values, or
	 * RECORDING_COST_WALL; value: what a pair of markers adds to it, in its unit. */
	RECORDING_NAME_SELF_COST = 4,
};

#define RECORDING_COST_WALL UINT32_MAX /* nanoseconds of wall time */

/* Followed by `length` bytes of text (no NUL), padded to 8 bytes. */
struct recording_name {
	uint32_t kind; /* enum recording_name_kind; stored last, with release order */
	uint32_t id;
	uint64_t value;
	uint32_t length; /* <= RECORDING_NAME_MAX */
	uint32_t reserved;
};

struct recording_block {
	uint32_t magic; /* RECORDING_BLOCK_MAGIC; stored last, with release order */
	uint32_t reserved;
	uint64_t bytes; /* of the whole block, this header included */
	uint64_t
		used; /* atomic, release; bytes of samples that at least are complete */
	uint64_t reserved1[5];
};

enum recording_sample_flag {
	RECORDING_SAMPLE_MULTIPLEXED = 1, /* values are scaled; running_share < 65535 */
	RECORDING_SAMPLE_CPU_TIME = 2,    /* cpu_ns is valid */
	/* Times are of the clock in the header's `raw`, cpu_ns is to be wall_ns, and nothing is
	 * subtracted from times and values yet. */
	RECORDING_SAMPLE_RAW = 4,
	RECORDING_SAMPLE_SCOPE = 8, /* RECORDING_BY_SCOPE; tells in raw ones only */
};

/*
 * Followed by uint64_t values[event_count]: increases, END minus START, scaled if multiplexed.
 * The first eight bytes are stored last, with release order.
 */
struct recording_sample {
	uint16_t flags;         /* enum recording_sample_flag */
	uint16_t running_share; /* time running / time enabled, 65535 = all of it */
	/* Regions open around this one on the thread, scopes that are not measured left out. */
	uint16_t depth;
	/* Executions that this sample stands for, >= 1: itself and those of the region on the
	 * thread that were skipped before it. */
	uint16_t one_in;
	uint32_t region;
	uint32_t thread;
	uint64_t begin_ns; /* since header.start_monotonic_ns; raw: on the clock */
	uint64_t
		cpu_ns; /* time on a CPU, where the source tells (perf: time enabled) */
	uint64_t wall_ns; /* raw: units of the clock */
};

static inline uint64_t recording_less(uint64_t value, uint64_t cost)
{
	return value > cost ? value - cost : 0;
}

static inline uint64_t recording_ticks_ns(uint64_t ticks, uint64_t rate)
{
	return (uint64_t)((unsigned __int128)ticks * rate >> 32);
}

/* Makes a raw sample what it means; others are left as they are. `values` are its own. */
static inline void recording_settle(const struct recording_raw *raw,
				    uint32_t event_count,
				    struct recording_sample *sample, uint64_t *values)
{
	enum recording_closing closing = sample->flags & RECORDING_SAMPLE_SCOPE
						 ? RECORDING_BY_SCOPE
						 : RECORDING_BY_END;

	if (!(sample->flags & RECORDING_SAMPLE_RAW))
		return;
	sample->begin_ns = raw->clock_origin_ns +
			   recording_ticks_ns(sample->begin_ns - raw->clock_origin,
					      raw->clock_rate);
	sample->wall_ns =
		recording_less(recording_ticks_ns(sample->wall_ns, raw->clock_rate),
			       raw->own_ns[closing]);
	sample->cpu_ns = sample->wall_ns;
	for (uint32_t i = 0; i < event_count; i++)
		values[i] = recording_less(values[i], raw->own[closing][i]);
	sample->flags &= (uint16_t) ~(RECORDING_SAMPLE_RAW | RECORDING_SAMPLE_SCOPE);
}

#endif
