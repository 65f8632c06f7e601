/* SPDX-License-Identifier: MIT */
/*
 * `autoperf record`: parses the arguments and says how it went; the work is done by record()
 * of src/workload. Stdout belongs to the measured program: with --json one line follows after
 * its output, else nothing of ours goes there.
 */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/array.h"
#include "base/text.h"
#include "cli/command.h"
#include "workload/randomize.h"
#include "workload/workload.h"

#define DEFAULT_RUNS   10
#define DEFAULT_OUTPUT "autoperf.apdb"
#define RUNS_MAX       1000000u
/* Shares of time, in percent. */
#define DEFAULT_OVERHEAD      4
#define DEFAULT_RUNNING_FLOOR 10
#define PERCENT               100.0

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_APPEND = 256,
	OPTION_ENV,
	OPTION_FOLLOW_CHILDREN,
	OPTION_FORCE,
	OPTION_JSON,
	OPTION_KEEP_RECORDINGS,
	OPTION_MACHINE,
	OPTION_MAX_OVERHEAD,
	OPTION_MULTIPLEX,
	OPTION_NO_RANDOMIZE,
	OPTION_QUIET,
	OPTION_RANDOMIZE,
	OPTION_REGION_FUNCTION,
	OPTION_RUNNING_FLOOR,
	OPTION_SCRATCH,
	OPTION_SEED,
	OPTION_SKIP_UNAVAILABLE,
	OPTION_SOURCE,
	OPTION_TIMEOUT,
	OPTION_VERSION,
	OPTION_WARM,
};

static const struct option long_options[] = {
	{"append", no_argument, NULL, OPTION_APPEND},
	{"counters", required_argument, NULL, 'c'},
	{"env", required_argument, NULL, OPTION_ENV},
	{"events", required_argument, NULL, 'e'},
	{"follow-children", no_argument, NULL, OPTION_FOLLOW_CHILDREN},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"keep-recordings", no_argument, NULL, OPTION_KEEP_RECORDINGS},
	{"machine", required_argument, NULL, OPTION_MACHINE},
	{"max-overhead", required_argument, NULL, OPTION_MAX_OVERHEAD},
	{"multiplex", no_argument, NULL, OPTION_MULTIPLEX},
	{"no-randomize", no_argument, NULL, OPTION_NO_RANDOMIZE},
	{"output", required_argument, NULL, 'o'},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"randomize", no_argument, NULL, OPTION_RANDOMIZE},
	{"region-function", required_argument, NULL, OPTION_REGION_FUNCTION},
	{"running-floor", required_argument, NULL, OPTION_RUNNING_FLOOR},
	{"runs", required_argument, NULL, 'n'},
	{"scratch", required_argument, NULL, OPTION_SCRATCH},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"skip-unavailable", no_argument, NULL, OPTION_SKIP_UNAVAILABLE},
	{"source", required_argument, NULL, OPTION_SOURCE},
	{"timeout", required_argument, NULL, OPTION_TIMEOUT},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"warm", required_argument, NULL, OPTION_WARM},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct record_options options;
	const char *counters; /* -c */
	const char *events;   /* -e */
	char **environment;   /* --env, NULL-terminated; the strings are argv's */
	size_t environment_count;
	size_t environment_capacity;
	const char **functions; /* --region-function, likewise */
	size_t function_count;
	size_t function_capacity;
	const char
		*simulation; /* the last option that only source sim has, NULL: none */
	struct event_names names; /* read from one of them */
	bool floor_given;         /* --running-floor */
	bool help;
	bool version;
};

static int parse_runs(const struct cli *cli, const char *text, unsigned *runs)
{
	uint64_t number;

	if (text_to_u64(text, &number) || !number || number > RUNS_MAX)
		return command_usage(cli, &command_record,
				     "-n takes a number of runs from 1 to %u, not '%s'",
				     RUNS_MAX, text);
	*runs = (unsigned)number;
	return 0;
}

