/* SPDX-License-Identifier: MIT */
/*
 * Blocks by the address of their translation, and sites: numbers for addresses of instructions,
 * 32 bits wide so that the machine can keep them for each line.
 */
#include "tool/log.h"

#include <pub_tool_hashtable.h>

/* Translations of one address: usually one. */
struct entry {
	struct entry *next; /* of VgHashNode */
	UWord address;
	struct block *block;
	bool ambiguous; /* several translations: it is not told which one is thrown away */
};

struct site_entry {
	struct site_entry *next; /* of VgHashNode */
	UWord address;
	uint32_t number;
};

static struct {
	VgHashTable *entries;
	struct block *discarded;
	VgHashTable *sites;
	Addr *addresses; /* by site number */
	uint32_t site_count;
	uint32_t site_capacity;
} all;

static uint32_t count_items(const struct item *items, uint32_t count,
			    bool (*is)(const struct item *))
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++)
		found += is(&items[i]);
	return found;
}

/* `memory` is behind the items: room for all references, exits and steps. */
static void init_run(struct block *block, void *memory, uint32_t references,
		     uint32_t exits)
{
	struct machine_run *run = &block->run;
	struct step *step;

	VG_(memset)(run, 0, sizeof(*run));
	run->references = run->references_end = memory;
	run->exits = run->exits_end = (void *)(run->references + references);
	block->steps = step = (void *)(run->exits + exits);
	for (uint32_t i = 0; i < block->item_count; i++) {
		const struct item *item = &block->items[i];

		run->instructions += item->gap;
		if (item_is_access(item)) {
			*run->references_end++ = machine_reference(
				(enum machine_access_kind)item->kind, item->root,
				item->value, item->bytes, item->site);
			*step++ = (struct step){
				.instructions = run->instructions,
				.item = (uint16_t)(i + 1),
				.exits = (uint16_t)(run->exits_end - run->exits),
			};
		} else if (item_is_exit(item)) {
			*run->exits_end++ =
				(struct machine_exit){item->value, item->bytes};
		} else if (item->kind == ITEM_JUMP) {
			block->jumps = true;
		}
	}
	machine_run_init(run);
}

struct block *block_new(Addr address, const struct item *items, uint32_t item_count,
			uint32_t root_count)
{
	uint32_t references = count_items(items, item_count, item_is_access);
	uint32_t exits = count_items(items, item_count, item_is_exit);
	struct block *block =
		VG_(malloc)("autoperf.block",
			    sizeof(*block) + item_count * sizeof(*items) +
				    references * (sizeof(struct machine_reference) +
						  sizeof(struct step)) +
				    exits * sizeof(struct machine_exit));
	struct entry *entry = VG_(malloc)("autoperf.block.entry", sizeof(*entry));
	struct entry *other;

	block->address = address;
	block->next_discarded = NULL;
	block->item_count = item_count;
	block->root_count = root_count;
	VG_(memcpy)(block->items, items, item_count * sizeof(*items));
	block->whole = log_block_head(block, item_count, false);
	block->jumps = false;
	init_run(block, &block->items[item_count], references, exits);
	if (!all.entries)
		all.entries = VG_(HT_construct)("autoperf.blocks");
	other = VG_(HT_lookup)(all.entries, address);
	entry->address = address;
	entry->block = block;
	entry->ambiguous = other != NULL;
	if (other)
		other->ambiguous = true;
	VG_(HT_add_node)(all.entries, entry);
	return block;
}

void block_discarded(Addr address)
{
	struct entry *entry = all.entries ? VG_(HT_remove)(all.entries, address) : NULL;

	if (!entry)
		return;
	if (!entry->ambiguous) {
		entry->block->next_discarded = all.discarded;
		all.discarded = entry->block;
	}
	VG_(free)(entry);
}

void blocks_collect(void)
{
	while (all.discarded) {
		struct block *next = all.discarded->next_discarded;

		VG_(free)(all.discarded);
		all.discarded = next;
	}
}

static uint32_t new_site(Addr address)
{
	if (all.site_count + 1 >= all.site_capacity) {
		all.site_capacity = all.site_capacity ? 2 * all.site_capacity : 4096;
		all.addresses = VG_(realloc)("autoperf.sites", all.addresses,
					     all.site_capacity * sizeof(Addr));
	}
	all.addresses[++all.site_count] = address;
	return all.site_count;
}

uint32_t site_number(Addr address)
{
	struct site_entry *entry;

	if (!all.sites)
		all.sites = VG_(HT_construct)("autoperf.sites");
	entry = VG_(HT_lookup)(all.sites, address);
	if (!entry) {
		entry = VG_(malloc)("autoperf.site", sizeof(*entry));
		entry->address = address;
		entry->number = new_site(address);
		VG_(HT_add_node)(all.sites, entry);
	}
	return entry->number;
}

Addr site_address(uint32_t site)
{
	return site && site <= all.site_count ? all.addresses[site] : 0;
}
