/* SPDX-License-Identifier: MIT */
/*
 * Reads machine descriptions: lines of `key = value  # comment`. One table says for each key
 * where its value goes, how it is written and what range a single value may have; whether the
 * values make a machine together is judged by check.c.
 */
#include "machine/problem.h"

#define TEXT_MAX   (1u << 20) /* a description is a page of text, not a file system */
#define FRACTION   65536u
#define CYCLES_MAX 1000000u

enum value_kind {
	VALUE_NUMBER,    /* 123 */
	VALUE_SIZE,      /* 123, 32 KiB, 1.5 MiB */
	VALUE_SLICED,    /* the same, not limited to 32 bits */
	VALUE_CYCLES,    /* a number below a million */
	VALUE_FRACTION,  /* 0.25, kept in 1/65536 */
	VALUE_POLICY,    /* inclusive, non-inclusive, victim */
	VALUE_PLACEMENT, /* compact, scatter, or numbers of cores */
	VALUE_LINE_SIZE, /* checked and not kept */
	VALUE_NAME,
};

struct key {
	const char *name;
	enum value_kind kind;
	size_t offset; /* in struct machine_config */
	uint64_t max;
};

#define AT(field) offsetof(struct machine_config, field)
#define CYCLES(name)                                                      \
	{                                                                 \
		"cycles_" #name, VALUE_CYCLES, AT(costs.name), CYCLES_MAX \
	}

static const struct key keys[] = {
	{"name", VALUE_NAME, AT(name), 0},
	{"clock_mhz", VALUE_NUMBER, AT(clock_mhz), 100000},
	{"sockets", VALUE_NUMBER, AT(sockets), UINT32_MAX},
	{"cores_per_socket", VALUE_NUMBER, AT(cores), UINT32_MAX},
	{"cores_per_llc", VALUE_NUMBER, AT(llc_cores), UINT32_MAX},
	{"placement", VALUE_PLACEMENT, AT(placement), 0},
	{"line_bytes", VALUE_LINE_SIZE, 0, UINT32_MAX},
	{"page_bytes", VALUE_SIZE, AT(page_bytes), UINT32_MAX},
	{"l1i_bytes", VALUE_SLICED, AT(l1i.bytes), UINT64_MAX},
	{"l1i_ways", VALUE_NUMBER, AT(l1i.ways), UINT32_MAX},
	{"l1d_bytes", VALUE_SLICED, AT(l1d.bytes), UINT64_MAX},
	{"l1d_ways", VALUE_NUMBER, AT(l1d.ways), UINT32_MAX},
	{"l2_bytes", VALUE_SLICED, AT(l2.bytes), UINT64_MAX},
	{"l2_ways", VALUE_NUMBER, AT(l2.ways), UINT32_MAX},
	{"l2_policy", VALUE_POLICY, AT(l2.policy), 0},
	{"llc_bytes", VALUE_SLICED, AT(llc.bytes), UINT64_MAX},
	{"llc_ways", VALUE_NUMBER, AT(llc.ways), UINT32_MAX},
	{"llc_slices", VALUE_NUMBER, AT(llc.slices), UINT32_MAX},
	{"llc_policy", VALUE_POLICY, AT(llc.policy), 0},
	{"dtlb_entries", VALUE_NUMBER, AT(dtlb.entries), UINT32_MAX},
	{"dtlb_ways", VALUE_NUMBER, AT(dtlb.ways), UINT32_MAX},
	{"stlb_entries", VALUE_NUMBER, AT(stlb.entries), UINT32_MAX},
	{"stlb_ways", VALUE_NUMBER, AT(stlb.ways), UINT32_MAX},
	{"predictor_entries", VALUE_NUMBER, AT(predictor_entries), UINT32_MAX},
	{"sharing_lines", VALUE_NUMBER, AT(sharing_lines), UINT32_MAX},
	{"cycles_instruction", VALUE_FRACTION, AT(costs.instruction), 1000},
	CYCLES(l2_hit),
	CYCLES(llc_hit),
	CYCLES(forward_local),
	CYCLES(forward_socket),
	CYCLES(forward_remote),
	CYCLES(hitm_local),
	CYCLES(hitm_socket),
	CYCLES(hitm_remote),
	CYCLES(upgrade_local),
	CYCLES(upgrade_socket),
	CYCLES(upgrade_remote),
	CYCLES(dram_local),
	CYCLES(dram_remote),
	CYCLES(stlb_hit),
	CYCLES(walk),
	CYCLES(first_touch),
	CYCLES(branch_miss),
	CYCLES(atomic),
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* A stretch of the description, not terminated. */
struct span {
	const char *text;
	size_t length;
};

struct reader {
	struct machine_config *config;
	struct machine_problem *problem;
	uint32_t line;
	uint32_t seen[KEY_COUNT]; /* line of the key, 0: not yet */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct span trim(struct span span)
{
	while (span.length && is_blank(span.text[0])) {
		span.text++;
		span.length--;
	}
	while (span.length && is_blank(span.text[span.length - 1]))
		span.length--;
	return span;
}

static bool equals(struct span span, const char *word)
{
	size_t i = 0;

	for (; i < span.length; i++)
		if (!word[i] || span.text[i] != word[i])
			return false;
	return !word[i];
}

/* "<first>'<span>'<last>" */
static int refuse(struct reader *reader, const char *first, struct span span,
		  const char *last)
{
	problem_set(reader->problem, reader->line, first);
	problem_add_quoted(reader->problem, span.text, span.length);
	return problem_add(reader->problem, last);
}

static int refuse_value(struct reader *reader, const struct key *key, struct span value,
			const char *wanted)
{
	problem_set(reader->problem, reader->line, key->name);
	problem_add(reader->problem, " = ");
	problem_add_quoted(reader->problem, value.text, value.length);
	return problem_add(reader->problem, wanted);
}

/*
 * The unsigned decimal number at the start of *span, which moves behind it, in units of
 * 1/`scale`, rounded down. False: no number, or more than 64 bits.
 */
static bool take_number(struct span *span, uint64_t scale, uint64_t *result)
{
	uint64_t number = 0, part = 0, unit = 1;
	size_t i = 0;

	for (; i < span->length && is_digit(span->text[i]); i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, span->text[i] - '0', &number))
			return false;
	if (!i)
		return false;
	if (i + 1 < span->length && span->text[i] == '.' &&
	    is_digit(span->text[i + 1])) {
		/* Six decimals: the product with any scale up to 2^40 stays in 64 bits. */
		for (i++; i < span->length && is_digit(span->text[i]); i++)
			if (unit < 1000000) {
				part = part * 10 + (uint64_t)(span->text[i] - '0');
				unit *= 10;
			}
		if (scale == 1)
			return false;
	}
	span->text += i;
	span->length -= i;
	return !__builtin_mul_overflow(number, scale, &number) &&
	       !__builtin_add_overflow(number, part * scale / unit, result);
}

/* Takes the unit at the end of a size off; 0: an unknown one. */
static uint64_t take_unit(struct span *value)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
	size_t digits = 0;
	struct span unit;

	while (digits < value->length &&
	       (is_digit(value->text[digits]) || value->text[digits] == '.'))
		digits++;
	unit = trim((struct span){value->text + digits, value->length - digits});
	value->length = digits;
	if (!unit.length)
		return 1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (equals(unit, units[i].name))
			return units[i].bytes;
	return 0;
}

