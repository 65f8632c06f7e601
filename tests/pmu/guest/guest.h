/* SPDX-License-Identifier: MIT */
/*
 * For tests that run in the guest, as root: programs run there, what they said, and recordings made
 * by `autoperf record` as a user makes them. What cannot be done fails the running cmocka test.
 */
#ifndef TESTS_PMU_GUEST_H
#define TESTS_PMU_GUEST_H

#include "harness.h"

/*
 * In the list of tests: one that fails as long as a feature is missing. It is no failure of the
 * run; once it passes the run fails, so that this mark is taken away.
 */
#define AWAITING(test, feature)                                     \
	{                                                           \
		.name = #test " # TODO " feature, .test_func = test \
	}

enum guest_user {
	GUEST_ROOT,
	GUEST_NOBODY, /* user 65534 without capabilities */
};

struct reply {
	int status;   /* exit status, or 128 + signal */
	char *output; /* stdout */
	char *errors; /* stderr */
};

/* Runs /guest/PROGRAM with the words of `arguments`, separated by single blanks, and waits. */
struct reply *call(enum guest_user user, const char *program, const char *arguments);
void reply_free(struct reply *reply);
/* Fail with the whole reply in the message. */
void assert_reply(const struct reply *reply, int status);
void assert_output(const struct reply *reply, const char *part);
void assert_errors(const struct reply *reply, const char *part);
void assert_warns(const struct reply *reply, const char *part);
void assert_no_warning(const struct reply *reply);

/* A program under `autoperf record`. */
struct recorded {
	struct reply *reply;
	struct outcome *outcome; /* all runs of all passes */
	char directory[64];
};

/*
 * `autoperf record OPTIONS -- /guest/work WORK`, one run of each pass unless the options say -n,
 * and every execution measured unless they say --max-overhead.
 * Fails when autoperf does.
 */
struct recorded *record_work(const char *options, const char *work);
struct recorded *record_work_as(enum guest_user user, const char *options,
				const char *work);
void recorded_free(struct recorded *recorded);

/* Samples of one event in one region, in the order of the files. */
struct series {
	uint64_t *values;
	size_t count;
};

/* Fails when the region has no sample of the event. */
struct series series_of(const struct recorded *recorded, const char *region,
			const char *event);
void series_free(struct series *series);
size_t count_samples(const struct recorded *recorded, const char *region);
/* The value that all samples have; fails when they differ. */
uint64_t the_value_of(const struct recorded *recorded, const char *region,
		      const char *event);
/*
 * The value that nine in ten samples have; fails when there is none. The markers call
 * clock_gettime() inside of regions: it takes 9 instructions more until the first tick of a second,
 * and begins anew when a tick interrupts it.
 */
uint64_t usual_value_of(const struct recorded *recorded, const char *region,
			const char *event);
/* The number that the program told as "KEY NUMBER" on a line of its own. */
uint64_t told(const struct reply *reply, const char *key);

/* A comment in the test's output: a number that is worth seeing. */
void remark(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Takes `count` counters of processor 0 as the NMI watchdog does: pinned, whatever thread runs. One
 * descriptor each, to be closed.
 */
void take_counters(int *fds, int count);
void give_counters_back(const int *fds, int count);

/* Writes a file of /proc/sys or the like. */
void set_file(const char *path, const char *text);
/* kernel.perf_event_paranoid: -1, 0, 1, 2, or 3, which Debian's kernels have in addition. */
void set_paranoid(int level);
/* User-space reads of counters. */
void set_user_reads(bool on);

#endif
