/* SPDX-License-Identifier: MIT */
/*
 * What the runtime's files share. Nothing here is visible outside libperfpoint.so.0.
 *
 * The runtime lives in somebody else's process: it never exits, aborts, prints on stdout, or
 * touches signals; after a failure it says one line on stderr and stands aside.
 *
 * Who owns what
 *   process  one per process, made by the first marker executed (process.c). Its `page` is a
 *	      page that the kernel zeroes in a forked child (MADV_WIPEONFORK), however the fork
 *	      was done: state 0 there means "start anew", and its lock is then unlocked.
 *   thread   one per live thread, in anonymous memory, reached by a thread-local pointer;
 *	      recycled when the thread ends, never freed (thread.c). Only its thread writes it.
 *	      Its frames and its regions lie in memory that is zeroed as the process's page is.
 *   block    a mapped piece of the recording; belongs to one thread at a time (writer.c).
 *
 * Locks: process.page->lock guards starting the process and the list of threads. It is taken
 * when a thread is seen for the first time and when it ends, never between START and END of a
 * thread that has been seen. Names and blocks are handed out by atomic additions.
 *
 * Signals: a marker in a handler that interrupts a marker is not measured (the thread's gate,
 * attaching); it is counted. Otherwise markers may be used in handlers. While a thread's gate is open
 * there is room for a sample, or raw counters are given up: whatever else changes the block closes
 * it. Handlers may jump out of a marker that they interrupted (unwind.c): what it left half done is
 * put in order, or left behind (thread_put_in_order, thread_leave_attachment).
 *
 * Forks: what a child finds of its parent is told apart by `generation`; see thread.c.
 */
#ifndef AUTOPERF_PERFPOINT_RUNTIME_H
#define AUTOPERF_PERFPOINT_RUNTIME_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#ifndef MADV_WIPEONFORK /* Linux 4.14 */
#define MADV_WIPEONFORK 18
#endif

#define PERFPOINT_ABI_ONLY
#include "perfpoint.h"
#include "perfpoint/clock.h"
#include "perfpoint/plugin.h"
#include "perfpoint/user_read.h"
#include "recording/format.h"
#include "recording/session.h"

/* So that the compiler need not look them up where a preloaded library may replace them. */
#pragma GCC visibility push(hidden)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Regions open at once on one thread that are measured; deeper ones are counted. */
#define DEPTH_MAX 256
/* Each event may be on two PMUs. */
#define PERF_SLOTS_MAX 128u
_Static_assert(PERF_SLOTS_MAX == 2 * RECORDING_EVENTS_MAX, "PERF_SLOTS_MAX");
/* What one reading of the counters takes: per group 3 words, per event 1. */
#define READING_WORDS_MAX ((size_t)4 * PERF_SLOTS_MAX)

enum process_state {
	PROCESS_NEW = 0, /* also: forked, and no marker executed since */
	PROCESS_RECORDING = 1,
	PROCESS_STOPPED = 2, /* failed to start; markers do nothing */
};

struct budget;

struct process_page {
	_Atomic uint32_t state; /* enum process_state */
	_Atomic uint32_t lock;  /* see thread_lock() */
	_Atomic bool full; /* no more blocks can be had; samples are counted as lost */
};

/* The ways to open and close a region, which cost differently. */
enum marker_kind {
	MARKER_START, /* start ... end */
	MARKER_BEGIN, /* begin ... end */
	MARKER_SCOPE, /* enter ... leave */
	MARKER_KINDS,
	/* No pair, but what END takes longer when regions ended in its own. */
	MARKER_PARENT = MARKER_KINDS,
	MARKER_COSTS
};

/* Samples for which there is room when costs are measured. */
#define TRIAL_SAMPLES 16

/* When END found that raw counters would not do: before it read them, or after. */
enum perf_end {
	PERF_END_EARLY,
	PERF_END_LATE,
	PERF_END_KINDS,
	PERF_END_FINE = PERF_END_KINDS
};

