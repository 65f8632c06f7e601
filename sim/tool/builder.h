/* SPDX-License-Identifier: MIT */
/*
 * A superblock while it is being translated, and small pieces of Valgrind's intermediate
 * representation. instrument.c finds out what the block does, in items; code that does something
 * about it when the block is executed is put in either by log_code.c or by direct_code.c.
 */
#ifndef AUTOPERF_SIM_TOOL_BUILDER_H
#define AUTOPERF_SIM_TOOL_BUILDER_H

#include <pub_tool_machine.h>
#include <pub_tool_tooliface.h>

#include "tool/block.h"

/* The value of a temporary as far as the translation knows it: root + constant. */
struct value {
	IRTemp root; /* IRTemp_INVALID: only the constant */
	uint64_t constant;
};

/* How the execution of a block is taken note of. */
enum builder_mode {
	BUILDER_NOTHING, /* not at all */
	BUILDER_LOG,     /* in the log, to be replayed */
	BUILDER_DIRECT,  /* simulated as it happens */
};

struct builder {
	IRSB *out;
	const VexGuestLayout *layout;
	enum builder_mode mode;
	struct value *values; /* by temporary of the original block */
	UInt value_count;
	struct item items[BLOCK_ITEMS_MAX];
	uint32_t item_count;
	IRTemp roots[BLOCK_ROOTS_MAX];
	uint32_t root_count;
	uint32_t part_end; /* items before the part at hand */
	/* the instruction at hand */
	Addr pc;
	UInt length;
	uint32_t gap;
	uint64_t fetched; /* line of the last fetch */

	const IRCAS *atomic; /* it is one access with its load; NULL: none is to come */

	/* log_code.c */
	IRTemp at;
	/* Filled in when the block is complete: the block's address in the data of the stores, */
	IRStmt *heads[BLOCK_ITEMS_MAX];
	uint32_t head_count;
	IRConst *advance; /* and the bytes of the record. */

	/* direct_code.c */
	IRTemp seen_root; /* the root of an access whose page is one that is marked, */
	IRTemp seen;      /* and its address */
	/* Addresses that are filled in when the block is complete: by fetch, and by item. */
	IRConst *blocks[BLOCK_ITEMS_MAX];
	IRConst *epochs[BLOCK_ITEMS_MAX];
	uint32_t fetch_count;
	IRConst *references[BLOCK_ITEMS_MAX];
};

static inline IRExpr *constant(uint64_t value)
{
	return IRExpr_Const(IRConst_U64(value));
}

static inline IRTemp assign(struct builder *builder, IRType type, IRExpr *expression)
{
	IRTemp temp = newIRTemp(builder->out->tyenv, type);

	addStmtToIRSB(builder->out, IRStmt_WrTmp(temp, expression));
	return temp;
}

static inline IRExpr *load(struct builder *builder, IRType type, IRExpr *address)
{
	return IRExpr_RdTmp(assign(builder, type, IRExpr_Load(Iend_LE, type, address)));
}

static inline IRExpr *load_word(struct builder *builder, const void *address)
{
	return load(builder, Ity_I64, constant((uintptr_t)address));
}

static inline void store(struct builder *builder, IRExpr *address, IRExpr *value)
{
	addStmtToIRSB(builder->out, IRStmt_Store(Iend_LE, address, value));
}

static inline void store_word(struct builder *builder, const void *address,
			      IRExpr *value)
{
	store(builder, constant((uintptr_t)address), value);
}

/* Of two words. */
static inline IRExpr *word_op(struct builder *builder, IROp operation, IRExpr *a,
			      IRExpr *b)
{
	return IRExpr_RdTmp(assign(builder, Ity_I64, IRExpr_Binop(operation, a, b)));
}

static inline IRExpr *shift_op(struct builder *builder, IROp operation, IRExpr *a,
			       uint32_t bits)
{
	return word_op(builder, operation, a, IRExpr_Const(IRConst_U8((UChar)bits)));
}

/* A comparison, for a guard. */
static inline IRExpr *comparison(struct builder *builder, IROp operation, IRExpr *a,
				 IRExpr *b)
{
	return IRExpr_RdTmp(assign(builder, Ity_I1, IRExpr_Binop(operation, a, b)));
}

/* `guard` NULL: in any case. */
static inline void call(struct builder *builder, const HChar *name, void *function,
			IRExpr *guard, IRExpr **arguments)
{
	IRDirty *dirty =
		unsafeIRDirty_0_N(0, name, VG_(fnptr_to_fnentry)(function), arguments);

	if (guard)
		dirty->guard = guard;
	addStmtToIRSB(builder->out, IRStmt_Dirty(dirty));
}

/*
 * What the two ways of taking note have to put in. `temp` is the value of the root of that number.
 * A part ends with its last item, an exit or the end of the block: `guard` is the exit's, if its
 * last item is a branch, else NULL.
 */
void log_code_begin(struct builder *builder);
void log_code_root(struct builder *builder, uint32_t root, IRTemp temp);
void log_code_part(struct builder *builder, bool taken);
void log_code_finish(struct builder *builder, const struct block *block);

void direct_code_begin(struct builder *builder);
/* The items are the last ones; an access is of up to a line's bytes. */
void direct_code_fetch(struct builder *builder, const struct item *item);
void direct_code_access(struct builder *builder, const struct item *item, IRTemp root,
			IRExpr *address);
void direct_code_jump(struct builder *builder, IRExpr *target);
void direct_code_part(struct builder *builder, IRExpr *guard);
void direct_code_finish(struct builder *builder, struct block *block);

#endif
