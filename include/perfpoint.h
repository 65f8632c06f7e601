/* SPDX-License-Identifier: MIT */
/*
 * perfpoint.h: region markers for AutoPerf.
 *
 *	void update(struct table *t)
 *	{
 *		PERFPOINT_SCOPE("update");	// until the enclosing block is left, however
 *		...
 *	}
 *
 * Nothing has to be linked. Each translation unit looks once for the runtime,
 * libperfpoint.so.0, in the running process: `autoperf record` preloads it. Without it a
 * marker costs about a nanosecond; -DNO_AUTOPERF removes the markers altogether. In a
 * statically linked program they are inert.
 *
 * Regions nest and may recurse; each thread has its own. Names and marks identify a region
 * within the program: two markers with one name are one region.
 *
 * C99 or later, C++11 or later; gcc or clang on Linux. Elsewhere the markers are compiled
 * away. See perfpoint(3) and perfpoint(7).
 */
#ifndef PERFPOINT_H
#define PERFPOINT_H

#if defined(__GNUC__) && defined(__linux__) && !defined(NO_AUTOPERF)

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What markers read lies on cache lines of its own. Else it might share one with data that the
 * program's threads write, and each marker would fetch that line.
 */
#define PERFPOINT__OWN_LINE __attribute__((aligned(64)))

/* A place in the source that opens a region. `id` belongs to the runtime. */
struct perfpoint_site {
	const char *name; /* valid for the life of the process */
	unsigned int id;  /* 0 until the runtime has seen it */
} PERFPOINT__OWN_LINE;

/* What identifies an open region; 0: not measured. Valid only on the thread it came from. */
typedef unsigned long long perfpoint_token;

/* The runtime's functions, version 1; later versions only append. */
struct perfpoint_runtime {
	unsigned int abi;   /* 1 */
	unsigned int bytes; /* sizeof(struct perfpoint_runtime) of the runtime */
	perfpoint_token (*enter)(struct perfpoint_site *site);
	void (*leave)(perfpoint_token token);
	void (*begin)(struct perfpoint_site *site); /* to be closed by end() */
	void (*start)(int mark);
	void (*end)(void);
};

#ifndef PERFPOINT_ABI_ONLY /* the runtime itself takes only what is above */

/*
 * In libperfpoint.so.0: its functions when this process is being recorded, else NULL.
 * Thread-safe; the answer does not change while the process lives.
 */
__attribute__((weak, visibility("default"))) extern const struct perfpoint_runtime *
perfpoint_runtime_v1(void);

/*
 * dlsym(3) under another name, so that <dlfcn.h> is neither needed nor contradicted. A weak
 * reference in an executable that is not position-independent is bound to 0 when it is
 * linked; there this finds what has been preloaded. Itself absent in static executables.
 */
__attribute__((weak, visibility("default"))) extern void *
perfpoint__dlsym(void *handle, const char *name) __asm__("dlsym");

static struct {
	/* NULL: not looked for yet; PERFPOINT__ABSENT: there is none */
	const struct perfpoint_runtime *runtime;
} PERFPOINT__OWN_LINE perfpoint__found __attribute__((unused));
#define PERFPOINT__ABSENT ((const struct perfpoint_runtime *)1)

static __attribute__((noinline, cold, unused)) const struct perfpoint_runtime *
perfpoint__find(void)
{
	const struct perfpoint_runtime *(*get)(void) = 0;
	const struct perfpoint_runtime *runtime = 0;

	/* The address is hidden from the optimiser, which may take a function to exist. */
	__asm__("" : "=r"(get) : "0"(perfpoint_runtime_v1));
	if (!get) {
		void *(*look_up)(void *, const char *) = 0;
		__asm__("" : "=r"(look_up) : "0"(perfpoint__dlsym));
		if (look_up) {
			void *symbol = look_up(0, "perfpoint_runtime_v1");
			__builtin_memcpy(&get, &symbol, sizeof(get));
		}
	}
	if (get)
		runtime = get();
	__atomic_store_n(&perfpoint__found.runtime,
			 runtime ? runtime : PERFPOINT__ABSENT, __ATOMIC_RELEASE);
	return runtime;
}

/*
 * The runtime, or NULL when this process is not being recorded. A relaxed load is enough: what it
 * points at is constant from before the library's first function can be called, and read by
 * way of this very pointer.
 */
