/* SPDX-License-Identifier: MIT */
/*
 * Code that logs what a block does.
 *
 * What it does in which order is the same each time and is kept once, in its struct block. The
 * code stores the roots and, before each place where the block can be left, the head that tells
 * how far it came:
 *
 *	at = cursor.at; if (cursor.limit < at) log_full(), at = cursor.at;
 *	... at[1] = root 0; ...
 *	cursor.at = at + 1 + roots; at[0] = head(3 items);	first exit
 *	... at[2] = root 1; ...
 *	at[0] = head(all items);				end
 *
 * A fault in the middle leaves the head of the last exit that was passed, or nothing.
 */
#include "tool/builder.h"
#include "tool/instrument.h"
#include "tool/log.h"

void log_code_begin(struct builder *builder)
{
	IRExpr *at = load_word(builder, &cursor.at);

	call(builder, "log_full", log_full,
	     comparison(builder, Iop_CmpLT64U, load_word(builder, &cursor.limit), at),
	     mkIRExprVec_0());
	builder->at = load_word(builder, &cursor.at)->Iex.RdTmp.tmp;
	builder->head_count = 0;
}

void log_code_root(struct builder *builder, uint32_t root, IRTemp temp)
{
	store(builder,
	      word_op(builder, Iop_Add64, IRExpr_RdTmp(builder->at),
		      constant((1 + root) * sizeof(uint64_t))),
	      IRExpr_RdTmp(temp));
}

/* Stores the head without the block's address. The first one also moves the cursor on. */
void log_code_part(struct builder *builder, bool taken)
{
	if (builder->head_count == BLOCK_ITEMS_MAX)
		return; /* more exits than a block has statements */
	if (!builder->head_count) {
		builder->advance = IRConst_U64(0);
		store_word(builder, &cursor.at,
			   word_op(builder, Iop_Add64, IRExpr_RdTmp(builder->at),
				   IRExpr_Const(builder->advance)));
	}
	store(builder, IRExpr_RdTmp(builder->at),
	      constant((uint64_t)builder->item_count << LOG_END_SHIFT |
		       (taken ? LOG_TAKEN : 0)));
	builder->heads[builder->head_count++] =
		builder->out->stmts[builder->out->stmts_used - 1];
}

void log_code_finish(struct builder *builder, const struct block *block)
{
	builder->advance->Ico.U64 = (1 + block->root_count) * sizeof(uint64_t);
	for (uint32_t i = 0; i < builder->head_count; i++)
		builder->heads[i]->Ist.Store.data->Iex.Const.con->Ico.U64 |=
			(uint64_t)(uintptr_t)block;
}
