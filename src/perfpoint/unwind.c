/* SPDX-License-Identifier: MIT */
/*
 * Regions that are left by longjmp or by a C++ exception, past their END.
 *
 * longjmp and its kin are interposed: frames opened below the stack pointer that is jumped to
 * are dropped, then the real function is called. The stack pointer in a jmp_buf is mangled by
 * glibc; how, is found by comparing a jmp_buf of our own with our own stack pointer (the way
 * ThreadSanitizer does it), and where that fails nothing is dropped. The same happens when an
 * exception is caught (__cxa_begin_catch): everything below the catching function is gone.
 *
 * PERFPOINT_SCOPE needs none of this in C++; it is for the original START and END. A START in
 * the very function that catches or is jumped to cannot be told from one that is still open.
 */
#include "perfpoint/runtime.h"

#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* Where glibc keeps the stack pointer in a jmp_buf, in words. */
#if defined(__x86_64__)
#define JMPBUF_SP 6
#elif defined(__aarch64__)
#define JMPBUF_SP 13
#endif

typedef void (*jump_function)(void *env, int value);

static struct {
	bool can_demangle;
	uint64_t key;
	jump_function longjmp, underscore_longjmp, siglongjmp, checked_longjmp;
} unwind;

/*
 * Fast markers keep no record of where their stack is. It is that of the region's function, as a rule;
 * what the kernel pushes for a handler is larger than this.
 */
#define MARKER_STACK 512u

/* Where the stack ends of the marker that has closed the thread's gate. */
static uintptr_t marker_bound(const struct thread *thread)
{
	const struct frame *frame = thread->fast_frame;

	return frame ? frame->cfa - MARKER_STACK : thread->marker_frame;
}

/* Drops frames of regions that were opened on this stack below `target`. */
static void unwind_to(uintptr_t target)
{
	struct thread *thread;
	uint32_t depth;

	if (!thread_leave_attachment(target))
		return;
	thread = thread_recorded();
	if (!thread || target < thread->stack_low || target >= thread->stack_high)
		return;
	/* Within a handler that interrupted a marker, which goes on afterwards. */
	if (thread_is_closed(thread) && target < marker_bound(thread))
		return;
	/* A handler that interrupted a marker is jumping over it. */
	thread_put_in_order(thread);
	for (depth = thread->depth; depth > 0; depth--) {
		uintptr_t cfa = thread_frame(thread, depth - 1)->cfa;

		if (cfa >= target && cfa < thread->stack_high)
			break;
	}
	thread_abandon(thread, depth);
	thread_open_gate(thread);
}

#ifdef JMPBUF_SP

static inline uint64_t rotate_right(uint64_t x, unsigned n)
{
	return x >> n | x << (64 - n);
}

/* glibc's PTR_MANGLE: xor with a secret; x86-64 then rotates left by 17. */
static inline uint64_t demangle(uint64_t mangled, uint64_t key)
{
#if defined(__x86_64__)
	return rotate_right(mangled, 17) ^ key;
#else
	return mangled ^ key;
#endif
}

static __attribute__((noinline)) void find_key(void)
{
	jmp_buf env;
	uint64_t words[JMPBUF_SP + 1], sp;

	if (setjmp(env))
		return;
	memcpy(words, env, sizeof(words));
#if defined(__x86_64__)
	__asm__("mov %%fs:0x30, %0" : "=r"(unwind.key));
	__asm__("mov %%rsp, %0" : "=r"(sp));
	unwind.can_demangle = demangle(words[JMPBUF_SP], unwind.key) == sp;
#else
	__asm__("mov %0, sp" : "=r"(sp));
	unwind.key = words[JMPBUF_SP] ^ sp;
	unwind.can_demangle = true;
#endif
}

static void before_jump(const void *env)
{
	uint64_t words[JMPBUF_SP + 1];

	if (!unwind.can_demangle)
		return;
	memcpy(words, env, sizeof(words));
	unwind_to((uintptr_t)demangle(words[JMPBUF_SP], unwind.key));
}

#else

static void find_key(void)
{
}

static void before_jump(const void *env)
{
	(void)env;
}

#endif

static jump_function find_jump(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	jump_function function = NULL;

	memcpy(&function, &symbol, sizeof(function));
	return function;
}

static void find_jumps(void)
{
	if (unwind.longjmp)
		return;
	unwind.underscore_longjmp = find_jump("_longjmp");
	unwind.siglongjmp = find_jump("siglongjmp");
	unwind.checked_longjmp = find_jump("__longjmp_chk");
	unwind.longjmp = find_jump("longjmp");
}

/* Before main, and before any other of this library's constructors: a jump in a signal handler
 * must find its function without dlsym. */
__attribute__((constructor(101))) static void find_functions(void)
{
	find_jumps();
}

void unwind_init(void)
{
	find_jumps();
	find_key();
}

/* Under names of our own: the headers declare these with types of theirs. */
#define DEFINE_JUMP(member, symbol)                          \
	EXPORT __attribute__((noreturn)) void jump_##member( \
		void *env, int value) __asm__(symbol);       \
	void jump_##member(void *env, int value)             \
	{                                                    \
		before_jump(env);                            \
		find_jumps();                                \
		unwind.member(env, value);                   \
		__builtin_unreachable();                     \
	}

DEFINE_JUMP(longjmp, "longjmp")
DEFINE_JUMP(underscore_longjmp, "_longjmp")
DEFINE_JUMP(siglongjmp, "siglongjmp")
DEFINE_JUMP(checked_longjmp, "__longjmp_chk")

EXPORT void *perfpoint_begin_catch(void *exception) __asm__("__cxa_begin_catch");

/*
 * The next __cxa_begin_catch after ours: in the global scope, else (a C++ library that was
 * loaded with RTLD_LOCAL) among what the caller's own library depends on.
 */
static void *find_begin_catch(const void *caller)
{
	static void *_Atomic global;
	void *symbol = atomic_load(&global);
	struct link_map *map = NULL;
	Dl_info info;
	void *library;

	if (symbol)
		return symbol;
	symbol = dlsym(RTLD_NEXT, "__cxa_begin_catch");
	if (symbol) {
		atomic_store(&global, symbol);
		return symbol;
	}
	if (!dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
		return NULL;
	library = dlopen(map->l_name, RTLD_NOLOAD | RTLD_LAZY);
	if (!library)
		return NULL;
	symbol = dlsym(library, "__cxa_begin_catch");
	dlclose(library);
	return symbol;
}

void *perfpoint_begin_catch(void *exception)
{
	void *symbol = find_begin_catch(__builtin_return_address(0));
	void *(*next)(void *) = NULL;

	unwind_to((uintptr_t)__builtin_dwarf_cfa());
	memcpy(&next, &symbol, sizeof(next));
	return next(exception);
}
