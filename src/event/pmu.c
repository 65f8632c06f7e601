/* SPDX-License-Identifier: MIT */
/*
 * Events of PMU drivers, by what they tell in sysfs:
 *
 *	<pmu>/type           perf_event_attr.type
 *	<pmu>/format/<term>  where a term's value goes: "config:0-7,32-35", "config1:0-31"
 *	<pmu>/events/<name>  a ready-made list of terms: "event=0x3c,umask=0x00"
 *
 * (Documentation/ABI/testing/sysfs-bus-event_source-devices-format in the kernel's tree.) A
 * value's lowest bits go to the first range, the next to the second, and so on. Names come
 * from users: none may leave its directory.
 */
#include "event/pmu.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/kernel_file.h"

#define HYBRID_CORE "cpu_core"
#define HYBRID_ATOM "cpu_atom"

#define TERM_BYTES  128
#define TERMS_BYTES 1024

/* A PMU under way: where it is and what is encoded so far. */
struct pmu {
	const char *devices;
	char name[TERM_BYTES];
	struct event_encoding *encoding;
};

/* A file name that stays in its directory. */
static bool is_plain_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

/* "DEVICES/PMU/KIND/NAME"; -ENAMETOOLONG when it does not fit. */
static int pmu_path(const struct pmu *pmu, const char *kind, const char *name,
		    char *path)
{
	int length = snprintf(path, PATH_MAX, "%s/%s/%s%s%s", pmu->devices, pmu->name,
			      kind, *name ? "/" : "", name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Names gathered for an error text: "a, b, c", cut with "..." when there are too many. */
struct name_list {
	char *chars;
	size_t size;
	size_t used;
};

static int gather_name(const char *name, void *context)
{
	struct name_list *list = context;

	/* Room for ", NAME" and, should the next not fit, for ", ...". */
	if (list->used + strlen(name) + 2 * strlen(", ...") >= list->size) {
		snprintf(list->chars + list->used, list->size - list->used, ", ...");
		return 1;
	}
	list->used +=
		(size_t)snprintf(list->chars + list->used, list->size - list->used,
				 "%s%s", list->used ? ", " : "", name);
	return 0;
}

/* The names in a directory; "none" when there are none. */
static void list_directory(const char *path, char *chars, size_t size)
{
	struct name_list list = {.chars = chars, .size = size};

	snprintf(chars, size, "none");
	kernel_directory_each(path, gather_name, &list);
}

/* A number with or without 0x, whole string; strtoull() alone takes blanks and signs. */
static int parse_number(const char *chars, uint64_t *value)
{
	char *end;

	if (*chars < '0' || *chars > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(chars, &end, 0);
	return *end ? -EINVAL : -errno;
}

/* Moves the lowest bits of *value into bits [low, high] of *config. */
static void deposit(uint64_t *config, unsigned low, unsigned high, uint64_t *value)
{
	unsigned width = high - low + 1;
	uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;

	*config &= ~(mask << low);
	*config |= (*value & mask) << low;
	*value = width == 64 ? 0 : *value >> width;
}

static uint64_t *config_field(struct event_encoding *encoding, const char *name)
{
	if (!strcmp(name, "config"))
		return &encoding->config;
	if (!strcmp(name, "config1"))
		return &encoding->config1;
	if (!strcmp(name, "config2"))
		return &encoding->config2;
	return NULL;
}

/* Applies a format such as "config:0-7,32-35". -EINVAL: odd format; -ERANGE: value too big. */
static int apply_format(struct event_encoding *encoding, char *format, uint64_t value)
{
	char *ranges = strchr(format, ':');
	uint64_t *config;

	if (!ranges)
		return -EINVAL;
	*ranges++ = '\0';
	config = config_field(encoding, format);
	if (!config)
		return -EINVAL;
	while (*ranges) {
		char *end;
		unsigned long low = strtoul(ranges, &end, 10);
		unsigned long high = low;

		if (end == ranges)
			return -EINVAL;
		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		if (low > high || high > 63 || (*end && *end != ','))
			return -EINVAL;
		deposit(config, (unsigned)low, (unsigned)high, &value);
		ranges = end + (*end == ',');
	}
	return value ? -ERANGE : 0;
}

static int apply_terms(struct pmu *pmu, const char *terms, bool may_nest,
		       struct error *error);

static int unknown_term(const struct pmu *pmu, const char *term, struct error *error)
{
	char path[PATH_MAX];
	char formats[600] = "none";
	char events[600] = "none";

	if (!pmu_path(pmu, "format", "", path))
		list_directory(path, formats, sizeof(formats));
	if (!pmu_path(pmu, "events", "", path))
		list_directory(path, events, sizeof(events));
	return error_set_exit(
		error, EXIT_USAGE, -EINVAL,
		"'%s' is no term of PMU '%s'; its terms are: %s; its named"
		" events: %s",
		term, pmu->name, formats, events);
}

/* One "KEY" or "KEY=VALUE"; a key without value is an event's name or means 1. */
static int apply_term(struct pmu *pmu, char *term, bool may_nest, struct error *error)
{
	char path[PATH_MAX];
	char line[TERMS_BYTES];
	char *equals = strchr(term, '=');
	uint64_t value = 1;
	uint64_t *config;
	int code;

	if (equals)
		*equals = '\0';
	if (!is_plain_name(term))
		return unknown_term(pmu, term, error);
	if (!equals && may_nest && !pmu_path(pmu, "events", term, path) &&
	    !kernel_file_line(path, line, sizeof(line)))
		return apply_terms(pmu, line, false, error);
	if (equals && parse_number(equals + 1, &value))
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "'%s' is no number for term '%s' of PMU '%s'",
				      equals + 1, term, pmu->name);
	config = config_field(pmu->encoding, term);
	if (config) {
		*config = value;
		return 0;
	}
	if (pmu_path(pmu, "format", term, path) ||
	    kernel_file_line(path, line, sizeof(line)))
		return unknown_term(pmu, term, error);
	code = apply_format(pmu->encoding, line, value);
	if (code == -ERANGE)
		return error_set_exit(error, EXIT_USAGE, code,
				      "%#llx is too big for term '%s' of PMU '%s'",
				      (unsigned long long)value, term, pmu->name);
	if (code)
		return error_set(error, code,
				 "cannot understand the kernel's format file %s", path);
	return 0;
}

static int apply_terms(struct pmu *pmu, const char *terms, bool may_nest,
		       struct error *error)
{
	while (*terms) {
		size_t length = strcspn(terms, ",");
		char term[TERM_BYTES];
		int code;

		if (length >= sizeof(term))
			return error_set_exit(
				error, EXIT_USAGE, -EINVAL,
				"a term of %zu bytes in an event of PMU '%s'", length,
				pmu->name);
		memcpy(term, terms, length);
		term[length] = '\0';
		terms += length + (terms[length] == ',');
		code = apply_term(pmu, term, may_nest, error);
		if (code)
			return code;
	}
	return 0;
}

static int no_such_pmu(const struct pmu *pmu, struct error *error)
{
	char present[600];

	list_directory(pmu->devices, present, sizeof(present));
	return error_set_exit(error, EXIT_CANNOT_MEASURE, -ENODEV,
			      "this machine has no PMU '%s'; it has: %s", pmu->name,
			      present);
}

/* One PMU's part of a name. */
static int resolve_one(const char *devices, const char *name,
		       struct event_encoding *encoding, const char **modifiers,
		       struct error *error)
{
	struct pmu pmu = {.devices = devices, .encoding = encoding};
	const char *terms = strchr(name, '/');
	const char *end = terms ? strchr(terms + 1, '/') : NULL;
	char text[TERMS_BYTES];
	char path[PATH_MAX];
	int64_t type;

	if (!end || end == terms + 1 || (size_t)(terms - name) >= sizeof(pmu.name) ||
	    (size_t)(end - terms) > sizeof(text))
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "'%s' is not of the form PMU/term=value,.../",
				      name);
	memcpy(pmu.name, name, (size_t)(terms - name));
	if (!is_plain_name(pmu.name) || pmu_path(&pmu, "type", "", path) ||
	    kernel_file_number(path, &type) || type < 0 || type > UINT32_MAX)
		return no_such_pmu(&pmu, error);
	*encoding = (struct event_encoding){.type = (uint32_t)type};
	memcpy(text, terms + 1, (size_t)(end - terms - 1));
	text[end - terms - 1] = '\0';
	*modifiers = end + 1;
	return apply_terms(&pmu, text, true, error);
}

static bool pmu_type(const char *devices, const char *name, uint32_t *type)
{
	char path[PATH_MAX];
	int64_t number;

	if (snprintf(path, sizeof(path), "%s/%s/type", devices, name) >= PATH_MAX ||
	    kernel_file_number(path, &number) || number < 0 || number > UINT32_MAX)
		return false;
	*type = (uint32_t)number;
	return true;
}

bool pmu_hybrid_types(const char *devices, uint32_t *core, uint32_t *atom)
{
	return pmu_type(devices, HYBRID_CORE, core) &&
	       pmu_type(devices, HYBRID_ATOM, atom);
}

/* Adds what `name` means as the encoding of the other PMU. */
static int resolve_other(const char *devices, const char *name,
			 struct event_encoding *encoding, const char **modifiers,
			 struct error *error)
{
	struct event_encoding other;
	int code = resolve_one(devices, name, &other, modifiers, error);

	if (code)
		return code;
	if (other.type == encoding->type)
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "both sides of the + are events of one PMU");
	encoding->has_other = true;
	encoding->other_type = other.type;
	encoding->other_config = other.config;
	encoding->other_config1 = other.config1;
	encoding->other_config2 = other.config2;
	return 0;
}