static inline __attribute__((always_inline, unused)) const struct perfpoint_runtime *
perfpoint__get(void)
{
	const struct perfpoint_runtime *runtime =
		__atomic_load_n(&perfpoint__found.runtime, __ATOMIC_RELAXED);

	if (__builtin_expect((__UINTPTR_TYPE__)runtime > 1, 0))
		return runtime;
	return __builtin_expect(!runtime, 0) ? perfpoint__find() : 0;
}

/* Opens region "mark-<mark>" on this thread. The original AutoPerf's marker. */
static inline __attribute__((always_inline, unused)) void perfpoint_START(int mark)
{
	const struct perfpoint_runtime *runtime = perfpoint__get();

	if (runtime)
		runtime->start(mark);
}

/* Closes the innermost open region of this thread. */
static inline __attribute__((always_inline, unused)) void perfpoint_END(void)
{
	const struct perfpoint_runtime *runtime = perfpoint__get();

	if (runtime)
		runtime->end();
}

static inline __attribute__((always_inline, unused)) perfpoint_token
perfpoint__enter(struct perfpoint_site *site)
{
	const struct perfpoint_runtime *runtime = perfpoint__get();

	return runtime ? runtime->enter(site) : 0;
}

static inline __attribute__((always_inline, unused)) void
perfpoint__begin(struct perfpoint_site *site)
{
	const struct perfpoint_runtime *runtime = perfpoint__get();

	if (runtime)
		runtime->begin(site);
}

static inline __attribute__((always_inline, unused)) void
perfpoint__leave(const perfpoint_token *token)
{
	if (*token) {
		const struct perfpoint_runtime *runtime = perfpoint__get();

		if (runtime)
			runtime->leave(*token);
	}
}

#endif /* PERFPOINT_ABI_ONLY */
#ifdef __cplusplus
} /* extern "C" */
#endif
#ifndef PERFPOINT_ABI_ONLY
#ifdef __cplusplus

/* Leaves on every way out of the block, exceptions included. */
class perfpoint__scope
{
      public:
	explicit perfpoint__scope(perfpoint_site *site) : token(perfpoint__enter(site))
	{
	}
	~perfpoint__scope()
	{
		perfpoint__leave(&token);
	}

      private:
	perfpoint__scope(const perfpoint__scope &);
	perfpoint__scope &operator=(const perfpoint__scope &);
	perfpoint_token token;
};
#define PERFPOINT__GUARD(guard, site) perfpoint__scope guard(&site)
#else
/* Runs on return, break, goto; on exceptions and cancellation with -fexceptions. */
#define PERFPOINT__GUARD(guard, site)                      \
	__attribute__((cleanup(perfpoint__leave), unused)) \
	const perfpoint_token guard = perfpoint__enter(&site)
#endif

#define PERFPOINT__JOIN2(a, b) a##b
#define PERFPOINT__JOIN(a, b)  PERFPOINT__JOIN2(a, b)
#define PERFPOINT__SCOPE(name, n)                                                      \
	static struct perfpoint_site PERFPOINT__JOIN(perfpoint__site_, n) = {name, 0}; \
	PERFPOINT__GUARD(PERFPOINT__JOIN(perfpoint__guard_, n),                        \
			 PERFPOINT__JOIN(perfpoint__site_, n))

/*
 * The rest of the enclosing block is region `name`, a string that lives as long as the
 * process (a literal). A declaration: it cannot follow a label or `case` directly before C23.
 */
#define PERFPOINT_SCOPE(name) PERFPOINT__SCOPE(name, __COUNTER__)

/* Opens region `name`; PERFPOINT_END_REGION() closes the innermost open region. */
#define PERFPOINT_BEGIN(name)                                             \
	do {                                                              \
		static struct perfpoint_site perfpoint__site = {name, 0}; \
		perfpoint__begin(&perfpoint__site);                       \
	} while (0)
#define PERFPOINT_END_REGION() perfpoint_END()

#endif /* PERFPOINT_ABI_ONLY */
#else  /* compiled away */

#ifdef __cplusplus
#define PERFPOINT__INLINE inline
#elif defined(__GNUC__)
#define PERFPOINT__INLINE static __inline__ __attribute__((unused))
#else
#define PERFPOINT__INLINE static inline
#endif

PERFPOINT__INLINE void perfpoint_START(int mark)
{
	(void)mark;
}
PERFPOINT__INLINE void perfpoint_END(void)
{
}
#define PERFPOINT_SCOPE(name)  ((void)0)
#define PERFPOINT_BEGIN(name)  ((void)0)
#define PERFPOINT_END_REGION() ((void)0)

#endif
#endif