/* What a pair of markers adds to counters and time, in their units; see self_cost.c. */
struct marker_cost {
	uint64_t
		own[RECORDING_EVENTS_MAX]; /* to the region itself, with raw counters */
	/* The same where END is slow; and to a region around it, besides what is measured. */
	uint64_t slow[PERF_END_KINDS][RECORDING_EVENTS_MAX];
	uint64_t extra[PERF_END_KINDS][RECORDING_EVENTS_MAX];
	uint64_t whole[RECORDING_EVENTS_MAX]; /* to a region around it */
	uint64_t own_ns;
	uint64_t whole_ns;
};

/* What `armed` of a frame is, unless it is the thread's when raw counters were read: odd, or 0. */
enum frame_state {
	FRAME_NONE = 0, /* no region: that of depth 0, or of a forked child's parent */
	FRAME_SLOW = 1, /* a reading of counters_read(), where `readable` */
	FRAME_THINNED = 3, /* raw counters of `copies`, and a weight that is not 1 */
	FRAME_SKIPPED = 5, /* not measured, see budget.h */
};

/*
 * Regions that ended inside of one, so many of each kind, in one word. What does not fit is in
 * `wide`, which has to be looked at where INNER_WIDE is set.
 */
#define INNER_BITS       21
#define INNER_UNIT(kind) ((uint64_t)1 << (INNER_BITS * (kind)))
#define INNER_WIDE       ((uint64_t)1 << 63)

/*
 * An open region. Followed by one reading of the counters: that of counters_read(), or raw counters (perf_inline.h). What the fast markers use comes last, in
 * pairs that they load and store together.
 */
struct frame {
	perfpoint_token token; /* of a scope; else 0, or a former one's */
	uint64_t copies;       /* FRAME_THINNED: the thread's `armed` */
	uint32_t wide[MARKER_COSTS];
	uint16_t one_in;      /* weight of the sample */
	uint8_t kind;         /* enum marker_kind; not set by fast markers */
	bool readable;        /* FRAME_SLOW: the counters were read at its start */
	uintptr_t cfa;        /* caller's stack pointer at the marker */
	uint64_t armed;       /* the thread's, or enum frame_state */
	uint64_t sample_tail; /* of raw samples at this depth */
	uint64_t inner;       /* INNER_UNIT() each */
	uint64_t sample_head; /* region and thread */
	uint64_t begin;       /* on the thread's clock */
	uint64_t reading[];
};

/* From one frame to the next: room for what any source reads of so many events. */
#define FRAME_EVENT_WORDS 8u
#define FRAME_BYTES(events)                                                        \
	((uint32_t)((sizeof(struct frame) +                                        \
		     (size_t)(events)*FRAME_EVENT_WORDS * sizeof(uint64_t) + 15) & \
		    ~(size_t)15))
_Static_assert(FRAME_BYTES(RECORDING_EVENTS_MAX) - sizeof(struct frame) >=
		       READING_WORDS_MAX * sizeof(uint64_t),
	       "FRAME_EVENT_WORDS");

static inline uint32_t frame_region(const struct frame *frame)
{
	uint32_t region;

	/* As in a sample: the first of two. */
	__builtin_memcpy(&region, &frame->sample_head, sizeof(region));
	return region;
}

/*
 * A thread's frames end where the bit of this size in an address changes to 1, and the thread's
 * structure is behind: so one bit of `top` tells that no region can be put there.
 */
#define FRAMES_AREA_MIN    ((size_t)256 << 10)
#define FRAMES_AREA_MAX    ((size_t)2 << 20)
#define FRAMES_AREA_EVENTS 8 /* the first is enough for so many */
#define FRAMES_AREA(events) \
	((events) <= FRAMES_AREA_EVENTS ? FRAMES_AREA_MIN : FRAMES_AREA_MAX)
