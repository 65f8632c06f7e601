/* SPDX-License-Identifier: MIT */
/*
 * Two threads share a line of memory that comes from everywhere a program may have it.
 *
 * usage: named FROM [churn]. The region is the function work(); a block is made by a function make_FROM.
 */
#include <malloc.h>
#include <pthread.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" __attribute__((noinline)) void work(volatile std::uint64_t *mine)
{
	for (int i = 0; i < 20000; i++)
		*mine = *mine + 1;
}

namespace
{

constexpr std::size_t bytes = 96;
pthread_barrier_t start;

#define MAKE(name, expression)                                  \
	__attribute__((noinline)) void *make_##name()           \
	{                                                       \
		void *block = expression;                       \
		__asm__ volatile("" : : "r"(block) : "memory"); \
		return block;                                   \
	}

struct alignas(64) wide {
	char chars[2 * 64];
};

void *posix()
{
	void *block = nullptr;
	return posix_memalign(&block, 32, bytes) ? nullptr : block;
}

MAKE(malloc, std::malloc(bytes))
MAKE(calloc, std::calloc(3, bytes / 3))
MAKE(realloc, std::realloc(std::malloc(8), bytes))
MAKE(reallocarray, ::reallocarray(nullptr, 3, bytes / 3))
MAKE(memalign, ::memalign(64, bytes))
MAKE(posix_memalign, posix())
MAKE(aligned_alloc, ::aligned_alloc(64, 2 * 64))
MAKE(valloc, ::valloc(bytes))
MAKE(new, ::operator new(bytes))
MAKE(new_array, new char[bytes])
MAKE(new_nothrow, new (std::nothrow) char[bytes])
MAKE(new_aligned, new wide)
MAKE(new_aligned_array, new wide[2])

/* Ten thousand characters of name, all angle brackets and commas, once it is demangled. */
template <class A, class B> struct both {
};
template <int N> struct deep {
	using type = both<typename deep<N - 1>::type, typename deep<N - 1>::type>;
};
template <> struct deep<0> {
	using type = char;
};
template <class T> struct name {
	alignas(64) static volatile std::uint64_t pair[2];
};
template <class T> alignas(64) volatile std::uint64_t name<T>::pair[2];

thread_local volatile std::uint64_t local[2];

/* A symbol that is no text: blank, escape sequence, UTF-8 and what is none. */
#define HOSTILE "\"ho st\033[31m\377\303\244\""
extern "C" volatile std::uint64_t *const hostile;
__asm__(".pushsection .bss\n.balign 64\n.globl " HOSTILE "\n.type " HOSTILE
	", @object\n.size " HOSTILE ", 16\n" HOSTILE ":\n.zero 64\n.popsection\n"
	".pushsection .data\n.balign 8\n.globl hostile\nhostile: .quad " HOSTILE
	"\n.popsection\n");

alignas(64) volatile std::uint64_t plain[2];

void *run(void *mine)
{
	pthread_barrier_wait(&start);
	work(static_cast<volatile std::uint64_t *>(mine));
	return nullptr;
}

volatile std::uint64_t *passed;

/* Two threads contend for 20000 blocks that come and go, more than the simulator takes notes of. */
void *churn(void *first)
{
	for (int i = 0; i < 20000; i++) {
		if (first)
			passed = static_cast<volatile std::uint64_t *>(
				std::calloc(2, 8 + i % 97 * 16));
		pthread_barrier_wait(&start);
		passed[first ? 0 : 1] = 1;
		pthread_barrier_wait(&start);
		if (first)
			std::free(const_cast<std::uint64_t *>(passed));
	}
	return nullptr;
}

void churn_twice()
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], nullptr, churn, i ? &start : nullptr);
	for (pthread_t thread : threads)
		pthread_join(thread, nullptr);
}

struct source {
	const char *name;
	void *(*make)();
};

const source sources[] = {
	{"malloc", make_malloc},
	{"calloc", make_calloc},
	{"realloc", make_realloc},
	{"reallocarray", make_reallocarray},
	{"memalign", make_memalign},
	{"posix_memalign", make_posix_memalign},
	{"aligned_alloc", make_aligned_alloc},
	{"valloc", make_valloc},
	{"new", make_new},
	{"new_array", make_new_array},
	{"new_nothrow", make_new_nothrow},
	{"new_aligned", make_new_aligned},
	{"new_aligned_array", make_new_aligned_array},
};

} /* namespace */

int main(int argc, char **argv)
{
	alignas(64) volatile std::uint64_t stack[2] = {0, 0};
	const char *from = argc >= 2 ? argv[1] : "";
	volatile std::uint64_t *pair = nullptr;
	pthread_t threads[2];

	pthread_barrier_init(&start, nullptr, 2);
	if (argc == 3)
		churn_twice();
	for (const source &source : sources)
		if (!std::strcmp(from, source.name))
			pair = static_cast<volatile std::uint64_t *>(source.make());
	if (!std::strcmp(from, "stack"))
		pair = stack;
	if (!std::strcmp(from, "thread"))
		pair = local;
	if (!std::strcmp(from, "global"))
		pair = plain;
	if (!std::strcmp(from, "hostile"))
		pair = hostile;
	if (!std::strcmp(from, "long"))
		pair = name<deep<10>::type>::pair;
	if (!pair)
		return 2;
	pair[0] = 0;
	pair[1] = 0;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], nullptr, run,
				   const_cast<std::uint64_t *>(pair + i)))
			return 1;
	for (pthread_t thread : threads)
		pthread_join(thread, nullptr);
	return pair[0] + pair[1] == 40000 ? 0 : 1;
}
