/* SPDX-License-Identifier: MIT */
/*
 * `autoperf events`: what can be counted here, and how a list of events divides into passes.
 *
 * The listing is gathered first and printed then: what can be counted comes first, and the
 * reasons of what cannot, of which there are few for many events, follow as numbered notes.
 */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/array.h"
#include "cli/command.h"
#include "cli/plan.h"
#include "event/event.h"
#include "event/tracepoint.h"
#include "profile/profile.h"

#define NAME_COLUMN_MAX 44 /* longer names push their line's other columns away */
#define GREEN           "\033[32m"
#define PLAIN           "\033[0m"

enum option_number {
	OPTION_ALL = 256,
	OPTION_MULTIPLEX,
	OPTION_PLAN,
	OPTION_SKIP_UNAVAILABLE,
	OPTION_SOURCE,
};

static const struct option long_options[] = {
	{"all", no_argument, NULL, OPTION_ALL},
	{"counters", required_argument, NULL, 'c'},
	{"events", required_argument, NULL, 'e'},
	{"multiplex", no_argument, NULL, OPTION_MULTIPLEX},
	{"plan", no_argument, NULL, OPTION_PLAN},
	{"skip-unavailable", no_argument, NULL, OPTION_SKIP_UNAVAILABLE},
	{"source", required_argument, NULL, OPTION_SOURCE},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct plan_request request; /* --plan and its options */
	bool plan;
	bool all;
	const char *pattern; /* NULL: everything */
};

/* A copy of what the lister shows, which is valid during the visit only. */
struct entry {
	char *name;
	char *description;
	const char *kind; /* static */
	enum event_role role;
	bool available;
	size_t note; /* index into the notes, if not available */
};

struct listing {
	const char *pattern;
	struct entry *entries;
	size_t count;
	size_t capacity;
	char **notes; /* different reasons */
	size_t note_count;
	size_t note_capacity;
};

static void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->entries[i].name);
		free(listing->entries[i].description);
	}
	for (size_t i = 0; i < listing->note_count; i++)
		free(listing->notes[i]);
	free(listing->entries);
	free(listing->notes);
}

/* A pattern with wildcards must match the whole name, one without may be any part of it. */
static bool matches(const char *pattern, const struct event_listing *listing)
{
	const char *role = event_role_name(listing->role);

	if (!pattern)
		return true;
	if (strpbrk(pattern, "*?["))
		return !fnmatch(pattern, listing->name, FNM_CASEFOLD);
	return strcasestr(listing->name, pattern) || !strcmp(role, pattern);
}

/* Index of a reason among the notes, added when it is new; SIZE_MAX: out of memory. */
static size_t note_of(struct listing *listing, const char *reason)
{
	for (size_t i = 0; i < listing->note_count; i++)
		if (!strcmp(listing->notes[i], reason))
			return i;
	if (array_reserve(&listing->notes, &listing->note_capacity,
			  listing->note_count + 1, sizeof(*listing->notes)))
		return SIZE_MAX;
	listing->notes[listing->note_count] = strdup(reason);
	return listing->notes[listing->note_count] ? listing->note_count++ : SIZE_MAX;
}

static int gather(const struct event_listing *shown, void *context)
{
	struct listing *listing = context;
	struct entry *entry;
	size_t note = 0;

	if (!matches(listing->pattern, shown))
		return 0;
	if (!shown->available)
		note = note_of(listing, shown->reason);
	if (note == SIZE_MAX ||
	    array_reserve(&listing->entries, &listing->capacity, listing->count + 1,
			  sizeof(*listing->entries)))
		return -1;
	entry = &listing->entries[listing->count];
	*entry = (struct entry){
		.name = strdup(shown->name),
		.description = profile_clean_text(shown->description,
						  strlen(shown->description)),
		.kind = shown->kind,
		.role = shown->role,
		.available = shown->available,
		.note = note,
	};
	listing->count++;
	return entry->name && entry->description ? 0 : -1;
}

static size_t count_available(const struct listing *listing)
{
	size_t available = 0;

	for (size_t i = 0; i < listing->count; i++)
		available += listing->entries[i].available;
	return available;
}

