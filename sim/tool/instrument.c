/* SPDX-License-Identifier: MIT */
/*
 * Finds out what a superblock does: its instructions' fetches, accesses and branches in program
 * order, by the statements into which Valgrind has translated them. Code that takes note of it is
 * put in beside (builder.h).
 */
#include "tool/instrument.h"

#include <pub_tool_guest.h>

#include "tool/builder.h"
#include "tool/direct.h"
#include "tool/hooks.h"
#include "tool/main.h"

/* coregrind/pub_core_transtab.h */
extern void VG_(discard_translations)(Addr start, ULong bytes, const HChar *who);

#define LINE_MASK (MACHINE_LINE_BYTES - 1)
#define BYTES_MAX 64u /* of one item; larger accesses are several */
#define GAP_MAX   255u

/* Beside tool.warm. */
static bool blocks_wanted;

bool instrument_blocks_wanted(void)
{
	return tool.warm || blocks_wanted;
}

void instrument_blocks(bool wanted)
{
	if (tool.warm || blocks_wanted == wanted)
		return;
	blocks_wanted = wanted;
	instrument_anew();
}

void instrument_anew(void)
{
	VG_(discard_translations)(0x1000, ~(ULong)0xfff, "autoperf-sim");
}

static IRExpr *read_register(struct builder *builder, Int offset)
{
	return IRExpr_RdTmp(assign(builder, Ity_I64, IRExpr_Get(offset, Ity_I64)));
}

/* ---- values ---- */

static struct value value_of(const struct builder *builder, const IRExpr *atom)
{
	if (atom->tag == Iex_Const)
		return (struct value){IRTemp_INVALID, atom->Iex.Const.con->Ico.U64};
	if (atom->Iex.RdTmp.tmp < builder->value_count)
		return builder->values[atom->Iex.RdTmp.tmp];
	return (struct value){atom->Iex.RdTmp.tmp, 0};
}

/* Follows additions of constants. */
static void note_value(struct builder *builder, IRTemp temp, const IRExpr *expression)
{
	const IRExpr *a, *b;

	switch (expression->tag) {
	case Iex_RdTmp:
		builder->values[temp] = value_of(builder, expression);
		return;
	case Iex_Const:
		if (expression->Iex.Const.con->tag == Ico_U64)
			builder->values[temp] = value_of(builder, expression);
		return;
	case Iex_Binop:
		a = expression->Iex.Binop.arg1;
		b = expression->Iex.Binop.arg2;
		if (expression->Iex.Binop.op == Iop_Add64) {
			if (a->tag == Iex_Const) {
				const IRExpr *swap = a;
				a = b;
				b = swap;
			}
			if (a->tag == Iex_Const || b->tag != Iex_Const)
				return;
			builder->values[temp] = value_of(builder, a);
			builder->values[temp].constant += b->Iex.Const.con->Ico.U64;
		} else if (expression->Iex.Binop.op == Iop_Sub64 &&
			   a->tag != Iex_Const && b->tag == Iex_Const) {
			builder->values[temp] = value_of(builder, a);
			builder->values[temp].constant -= b->Iex.Const.con->Ico.U64;
		}
		return;
	default:
		return;
	}
}

/* The number of the root, taken note of where it is first used. */
static uint8_t root_of(struct builder *builder, IRTemp temp)
{
	uint32_t i;

	if (temp == IRTemp_INVALID)
		return ROOT_NONE;
	for (i = 0; i < builder->root_count; i++)
		if (builder->roots[i] == temp)
			return (uint8_t)i;
	if (i == BLOCK_ROOTS_MAX)
		return ROOT_NONE;
	builder->roots[builder->root_count++] = temp;
	if (builder->mode == BUILDER_LOG)
		log_code_root(builder, i, temp);
	return (uint8_t)i;
}

/* ---- items ---- */

static struct item *add_item(struct builder *builder, enum item_kind kind)
{
	struct item *item;

	if (builder->item_count >= BLOCK_ITEMS_MAX - 1)
		return &builder->items[BLOCK_ITEMS_MAX - 1]; /* a place to scribble */
	item = &builder->items[builder->item_count++];
	*item = (struct item){
		.kind = (uint8_t)kind, .root = ROOT_NONE, .gap = (uint8_t)builder->gap};
	builder->gap = 0;
	return item;
}