/* "cpu/TERMS/" where the processor's PMUs are cpu_core and cpu_atom. */
static int resolve_both(const char *devices, const char *name,
			struct event_encoding *encoding, const char **modifiers,
			struct error *error)
{
	const char *terms = strchr(name, '/');
	char core[EVENT_NAME_BYTES + sizeof(HYBRID_CORE)];
	char atom[EVENT_NAME_BYTES + sizeof(HYBRID_ATOM)];
	const char *ignored;
	int code;

	snprintf(core, sizeof(core), HYBRID_CORE "%s", terms);
	snprintf(atom, sizeof(atom), HYBRID_ATOM "%s", terms);
	code = resolve_one(devices, core, encoding, &ignored, error);
	if (!code)
		code = resolve_other(devices, atom, encoding, &ignored, error);
	/* The caller's string outlives ours, and ends alike. */
	if (!code)
		*modifiers = strchr(terms + 1, '/') + 1;
	return code;
}

int pmu_resolve(const char *devices, const char *name, struct event_encoding *encoding,
		const char **modifiers, struct error *error)
{
	uint32_t type, core, atom;
	int code;

	if (!strncmp(name, "cpu/", 4) && strlen(name) <= EVENT_NAME_BYTES &&
	    !pmu_type(devices, "cpu", &type) && pmu_hybrid_types(devices, &core, &atom))
		return resolve_both(devices, name, encoding, modifiers, error);
	code = resolve_one(devices, name, encoding, modifiers, error);
	if (code || **modifiers != '+')
		return code;
	return resolve_other(devices, *modifiers + 1, encoding, modifiers, error);
}

