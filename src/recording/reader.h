/* SPDX-License-Identifier: MIT */
/*
 * Reads a recording (format.h), bounds-checked: a recording is untrusted input, and may have
 * been cut short by a crash at any byte. What is complete is delivered, what is not is
 * counted.
 */
#ifndef AUTOPERF_RECORDING_READER_H
#define AUTOPERF_RECORDING_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "recording/format.h"

#define RECORDING_THREADS_MAX (1u << 24) /* thread indices that a reader believes in */

struct recording {
	struct recording_header header; /* a copy, checked; its texts end in NUL */
	char **event_names;             /* header.event_count of them, none NULL */
	char **region_names; /* region_count; NULL where the name is missing */
	uint32_t region_count;
	uint32_t *thread_tids; /* thread_count; 0 where unknown */
	uint32_t thread_count;
	bool truncated; /* the file ends before header.file_bytes: cut, or the disk was full */
	/*
	 * Samples that blocks announce and that are not there: the file ends before, or the
	 * block's header is impossible and nothing in the block can be trusted.
	 */
	uint64_t torn_samples;
	/* private */
	const unsigned char *map;
	uint64_t map_bytes;
	uint64_t end; /* of the blocks: header.file_bytes, or the file's end */
	uint64_t next_block;
};

/*
 * Opens and checks; *recording need not be initialised and is empty after a failure. The text
 * names the file and says why; the code is
 *	-ENODATA   nothing can have been measured yet when the file was cut: it is empty, its
 *		   header was never finished, or its events have no names and there is no sample
 *	-EINVAL	   no recording
 *	-ENOTSUP   another version, or a machine of the other byte order
 *	-EBADMSG   damaged: its header contradicts itself
 *	or what open(2), fstat(2), mmap(2) said, or -ENOMEM.
 * The program may still be running; what it adds after this call is not seen. The file must
 * not be made shorter while it is open (nothing does).
 */
int recording_open(struct recording *recording, const char *path, struct error *error);
/* Harmless on a closed or zeroed one. */
void recording_close(struct recording *recording);

/*
 * The next run of complete samples, in file order: *samples points at *count consecutive
 * samples of header.sample_bytes bytes each (8-byte aligned), valid until close. Returns 1,
 * or 0 at the end. Samples whose region or thread is out of range are not filtered here: use
 * recording_sample_valid(). Times and values of raw ones mean nothing yet: recording_copy().
 */
int recording_next(struct recording *recording, const unsigned char **samples,
		   size_t *count);
void recording_rewind(struct recording *recording);

/* The sample's region and thread exist and its one_in is not 0. */
static inline bool recording_sample_valid(const struct recording *recording,
					  const struct recording_sample *sample)
{
	return sample->region < recording->region_count &&
	       recording->region_names[sample->region] &&
	       sample->thread < recording->thread_count && sample->one_in;
}

/* One sample, header.sample_bytes bytes, into *copy (8-byte aligned), settled. */
void recording_copy(const struct recording *recording, const void *sample, void *copy);

/* Counts all samples by walking the blocks; does not disturb recording_next(). */
uint64_t recording_count(const struct recording *recording);

/*
 * A few words of English for a loss kind, "samples not stored: no space"; "lost for an unknown
 * reason" for kinds that this version does not know.
 */
const char *recording_loss_text(enum recording_loss loss);

#endif