static int name_width(const struct listing *listing)
{
	size_t width = strlen("EVENT");

	for (size_t i = 0; i < listing->count; i++) {
		size_t length = strlen(listing->entries[i].name);

		if (length > width && length <= NAME_COLUMN_MAX)
			width = length;
	}
	return (int)width;
}

static void print_entry(const struct cli *cli, const struct entry *entry, int width)
{
	char here[32];

	if (entry->available)
		snprintf(here, sizeof(here), "yes");
	else
		snprintf(here, sizeof(here), "no [%zu]", entry->note + 1);
	printf("%-*s  %-10s  %-14s  %s%-7s%s  %s\n", width, entry->name, entry->kind,
	       event_role_name(entry->role),
	       cli->color && entry->available ? GREEN : "", here,
	       cli->color && entry->available ? PLAIN : "", entry->description);
}

static void print_table(const struct cli *cli, const struct listing *listing)
{
	int width = name_width(listing);

	printf("%-*s  %-10s  %-14s  %-7s  %s\n", width, "EVENT", "KIND", "ROLE", "HERE",
	       "WHAT IT COUNTS");
	for (int available = 1; available >= 0; available--)
		for (size_t i = 0; i < listing->count; i++)
			if (listing->entries[i].available == available)
				print_entry(cli, &listing->entries[i], width);
	for (size_t i = 0; i < listing->note_count; i++)
		printf("%s[%zu] %s\n", i ? "" : "\n", i + 1, listing->notes[i]);
}

/* 0, or EXIT_FAILED. */
static int print_json(const struct arguments *arguments, const struct listing *listing)
{
	json_t *events = json_array();
	json_t *object;
	int failed = !events;

	for (size_t i = 0; i < listing->count && !failed; i++) {
		const struct entry *entry = &listing->entries[i];

		failed = json_array_append_new(
			events,
			json_pack("{s:s, s:s, s:s, s:b, s:s?, s:s}", "name",
				  entry->name, "kind", entry->kind, "role",
				  event_role_name(entry->role), "available",
				  (int)entry->available, "reason",
				  entry->available ? NULL : listing->notes[entry->note],
				  "description", entry->description));
	}
	object = json_pack("{s:s, s:o}", "source",
			   event_source_name(arguments->request.source), "events",
			   events);
	if (!object || json_dumpf(object, stdout, JSON_INDENT(2)))
		failed = 1;
	putchar('\n');
	json_decref(object);
	return failed ? EXIT_FAILED : EXIT_NORMAL;
}

static int no_match(const struct arguments *arguments, struct error *error)
{
	const char *hidden = "";

	if (arguments->request.source != EVENT_SOURCE_PAPI)
		hidden = tracefs_advice(tracefs_find("/sys", NULL));
	return error_set(error, -ENOENT,
			 "no event of source %s matches '%s'; `autoperf events --all`"
			 " lists them all%s%s",
			 event_source_name(arguments->request.source),
			 arguments->pattern, *hidden ? ", but no tracepoints: " : "",
			 hidden);
}

static int list(const struct cli *cli, const struct arguments *arguments)
{
	struct listing listing = {.pattern = arguments->pattern};
	struct error error = {0};
	int status = EXIT_NORMAL;
	int code = event_list_all(arguments->request.source, NULL,
				  arguments->all || arguments->pattern, gather,
				  &listing, &error);

	if (code && !error.code)
		error_no_memory(&error, "listing events");
	if (!code && !listing.count && arguments->pattern)
		code = no_match(arguments, &error);
	if (code)
		status = command_fail(cli, &error);
	else if (cli->json)
		status = print_json(arguments, &listing);
	else
		print_table(cli, &listing);
	if (!status && !count_available(&listing)) {
		console_warn(&cli->console, "none of these events can be counted here;"
					    " `autoperf doctor` looks for the causes");
		status = EXIT_CANNOT_MEASURE;
	}
	listing_free(&listing);
	return command_finish(cli, status);
}

