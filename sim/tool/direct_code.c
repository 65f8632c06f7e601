/* SPDX-License-Identifier: MIT */
/*
 * Code that simulates what a block does as it does it. What simply hits is settled here, as
 * machine_run() and machine_run_finish() (machine/run.h) do; for the rest, functions of direct.c
 * are called:
 *
 *	if (epoch != block->run.fetched_at) direct_fetch(block, address, bytes);
 *	wrong = pages[..] ^ .. | fronts[..].tag ^ ..;
 *	if (wrong) direct_reference(reference, address);
 *	line = wrong ? &nowhere : fronts[..].line; line->written |= ..;		a store
 *	retired += ..; stored += ..;						end of a part
 *	if (base[pc] ^ ..) direct_branch(pc, taken);
 *	history = history << 1 | taken;
 */
#include "tool/builder.h"
#include "tool/direct.h"

/* A word that is filled in when the block is complete. */
static IRExpr *later(IRConst **place)
{
	*place = IRConst_U64(0);
	return IRExpr_Const(*place);
}

static void begin_part(struct builder *builder)
{
	builder->seen_root = builder->seen = IRTemp_INVALID;
}

void direct_code_begin(struct builder *builder)
{
	builder->fetch_count = 0;
	begin_part(builder);
}

void direct_code_fetch(struct builder *builder, const struct item *item)
{
	uint32_t number = builder->fetch_count++;
	IRExpr *epoch = load_word(builder, &direct.view.core->l1i.epoch);
	IRExpr *fetched_at = load(builder, Ity_I64, later(&builder->epochs[number]));

	call(builder, "direct_fetch", direct_fetch,
	     comparison(builder, Iop_CmpNE64, epoch, fetched_at),
	     mkIRExprVec_3(later(&builder->blocks[number]), constant(item->value),
			   constant(item->bytes)));
}

/* At `structure` + `offset`, which is best a displacement of 31 bits. */
static IRExpr *field(struct builder *builder, IRExpr *structure, size_t offset)
{
	return word_op(builder, Iop_Add64, structure, constant(offset));
}

/* Not 0: the page is not known to be marked as used in the TLB. */
static IRExpr *check_page(struct builder *builder, IRTemp root, IRExpr *address)
{
	const struct machine_view *view = &direct.view;
	IRExpr *offset;

	/* It is the page of an access before, or let it be looked at. */
	if (root != IRTemp_INVALID && root == builder->seen_root)
		return word_op(builder, Iop_And64,
			       word_op(builder, Iop_Xor64, address,
				       IRExpr_RdTmp(builder->seen)),
			       constant(~view->last_in_page));
	if (root != IRTemp_INVALID && address->tag == Iex_RdTmp) {
		builder->seen_root = root;
		builder->seen = address->Iex.RdTmp.tmp;
	}
	offset = word_op(builder, Iop_And64,
			 shift_op(builder, Iop_Shr64, address, view->page_offset_shift),
			 constant(view->page_mask));
	return word_op(
		builder, Iop_Xor64,
		load(builder, Ity_I64, field(builder, offset, (uintptr_t)view->pages)),
		word_op(builder, Iop_Or64, address, constant(view->last_in_page)));
}

/*
 * Not 0: there is more to do than to store. The tag is compared with that of the last byte: an
 * access over the end of a line disagrees. `front` is the offset in the table.
 */
static IRExpr *check_line(struct builder *builder, const struct item *item,
			  IRExpr *address, IRExpr **front)
{
	const struct machine_view *view = &direct.view;
	IRExpr *last = address, *tag;

	*front = word_op(builder, Iop_And64,
			 shift_op(builder, Iop_Shr64, address, FRONT_OFFSET_SHIFT),
			 constant(view->front_mask));
	tag = load(builder, Ity_I64, field(builder, *front, (uintptr_t)view->fronts));
	if (item->bytes > 1)
		last = word_op(builder, Iop_Add64, address, constant(item->bytes - 1u));
	if (item->kind == ITEM_LOAD)
		tag = word_op(builder, Iop_Or64, tag, constant(FRONT_WRITABLE));
	return word_op(builder, Iop_Xor64, tag,
		       word_op(builder, Iop_Or64, last, constant(FRONT_ALL)));
}

/* write_line(), if `simple`. */
static void mark_store(struct builder *builder, const struct item *item,
		       IRExpr *address, IRExpr *front, IRExpr *simple)
{
	IRExpr *found = load(
		builder, Ity_I64,
		field(builder, front,
		      (uintptr_t)direct.view.fronts + offsetof(struct front, line)));
	IRExpr *line = IRExpr_RdTmp(assign(
		builder, Ity_I64,
		IRExpr_ITE(simple, found, constant((uintptr_t)&direct.nowhere))));
	IRExpr *offset =
		word_op(builder, Iop_And64, address, constant(MACHINE_LINE_BYTES - 1));
	IRExpr *bits =
		IRExpr_RdTmp(assign(builder, Ity_I8, IRExpr_Unop(Iop_64to8, offset)));
	IRExpr *written = field(builder, line, offsetof(struct line, written));

	store(builder, written,
	      word_op(builder, Iop_Or64, load(builder, Ity_I64, written),
		      word_op(builder, Iop_Shl64, constant(byte_mask(0, item->bytes)),
			      bits)));
	/* The line is the core's own, or nowhere. */
	_Static_assert(offsetof(struct line, owner) ==
				       offsetof(struct line, site) + 4 &&
			       offsetof(struct line, writer) ==
				       offsetof(struct line, site) + 6,
		       "are stored together");
	store(builder, field(builder, line, offsetof(struct line, site)),
	      constant(item->site | (uint64_t)direct.view.core->number << 32 |
		       (uint64_t)direct.view.thread->slot << 48));
}

