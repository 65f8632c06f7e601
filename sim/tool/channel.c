/* SPDX-License-Identifier: MIT */
/*
 * Channels by inode; 0 is the one of all that is no pipe.
 */
#include "tool/channel.h"

#include <pub_tool_hashtable.h>

#include "tool/order.h"
#include "tool/system_calls.h"

#define TYPE_MASK     0170000u
#define TYPE_FIFO     0010000u
#define TYPE_SOCKET   0140000u
#define TYPE_NONE     0u /* eventfd, timerfd, ... */
#define TRANSFERS_MAX 4096u
#define POLL_OUT      4 /* POLLOUT */

/* Bytes that were written by one call and are not read yet. */
struct transfer {
	struct transfer *next;
	uint64_t
		end; /* in the channel's bytes; UINT64_MAX: the call has not returned */
	struct signal *signal; /* owned */
};

struct channel {
	struct channel *next; /* of VgHashNode */
	UWord inode;
	struct signal *latest_write, *latest_read; /* owned */
	uint64_t bytes_written, bytes_read;
	struct transfer *first;
	uint32_t transfer_count;
};

static VgHashTable *channels;

static struct channel *find(UWord inode)
{
	struct channel *channel;

	if (!channels)
		channels = VG_(HT_construct)("autoperf.channels");
	channel = VG_(HT_lookup)(channels, inode);
	if (!channel) {
		channel = VG_(calloc)("autoperf.channel", 1, sizeof(*channel));
		channel->inode = inode;
		VG_(HT_add_node)(channels, channel);
	}
	return channel;
}

/* NULL: nothing that a thread waits for another with. */
static struct channel *channel_of(Int fd)
{
	struct vg_stat status;

	if (fd < 0 || VG_(fstat)(fd, &status))
		return NULL;
	switch (status.mode & TYPE_MASK) {
	case TYPE_FIFO:
		return find(status.ino);
	case TYPE_SOCKET:
	case TYPE_NONE:
		return find(0);
	default:
		return NULL;
	}
}

static void await(struct thread *thread, struct signal *signal)
{
	if (signal)
		THREAD_APPEND(thread, LOG_AWAIT, (uintptr_t)signal_hold(signal),
			      thread_order());
}

/* Appends a signal to the thread's log; one reference is the caller's. */
static struct signal *happen(struct thread *thread)
{
	struct signal *signal = signal_new();

	THREAD_APPEND(thread, LOG_SIGNAL, (uintptr_t)signal_hold(signal));
	return signal;
}

static void replace(struct signal **place, struct signal *signal)
{
	signal_drop(*place);
	*place = signal_hold(signal);
}

static void drop_first(struct channel *channel)
{
	struct transfer *transfer = channel->first;

	channel->first = transfer->next;
	channel->transfer_count--;
	signal_drop(transfer->signal);
	VG_(free)(transfer);
}

static bool is_ready(Int fd, Short events)
{
	struct vki_pollfd poll = {.fd = fd, .events = events};
	SysRes result = VG_(poll)(&poll, 1, 0);

	return sr_isError(result) || sr_Res(result) != 0;
}

static struct transfer *add_transfer(struct channel *channel, struct signal *signal)
{
	struct transfer *transfer = VG_(malloc)("autoperf.transfer", sizeof(*transfer));
	struct transfer **last = &channel->first;

	*transfer = (struct transfer){.end = UINT64_MAX, .signal = signal_hold(signal)};
	while (*last)
		last = &(*last)->next;
	*last = transfer;
	channel->transfer_count++;
	return transfer;
}

bool channel_before_write(struct thread *thread, Int fd)
{
	struct system_call_state *state = system_call_state(thread);
	struct signal *signal;

	state->channel = channel_of(fd);
	state->transfer = NULL;
	if (!state->channel)
		return false;
	state->will_block = !is_ready(fd, POLL_OUT);
	signal = happen(thread);
	replace(&state->channel->latest_write, signal);
	/* Unread transfers pile up when another process reads: then nothing is known. */
	if (state->channel->inode && state->channel->transfer_count < TRANSFERS_MAX)
		state->transfer = add_transfer(state->channel, signal);
	if (state->channel->inode)
		replace(&find(0)->latest_write, signal); /* for those who poll */
	signal_drop(signal);
	return state->will_block;
}

void channel_after_write(struct thread *thread, SysRes result)
{
	struct system_call_state *state = system_call_state(thread);
	struct channel *channel = state->channel;

	if (!channel)
		return;
	if (!sr_isError(result))
		channel->bytes_written += sr_Res(result);
	if (state->transfer)
		state->transfer->end = channel->bytes_written;
	if (state->will_block)
		await(thread, channel->latest_read);
	state->channel = NULL;
	state->transfer = NULL;
}

bool channel_before_read(struct thread *thread, Int fd)
{
	struct channel *channel = channel_of(fd);

	system_call_state(thread)->channel = channel;
	return !is_ready(fd, VKI_POLLIN);
}

void channel_after_read(struct thread *thread, SysRes result)
{
	struct system_call_state *state = system_call_state(thread);
	struct channel *channel = state->channel;
	struct signal *signal;

	state->channel = NULL;
	if (!channel || sr_isError(result))
		return;
	channel->bytes_read += sr_Res(result);
	while (channel->first && channel->first->end < channel->bytes_read)
		drop_first(channel);
	if (!channel->inode)
		await(thread, channel->latest_write);
	else if (channel->first && sr_Res(result))
		await(thread, channel->first->signal);
	signal = happen(thread);
	replace(&channel->latest_read, signal);
	signal_drop(signal);
}

void channel_event(struct thread *thread)
{
	struct signal *signal = happen(thread);

	replace(&find(0)->latest_write, signal);
	signal_drop(signal);
}

void channel_waited(struct thread *thread)
{
	await(thread, find(0)->latest_write);
}

void channels_forked(void)
{
	if (channels)
		VG_(HT_destruct)(channels, VG_(free));
	channels = NULL;
}
