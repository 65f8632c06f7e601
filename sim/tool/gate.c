/* SPDX-License-Identifier: MIT */
/*
 * If a thread's turn ended while it holds a lock, the next one would run into that lock and wait in
 * the kernel. That would be an accident of where turns end, it differs from run to run, and what a
 * thread executes to wait and to wake others would be simulated though in virtual time nobody had
 * to wait. So the next one is kept before the lock as long as the holder can go on. If the holder
 * itself waits in the kernel, the program really makes others wait: they are let through.
 *
 * Only exclusive holders are known. What is missed here costs repeatability, never correctness.
 */
#include "tool/gate.h"

#include <pub_tool_hashtable.h>

struct gate {
	struct gate *next; /* of VgHashNode */
	UWord address;
	struct thread *owner; /* NULL: open */
	uint32_t depth;       /* recursive locks; 0: the owner is about to lock */
};

static VgHashTable *gates;

static struct gate *find(uint64_t address)
{
	struct gate *gate;

	if (!gates)
		gates = VG_(HT_construct)("autoperf.gates");
	gate = VG_(HT_lookup)(gates, address);
	if (!gate) {
		gate = VG_(calloc)("autoperf.gate", 1, sizeof(*gate));
		gate->address = address;
		VG_(HT_add_node)(gates, gate);
	}
	return gate;
}

static void set_owner(struct gate *gate, struct thread *owner)
{
	if (gate->owner)
		gate->owner->locks_held--;
	gate->owner = owner;
	gate->depth = 0;
	if (owner)
		owner->locks_held++;
}

bool gate_pass(struct thread *thread, uint64_t address)
{
	struct gate *gate = find(address);

	if (gate->owner && gate->owner != thread)
		return !gate->owner->live || gate->owner->state != THREAD_RUNNABLE;
	/* From now on, because its turn may end before it has the lock. */
	if (!gate->owner)
		set_owner(gate, thread);
	return true;
}

void gate_taken(struct thread *thread, uint64_t address)
{
	struct gate *gate = find(address);

	if (gate->owner != thread)
		set_owner(gate, thread);
	gate->depth++;
}

bool gate_left(uint64_t address)
{
	struct gate *gate = find(address);

	if (!gate->owner)
		return false;
	if (gate->depth > 1)
		gate->depth--;
	else
		set_owner(gate, NULL);
	return true;
}

void gate_thread_ended(struct thread *thread)
{
	struct gate *gate;

	if (!thread->locks_held)
		return;
	VG_(HT_ResetIter)(gates);
	while ((gate = VG_(HT_Next)(gates)))
		if (gate->owner == thread)
			set_owner(gate, NULL);
}
