/* SPDX-License-Identifier: MIT */
/*
 * Pairs of threads hand items over through a ring of their own. False sharing: in the bad
 * variant what the producer writes for each item lies on the line of what the consumer writes.
 * In both, each side looks at the other's index only when it must.
 */
#include "common.h"
#include "perfpoint.h"

#include <stdatomic.h>

#define RING  4096
#define BATCH 256
#define WORK  12 /* steps per item, on both sides */

#ifdef BAD
#define SIDE
#else
#define SIDE __attribute__((aligned(2 * CACHE_LINE)))
#endif

struct queue {
	struct {
		_Atomic uint64_t tail;
		uint64_t head_seen;
	} producer SIDE;
	struct {
		_Atomic uint64_t head;
		uint64_t tail_seen;
	} consumer SIDE;
	uint64_t items[RING] __attribute__((aligned(2 * CACHE_LINE)));
};

static struct example example;
static struct queue queues[THREADS_MAX / 2] __attribute__((aligned(2 * CACHE_LINE)));
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t work(uint64_t value)
{
	for (int i = 0; i < WORK; i++)
		value = value * 6364136223846793005u + 1442695040888963407u;
	return value;
}

static void produce(struct queue *queue, uint64_t first)
{
	PERFPOINT_SCOPE("produce");

	for (uint64_t item = first; item < first + BATCH; item++) {
		uint64_t tail = atomic_load_explicit(&queue->producer.tail,
						     memory_order_relaxed);
		uint64_t value = work(item);

		while (tail - queue->producer.head_seen == RING)
			queue->producer.head_seen = atomic_load_explicit(
				&queue->consumer.head, memory_order_acquire);
		queue->items[tail % RING] = value;
		atomic_store_explicit(&queue->producer.tail, tail + 1,
				      memory_order_release);
	}
}

static uint64_t consume(struct queue *queue)
{
	PERFPOINT_SCOPE("consume");
	uint64_t sum = 0;

	for (int i = 0; i < BATCH; i++) {
		uint64_t head = atomic_load_explicit(&queue->consumer.head,
						     memory_order_relaxed);

		while (head == queue->consumer.tail_seen)
			queue->consumer.tail_seen = atomic_load_explicit(
				&queue->producer.tail, memory_order_acquire);
		sum += work(queue->items[head % RING]);
		atomic_store_explicit(&queue->consumer.head, head + 1,
				      memory_order_release);
	}
	return sum;
}

static void thread(long index)
{
	struct queue *queue = &queues[index / 2];

	for (long round = 0; round < example.rounds; round++) {
		if (index % 2)
			totals[index][0] += consume(queue);
		else
			produce(queue, (uint64_t)round * BATCH);
	}
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 100);
	example.threads += example.threads % 2;
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("queue_indexes (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
