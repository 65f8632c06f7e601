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

static void copy(HChar *to, const HChar *from)
{
	VG_(snprintf)(to, DESCRIBE_NAME_BYTES, "%s", from);
}

static void describe_at(DiEpoch epoch, Addr address, struct place *place)
{
	const HChar *name, *directory;
	UInt line;

	VG_(memset)(place, 0, sizeof(*place));
	if (VG_(get_fnname)(epoch, address, &name))
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
		data->kind = DATA_STACK;
	} else if (info.tag == Addr_SectKind) {
		data->kind = DATA_GLOBAL;
		copy(data->name, info.Addr.SectKind.objname);
	} else if (info.tag == Addr_SegmentKind && info.Addr.SegmentKind.filename) {
		data->kind = DATA_FILE;
		copy(data->name, info.Addr.SegmentKind.filename);
	}
	VG_(clear_addrinfo)(&info);
}
