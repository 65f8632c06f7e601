/* SPDX-License-Identifier: MIT */
/*
 * Threads that contend, or do not: the argument says how. Each thread's share of the work is one
 * call of work(), the region.
 *
 *	contention MODE THREADS COUNT
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE        64
#define THREADS_MAX 64

struct padded {
	_Alignas(LINE) volatile long value;
};

static volatile long adjacent[LINE] __attribute__((aligned(LINE)));
static struct padded padded[THREADS_MAX];
static _Alignas(LINE) atomic_long shared;
static _Alignas(LINE) struct {
	pthread_mutex_t mutex;
	volatile long value;
} locked = {PTHREAD_MUTEX_INITIALIZER, 0};
static struct {
	_Alignas(LINE) pthread_mutex_t mutex;
} locks[THREADS_MAX];
static volatile long *heap;
static _Alignas(LINE) pthread_barrier_t start;
static _Alignas(LINE) pthread_barrier_t barrier;
static _Alignas(LINE) pthread_spinlock_t spinlock;

/* Only read by the threads; on a line of its own. */
static _Alignas(LINE) struct {
	void (*run)(int self);
	long count;
	int threads;
	char rest[LINE - 20];
} job;

static void false_sharing(int self)
{
	for (long i = 0; i < job.count; i++)
		adjacent[self]++;
}

static void no_sharing(int self)
{
	for (long i = 0; i < job.count; i++)
		padded[self].value++;
}

static void true_sharing(int self)
{
	(void)self;
	for (long i = 0; i < job.count; i++)
		atomic_fetch_add(&shared, 1);
}

static void mutex(int self)
{
	(void)self;
	for (long i = 0; i < job.count; i++) {
		pthread_mutex_lock(&locked.mutex);
		locked.value++;
		pthread_mutex_unlock(&locked.mutex);
	}
}

static void spin_lock(int self)
{
	(void)self;
	for (long i = 0; i < job.count; i++) {
		pthread_spin_lock(&spinlock);
		locked.value++;
		pthread_spin_unlock(&spinlock);
	}
}

/* Some work on memory of one's own. */
static void compute(int self, long rounds)
{
	for (long i = 0; i < rounds; i++)
		padded[self].value += i;
}

static void coarse_lock(int self)
{
	for (long i = 0; i < job.count; i++) {
		pthread_mutex_lock(&locked.mutex);
		compute(self, 200);
		pthread_mutex_unlock(&locked.mutex);
		compute(self, 20);
	}
}

static void fine_locks(int self)
{
	for (long i = 0; i < job.count; i++) {
		pthread_mutex_lock(&locks[self].mutex);
		compute(self, 200);
		pthread_mutex_unlock(&locks[self].mutex);
		compute(self, 20);
	}
}

/* The same with one lock that is hand-written. */
static _Alignas(LINE) atomic_int next_ticket;
static _Alignas(LINE) atomic_int serving;

static void coarse_ticket(int self)
{
	for (long i = 0; i < job.count; i++) {
		int ticket = atomic_fetch_add(&next_ticket, 1);

		while (atomic_load(&serving) != ticket)
			;
		compute(self, 200);
		atomic_store(&serving, ticket + 1);
		compute(self, 20);
	}
}

static void false_sharing_heap(int self)
{
	for (long i = 0; i < job.count; i++)
		heap[self]++;
}

static void rare_sharing(int self)
{
	for (long i = 0; i < job.count; i++) {
		padded[self].value = i;
		if (i % 1024 == 0)
			atomic_fetch_add(&shared, 1);
	}
}

/* A flag goes round; each thread spins until it is its turn. */
static void handoff(int self)
{
	for (long i = 0; i < job.count; i++) {
		while (atomic_load(&shared) % job.threads != self)
			;
		atomic_fetch_add(&shared, 1);
	}
}

/*
 * A ring between thread 0 and thread 1, whose ends spin. Each end keeps a copy of the other's
 * index and looks again only when the ring seems full or empty.
 */
#define RING 64
static struct {
	_Alignas(LINE) atomic_long head;
	atomic_long tail; /* on the same line */
	_Alignas(LINE) long items[RING];
} ring;
static struct {
	_Alignas(LINE) atomic_long head;
	_Alignas(LINE) atomic_long tail;
	_Alignas(LINE) long items[RING];
} ring_padded;

static void produce(atomic_long *head, atomic_long *tail, long *items)
{
	long seen = 0;

	for (long i = 0; i < job.count; i++) {
		while (i - seen == RING)
			seen = atomic_load_explicit(head, memory_order_acquire);
		items[i % RING] = i;
		atomic_store_explicit(tail, i + 1, memory_order_release);
	}
}

static void consume(atomic_long *head, atomic_long *tail, const long *items)
{
	long seen = 0, sum = 0;

	for (long i = 0; i < job.count; i++) {
		while (i == seen)
			seen = atomic_load_explicit(tail, memory_order_acquire);
		sum += items[i % RING];
		atomic_store_explicit(head, i + 1, memory_order_release);
	}
	padded[1].value = sum;
}

