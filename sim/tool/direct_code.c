/* SPDX-License-Identifier: MIT */
/*
 * Code that simulates what a block does as it does it: machine_run() and machine_run_finish()
 * (machine/run.h) of a part, in Valgrind's intermediate representation. A part either simply hits
 * as a whole, which changes nothing but the marks of its stores, and so may be found out for all
 * accesses before the first one is performed; or it is left to direct_part():
 *
 *	... roots[0] = root 0; bad = pages[..] ^ ..; bad |= fronts[..].tag ^ ..; ...
 *	line = bad ? nowhere : fronts[..].line; line->written |= ..;	each store
 *	retired += ..; stored += ..;
 *	if (bad | base[pc] ^ ..) direct_part(part, bad, taken);
 *	history = history << 1 | taken;					a branch
 */
#include "tool/builder.h"
#include "tool/direct.h"

static void note_bad(struct builder *builder, IRExpr *difference)
{
	builder->bad = builder->bad
			       ? word_op(builder, Iop_Or64, builder->bad, difference)
			       : difference;
}

static void begin_part(struct builder *builder)
{
	builder->bad = NULL;
	builder->seen_root = builder->seen = IRTemp_INVALID;
	builder->store_count = 0;
}

void direct_code_begin(struct builder *builder)
{
	begin_part(builder);
}

void direct_code_root(struct builder *builder, uint32_t root, IRTemp temp)
{
	store_word(builder, &direct.roots[root], IRExpr_RdTmp(temp));
}

/* The page is the one that was used last in its set of the TLB. */
static void check_page(struct builder *builder, IRTemp root, IRExpr *address)
{
	const struct machine_view *view = &direct.view;
	IRExpr *page, *entry;

	if (root != IRTemp_INVALID && root == builder->seen_root) {
		/* Or it is the page of an access before. */
		note_bad(builder, shift_op(builder, Iop_Shr64,
					   word_op(builder, Iop_Xor64, address,
						   IRExpr_RdTmp(builder->seen)),
					   view->page_shift));
		return;
	}
	page = shift_op(builder, Iop_Shr64, address, view->page_shift);
	entry = load(builder, Ity_I64,
		     word_op(builder, Iop_Add64, constant((uintptr_t)view->pages),
			     shift_op(builder, Iop_Shl64,
				      word_op(builder, Iop_And64, page,
					      constant(view->page_mask)),
				      3)));
	note_bad(builder, word_op(builder, Iop_Xor64, entry,
				  word_op(builder, Iop_Add64, page, constant(1))));
	if (root != IRTemp_INVALID && address->tag == Iex_RdTmp) {
		builder->seen_root = root;
		builder->seen = address->Iex.RdTmp.tmp;
	}
}

/*
 * The line is the one that was used last in its set, and nothing else is to be done. The tag is
 * compared with that of the last byte: an access over the end of a line disagrees.
 */
static IRTemp check_line(struct builder *builder, bool writes, IRExpr *address,
			 uint32_t bytes)
{
	const struct machine_view *view = &direct.view;
	uint32_t shift = LINE_SHIFT - FRONT_SHIFT; /* front_place() */
	IRExpr *place = shift_op(builder, Iop_Shr64, address, shift), *last = place;
	IRExpr *front =
		word_op(builder, Iop_Add64, constant((uintptr_t)view->fronts),
			word_op(builder, Iop_And64, place, constant(view->front_mask)));
	IRExpr *tag = load(builder, Ity_I64, front);

	if (bytes > 1)
		last = shift_op(
			builder, Iop_Shr64,
			word_op(builder, Iop_Add64, address, constant(bytes - 1)),
			shift);
	if (!writes)
		tag = word_op(builder, Iop_Or64, tag, constant(FRONT_WRITABLE));
	note_bad(builder,
		 word_op(builder, Iop_Xor64, tag,
			 word_op(builder, Iop_Or64, last, constant(FRONT_ALL))));
	return front->Iex.RdTmp.tmp;
}

void direct_code_access(struct builder *builder, enum item_kind kind, IRTemp root,
			IRExpr *address, uint32_t bytes)
{
	struct marked_store *marked;
	IRTemp front;

	if (kind == ITEM_ATOMIC) /* never simply hits: see count_items() */
		return;
	check_page(builder, root, address);
	front = check_line(builder, kind != ITEM_LOAD, address, bytes);
	if (kind == ITEM_LOAD || builder->store_count == BLOCK_ITEMS_MAX)
		return;
	marked = &builder->stores[builder->store_count++];
	marked->address = address->tag == Iex_RdTmp ? address->Iex.RdTmp.tmp
						    : assign(builder, Ity_I64, address);
	marked->front = front;
	marked->site = site_number(builder->pc);
	marked->bytes = bytes;
}

static IRExpr *field(struct builder *builder, IRTemp structure, size_t offset)
{
	return word_op(builder, Iop_Add64, IRExpr_RdTmp(structure), constant(offset));
}

