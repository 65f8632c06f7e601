#include "tool/spin.h"
bool spin_look(struct thread *thread)
{
	(void)thread;
	return false;
}
void spin_look_around(const struct thread *last)
{
	(void)last;
}
bool spin_replay(struct thread *thread, struct spin *spin)
{
	(void)thread;
	(void)spin;
	return true;
}
void spin_passed(struct thread *thread)
{
	(void)thread;
}
void spin_thread_ended(struct thread *thread)
{
	(void)thread;
}
void spin_forked(void)
{
}