static int read_number(struct reader *reader, const struct key *key, struct span value,
		       uint64_t *number)
{
	bool size = key->kind == VALUE_SIZE || key->kind == VALUE_SLICED;
	struct span rest = value;
	uint64_t scale = 1, most = key->max;

	if (size)
		scale = take_unit(&rest);
	else if (key->kind == VALUE_FRACTION)
		most *= scale = FRACTION;
	if (!scale || !take_number(&rest, scale, number) || rest.length)
		return refuse_value(reader, key, value,
				    size ? " is no size; write bytes, or a number "
					   "with KiB, MiB or GiB"
					 : " is no number, or too large a one");
	if (*number > most) {
		refuse_value(reader, key, value, " is too large; at most ");
		return problem_add_number(reader->problem, key->max);
	}
	return 0;
}

static int read_choice(struct reader *reader, const struct key *key, struct span value,
		       const char *const *names, const char *wanted, uint32_t *choice)
{
	for (uint32_t i = 0; names[i]; i++)
		if (equals(value, names[i])) {
			*choice = i;
			return 0;
		}
	return refuse_value(reader, key, value, wanted);
}

static int read_name(struct reader *reader, const struct key *key, struct span value)
{
	char *name = reader->config->name;

	if (value.length >= MACHINE_NAME_BYTES) {
		refuse_value(reader, key, value, " is too long; at most ");
		problem_add_number(reader->problem, MACHINE_NAME_BYTES - 1);
		return problem_add(reader->problem, " bytes");
	}
	for (size_t i = 0; i < value.length; i++) {
		if (value.text[i] < ' ' || value.text[i] > '~')
			return refuse_value(
				reader, key, value,
				" has characters other than printable ASCII");
		name[i] = value.text[i];
	}
	name[value.length] = '\0';
	return 0;
}

/* "compact", "scatter", or "0 28 1 29". */
static int read_placement(struct reader *reader, const struct key *key,
			  struct span value)
{
	static const char *const names[] = {
		[MACHINE_COMPACT] = "compact", [MACHINE_SCATTER] = "scatter", NULL};
	static const char wanted[] =
		"; write compact, scatter, or up to 256 numbers of "
		"cores, such as 0 2 1 3";
	struct machine_config *config = reader->config;
	struct span rest = value;
	uint64_t core;
	uint32_t choice = 0;