static void add_access(struct builder *builder, enum item_kind kind, IRExpr *address,
		       uint32_t bytes)
{
	struct value value = value_of(builder, address);
	uint8_t root = root_of(builder, value.root);
	uint32_t site = site_number(builder->pc);

	for (uint32_t done = 0; done < bytes; done += BYTES_MAX) {
		struct item *item = add_item(builder, kind);

		item->value = value.constant + done;
		item->root = root;
		item->bytes =
			(uint8_t)(bytes - done < BYTES_MAX ? bytes - done : BYTES_MAX);
		item->site = site;
		if (builder->mode == BUILDER_DIRECT)
			direct_code_access(builder, item, value.root,
					   done ? word_op(builder, Iop_Add64, address,
							  constant(done))
						: address);
	}
}

/* An access that may not happen: then its address is 0. */
static void add_guarded(struct builder *builder, enum item_kind kind, IRExpr *guard,
			IRExpr *address, uint32_t bytes)
{
	IRTemp chosen;

	if (guard->tag == Iex_Const) {
		if (guard->Iex.Const.con->Ico.U1)
			add_access(builder, kind, address, bytes);
		return;
	}
	chosen = assign(builder, Ity_I64, IRExpr_ITE(guard, address, constant(0)));
	add_access(builder, kind, IRExpr_RdTmp(chosen), bytes);
}

static uint32_t atomic_bytes(const struct builder *builder, const IRCAS *atomic)
{
	uint32_t bytes = (uint32_t)sizeofIRType(
		typeOfIRExpr(builder->out->tyenv, atomic->dataLo));

	return atomic->dataHi ? 2 * bytes : bytes;
}

/*
 * A locked instruction is translated to a load and a compare-and-swap, repeated if it fails: that
 * is one atomic access, where the load is.
 */
static void add_load(struct builder *builder, IRExpr *address, uint32_t bytes)
{
	struct value value = value_of(builder, address), swapped;
	enum item_kind kind = ITEM_LOAD;

	if (builder->atomic && atomic_bytes(builder, builder->atomic) == bytes) {
		swapped = value_of(builder, builder->atomic->addr);
		if (swapped.root == value.root && swapped.constant == value.constant) {
			kind = ITEM_ATOMIC;
			builder->atomic = NULL;
		}
	}
	add_access(builder, kind, address, bytes);
}

/* The compare-and-swap of the instruction that begins with statement `i`, or NULL. */
static const IRCAS *find_atomic(const IRSB *in, Int i)
{
	for (i++; i < in->stmts_used; i++) {
		if (!in->stmts[i])
			continue;
		if (in->stmts[i]->tag == Ist_IMark)
			break;
		if (in->stmts[i]->tag == Ist_CAS)
			return in->stmts[i]->Ist.CAS.details;
	}
	return NULL;
}

/* The next instruction; its bytes are fetched unless they lie in the line fetched last. */
static void add_instruction(struct builder *builder, Addr pc, UInt length)
{
	Addr end = pc + (length ? length : 1);

	builder->pc = pc;
	builder->length = length;
	if (builder->gap == GAP_MAX)
		add_item(builder, ITEM_NONE);
	builder->gap++;
	for (Addr at = pc; at < end; at = (at | LINE_MASK) + 1) {
		Addr line_end = (at | LINE_MASK) + 1;
		struct item *item;

		if ((at & ~(Addr)LINE_MASK) == builder->fetched)
			continue;
		builder->fetched = at & ~(Addr)LINE_MASK;
		item = add_item(builder, ITEM_FETCH);
		item->value = at;
		item->bytes = (uint8_t)((end < line_end ? end : line_end) - at);
		if (builder->mode == BUILDER_DIRECT)
			direct_code_fetch(builder, item);
	}
}

/* ---- ends of parts ---- */

/* `guard` is that of the branch with which the part ends, if it does. */
static void end_part(struct builder *builder, IRExpr *guard)
{
	if (builder->mode == BUILDER_LOG)
		log_code_part(builder, guard);
	else
		direct_code_part(builder, guard);
	builder->part_end = builder->item_count;
}

static void add_exit(struct builder *builder, const IRStmt *statement)
{
	Addr target = statement->Ist.Exit.dst->Ico.U64;
	IRJumpKind kind = statement->Ist.Exit.jk;

	/* Leaving to the same instruction is no branch: a locked one is tried again. */
	if ((kind == Ijk_Boring || kind == Ijk_Call || kind == Ijk_Ret) &&
	    target != builder->pc) {
		struct item *item = add_item(builder, ITEM_BRANCH);

		item->value = builder->pc;
		/* The optimiser may have turned it round. */
		item->bytes = target == builder->pc + builder->length;
		end_part(builder, statement->Ist.Exit.guard);
	} else {
		end_part(builder, NULL);
	}
}

