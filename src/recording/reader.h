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



struct recording {
	struct recording_header header; /* a copy, checked */
	char **event_names;		/* header.event_count of them */
	char **region_names;		/* region_count; NULL where the name is missing */
	uint32_t region_count;
	uint32_t *thread_tids; /* thread_count; 0 where unknown */
	uint32_t thread_count;
	bool truncated;	       /* the file ends before header.file_bytes */
	uint64_t torn_samples; /* samples whose fields were impossible, skipped */
	/* private */
	const unsigned char *map;
	uint64_t map_bytes;
	uint64_t next_block;
};

/*
 * Opens and checks. Fails with a text that names the file when it is no recording, of
 * another version or byte order, or its header contradicts itself.
 */
int recording_open(struct recording *recording, const char *path, struct error *error);
void recording_close(struct recording *recording);

/*
 * The next run of complete samples, in file order: *samples points at *count consecutive
 * samples of header.sample_bytes bytes each (8-byte aligned), valid until close. Returns 1,
 * or 0 at the end. Samples whose region or thread is out of range are not filtered here: use
 * recording_sample_valid().
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

/* Counts all samples by walking the blocks; does not disturb recording_next(). */
uint64_t recording_count(const struct recording *recording);

/* One line of English for a loss kind, "samples not stored: no space". */
const char *recording_loss_text(enum recording_loss loss);

#endif