/* write_line(), with another line if the part does not simply hit. */
static void mark_store(struct builder *builder, const struct marked_store *marked,
		       IRExpr *hits)
{
	IRExpr *found =
		load(builder, Ity_I64,
		     field(builder, marked->front, offsetof(struct front, line)));
	IRTemp line =
		assign(builder, Ity_I64,
		       IRExpr_ITE(hits, found, constant((uintptr_t)&direct.nowhere)));
	IRExpr *place = IRExpr_RdTmp(assign(
		builder, Ity_I8,
		IRExpr_Unop(Iop_64to8,
			    word_op(builder, Iop_And64, IRExpr_RdTmp(marked->address),
				    constant(MACHINE_LINE_BYTES - 1)))));
	IRExpr *written = field(builder, line, offsetof(struct line, written));

	store(builder, written,
	      word_op(builder, Iop_Or64, load(builder, Ity_I64, written),
		      word_op(builder, Iop_Shl64, constant(byte_mask(0, marked->bytes)),
			      place)));
	/* The line is the core's own, or the part does not simply hit. */
	_Static_assert(offsetof(struct line, owner) ==
				       offsetof(struct line, site) + 4 &&
			       offsetof(struct line, writer) ==
				       offsetof(struct line, site) + 6,
		       "are stored together");
	store(builder, field(builder, line, offsetof(struct line, site)),
	      constant(marked->site | (uint64_t)direct.view.core->number << 32 |
		       (uint64_t)direct.view.thread->slot << 48));
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

/* Whether the direction, 0 or 1, is not certain: see predictor_goes_on(). */
static IRExpr *uncertainty(struct builder *builder, const struct item *branch,
			   IRExpr *taken)
{
	const struct base_entry *base =
		predictor_base(&direct.view.core->predictor, branch->value);
	IRExpr *known = load(builder, Ity_I16, constant((uintptr_t)&base->way));

	_Static_assert(offsetof(struct base_entry, row) ==
			       offsetof(struct base_entry, way) + 1,
		       "are loaded together");
	return word_op(
		builder, Iop_Xor64,
		IRExpr_RdTmp(assign(builder, Ity_I64, IRExpr_Unop(Iop_16Uto64, known))),
		word_op(builder, Iop_Or64, taken, constant(ROW_MAX << 8)));
}

static void remember(struct builder *builder, IRExpr *taken)
{
	uint64_t *history = &direct.view.core->predictor.history;

	store_word(builder, history,
		   word_op(builder, Iop_Or64,
			   shift_op(builder, Iop_Shl64, load_word(builder, history), 1),
			   taken));
}

/* What never is a simple hit makes the part bad; counts the others. */
static void count_items(struct builder *builder, const struct part *part)
{
	uint64_t counts[ITEM_NONE + 1] = {0}, instructions = 0;

	for (uint32_t i = part->first_item; i < part->end_item; i++) {
		counts[builder->items[i].kind]++;
		instructions += builder->items[i].gap;
	}
	if (counts[ITEM_ATOMIC])
		note_bad(builder, constant(1));
	add_to(builder, &direct.retired, instructions,
	       counts[ITEM_LOAD] + counts[ITEM_ATOMIC]);
	add_to(builder, &direct.stored, counts[ITEM_STORE] + counts[ITEM_ATOMIC],
	       counts[ITEM_BRANCH]);
}

/* A word that is filled in when the block is complete. */
static IRExpr *later(IRConst **place)
{
	*place = IRConst_U64(0);
	return IRExpr_Const(*place);
}

void direct_code_part(struct builder *builder, IRExpr *guard)
{
	uint32_t number = builder->part_count - 1;
	const struct part *part = &builder->parts[number];
	const struct item *last = part->end_item > part->first_item
					  ? &builder->items[part->end_item - 1]
					  : NULL;
	IRExpr *taken = constant(0), *wrong, *hits;

	note_bad(builder,
		 word_op(builder, Iop_Xor64,
			 load_word(builder, &direct.view.core->l1i.epoch),
			 load(builder, Ity_I64, later(&builder->fetched_at[number]))));
	note_bad(builder, load_word(builder, &direct.passing));
	count_items(builder, part);
	hits = comparison(builder, Iop_CmpEQ64, builder->bad, constant(0));
	for (uint32_t i = 0; i < builder->store_count; i++)
		mark_store(builder, &builder->stores[i], hits);
	wrong = builder->bad;
	if (guard) {
		taken = IRExpr_RdTmp(
			assign(builder, Ity_I64, IRExpr_Unop(Iop_1Uto64, guard)));
		if (last->bytes) /* inverted */
			taken = word_op(builder, Iop_Xor64, taken, constant(1));
		wrong = word_op(builder, Iop_Or64, wrong,
				uncertainty(builder, last, taken));
	}
	call(builder, "direct_part", direct_part,
	     last && last->kind == ITEM_JUMP
		     ? NULL
		     : comparison(builder, Iop_CmpNE64, wrong, constant(0)),
	     mkIRExprVec_3(later(&builder->part_addresses[number]), builder->bad,
			   taken));
	if (guard)
		remember(builder, taken);
	begin_part(builder);
}

void direct_code_finish(struct builder *builder, const struct block *block)
{
	const uint64_t *fetched_at = &block->run.fetched_at[direct.view.turn];

	for (uint32_t i = 0; i < builder->part_count; i++) {
		builder->fetched_at[i]->Ico.U64 = (uintptr_t)fetched_at;
		builder->part_addresses[i]->Ico.U64 = (uintptr_t)&block->parts[i];
	}
}