static void add_end(struct builder *builder, const IRExpr *next, IRJumpKind kind)
{
	if ((kind == Ijk_Boring || kind == Ijk_Call) && next->tag == Iex_RdTmp) {
		struct value value = value_of(builder, next);
		uint8_t root = root_of(builder, value.root);
		struct item *item = add_item(builder, ITEM_JUMP);

		item->value = value.constant;
		item->root = root;
		item->site = site_number(builder->pc);
		if (builder->mode == BUILDER_DIRECT)
			direct_code_jump(builder, builder->out->next);
	} else if (builder->gap) {
		add_item(builder, ITEM_NONE);
	}
	end_part(builder, NULL);
}

/* ---- hooks ---- */

static void call_entry_hook(struct builder *builder, const struct hook *hook)
{
	call(builder, "hooks_entered", hooks_entered, NULL,
	     mkIRExprVec_5(
		     constant((uintptr_t)hook),
		     read_register(builder, offsetof(VexGuestAMD64State, guest_RDI)),
		     read_register(builder, offsetof(VexGuestAMD64State, guest_RSI)),
		     read_register(builder, offsetof(VexGuestAMD64State, guest_RDX)),
		     read_register(builder, builder->layout->offset_SP)));
}

/* Goes no further for now if the thread is to stay before what it locks. */
static void add_stay(struct builder *builder, const IRSB *in, Addr entry)
{
	IRTemp stays = newIRTemp(builder->out->tyenv, Ity_I64), guard;

	addStmtToIRSB(
		builder->out,
		IRStmt_Dirty(unsafeIRDirty_1_N(
			stays, 0, "hooks_stay", VG_(fnptr_to_fnentry)(hooks_stay),
			mkIRExprVec_1(read_register(
				builder, offsetof(VexGuestAMD64State, guest_RDI))))));
	guard = assign(builder, Ity_I1, IRExpr_Unop(Iop_64to1, IRExpr_RdTmp(stays)));
	addStmtToIRSB(builder->out, IRStmt_Exit(IRExpr_RdTmp(guard), Ijk_Boring,
						IRConst_U64(entry), in->offsIP));
}

static void call_return_hook(struct builder *builder, IRExpr *next)
{
	IRExpr *same = comparison(builder, Iop_CmpEQ64, next,
				  load_word(builder, &cursor.return_to));

	call(builder, "hooks_returned", hooks_returned, same,
	     mkIRExprVec_2(
		     read_register(builder, offsetof(VexGuestAMD64State, guest_RAX)),
		     read_register(builder, builder->layout->offset_SP)));
}

/* ---- statements ---- */

static uint32_t bytes_of(const IRSB *block, const IRExpr *expression)
{
	return (uint32_t)sizeofIRType(typeOfIRExpr(block->tyenv, expression));
}

static void add_dirty(struct builder *builder, const IRDirty *dirty)
{
	if (dirty->mFx == Ifx_None)
		return;
	if (dirty->mFx != Ifx_Write)
		add_guarded(builder, ITEM_LOAD, dirty->guard, dirty->mAddr,
			    (uint32_t)dirty->mSize);
	if (dirty->mFx != Ifx_Read)
		add_guarded(builder, ITEM_STORE, dirty->guard, dirty->mAddr,
			    (uint32_t)dirty->mSize);
}

static void add_load_guarded(struct builder *builder, const IRLoadG *load)
{
	IRType result, memory;

	typeOfIRLoadGOp(load->cvt, &result, &memory);
	add_guarded(builder, ITEM_LOAD, load->guard, load->addr,
		    (uint32_t)sizeofIRType(memory));
}