	if (!is_digit(value.text[0])) {
		if (read_choice(reader, key, value, names, wanted, &choice))
			return -1;
		config->placement = (enum machine_placement)choice;
		return 0;
	}
	config->placement = MACHINE_LISTED;
	for (config->listed_count = 0; rest.length; rest = trim(rest)) {
		if (config->listed_count == MACHINE_CORES_MAX ||
		    !take_number(&rest, 1, &core) || core >= MACHINE_CORES_MAX ||
		    (rest.length && !is_blank(rest.text[0])))
			return refuse_value(reader, key, value, wanted);
		config->listed[config->listed_count++] = (uint16_t)core;
	}
	return 0;
}

static int read_value(struct reader *reader, const struct key *key, struct span value)
{
	static const char *const policies[] = {
		[MACHINE_INCLUSIVE] = "inclusive",
		[MACHINE_NON_INCLUSIVE] = "non-inclusive",
		[MACHINE_VICTIM] = "victim",
		NULL,
	};
	char *place = (char *)reader->config + key->offset;
	uint32_t choice = 0;
	uint64_t number = 0;

	switch (key->kind) {
	case VALUE_NAME:
		return read_name(reader, key, value);
	case VALUE_POLICY:
		if (read_choice(reader, key, value, policies,
				"; write inclusive, non-inclusive or victim", &choice))
			return -1;
		*(enum machine_policy *)(void *)place = (enum machine_policy)choice;
		return 0;
	case VALUE_PLACEMENT:
		return read_placement(reader, key, value);
	default:
		break;
	}
	if (read_number(reader, key, value, &number))
		return -1;
	if (key->kind == VALUE_LINE_SIZE) {
		if (number != MACHINE_LINE_BYTES)
			return refuse_value(
				reader, key, value,
				": only lines of 64 bytes can be simulated");
	} else if (key->kind == VALUE_SLICED) {
		*(uint64_t *)(void *)place = number;
	} else {
		*(uint32_t *)(void *)place = (uint32_t)number;
	}
	return 0;
}

static int read_line(struct reader *reader, struct span line)
{
	size_t equal = 0;
	struct span name, value;

	for (size_t i = 0; i < line.length; i++)
		if (line.text[i] == '#')
			line.length = i;
	line = trim(line);
	if (!line.length)
		return 0;
	while (equal < line.length && line.text[equal] != '=')
		equal++;
	name = trim((struct span){line.text, equal});
	if (equal == line.length)
		return refuse(reader, "expected 'key = value', found ", line, "");
	value = trim((struct span){line.text + equal + 1, line.length - equal - 1});
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!equals(name, keys[i].name))
			continue;
		if (reader->seen[i]) {
			refuse(reader, "", name, " is given twice, first in line ");
			return problem_add_number(reader->problem, reader->seen[i]);
		}
		reader->seen[i] = reader->line;
		if (!value.length)
			return refuse(reader, "", name, " has no value");
		return read_value(reader, &keys[i], value);
	}
	return refuse(reader, "unknown key ", name, "");
}

int machine_config_parse(struct machine_config *config, const char *text, size_t length,
			 struct machine_problem *problem)
{
	struct reader reader = {.config = config, .problem = problem};
	size_t start = 0;

	if (length > TEXT_MAX)
		return problem_set(problem, 0,
				   "this is no machine description: more than 1 MiB");
	while (start < length) {
		size_t end = start;

		while (end < length && text[end] != '\n')
			end++;
		reader.line++;
		if (read_line(&reader, (struct span){text + start, end - start}))
			return -1;
		start = end + 1;
	}
	return 0;
}

void machine_config_default(struct machine_config *config)
{
	*config = (struct machine_config){
		.name = "generic",
		.clock_mhz = 3000,
		.sockets = 1,
		.cores = 64,
		.page_bytes = 4096,
		.placement = MACHINE_COMPACT,
		.l1i = {.bytes = 32 << 10, .ways = 8},
		.l1d = {.bytes = 32 << 10, .ways = 8},
		.l2 = {.bytes = 1 << 20, .ways = 16, .policy = MACHINE_NON_INCLUSIVE},
		.llc = {.bytes = 32 << 20,
			.ways = 16,
			.slices = 1,
			.policy = MACHINE_NON_INCLUSIVE},
		.dtlb = {.entries = 64, .ways = 4},
		.stlb = {.entries = 1536, .ways = 12},
		.predictor_entries = 1024,
		.sharing_lines = 4096,
		.costs = {.instruction = FRACTION / 2,
			  .l2_hit = 10,
			  .llc_hit = 45,
			  .forward_local = 60,
			  .forward_socket = 150,
			  .forward_remote = 250,
			  .hitm_local = 90,
			  .hitm_socket = 200,
			  .hitm_remote = 350,
			  .upgrade_local = 60,
			  .upgrade_socket = 150,
			  .upgrade_remote = 250,
			  .dram_local = 250,
			  .dram_remote = 400,
			  .stlb_hit = 8,
			  .walk = 30,
			  .first_touch = 1500,
			  .branch_miss = 16,
			  .atomic = 18},
	};
}
