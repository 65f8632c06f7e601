/* SPDX-License-Identifier: MIT */
/*
 * Asks Valgrind's debug information.
 */
#include "tool/describe.h"

#include <pub_tool_aspacemgr.h>
#include <pub_tool_debuginfo.h>
#include <pub_tool_execontext.h>
#include <pub_tool_xarray.h>

/* Needs those above. */
#include <pub_tool_addrinfo.h>

#include <libvex_guest_amd64.h>
#include <pub_tool_machine.h>

#include "tool/thread.h"

#define THREAD_LOCAL_BYTES \
	(16u << 10)               /* static thread-local storage of usual programs */
#define THREAD_RECORD_BYTES 2304u /* struct pthread of glibc 2.36 */

static void copy(HChar *to, const HChar *from)
{
	VG_(snprintf)(to, DESCRIBE_NAME_BYTES, "%s", from);
}

/*
 * The innermost function, be it inlined. Valgrind tells it only in a sentence: "0x1234: function
 * (file.c:56)".
 */
static bool describe_inlined(DiEpoch epoch, Addr address, HChar *function)
{
	InlIPCursor *calls = VG_(new_IIPC)(epoch, address);
	const HChar *text = VG_(describe_IP)(epoch, address, calls);
	const HChar *begin = VG_(strstr)(text, ": ");
	const HChar *end = begin ? VG_(strrchr)(begin, '(') : NULL;
	bool inlined = VG_(next_IIPC)(calls);
	SizeT length;

	VG_(delete_IIPC)(calls);
	if (!inlined || !end || end < begin + 3)
		return false;
	begin += 2;
	length = (SizeT)(end - 1 - begin);
	if (length >= DESCRIBE_NAME_BYTES)
		length = DESCRIBE_NAME_BYTES - 1;
	VG_(memcpy)(function, begin, length);
	function[length] = '\0';
	return true;
}

static void describe_at(DiEpoch epoch, Addr address, struct place *place)
{
	const HChar *name, *directory;
	UInt line;

	VG_(memset)(place, 0, sizeof(*place));
	if (!describe_inlined(epoch, address, place->function) &&
	    VG_(get_fnname)(epoch, address, &name))
		copy(place->function, name);
	if (VG_(get_filename_linenum)(epoch, address, &name, &directory, &line)) {
		VG_(snprintf)
		(place->file, sizeof(place->file), "%s%s%s", directory,
		 *directory ? "/" : "", name);
		place->line = line;
	}
	if (VG_(get_objname)(epoch, address, &name))
		copy(place->object, name);
}

void describe_place(Addr address, struct place *place)
{
	describe_at(VG_(current_DiEpoch)(), address, place);
}

/* Allocators call each other: who called them is what matters. */
static bool is_allocator(const HChar *function)
{
	static const HChar *const names[] = {
		"malloc", "calloc",  "realloc",       "reallocarray",  "memalign",
		"valloc", "pvalloc", "aligned_alloc", "posix_memalign"};

	for (SizeT i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!VG_(strcmp)(function, names[i]))
			return true;
	return !VG_(strncmp)(function, "operator new", VG_(strlen)("operator new"));
}

struct frames {
	struct place *places;
	uint32_t count, capacity;
};

static void add_frame(UInt depth, DiEpoch epoch, Addr address, void *opaque)
{
	struct frames *frames = opaque;

	(void)depth;
	if (frames->count == frames->capacity)
		return;
	describe_at(epoch, address, &frames->places[frames->count]);
	if (frames->count || !is_allocator(frames->places[0].function))
		frames->count++;
}

uint32_t describe_allocation(ExeContext *where, struct place *places, uint32_t count)
{
	struct frames frames = {places, 0, count};

	if (where)
		VG_(apply_ExeContext)(add_frame, &frames, where);
	return frames.count;
}

/*
 * Thread-local variables of the program lie right below the thread pointer, the C library's record
 * of the thread at it. Valgrind takes both for the stack.
 */
static bool is_thread_local(ThreadId tid, Addr address)
{
	Addr pointer = 0;

	VG_(get_shadow_regs_area)
	(tid, (UChar *)&pointer, 0, offsetof(VexGuestAMD64State, guest_FS_CONST),
	 sizeof(pointer));
	return pointer && address >= pointer - THREAD_LOCAL_BYTES &&
	       address < pointer + THREAD_RECORD_BYTES;
}

/* In a frame that is there now. */
static bool describe_stack(const AddrInfo *info, struct data *data)
{
	const struct thread *thread = thread_find(info->Addr.Stack.tinfo.tid);
	const HChar *name;

	data->kind = DATA_STACK;
	data->thread = thread ? thread->serial : 0;
	if (info->Addr.Stack.frameNo < 0 || !info->Addr.Stack.IP ||
	    !VG_(get_fnname)(info->Addr.Stack.epoch, info->Addr.Stack.IP, &name))
		return false;
	copy(data->name, name);
	return true;
}

static bool describe_thread_local(Addr address, struct data *data)
{
	for (const struct thread *thread = threads.first; thread; thread = thread->next)
		if (thread->live && is_thread_local(thread->tid, address)) {
			data->kind = DATA_THREAD;
			data->thread = thread->serial;
			return true;
		}
	return false;
}

/* What Valgrind knows beyond symbols. */
static void describe_memory(Addr address, const AddrInfo *info, struct data *data)
{
	if (info->tag == Addr_Stack && describe_stack(info, data))
		return;
	if (info->tag == Addr_SectKind) {
		data->kind = DATA_SECTION;
		copy(data->name, info->Addr.SectKind.objname);
		return;
	}
	if (describe_thread_local(address, data))
		return;
	if (info->tag == Addr_SegmentKind && info->Addr.SegmentKind.filename) {
		data->kind = DATA_FILE;
		copy(data->name, info->Addr.SegmentKind.filename);
	}
}

void describe_data(Addr address, struct data *data)
{
	DiEpoch now = VG_(current_DiEpoch)();
	AddrInfo info = {.tag = Addr_Undescribed};
	const HChar *name;
	PtrdiffT offset;

	VG_(memset)(data, 0, sizeof(*data));
	if (VG_(get_datasym_and_offset)(now, address, &name, &offset)) {
		data->kind = DATA_GLOBAL;
		data->offset = offset;
		VG_(demangle)(True, False, name, &name);
		copy(data->name, name);
		return;
	}
	VG_(describe_addr)(now, address, &info);
	describe_memory(address, &info, data);
	VG_(clear_addrinfo)(&info);
}
