/* SPDX-License-Identifier: MIT */
/*
 * What all files of the tool include: Valgrind's tool interface, and the few functions of its
 * core that have no public header. The tool is linked statically with Valgrind's core and has no
 * libc. Everything here runs with Valgrind's big lock held: one thread at a time.
 */
#ifndef AUTOPERF_SIM_TOOL_BASE_H
#define AUTOPERF_SIM_TOOL_BASE_H

#include <pub_tool_basics.h>
#include <pub_tool_libcassert.h>
#include <pub_tool_libcbase.h>
#include <pub_tool_libcfile.h>
#include <pub_tool_libcprint.h>
#include <pub_tool_libcproc.h>
#include <pub_tool_mallocfree.h>
#include <pub_tool_vki.h>
#include <pub_tool_vkiscnums.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine/machine.h"

/* coregrind/pub_core_syscall.h */
extern SysRes VG_(do_syscall)(UWord number, RegWord, RegWord, RegWord, RegWord, RegWord,
			      RegWord, RegWord, RegWord);
/* coregrind/pub_core_aspacemgr.h */
extern SysRes VG_(am_mmap_anon_float_valgrind)(SizeT bytes);
extern SysRes VG_(am_shared_mmap_file_float_valgrind)(SizeT bytes, UInt protection,
						      Int fd, Off64T offset);
extern SysRes VG_(am_munmap_valgrind)(Addr start, SizeT bytes);
/* coregrind/pub_core_libcfile.h: moves a descriptor out of the program's way. */
extern Int VG_(safe_fd)(Int fd);
/* coregrind/pub_core_demangle.h; the result is valid until the next call. */
extern void VG_(demangle)(Bool cxx, Bool redirections, const HChar *mangled,
			  const HChar **written);

static inline SysRes system_call(UWord number, UWord a, UWord b, UWord c, UWord d)
{
	return VG_(do_syscall)(number, a, b, c, d, 0, 0, 0, 0);
}

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#endif