_Static_assert((size_t)(DEPTH_MAX + 1) * FRAME_BYTES(FRAMES_AREA_EVENTS) <=
		       FRAMES_AREA_MIN,
	       "FRAMES_AREA_MIN");
_Static_assert((size_t)(DEPTH_MAX + 1) * FRAME_BYTES(RECORDING_EVENTS_MAX) <=
		       FRAMES_AREA_MAX,
	       "FRAMES_AREA_MAX");

struct budget_region;

struct thread {
	/* Zeros, which `top` points to while the gate is closed; before it are some more. */
	unsigned char closed[sizeof(struct frame)] __attribute__((aligned(8)));
	/* Where a fast marker that has closed the gate opens a frame, or ends one; NULL: `depth` is up to date. */
	struct frame *volatile fast_frame;
	struct frame *volatile top;    /* the next frame */
	struct budget_region *regions; /* budget.h; by id + 1 */
	/*
	 * Lock of the first counter's copy and, in the upper half, the sum of all copies' locks;
	 * USER_READ_DISARMED: no copy is good.
	 */
	uint64_t armed;
	/* sample block */
	unsigned char *write; /* next sample */
	unsigned char *stop;  /* END has something else to do when `write` comes here */
	struct user_counter counters[RECORDING_EVENTS_MAX]; /* as slots */
	/* While a slow marker has the gate closed: a handler's jump beyond leaves the marker. */
	volatile uintptr_t marker_frame;

	struct thread *next; /* list of all, see process.threads; set once */
	uint32_t generation; /* of the process that it is recorded in */
	_Atomic bool in_use; /* false: may be recycled; guarded by the lock */
	_Atomic bool
		reports;   /* budget_begin() is over: what it counts is this thread's */
	bool counting;     /* counters are open */
	uint32_t index;    /* of the thread in the recording */
	uint32_t serial;   /* of the last region entered, for tokens */
	uint32_t depth;    /* frames in use, while the gate is closed */
	uint32_t overflow; /* regions open beyond DEPTH_MAX */
	uint32_t
		inherited; /* frames that a fork left behind; their ENDs are no errors */
	uintptr_t stack_low; /* bounds of the thread's own stack, 0 if unknown */
	uintptr_t stack_high;
	struct recording_block *block;
	unsigned char *limit;   /* end of the block */
	unsigned char *tallied; /* samples before are counted in `regions` */
	size_t block_bytes;     /* of the next block to ask for */
	/*
	 * counters, source perf: event i is slot i; behind them are what some events are on
	 * another PMU of the processor. Groups are runs of consecutive slots.
	 */
	struct perf_slot {
		int fd;
		uint32_t event;
		uint64_t id; /* the kernel's: whether `fd` is still ours */
		struct perf_event_mmap_page *page; /* NULL: no user-space reads */
	} slots[PERF_SLOTS_MAX];
	struct perf_group {
		uint32_t first; /* slot */
		uint32_t size;
		uint32_t word; /* where it begins in a reading */
		uint32_t twin; /* the group of the same events elsewhere; 0: none */
	} groups[PERF_SLOTS_MAX];
	uint32_t group_count;
	uint32_t event_groups; /* the first so many are not twins */
	uint32_t slot_count;   /* slots open */
	uint32_t fds_counted;  /* in process.fd_count for this thread */
	bool user_read;        /* every slot can be read in user space */
	struct clock clock;
	struct marker_cost costs[MARKER_COSTS];
	uint64_t pause_cost
		[RECORDING_EVENTS_MAX]; /* of perf_pause() and perf_resume() */
	uint64_t look_cost[RECORDING_EVENTS_MAX]; /* of budget_look() without either */
	uint64_t arm_cost[RECORDING_EVENTS_MAX];  /* of a START that copies the pages */
	bool paused;
	struct budget *budget; /* budget.h; NULL: everything is measured */
	uint64_t
		joined_cpu_ns; /* CLOCK_THREAD_CPUTIME_ID when it joined the recording */
	/* counters, source papi */
	void *plugin_thread;
	/* memory */
	struct recording_block *trial; /* for self_cost.c; not in the recording */
	uint64_t *scratch;             /* a reading at END */
	uint64_t *pause
		[2]; /* readings when work of ours begins and ends inside regions */
	unsigned char *frames;
};

