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
	/* The same for a caller on whose behalf they are called, by its stack pointer then. */
	perfpoint_token (*enter_at)(struct perfpoint_site *site,
				    __UINTPTR_TYPE__ stack_pointer);
	void (*begin_at)(struct perfpoint_site *site, __UINTPTR_TYPE__ stack_pointer);
	void (*start_at)(int mark, __UINTPTR_TYPE__ stack_pointer);
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

/*
 * What markers call; NULL: this process is not being recorded. At first, functions that find it
 * out. Relaxed loads are enough: what is pointed at is code.
 */
static perfpoint_token perfpoint__first_enter(struct perfpoint_site *site);
static void perfpoint__first_leave(perfpoint_token token);
static void perfpoint__first_begin(struct perfpoint_site *site);
static void perfpoint__first_start(int mark);
static void perfpoint__first_end(void);

static struct {
	perfpoint_token (*enter)(struct perfpoint_site *site);
	void (*leave)(perfpoint_token token);
	void (*begin)(struct perfpoint_site *site);
	void (*start)(int mark);
	void (*end)(void);
} PERFPOINT__OWN_LINE perfpoint__found __attribute__((unused)) = {
	perfpoint__first_enter, perfpoint__first_leave, perfpoint__first_begin,
	perfpoint__first_start, perfpoint__first_end};

/* For relaxed atomic loads, gcc for arm64 takes two instructions more. */
#ifdef __SANITIZE_THREAD__
#define PERFPOINT__THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PERFPOINT__THREAD_SANITIZER
#endif
#endif
#ifdef PERFPOINT__THREAD_SANITIZER
#define PERFPOINT__FUNCTION(name) \
	__atomic_load_n(&perfpoint__found.name, __ATOMIC_RELAXED)
#else
/* No cast: it would be one that -Wcast-qual warns of. */
#define PERFPOINT__FUNCTION(name)                                              \
	(__extension__({                                                       \
		__typeof__(perfpoint__found.name) volatile *perfpoint__place = \
			&perfpoint__found.name;                                \
		*perfpoint__place;                                             \
	}))
#endif
#define PERFPOINT__FOUND(name, runtime)                                           \
	__atomic_store_n(&perfpoint__found.name, (runtime) ? (runtime)->name : 0, \
			 __ATOMIC_RELAXED)

/* Returns NULL, too, where the runtime is too old for *_at. */
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
	PERFPOINT__FOUND(enter, runtime);
	PERFPOINT__FOUND(leave, runtime);
	PERFPOINT__FOUND(begin, runtime);
	PERFPOINT__FOUND(start, runtime);
	PERFPOINT__FOUND(end, runtime);
	return runtime && runtime->bytes >= sizeof(*runtime) ? runtime : 0;
}

/* Opens region "mark-<mark>" on this thread. The original AutoPerf's marker. */
static inline __attribute__((always_inline, unused)) void perfpoint_START(int mark)
{
	void (*start)(int) = PERFPOINT__FUNCTION(start);

	if (start)
		start(mark);
}

/* Closes the innermost open region of this thread. */
static inline __attribute__((always_inline, unused)) void perfpoint_END(void)
{
	void (*end)(void) = PERFPOINT__FUNCTION(end);

	if (end)
		end();
}

static inline __attribute__((always_inline, unused)) perfpoint_token
perfpoint__enter(struct perfpoint_site *site)
{
	perfpoint_token (*enter)(struct perfpoint_site *) = PERFPOINT__FUNCTION(enter);

	return enter ? enter(site) : 0;
}

static inline __attribute__((always_inline, unused)) void
perfpoint__begin(struct perfpoint_site *site)
{
	void (*begin)(struct perfpoint_site *) = PERFPOINT__FUNCTION(begin);

	if (begin)
		begin(site);
}

static inline __attribute__((always_inline, unused)) void
perfpoint__leave(const perfpoint_token *token)
{
	if (*token) {
		void (*leave)(perfpoint_token) = PERFPOINT__FUNCTION(leave);

		if (leave)
			leave(*token);
	}
}

static __attribute__((noinline, cold, unused)) perfpoint_token
perfpoint__first_enter(struct perfpoint_site *site)
{
	const struct perfpoint_runtime *runtime = perfpoint__find();

	if (runtime)
		return runtime->enter_at(site, (__UINTPTR_TYPE__)__builtin_dwarf_cfa());
	return perfpoint__enter(site);
}

static __attribute__((noinline, cold, unused)) void
perfpoint__first_leave(perfpoint_token token)
{
	perfpoint__find();
	perfpoint__leave(&token);
}

static __attribute__((noinline, cold, unused)) void
perfpoint__first_begin(struct perfpoint_site *site)
{
	const struct perfpoint_runtime *runtime = perfpoint__find();

	if (runtime)
		runtime->begin_at(site, (__UINTPTR_TYPE__)__builtin_dwarf_cfa());
	else
		perfpoint__begin(site);
}

static __attribute__((noinline, cold, unused)) void perfpoint__first_start(int mark)
{
	const struct perfpoint_runtime *runtime = perfpoint__find();

	if (runtime)
		runtime->start_at(mark, (__UINTPTR_TYPE__)__builtin_dwarf_cfa());
	else
		perfpoint_START(mark);
}

static __attribute__((noinline, cold, unused)) void perfpoint__first_end(void)
{
	perfpoint__find();
	perfpoint_END();
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
