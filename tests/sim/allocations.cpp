/* SPDX-License-Identifier: MIT */
/*
 * A program with an allocator of its own, as those that link jemalloc and the like: operator new does
 * not end in malloc(). Two threads write adjacent words of one block.
 */
#include <cstdlib>
#include <new>
#include <pthread.h>
#include <sys/mman.h>

static char *arena;
static volatile long *words;
static pthread_barrier_t start;

void *operator new(std::size_t bytes)
{
	char *block = arena;

	arena += (bytes + 63) / 64 * 64;
	return block;
}

void operator delete(void *) noexcept
{
}

void operator delete(void *, std::size_t) noexcept
{
}

extern "C" {
__attribute__((noinline)) long *make_words(void);
long *make_words(void)
{
	return new long[2];
}

__attribute__((noinline)) void work(long number);
void work(long number)
{
	for (int i = 0; i < 20000; i++)
		words[number] = words[number] + 1;
}
}

static void *run(void *argument)
{
	pthread_barrier_wait(&start);
	work(argument != nullptr);
	return nullptr;
}

int main()
{
	pthread_t threads[2];

	arena = static_cast<char *>(mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	words = make_words();
	pthread_barrier_init(&start, nullptr, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], nullptr, run, i ? &start : nullptr);
	for (pthread_t thread : threads)
		pthread_join(thread, nullptr);
	delete[] words;
	return 0;
}