struct runtime_event {
	char *name;
	uint32_t type;
	uint32_t flags; /* enum session_event_flag */
	uint64_t config;
	uint64_t config1;
	uint64_t config2;
	bool begins_group;
	bool has_other; /* what it is on another PMU of the processor */
	uint32_t other_type;
	uint64_t other_config;
	uint64_t other_config1;
	uint64_t other_config2;
};

struct process {
	struct process_page *page; /* never NULL once configured */
	bool configured;           /* a session was found and understood */
	/* from the session */
	char directory[SESSION_PATH_MAX + 1];
	char plugin_path[SESSION_PATH_MAX + 1];
	enum recording_source source;
	bool user_read;
	bool grouped;           /* some event begins a group */
	uint32_t max_overhead;  /* permille; 0: everything is measured */
	uint32_t running_floor; /* permille */
	struct runtime_event *events;
	uint32_t event_count;
	const struct perfpoint_plugin *plugin;
	uint32_t sample_bytes;
	uint32_t frame_bytes; /* FRAME_BYTES() */
	size_t frames_area;   /* FRAMES_AREA() */
	/* the recording, valid while page->state is PROCESS_RECORDING */
	struct recording_header *header; /* mapped; names follow */
	uint64_t map_bytes;
	_Atomic uint64_t
		names_reserved; /* file space reserved up to here, offset in the file */
	int fd;
	uint64_t device, inode; /* of the recording: fd is checked before it is used */
	char path[SESSION_PATH_MAX + 64];
	uint64_t start_ns;
	uint32_t generation; /* counts the recordings from process to forked process */
	/* threads; list is push-only under the lock, so that a fork always sees it whole */
	struct thread *_Atomic threads;
	pthread_key_t key;
	int fd_floor;      /* our descriptors are moved to this number or above */
	uint64_t fd_limit; /* soft limit that the program was started with */
	_Atomic uint64_t fd_count;   /* counters' descriptors that we hold */
	_Atomic uint32_t complaints; /* bit per enum complaint, said once a process */
};
extern struct process process;

/* ---- process.c ---- */
/* Finds the session, once; true if this process is to be recorded. */
bool process_configure(void);
/* Makes this process's recording; the lock is held. Sets page->state. */
void process_start(void);
uint64_t process_now(void); /* CLOCK_MONOTONIC, ns */
/* While there is no recording, as in a forked child that has not begun its own, nothing is counted. */
static inline void process_lose_many(enum recording_loss loss, uint64_t count)
{
	if (atomic_load_explicit(&process.page->state, memory_order_acquire) ==
	    PROCESS_RECORDING)
		__atomic_fetch_add(&process.header->losses[loss], count,
				   __ATOMIC_RELAXED);
}
static inline void process_lose(enum recording_loss loss)
{
	process_lose_many(loss, 1);
}