static int parse_timeout(const struct cli *cli, const char *text, double *seconds)
{
	if (text_to_double(text, seconds) || *seconds <= 0)
		return command_usage(cli, &command_record,
				     "--timeout takes seconds, more than 0, not '%s'",
				     text);
	return 0;
}

static int parse_share(const struct cli *cli, const char *option, const char *text,
		       double *share)
{
	double percent;

	if (text_to_double(text, &percent) || !(percent >= 0 && percent <= PERCENT))
		return command_usage(cli, &command_record,
				     "%s takes a percentage from 0 to 100, not '%s'",
				     option, text);
	*share = percent / PERCENT;
	return 0;
}

static int parse_source(const struct cli *cli, const char *text,
			enum event_source *source)
{
	if (event_source_parse(text, source) || *source == EVENT_SOURCE_IMPORT)
		return command_usage(
			cli, &command_record,
			"--source takes auto, perf, papi, sim or none, not '%s'", text);
	return 0;
}

static int add_variable(const struct cli *cli, struct arguments *arguments, char *text)
{
	const char *equals = strchr(text, '=');
	struct error error;

	if (!equals || equals == text)
		return command_usage(cli, &command_record,
				     "--env takes NAME=VALUE, not '%s'", text);
	if (array_reserve(&arguments->environment, &arguments->environment_capacity,
			  arguments->environment_count + 2,
			  sizeof(*arguments->environment))) {
		error_no_memory(&error, "reading the arguments");
		return command_fail(cli, &error);
	}
	arguments->environment[arguments->environment_count++] = text;
	return 0;
}

static int add_function(const struct cli *cli, struct arguments *arguments,
			const char *name)
{
	struct error error;

	if (!*name)
		return command_usage(cli, &command_record,
				     "--region-function takes a function's name");
	if (array_reserve(&arguments->functions, &arguments->function_capacity,
			  arguments->function_count + 2,
			  sizeof(*arguments->functions))) {
		error_no_memory(&error, "reading the arguments");
		return command_fail(cli, &error);
	}
	arguments->functions[arguments->function_count++] = name;
	return 0;
}

static int parse_warm(const struct cli *cli, const char *text, bool *cold)
{
	*cold = !strcmp(text, "off");
	if (!*cold && strcmp(text, "on"))
		return command_usage(cli, &command_record,
				     "--warm takes on or off, not '%s'", text);
	return 0;
}

/* An option of source sim. Returns 0 or an exit status. */
static int take_simulation(const struct cli *cli, struct arguments *arguments,
			   int number)
{
	struct record_options *options = &arguments->options;

	switch (number) {
	case OPTION_FOLLOW_CHILDREN:
		arguments->simulation = "--follow-children";
		options->simulation.follow_children = true;
		return 0;
	case OPTION_MACHINE:
		arguments->simulation = "--machine";
		options->simulation.machine = optarg;
		return 0;
	case OPTION_REGION_FUNCTION:
		arguments->simulation = "--region-function";
		return add_function(cli, arguments, optarg);
	default:
		arguments->simulation = "--warm";
		return parse_warm(cli, optarg, &options->simulation.cold);
	}
}

/* An option about where the program's memory lies. Returns 0 or an exit status. */
static int take_layout(const struct cli *cli, struct record_options *options,
		       int number)
{
	if (number != OPTION_SEED) {
		options->layout.fixed = number == OPTION_NO_RANDOMIZE;
		return 0;
	}
	if (text_to_u64(optarg, &options->layout.seed) || !options->layout.seed ||
	    options->layout.seed > LAYOUT_SEED_MAX)
		return command_usage(cli, &command_record,
				     "--seed takes a whole number from 1 to %llu, not "
				     "'%s'",
				     (unsigned long long)LAYOUT_SEED_MAX, optarg);
	return 0;
}