static int parse_source(const struct cli *cli, const char *text,
			enum event_source *source)
{
	if (event_source_parse(text, source) || *source == EVENT_SOURCE_IMPORT)
		return command_usage(
			cli, &command_events,
			"--source takes auto, perf, papi, sim or none, not '%s'", text);
	return 0;
}

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	switch (number) {
	case 'c':
		arguments->request.counters = optarg;
		return 0;
	case 'e':
		arguments->request.events = optarg;
		return 0;
	case OPTION_ALL:
		arguments->all = true;
		return 0;
	case OPTION_MULTIPLEX:
		arguments->request.multiplex = true;
		return 0;
	case OPTION_PLAN:
		arguments->plan = true;
		return 0;
	case OPTION_SKIP_UNAVAILABLE:
		arguments->request.skip_unavailable = true;
		return 0;
	case OPTION_SOURCE:
		return parse_source(cli, optarg, &arguments->request.source);
	default:
		return command_bad_option(cli, &command_events, number, argument);
	}
}

static int check(const struct cli *cli, const struct arguments *arguments)
{
	const struct plan_request *request = &arguments->request;

	if (request->counters && request->events)
		return command_usage(
			cli, &command_events,
			"-c and -e both name the events; give one of them");
	if (!arguments->plan && (request->counters || request->events ||
				 request->skip_unavailable || request->multiplex))
		return command_usage(
			cli, &command_events,
			"-c, -e, --skip-unavailable and --multiplex are for --plan");
	if (arguments->plan && (arguments->all || arguments->pattern))
		return command_usage(
			cli, &command_events,
			"--plan takes neither --all nor a pattern: it shows"
			" the events of -c, -e or the default set");
	return 0;
}

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":c:e:", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (status)
		return status;
	if (argc - optind > 1)
		return command_usage(cli, &command_events, "takes one pattern, not %d",
				     argc - optind);
	arguments->pattern = argv[optind];
	return check(cli, arguments);
}

static int command_events_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int status = parse(cli, argc, argv, &arguments);

	if (status)
		return status;
	return arguments.plan ? plan_show(cli, &arguments.request)
			      : list(cli, &arguments);
}

const struct command command_events = {
	.name = "events",
	.run = command_events_run,
	.summary = "list what can be counted here",
	.usage =
		"Usage: autoperf events [--source SOURCE] [--all] [PATTERN]\n"
		"       autoperf events --plan [--source SOURCE] [-c FILE | -e "
		"EVENTS]\n"
		"\n"
		"Lists events, what they tell, and whether this machine and user can "
		"count\n"
		"them: each is tried out. Without --all those of the kernel that exist "
		"on\n"
		"every machine, and those that the PMU drivers name; with --all or "
		"PATTERN\n"
		"also tracepoints and the processor's own. Source sim has counters of "
		"its "
		"own;\nwith --all or PATTERN also the names of other sources that mean "
		"them.\n"
		"\n"
		"PATTERN is a part of a name or the name of a role; with * ? [ ] it is "
		"a\n"
		"pattern for whole names. Case does not matter.\n"
		"\n"
		"Options\n"
		"  --source SOURCE     auto (default), perf, papi, sim or none\n"
		"  --all               list every event\n"
		"  --plan              show the passes in which events would be "
		"recorded\n"
		"  -c, --counters FILE the events: a file with one name a line, # "
		"comments\n"
		"  -e, --events EVENTS the events, separated by commas\n"
		"  --skip-unavailable  plan without what cannot be counted here\n"
		"  --multiplex         plan one pass, whose groups take turns at the "
		"counters\n"
		"\n"
		"A name is one of the kernel's (cycles, page-faults, "
		"L1-dcache-load-misses),\n"
		"a tracepoint (sched:sched_switch), a raw code (r01c2), PMU terms\n"
		"(cpu/event=0x3c,umask=0/), a libpfm4 name (MEM_LOAD_RETIRED:L3_MISS) "
		"or a\n"
		"PAPI preset (PAPI_TOT_INS). :u and :k behind it count one mode only.\n"
		"\n"
		"Exit status: 0 listed; 1 failed, or nothing matches PATTERN; 2 wrong "
		"usage\n"
		"or unknown event; 4 none of the events can be counted here.\n",
};