static void pass_items(int self, atomic_long *head, atomic_long *tail, long *items)
{
	if (self == 0)
		produce(head, tail, items);
	else
		consume(head, tail, items);
}

static void queue(int self)
{
	if (self < 2)
		pass_items(self, &ring.head, &ring.tail, ring.items);
}

static void queue_padded(int self)
{
	if (self < 2)
		pass_items(self, &ring_padded.head, &ring_padded.tail,
			   ring_padded.items);
}

/* One thread has more to do than the others, who wait for it. */
static void slow_at_barrier(int self)
{
	for (long i = 0; i < job.count; i++) {
		compute(self, self ? 100 : 2000);
		pthread_barrier_wait(&barrier);
	}
}

static void even_at_barrier(int self)
{
	for (long i = 0; i < job.count; i++) {
		compute(self, 100);
		pthread_barrier_wait(&barrier);
	}
}

/* A bounded buffer with condition variables: thread 0 produces, slowly, the others consume. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	long available;
} buffer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void condition(int self)
{
	long total = job.count * (job.threads - 1);

	if (self == 0) {
		for (long i = 0; i < total; i++) {
			compute(self, 5000);
			pthread_mutex_lock(&buffer.mutex);
			buffer.available++;
			pthread_cond_signal(&buffer.filled);
			pthread_mutex_unlock(&buffer.mutex);
		}
		return;
	}
	for (long i = 0; i < job.count; i++) {
		pthread_mutex_lock(&buffer.mutex);
		while (!buffer.available)
			pthread_cond_wait(&buffer.filled, &buffer.mutex);
		buffer.available--;
		pthread_mutex_unlock(&buffer.mutex);
		compute(self, 20);
	}
}

static sem_t semaphores[THREADS_MAX];

/* A token goes round by semaphores. */
static void semaphore(int self)
{
	for (long i = 0; i < job.count; i++) {
		sem_wait(&semaphores[self]);
		compute(self, 2000);
		sem_post(&semaphores[(self + 1) % job.threads]);
	}
}

static int pipes[THREADS_MAX][2];

/* The same by pipes. */
static void pipe_ring(int self)
{
	char token = 't';

	for (long i = 0; i < job.count; i++) {
		if (read(pipes[self][0], &token, 1) != 1)
			abort();
		compute(self, 2000);
		if (write(pipes[(self + 1) % job.threads][1], &token, 1) != 1)
			abort();
	}
}

static void sleeper(int self)
{
	for (long i = 0; i < job.count; i++)
		if (self == 0)
			usleep(1000);
		else
			compute(self, 1000);
}

static const struct {
	const char *name;
	void (*run)(int self);
} modes[] = {
	{"false", false_sharing},
	{"padded", no_sharing},
	{"true", true_sharing},
	{"mutex", mutex},
	{"spinlock", spin_lock},
	{"coarse", coarse_lock},
	{"coarse-ticket", coarse_ticket},
	{"fine", fine_locks},
	{"heap", false_sharing_heap},
	{"rare", rare_sharing},
	{"handoff", handoff},
	{"queue", queue},
	{"queue-padded", queue_padded},
	{"barrier", slow_at_barrier},
	{"barrier-even", even_at_barrier},
	{"condition", condition},
	{"semaphore", semaphore},
	{"pipe", pipe_ring},
	{"sleep", sleeper},
};

/* The region. */
__attribute__((noinline)) void work(int self);
void work(int self)
{
	job.run(self);
	__asm__ volatile("");
}

static void *run(void *argument)
{
	/* What main() has written is fetched before the region begins. */
	(void)*(volatile long *)&job.count;
	pthread_barrier_wait(&start);
	work((int)(long)argument);
	return NULL;
}

static __attribute__((noinline)) volatile long *make_counters(void)
{
	return aligned_alloc(LINE, LINE * sizeof(long));
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];

	if (argc != 4)
		return 2;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			job.run = modes[i].run;
	job.threads = atoi(argv[2]);
	job.count = atol(argv[3]);
	if (!job.run || job.threads < 1 || job.threads > THREADS_MAX)
		return 2;
	heap = make_counters();
	memset((void *)heap, 0, LINE * sizeof(long));
	pthread_barrier_init(&start, NULL, (unsigned)job.threads);
	pthread_barrier_init(&barrier, NULL, (unsigned)job.threads);
	pthread_spin_init(&spinlock, 0);
	for (int i = 0; i < job.threads; i++) {
		pthread_mutex_init(&locks[i].mutex, NULL);
		sem_init(&semaphores[i], 0, i == 0);
		if (pipe(pipes[i]))
			return 1;
	}
	if (write(pipes[0][1], "t", 1) != 1)
		return 1;
	for (int i = 0; i < job.threads; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)(long)i))
			return 1;
	for (int i = 0; i < job.threads; i++)
		pthread_join(threads[i], NULL);
	free((void *)heap);
	return 0;
}
