/* SPDX-License-Identifier: MIT */
/*
 * Data that threads send each other through the kernel. For pipes it is known which write a read
 * got its bytes from. Sockets, eventfds and everything that is polled are one channel: who returns
 * from waiting for it has waited for the latest of all writes.
 */
#ifndef AUTOPERF_SIM_TOOL_CHANNEL_H
#define AUTOPERF_SIM_TOOL_CHANNEL_H

#include "tool/thread.h"

/* Around read(2), write(2) and their kin on `fd`. */
/* Those before the call return whether the thread is going to wait in it. */
bool channel_before_write(struct thread *thread, Int fd);
void channel_after_write(struct thread *thread, SysRes result);
bool channel_before_read(struct thread *thread, Int fd);
void channel_after_read(struct thread *thread, SysRes result);

/* Something that threads may be waiting for happens: a connection, a signal. */
void channel_event(struct thread *thread);
/* The thread has waited for some event or other. */
void channel_waited(struct thread *thread);
void channels_forked(void);

#endif