enum complaint {
	COMPLAINT_SESSION,
	COMPLAINT_RECORDING,
	COMPLAINT_COUNTERS,
	COMPLAINT_SPACE,
	COMPLAINT_NAMES,
	COMPLAINT_THREAD,
};
/* One line on stderr, once per kind and process, and into the recording's `failure`. */
void complain(enum complaint kind, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Moves a descriptor of ours out of the program's way; returns the new one, or `fd`. */
int process_move_fd(int fd);

/* ---- session.c ---- */
/* Reads <directory>/session into `process`; 0 or negative errno, having complained. */
int session_read(const char *directory);

/* ---- names.c ---- */
/* Reserves the tables; called once. 0 or -ENOMEM. */
int names_init(void);
/* Region id of a name, which is copied; UINT32_MAX when the table is full. Lock-free. */
uint32_t names_region(const char *name);
uint32_t names_mark(int mark);
/* That of small marks seen before, + 1; 0: names_mark() must find it. */
#define NAMES_MARKS 1024u
extern uint32_t names_marks[NAMES_MARKS]; /* atomic */
static inline uint32_t names_known_mark(int mark)
{
	if (unlikely((unsigned int)mark >= NAMES_MARKS))
		return 0;
	return __atomic_load_n(&names_marks[mark], __ATOMIC_RELAXED);
}
/* Writes all regions known so far into a new recording (after a fork). */
void names_repeat(void);

/* ---- counters_perf.c ---- */
/* Opens and starts the calling thread's counters; 0 or negative errno with the reason. */
int perf_open(struct thread *thread, char *text, size_t size);
/* `forked`: in a child, for counters that are its parent's. Must not touch memory that the
 * fork did not copy, nor descriptors that are the program's by now. */
void perf_close(struct thread *thread, bool forked);
/* Reads the calling thread's counters: no lock, no allocation, errno untouched,
 * async-signal-safe. false: could not be read; where the program has closed a counter, the thread
 * is not measured any more. */
bool perf_read(struct thread *thread, uint64_t *reading);
/* Increases between two readings into deltas[]; sets cpu_ns, flags and running_share of
 * *sample. RECORDING_LOSS_KINDS, or why this cannot be a sample: the counters did not run, or
 * less than the session wants. */
enum recording_loss perf_subtract(const struct thread *thread, const uint64_t *begin,
				  const uint64_t *end, uint64_t *deltas,
				  struct recording_sample *sample);

/*
 * Copies what the pages of the thread's counters say, for perf_inline.h. Raw readings of open
 * regions, which belong to older copies, become readings as of perf_read(). false: some counter
 * is not on the processor, or cannot be read in user space. As perf_read() otherwise.
 */
bool perf_rearm(struct thread *thread);
/*
 * Rare work of ours that is not of constant cost: what it counts between these two is taken off
 * the regions that are open around it, and so is `cost`, an array: what is around these two or
 * theirs. Nothing where each reading would be a system call.
 */
void perf_pause(struct thread *thread);
void perf_resume(struct thread *thread, const uint64_t *cost);
/*
 * Adds the increases between two readings to what the first `depth` frames had at their START;
 * and `constant`, an array as of struct marker_cost.
 */
void perf_credit(const struct thread *thread, uint32_t depth, const uint64_t *begin,
		 const uint64_t *end, const uint64_t *constant);
/* Nothing can be read raw, whatever the source. */
void perf_disarm(struct thread *thread);
/* The same, while regions are open: the raw readings of theirs become others. */
void perf_give_up_raw(struct thread *thread);
/* Makes the raw reading of one what perf_read() would have given. */
void perf_settle(const struct thread *thread, struct frame *frame);
/* Whether the frame's reading is raw. */
static inline bool perf_is_raw(const struct frame *frame)
{
	return frame->armed > FRAME_SKIPPED || frame->armed == FRAME_THINNED;
}

/* ---- refusal.c ---- */
/* Why the event could not be opened (`code`, an errno) and the way out, one line. */
void perf_refusal(const struct runtime_event *event, int code, char *text, size_t size);

/* ---- counters.c: the same for whatever source the session chose ---- */
int counters_open(struct thread *thread, char *text, size_t size);
void counters_close(struct thread *thread, bool forked);
bool counters_read_plugin(struct thread *thread, uint64_t *reading);

static inline bool counters_read(struct thread *thread, uint64_t *reading)
{
	if (likely(process.source == RECORDING_SOURCE_PERF))
		return perf_read(thread, reading);
	return process.source == RECORDING_SOURCE_NONE ||
	       counters_read_plugin(thread, reading);
}

static inline enum recording_loss counters_subtract(const struct thread *thread,
						    const uint64_t *begin,
						    const uint64_t *end,
						    uint64_t *deltas,
						    struct recording_sample *sample)
{
	if (likely(process.source == RECORDING_SOURCE_PERF))
		return perf_subtract(thread, begin, end, deltas, sample);
	for (uint32_t i = 0; i < process.event_count; i++)
		deltas[i] = end[i] - begin[i];
	return RECORDING_LOSS_KINDS;
}

/*
 * Whether the sample of the thread's innermost frame, for which the counters could not be read
 * (`loss`), will be stored by someone else: the simulator.
 */
bool counters_deferred(const struct thread *thread, const struct frame *frame,
		       enum recording_loss loss);

/* ---- counters_sim.c: source sim, by requests to the simulator that the program runs in ---- */
/* Tells it the markers, before the first is executed. */
void sim_configure(void);
/* Before and after the recording is made: 0 or negative errno with the reason in text. */
int sim_check(char *text, size_t size);
int sim_start(char *text, size_t size);
/* Begins the innermost frame. */
void sim_begin(const struct thread *thread, const struct frame *frame);
void sim_end(const struct thread *thread, const struct frame *frame);

/* ---- markers.c ---- */
#define MARKERS_ENTRIES_MAX 16
/* The functions that user code calls; returns how many. */
size_t markers_entries(const void **entries);

/* ---- self_cost.c ---- */
/* Measures the calling thread's markers by pairs that are not recorded; -1: no mark is known. */
void self_cost_measure(struct thread *thread, int mark);
/* Subtracts from values[] what `frame`'s own markers (`own`) and those inside it added. */
void self_cost_subtract(const struct thread *thread, const struct frame *frame,
			const uint64_t *own, uint64_t *values);
/* Regions of a kind that ended inside of it. */
uint64_t self_cost_inner(const struct frame *frame, enum marker_kind kind);
/* Makes room in `inner`. */
void self_cost_widen(struct frame *frame);
/* The time that the markers inside of the frame took. */
uint64_t self_cost_inner_ns(const struct thread *thread, const struct frame *frame);

/* ---- writer.c ---- */
/* Makes the recording of this process; 0 or negative errno with the reason in text. */
int writer_create(char *text, size_t size);
/* Closes the parent's recording in a forked child, if the descriptor still is that. */
void writer_forget(void);
/* A record in the names area; false when it is full or there is no space. Lock-free. */
bool writer_name(enum recording_name_kind kind, uint32_t id, uint64_t value,
		 const char *name);
/* A new block for the thread; false when there is no space. Lock-free. */
bool writer_new_block(struct thread *thread);
/*
 * Changes the thread's block, or its place in it, with the gate closed. A jump out of it leaves no
 * block (thread_put_in_order).
 */
void writer_set_block(struct thread *thread, struct recording_block *block,
		      unsigned char *write, unsigned char *limit);
/* Tells in the block which of its samples are complete, for readers that do not look at each. */
void writer_publish(struct thread *thread);
static inline bool writer_has_room(const struct thread *thread)
{
	return thread->block &&
	       (size_t)(thread->limit - thread->write) >= process.sample_bytes;
}
/* Room for one sample in the thread's block; NULL when there is no space. */
static inline unsigned char *writer_room(struct thread *thread)
{
	return likely(writer_has_room(thread)) || writer_new_block(thread)
		       ? thread->write
		       : NULL;
}

/* ---- thread.c ---- */
/* That of the calling thread; thread_nobody, in which nothing can be opened: none yet. */
extern struct thread *const thread_nobody;
extern __thread struct thread *thread_current
	__attribute__((tls_model("initial-exec")));
/* NULL: none. Perhaps of a forked child's parent. */
static inline struct thread *thread_self(void)
{
	return thread_current == thread_nobody ? NULL : thread_current;
}
/* The same, if it is recorded in this process; NULL: it must be attached. */
static inline struct thread *thread_recorded(void)
{
	struct thread *thread = thread_self();

	return likely(thread) &&
			       likely(atomic_load_explicit(&process.page->state,
							   memory_order_acquire) ==
				      PROCESS_RECORDING) &&
			       likely(thread->generation == process.generation)
		       ? thread
		       : NULL;
}
/*
 * The lock of process.page: a futex that holds its owner's kernel id, so that a jump finds out whether it
 * leaves it locked, after whichever instruction it comes. 0, as in a forked child, is unlocked.
 */
void thread_lock(void);
void thread_unlock(void);
static inline struct frame *thread_frame(const struct thread *thread, uint32_t depth)
{
	return (struct frame *)(void *)(thread->frames +
					(size_t)depth * process.frame_bytes);
}
/* At depth 0 that is a frame, too, but no region. */
static inline struct frame *thread_innermost(const struct thread *thread)
{
	return (struct frame *)(void *)(thread->frames +
					(size_t)thread->depth * process.frame_bytes -
					process.frame_bytes);
}
/* The one around it; that of depth 0 has one, too, which is no region. */
static inline struct frame *thread_parent(struct frame *frame)
{
	return (struct frame *)(void *)((unsigned char *)frame - process.frame_bytes);
}
/*
 * The gate is open while the thread may enter a marker. Closed in a marker, which signal
 * handlers on this thread see: nothing can be opened above `closed`, and what is below it is
 * no region. A forked child sees its frames wiped.
 *
 * `depth` is up to date while it is closed. The compiler must not move work of ours across;
 * signals are on the same thread.
 */
static inline struct frame *thread_closed(struct thread *thread)
{
	return (struct frame *)(void *)thread->closed;
}
static inline bool thread_is_closed(struct thread *thread)
{
	return thread->top == thread_closed(thread);
}
static inline void thread_set_depth(struct thread *thread, const struct frame *top)
{
	thread->depth =
		(uint32_t)((size_t)((const unsigned char *)top - thread->frames) /
			   process.frame_bytes);
	thread->fast_frame = NULL;
}
static inline void thread_update_depth(struct thread *thread)
{
	if (!thread_is_closed(thread))
		thread_set_depth(thread, thread->top);
	else if (thread->fast_frame)
		thread_set_depth(thread, thread->fast_frame);
}
static inline void thread_close_gate(struct thread *thread)
{
	thread_update_depth(thread);
	thread->top = thread_closed(thread);
	atomic_signal_fence(memory_order_seq_cst);
}
static inline void thread_open_gate(struct thread *thread)
{
	thread->marker_frame = 0;
	atomic_signal_fence(memory_order_seq_cst);
	thread->top = thread_frame(thread, thread->depth);
}
/* As a fork leaves it to the child. */
void thread_wipe(struct thread *thread);
/*
 * Makes thread_current usable in this process: new thread, or first marker after a fork. Leaves the
 * gate closed until thread_attached(), before which all else is made ready. NULL: this thread is not
 * recorded. Takes the lock, allocates.
 */
struct thread *thread_attach(void);
void thread_attached(struct thread *thread);
/*
 * A handler jumps to where the stack pointer is `target`. Half an attachment that this leaves is left
 * behind: the next marker begins anew. false: the jump stays within the handler, and what attaches
 * goes on afterwards.
 */
bool thread_leave_attachment(uintptr_t target);
/* No cancellation between these, which do not nest; a handler's jump ends it, too. */
void thread_hold_cancel(void);
void thread_release_cancel(void);
/* Closes the gate, after which all is again as it is between markers; thread_open_gate() follows. */
void thread_put_in_order(struct thread *thread);
/* Destructor of process.key: gives up what the ending thread has. */
void thread_detach(void *thread);
/* Drops the frames above `depth` as not ended; the gate is closed. */
void thread_abandon(struct thread *thread, uint32_t depth);

/* ---- unwind.c ---- */
void unwind_init(void);

#pragma GCC visibility pop

#endif
