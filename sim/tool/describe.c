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

struct frames {
	struct place *places;
	uint32_t count, capacity;
};

static void add_frame(UInt depth, DiEpoch epoch, Addr address, void *opaque)
{
	struct frames *frames = opaque;

	(void)depth;
	if (frames->count < frames->capacity)
		describe_at(epoch, address, &frames->places[frames->count++]);
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

static void describe_stack(Addr address, const AddrInfo *info, struct data *data)
{
	ThreadId tid = info->Addr.Stack.tinfo.tid;
	const struct thread *thread = thread_find(tid);
	const HChar *name;

	data->kind = DATA_STACK;
	data->thread = thread ? thread->serial : 0;
	if (info->Addr.Stack.frameNo >= 0 && info->Addr.Stack.IP &&
	    VG_(get_fnname)(info->Addr.Stack.epoch, info->Addr.Stack.IP, &name))
		copy(data->name, name);
	else if (is_thread_local(tid, address))
		data->kind = DATA_THREAD;
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
		copy(data->name, name);
		return;
	}
	VG_(describe_addr)(now, address, &info);
	if (info.tag == Addr_Stack) {
		describe_stack(address, &info, data);
	} else if (info.tag == Addr_SectKind) {
		data->kind = DATA_SECTION;
		copy(data->name, info.Addr.SectKind.objname);
	} else if (info.tag == Addr_SegmentKind && info.Addr.SegmentKind.filename) {
		data->kind = DATA_FILE;
		copy(data->name, info.Addr.SegmentKind.filename);
	}
	VG_(clear_addrinfo)(&info);
}