/* One option. Returns 0 or an exit status. */
static int take_option(struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	struct record_options *options = &arguments->options;

	switch (number) {
	case 'c':
		arguments->counters = optarg;
		return 0;
	case 'e':
		arguments->events = optarg;
		return 0;
	case 'n':
		return parse_runs(cli, optarg, &options->runs);
	case 'o':
		options->output = optarg;
		return 0;
	case OPTION_APPEND:
		options->append = true;
		return 0;
	case OPTION_ENV:
		return add_variable(cli, arguments, optarg);
	case OPTION_FOLLOW_CHILDREN:
	case OPTION_MACHINE:
	case OPTION_REGION_FUNCTION:
	case OPTION_WARM:
		return take_simulation(cli, arguments, number);
	case OPTION_NO_RANDOMIZE:
	case OPTION_RANDOMIZE:
	case OPTION_SEED:
		return take_layout(cli, options, number);
	case OPTION_FORCE:
		options->force = true;
		return 0;
	case OPTION_JSON:
		cli->json = true;
		return 0;
	case OPTION_KEEP_RECORDINGS:
		options->keep_recordings = true;
		return 0;
	case OPTION_MAX_OVERHEAD:
		return parse_share(cli, "--max-overhead", optarg,
				   &options->max_overhead);
	case OPTION_MULTIPLEX:
		options->multiplex = true;
		return 0;
	case OPTION_RUNNING_FLOOR:
		arguments->floor_given = true;
		return parse_share(cli, "--running-floor", optarg,
				   &options->running_floor);
	case OPTION_QUIET:
		cli->console.quiet = true;
		return 0;
	case OPTION_SCRATCH:
		options->scratch = optarg;
		return 0;
	case OPTION_SKIP_UNAVAILABLE:
		options->skip_unavailable = true;
		return 0;
	case OPTION_SOURCE:
		return parse_source(cli, optarg, &options->source);
	case OPTION_TIMEOUT:
		return parse_timeout(cli, optarg, &options->timeout_s);
	case OPTION_VERSION:
		arguments->version = true;
		return 0;
	case 'h':
		arguments->help = true;
		return 0;
	default:
		break;
	}
	return command_bad_option(cli, &command_record, number, argument);
}

/* Whether the source is sim as far as can be said before --append has looked. */
static bool may_simulate(const struct record_options *options)
{
	return options->source == EVENT_SOURCE_SIM ||
	       (options->append && options->source == EVENT_SOURCE_AUTO);
}