/* What is taken note of a statement; it is added to the block by the caller. */
static void note_statement(struct builder *builder, const IRStmt *statement)
{
	IRSB *out = builder->out;

	switch (statement->tag) {
	case Ist_IMark:
		add_instruction(builder, statement->Ist.IMark.addr,
				statement->Ist.IMark.len);
		break;
	case Ist_WrTmp: {
		const IRExpr *data = statement->Ist.WrTmp.data;

		note_value(builder, statement->Ist.WrTmp.tmp, data);
		if (data->tag == Iex_Load)
			add_load(builder, data->Iex.Load.addr,
				 (uint32_t)sizeofIRType(data->Iex.Load.ty));
		break;
	}
	case Ist_Store:
		add_access(builder, ITEM_STORE, statement->Ist.Store.addr,
			   bytes_of(out, statement->Ist.Store.data));
		break;
	case Ist_StoreG: {
		const IRStoreG *store = statement->Ist.StoreG.details;

		add_guarded(builder, ITEM_STORE, store->guard, store->addr,
			    bytes_of(out, store->data));
		break;
	}
	case Ist_LoadG:
		add_load_guarded(builder, statement->Ist.LoadG.details);
		break;
	case Ist_Dirty:
		add_dirty(builder, statement->Ist.Dirty.details);
		break;
	case Ist_CAS:
		if (builder->atomic == statement->Ist.CAS.details)
			add_access(builder, ITEM_ATOMIC, builder->atomic->addr,
				   atomic_bytes(builder, builder->atomic));
		break;
	case Ist_Exit:
		add_exit(builder, statement);
		break;
	default:
		break;
	}
}

static void init_values(struct builder *builder, const IRSB *in)
{
	builder->value_count = (UInt)in->tyenv->types_used;
	builder->values = VG_(malloc)("autoperf.values", (builder->value_count + 1) *
								 sizeof(struct value));
	for (UInt i = 0; i < builder->value_count; i++)
		builder->values[i] = (struct value){(IRTemp)i, 0};
}

/* The statements from `i` on. */
static void add_statements(struct builder *builder, const IRSB *in, Int i)
{
	for (; i < in->stmts_used; i++) {
		IRStmt *statement = in->stmts[i];

		if (!statement || statement->tag == Ist_NoOp)
			continue;
		if (statement->tag == Ist_IMark)
			builder->atomic = find_atomic(in, i);
		if (builder->mode == BUILDER_NOTHING) {
			addStmtToIRSB(builder->out, statement);
		} else if (statement->tag == Ist_Exit || statement->tag == Ist_Store ||
			   statement->tag == Ist_StoreG) {
			note_statement(builder, statement);
			addStmtToIRSB(builder->out, statement);
		} else {
			addStmtToIRSB(builder->out, statement);
			note_statement(builder, statement);
		}
	}
}

/* A region's first block is logged in any case: its hook calls for the others. */
static enum builder_mode choose_mode(const struct hook *hook)
{
	if (direct.on)
		return BUILDER_DIRECT;
	return instrument_blocks_wanted() || (hook && hooks_is_region(hook))
		       ? BUILDER_LOG
		       : BUILDER_NOTHING;
}

static void finish_block(struct builder *builder, Addr address)
{
	struct block *block;

	add_end(builder, builder->out->next, builder->out->jumpkind);
	block = block_new(address, builder->items, builder->item_count,
			  builder->root_count);
	if (builder->mode == BUILDER_DIRECT)
		direct_code_finish(builder, block);
	else
		log_code_finish(builder, block);
}

IRSB *instrument(VgCallbackClosure *closure, IRSB *in, const VexGuestLayout *layout,
		 const VexGuestExtents *extents, const VexArchInfo *host,
		 IRType guest_word, IRType host_word)
{
	/* Big, and translation happens one block at a time. */
	static struct builder builder;
	const struct hook *hook = hooks_find(closure->readdr);
	Int i;

	(void)extents, (void)host, (void)guest_word, (void)host_word;
	VG_(memset)(&builder, 0, offsetof(struct builder, items));
	builder.item_count = builder.part_end = builder.root_count = 0;
	builder.gap = 0;
	builder.fetched = 1; /* no line's address */
	builder.layout = layout;
	builder.mode = choose_mode(hook);
	builder.out = deepCopyIRSBExceptStmts(in);
	if (builder.mode != BUILDER_NOTHING)
		init_values(&builder, in);
	/* The preamble belongs to Valgrind. */
	for (i = 0; i < in->stmts_used && in->stmts[i]->tag != Ist_IMark; i++)
		addStmtToIRSB(builder.out, in->stmts[i]);
	if (hook && hooks_locks(hook))
		add_stay(&builder, in, closure->nraddr);
	if (hook)
		call_entry_hook(&builder, hook);
	if (builder.mode == BUILDER_LOG)
		log_code_begin(&builder);
	else if (builder.mode == BUILDER_DIRECT)
		direct_code_begin(&builder);
	add_statements(&builder, in, i);
	if (builder.mode != BUILDER_NOTHING)
		finish_block(&builder, closure->nraddr);
	if (builder.out->jumpkind == Ijk_Ret)
		call_return_hook(&builder, builder.out->next);
	if (builder.values)
		VG_(free)(builder.values);
	return builder.out;
}