void direct_code_access(struct builder *builder, const struct item *item, IRTemp root,
			IRExpr *address)
{
	IRConst **reference = &builder->references[item - builder->items];
	IRExpr *front, *wrong;

	if (item->kind == ITEM_ATOMIC) {
		call(builder, "direct_reference", direct_reference, NULL,
		     mkIRExprVec_2(later(reference), address));
		return;
	}
	wrong = check_page(builder, root, address);
	wrong = word_op(builder, Iop_Or64, wrong,
			check_line(builder, item, address, &front));
	call(builder, "direct_reference", direct_reference,
	     comparison(builder, Iop_CmpNE64, wrong, constant(0)),
	     mkIRExprVec_2(later(reference), address));
	if (item->kind == ITEM_STORE)
		mark_store(builder, item, address, front,
			   comparison(builder, Iop_CmpEQ64,
				      word_op(builder, Iop_Or64, wrong,
					      load_word(builder, &direct.passing)),
				      constant(0)));
}

void direct_code_jump(struct builder *builder, IRExpr *target)
{
	call(builder, "direct_jump", direct_jump, NULL,
	     mkIRExprVec_2(constant(builder->pc), target));
}

static void add_to(struct builder *builder, const uint64_t *counts, uint64_t low,
		   uint64_t high)
{
	uint64_t both = low | high << DIRECT_HIGH_SHIFT;

	if (both)
		store_word(builder, counts,
			   word_op(builder, Iop_Add64, load_word(builder, counts),
				   constant(both)));
}

/* What the items of the part count in any case. */
static void count_part(struct builder *builder)
{
	uint64_t counts[ITEM_NONE + 1] = {0}, instructions = 0;

	for (uint32_t i = builder->part_end; i < builder->item_count; i++) {
		counts[builder->items[i].kind]++;
		instructions += builder->items[i].gap;
	}
	add_to(builder, &direct.retired, instructions,
	       counts[ITEM_LOAD] + counts[ITEM_ATOMIC]);
	add_to(builder, &direct.stored, counts[ITEM_STORE] + counts[ITEM_ATOMIC],
	       counts[ITEM_BRANCH]);
}

/* See predictor_goes_on(). `taken` is a word, 0 or 1. */
static void predict(struct builder *builder, uint64_t pc, IRExpr *taken)
{
	struct predictor *predictor = &direct.view.core->predictor;
	const struct base_entry *base = predictor_base(predictor, pc);
	IRExpr *known = load(builder, Ity_I16, constant((uintptr_t)&base->way));
	IRExpr *certain = word_op(builder, Iop_Or64, taken, constant(ROW_MAX << 8));

	_Static_assert(offsetof(struct base_entry, row) ==
			       offsetof(struct base_entry, way) + 1,
		       "are loaded together");
	known = IRExpr_RdTmp(assign(builder, Ity_I64, IRExpr_Unop(Iop_16Uto64, known)));
	call(builder, "direct_branch", direct_branch,
	     comparison(builder, Iop_CmpNE64, known, certain),
	     mkIRExprVec_2(constant(pc), taken));
	store_word(builder, &predictor->history,
		   word_op(builder, Iop_Or64,
			   shift_op(builder, Iop_Shl64,
				    load_word(builder, &predictor->history), 1),
			   taken));
}

void direct_code_part(struct builder *builder, IRExpr *guard)
{
	const struct item *branch = &builder->items[builder->item_count - 1];
	IRExpr *taken;

	count_part(builder);
	if (guard) {
		taken = IRExpr_RdTmp(
			assign(builder, Ity_I64, IRExpr_Unop(Iop_1Uto64, guard)));
		if (branch->bytes) /* leaving is not taken */
			taken = word_op(builder, Iop_Xor64, taken, constant(1));
		predict(builder, branch->value, taken);
	}
	begin_part(builder);
}

void direct_code_finish(struct builder *builder, struct block *block)
{
	uint64_t *fetched_at = &block->run.fetched_at[direct.view.turn];
	const struct machine_reference *reference = block->run.references;

	for (uint32_t i = 0; i < builder->fetch_count; i++) {
		builder->blocks[i]->Ico.U64 = (uintptr_t)block;
		builder->epochs[i]->Ico.U64 = (uintptr_t)fetched_at;
	}
	for (uint32_t i = 0; i < builder->item_count; i++)
		if (item_is_access(&builder->items[i]))
			builder->references[i]->Ico.U64 = (uintptr_t)reference++;
}
