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

/* coregrind/pub_core_options.h: what whole paths of files lose, up to its end. */
extern XArray *VG_(clo_fullpath_after);

#define THREAD_LOCAL_BYTES  4096u /* static thread-local storage of usual programs */
#define RED_ZONE_BYTES      128u  /* below the stack pointer, of the x86-64 ABI */
#define THREAD_RECORD_BYTES 2304u /* struct pthread of glibc 2.36 */

static void copy(HChar *to, const HChar *from)
{
	VG_(snprintf)(to, DESCRIBE_NAME_BYTES, "%s", from);
}

/*
 * Of calls that are inlined, Valgrind tells functions and lines only in sentences: "0x1234: function
 * (file.c:56)". Takes one apart; false: it says no more than the address.
 */
static bool read_sentence(const HChar *text, struct place *place)
{
	const HChar *begin = VG_(strstr)(text, ": ");
	const HChar *end = begin ? VG_(strrchr)(begin, '(') : NULL;
	const HChar *colon = end ? VG_(strrchr)(end, ':') : NULL;
	SizeT length;

	if (!end || end < begin + 3)
		return false;
	begin += 2;
	length = (SizeT)(end - 1 - begin);
	if (length >= sizeof(place->function))
		length = sizeof(place->function) - 1;
	VG_(memcpy)(place->function, begin, length);
	place->function[length] = '\0';
	if (colon && (SizeT)(colon - end) < sizeof(place->file)) {
		VG_(memcpy)(place->file, end + 1, (SizeT)(colon - end - 1));
		place->file[colon - end - 1] = '\0';
		place->line = (uint32_t)VG_(strtoll10)(colon + 1, NULL);
	}
	return true;
}

/*
 * The function at that address and those that it is inlined into, innermost first. Returns how
 * many, at least 1.
 */
static uint32_t describe_at(DiEpoch epoch, Addr address, struct place *places,
			    uint32_t count)
{
	static const HChar *const whole = "";
	InlIPCursor *calls = VG_(new_IIPC)(epoch, address);
	const HChar *name, *directory;
	bool more, inlined = false;
	uint32_t found = 0;
	UInt line;

	/* As if by --fullpath-after=: sentences have whole paths. */
	if (!VG_(sizeXA)(VG_(clo_fullpath_after)))
		VG_(addToXA)(VG_(clo_fullpath_after), &whole);
	do {
		struct place *place = &places[found];

		VG_(memset)(place, 0, sizeof(*place));
		if (VG_(get_objname)(epoch, address, &name))
			copy(place->object, name);
		found += read_sentence(VG_(describe_IP)(epoch, address, calls), place);
		more = VG_(next_IIPC)(calls);
		inlined |= more;
	} while (found < count && more);
	VG_(delete_IIPC)(calls);
	/* That sentence takes a name or an object for granted; these say what is known. */
	if (!inlined) {
		places[0].function[0] = '\0';
		if (VG_(get_fnname)(epoch, address, &name))
			copy(places[0].function, name);
	}
	places[0].file[0] = '\0';
	places[0].line = 0;
	if (VG_(get_filename_linenum)(epoch, address, &name, &directory, &line)) {
		VG_(snprintf)
		(places[0].file, sizeof(places[0].file), "%s%s%s", directory,
		 *directory ? "/" : "", name);
		places[0].line = line;
	}
	return found ? found : 1;
}

static bool is_system_header(const struct place *place)
{
	static const HChar *const directories[] = {"/usr/include/", "/usr/lib/"};

	for (SizeT i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (!VG_(strncmp)(place->file, directories[i],
				  VG_(strlen)(directories[i])))
			return true;
	return false;
}

/* An operator of std::atomic says less than who calls it, if it is inlined there. */
void describe_place(Addr address, struct place *place)
{
	static struct place places[DESCRIBE_FRAMES_MAX];
	uint32_t count = describe_at(VG_(current_DiEpoch)(), address, places,
				     DESCRIBE_FRAMES_MAX);
	uint32_t at = 0;

	while (at < count && is_system_header(&places[at]))
		at++;
	*place = places[at < count ? at : 0];
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
	uint32_t count;

	(void)depth;
	if (frames->count == frames->capacity)
		return;
	count = describe_at(epoch, address, &frames->places[frames->count],
			    frames->capacity - frames->count);
	if (frames->count || !is_allocator(frames->places[0].function))
		frames->count += count;
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

bool describe_is_of_thread(Addr address)
{
	for (const struct thread *thread = threads.first; thread; thread = thread->next)
		if (thread->live &&
		    ((address >= VG_(get_SP)(thread->tid) - RED_ZONE_BYTES &&
		      address <= VG_(thread_get_stack_max)(thread->tid)) ||
		     is_thread_local(thread->tid, address)))
			return true;
	return false;
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