/* All arguments up to the program's. Returns 0 or an exit status. */
static int parse(struct cli *cli, int argc, char **argv, struct arguments *arguments)
{
	struct record_options *options = &arguments->options;
	int status = 0;
	int number;

	opterr = 0;
	while (!status && !arguments->help && !arguments->version &&
	       (number = getopt_long(argc, argv, "+:c:e:hn:o:", long_options, NULL)) !=
		       -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (status || arguments->help || arguments->version)
		return status;
	if (optind == argc)
		return command_usage(cli, &command_record,
				     "name the program to measure: 'autoperf record "
				     "[OPTIONS] -- PROGRAM [ARGS]'");
	if (arguments->counters && arguments->events)
		return command_usage(
			cli, &command_record,
			"-c and -e both name the events; give one of them");
	if (options->append && options->force)
		return command_usage(
			cli, &command_record,
			"--append keeps what --force would replace; give one of them");
	if (arguments->simulation && !may_simulate(options))
		return command_usage(cli, &command_record,
				     "%s is about the simulated machine; give --source "
				     "sim, too",
				     arguments->simulation);
	if (arguments->floor_given && !options->multiplex)
		return command_usage(cli, &command_record,
				     "--running-floor is about counters that take "
				     "turns; give --multiplex, too");
	if (options->layout.seed && options->layout.fixed)
		return command_usage(cli, &command_record,
				     "--seed is about layouts that --no-randomize does "
				     "without; give one of them");
	options->simulation.region_functions = arguments->functions;
	options->argv = argv + optind;
	options->environment = arguments->environment;
	options->console = &cli->console;
	return 0;
}

/* The events that were asked for, into options.names. */
static int read_names(struct arguments *arguments, struct error *error)
{
	int code = 0;

	if (arguments->counters)
		code = event_names_read(&arguments->names, arguments->counters, error);
	else if (arguments->events)
		code = event_names_split(&arguments->names, arguments->events, error);
	if (!code && arguments->names.count)
		arguments->options.names = &arguments->names;
	return code;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* "10 runs, 41,230 samples of 3 regions in base.apdb (1.2 MiB)", and what to do next. */
static void print_summary(const struct cli *cli, const struct arguments *arguments,
			  const struct record_summary *summary)
{
	const char *output = arguments->options.output;
	struct console console = cli->console;
	char samples[32], bytes[32], failed[64] = "";
	struct text quoted = {0};

	/* The program's last line may lack its end; no line of ours may wipe it away. */
	console.terminal = false;
	if (summary->runs_failed)
		snprintf(failed, sizeof(failed), " and %u that failed, kept apart",
			 summary->runs_failed);
	console_note(&console, "%u run%s%s: %s sample%s; %zu region%s in '%s' (%s)",
		     summary->runs_ok, plural(summary->runs_ok), failed,
		     text_count(summary->samples, samples, sizeof(samples)),
		     plural(summary->samples), summary->regions,
		     plural(summary->regions), output,
		     text_bytes((double)summary->profile_bytes, bytes, sizeof(bytes)));
	text_put_shell_word(&quoted, output);
	if (!quoted.failed) {
		console_note(&console,
			     "if these runs are normal: autoperf train %s -o "
			     "model.safetensors",
			     quoted.chars);
		console_note(&console,
			     "if they are to be judged: autoperf detect "
			     "model.safetensors %s",
			     quoted.chars);
		if (summary->simulated)
			console_note(&console,
				     "cache lines that threads contend for: autoperf "
				     "info --lines %s",
				     quoted.chars);
	}
	text_free(&quoted);
}

/* One line on stdout, after whatever the program has written there. */
static int print_json(const struct arguments *arguments,
		      const struct record_summary *summary, const struct error *error)
{
	const char *path = arguments->options.output;
	char *output = profile_clean_text(path, strlen(path));
	json_t *object = json_pack(
		"{s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:s?}",
		"profile", output, "runs_planned", (json_int_t)summary->runs_planned,
		"runs_ok", (json_int_t)summary->runs_ok, "runs_failed",
		(json_int_t)summary->runs_failed, "passes", (json_int_t)summary->passes,
		"samples", (json_int_t)summary->samples, "lost",
		(json_int_t)summary->lost, "regions", (json_int_t)summary->regions,
		"profile_bytes", (json_int_t)summary->profile_bytes, "seed",
		(json_int_t)summary->seed, "interrupted", (int)summary->interrupted,
		"error", error ? error->text : NULL);
	int failed = !object || json_dumpf(object, stdout, 0);

	putchar('\n');
	json_decref(object);
	free(output);
	return failed;
}

static int run(const struct cli *cli, struct arguments *arguments)
{
	struct record_summary summary = {0};
	struct error error = {0};
	int code = read_names(arguments, &error);
	int status = EXIT_NORMAL;

	if (!code)
		code = record(&arguments->options, &summary, &error);
	if (code)
		status = command_fail(cli, &error);
	else
		print_summary(cli, arguments, &summary);
	if (cli->json && (summary.runs_ok || summary.runs_failed) &&
	    print_json(arguments, &summary, code ? &error : NULL))
		status = EXIT_FAILED;
	return command_finish(cli, status);
}

static int command_record_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {
		.options = {.runs = DEFAULT_RUNS,
			    .output = DEFAULT_OUTPUT,
			    .max_overhead = DEFAULT_OVERHEAD / PERCENT,
			    .running_floor = DEFAULT_RUNNING_FLOOR / PERCENT},
	};
	int status = parse(cli, argc, argv, &arguments);

	if (status)
		; /* has been told */
	else if (arguments.help)
		status = command_help(&command_record);
	else if (arguments.version) {
		command_print_version();
		status = command_finish(cli, EXIT_NORMAL);
	} else
		status = run(cli, &arguments);
	event_names_free(&arguments.names);
	free(arguments.environment);
	free(arguments.functions);
	return status;
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf record [OPTIONS] -- PROGRAM [ARGS]\n"
	"\n"
	"Runs PROGRAM, measures each execution of its marked regions (perfpoint.h), and\n"
	"writes a profile. The program's input and output are its own; a file as input\n"
	"is read anew by each run, a pipe is empty after the first.\n"
	"\n"
	"What to measure\n"
	"  -n, --runs RUNS         runs with each group of events (default 10)\n"
	"  -e, --events EVENTS     events, separated by commas; 'autoperf events' lists\n"
	"                          what there is\n"
	"  -c, --counters FILE     file with one event name a line; # begins a comment\n"
	"      --source SOURCE     auto, perf, papi, sim or none (wall time alone);\n"
	"                          default auto: the best that works here\n"
	"      --skip-unavailable  leave out events that cannot be counted here\n"
	"      --max-overhead PCT  share of the program's time that measuring may take\n"
	"                          (default 4): of short regions one execution in k is\n"
	"                          measured, and counts for k; 0: measure each\n"
	"      --multiplex         all events in one pass, counters taking turns; values\n"
	"                          are scaled up: for regions of 100 ms and more\n"
	"      --running-floor PCT with --multiplex: leave out samples in which counters\n"
	"                          ran for less of the time (default 10)\n"
	"\n"
	"Source sim: no hardware counters needed, 30 to 100 times slower\n"
	"      --machine NAME      a machine that AutoPerf knows, a file that describes\n"
	"                          one, or host: like this one (default: default)\n"
	"      --region-function NAME\n"
	"                          each call of the function NAME is an execution of a\n"
	"                          region, without markers; may be repeated\n"
	"      --follow-children   simulate programs that PROGRAM starts, too\n"
	"      --warm on|off       off: simulate nothing outside regions: faster, but\n"
	"                          they find only what regions left in the caches\n"
	"\n"
	"Where to put it\n"
	"  -o, --output FILE       the profile (default autoperf.apdb)\n"
	"      --force             replace FILE if it exists\n"
	"      --append            add runs to FILE, with the events that it has\n"
	"      --scratch DIR       directory for recordings while a run is under way\n"
	"                          (default: that of FILE)\n"
	"      --keep-recordings   do not remove them\n"
	"\n"
	"How to run it\n"
	"      --timeout SECONDS   end a run that takes longer: SIGTERM, then SIGKILL\n"
	"                          5 s later, to the program and all that it started\n"
	"      --env NAME=VALUE    set a variable for the program; may be repeated\n"
	"      --randomize         each run gets another place for its stack, so that a\n"
	"                          lucky layout is not taken for normal (the default)\n"
	"      --no-randomize      the same environment and addresses in each run\n"
	"      --seed N            the layouts of N, N + 1, ... in turn ('autoperf info'\n"
	"                          tells those of a profile)\n"
	"\n"
	"Events that do not fit the processor's counters at once are measured in passes,\n"
	"RUNS runs each. A run whose program fails (exit status, signal, time-out) is\n"
	"kept apart and not learnt from; after three failures before any success, or a\n"
	"first run without any marker, recording ends. Ctrl-C goes to the program, ends\n"
	"the recording and keeps the finished runs; a second and third one are SIGTERM\n"
	"and SIGKILL. Processes that the program leaves running are not waited for.\n"
	"\n"
	"With --json, one line with the outcome follows the program's output.\n"
	"Environment: PERFPOINT_LIBRARY_DIR, directory of libperfpoint.so.0, if it is\n"
	"neither installed nor beside autoperf.\n"
	"\n"
	"Exit status: 0 at least one run of every pass was fine; 1 failed or interrupted;\n"
	"2 wrong usage; 4 the program or an event cannot be measured here.\n";
/* clang-format on */

const struct command command_record = {
	.name = "record",
	.run = command_record_run,
	.summary = "run a program several times and measure its marked regions",
	.usage = usage,
	.runs_program = true,
};