/* "cpu-cycles.unit" and the like belong to the event of the name before the dot. */
static bool is_annotation(const char *name)
{
	static const char *const endings[] = {".unit", ".scale", ".snapshot",
					      ".per-pkg"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(*endings); i++)
		if (!strcmp(dot, endings[i]))
			return true;
	return false;
}

/* A walk over the drivers' events. */
struct event_walk {
	const char *devices;
	const char *driver;
	pmu_visit visit;
	void *context;
};

static int visit_event(const char *event, void *context)
{
	const struct event_walk *walk = context;
	char name[2 * (NAME_MAX + 2)];

	if (is_annotation(event))
		return 0;
	snprintf(name, sizeof(name), "%s/%s/", walk->driver, event);
	return walk->visit(name, walk->context);
}

static int visit_driver(const char *driver, void *context)
{
	struct event_walk *walk = context;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s/events", walk->devices, driver) >=
	    PATH_MAX)
		return 0;
	walk->driver = driver;
	return kernel_directory_each(path, visit_event, walk);
}

int pmu_visit_events(const char *devices, pmu_visit visit, void *context)
{
	struct event_walk walk = {
		.devices = devices, .visit = visit, .context = context};

	return kernel_directory_each(devices, visit_driver, &walk);
}

static int is_core(const char *driver, void *context)
{
	static const char *const names[] = {"cpu", "cpu_core", "cpu_atom", "cpum_cf"};

	(void)context;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(driver, names[i]))
			return 1;
	return !strncmp(driver, "armv", 4) || !strncmp(driver, "apple_", 6);
}

bool pmu_has_core(const char *devices)
{
	return kernel_directory_each(devices, is_core, NULL);
}
