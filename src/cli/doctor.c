/* SPDX-License-Identifier: MIT */
/*
 * `autoperf doctor`: what stands between this machine and good measurements. The work is done
 * in checkup_gather.c and checkup_judge.c; here it is printed.
 */
#include <getopt.h>
#include <stdlib.h>

#include <jansson.h>

#include "cli/checkup.h"
#include "cli/command.h"

#define NAME_WIDTH 19
#define INDENT     31 /* of the lines below a check: state, name and gaps */

static const char *state_color(enum check_state state)
{
	static const char *const colors[] = {
		[CHECK_OK] = "\033[32m",      /* green */
		[CHECK_NOTE] = "\033[33m",    /* yellow */
		[CHECK_PROBLEM] = "\033[31m", /* red */
	};

	return colors[state];
}

/* What this process can measure, the best last. */
static const char *ability(const struct event_machine *events)
{
	if (!events->perf_allowed)
		return "wall time";
	if (!events->hardware_counters)
		return "wall time and software events";
	return "wall time, software events and hardware counters";
}

static void print_check(const struct cli *cli, const struct check *check)
{
	printf("%s%-7s%s  %-*s  %s\n", cli->color ? state_color(check->state) : "",
	       check_state_name(check->state), cli->color ? "\033[0m" : "", NAME_WIDTH,
	       check->name, check->found);
	if (check->cost[0])
		printf("%*scosts: %s\n", INDENT, "", check->cost);
	if (check->mend[0])
		printf("%*smend:  %s\n", INDENT, "", check->mend);
}

static void print_text(const struct cli *cli, const struct checkup_facts *facts)
{
	size_t counts[CHECK_PROBLEM + 1] = {0};
	struct check check;

	for (size_t i = 0; checkup_judge(facts, i, &check); i++) {
		print_check(cli, &check);
		counts[check.state]++;
	}
	printf("\nThis machine can measure %s (%zu ok, %zu to note, %zu problem%s).\n",
	       ability(&facts->events), counts[CHECK_OK], counts[CHECK_NOTE],
	       counts[CHECK_PROBLEM], counts[CHECK_PROBLEM] == 1 ? "" : "s");
	if (!facts->simulator_problem[0])
		puts("It can simulate a machine that counts the rest: autoperf record "
		     "--source sim.");
}

/* The text, or null when it is empty. */
static json_t *optional_text(const char *text)
{
	return *text ? json_string(text) : json_null();
}

/* The number, or null when it was not measured. */
static json_t *optional_number(double number)
{
	return number > 0 ? json_real(number) : json_null();
}

/* 0, or EXIT_FAILED. */
static int print_json(const struct checkup_facts *facts)
{
	json_t *checks = json_array();
	json_t *object;
	struct check check;
	int failed = !checks;

	for (size_t i = 0; !failed && checkup_judge(facts, i, &check); i++)
		failed = json_array_append_new(
			checks,
			json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", check.name,
				  "state", check_state_name(check.state), "found",
				  check.found, "cost", optional_text(check.cost),
				  "mend", optional_text(check.mend)));
	object = json_pack("{s:{s:b, s:b, s:b, s:b}, s:i, s:i, s:i, s:{s:o, s:o}, s:o}",
			   "can_measure", "wall_time", 1, "software_events",
			   (int)facts->events.perf_allowed, "hardware_counters",
			   (int)facts->events.hardware_counters, "simulated_machine",
			   (int)!facts->simulator_problem[0], "hardware_slots",
			   facts->events.hardware_slots, "fixed_slots",
			   facts->events.fixed_slots, "taken_slots",
			   facts->events.taken_slots, "read_ns", "user_space",
			   optional_number(facts->reading.user_ns), "system_call",
			   optional_number(facts->reading.system_ns), "checks", checks);
	if (!object || json_dumpf(object, stdout, JSON_INDENT(2)))
		failed = 1;
	putchar('\n');
	json_decref(object);
	return failed ? EXIT_FAILED : EXIT_NORMAL;
}

static int command_doctor_run(int argc, char **argv, struct cli *cli)
{
	static const struct option none[] = {{NULL, 0, NULL, 0}};
	struct checkup_facts facts;
	int status = EXIT_NORMAL;
	int number;

	opterr = 0;
	number = getopt_long(argc, argv, ":", none, NULL);
	if (number != -1)
		return command_bad_option(cli, &command_doctor, number,
					  argv[optind - 1]);
	if (optind < argc)
		return command_usage(cli, &command_doctor,
				     "takes no argument, not '%s'", argv[optind]);
	checkup_gather(&facts, "");
	if (cli->json)
		status = print_json(&facts);
	else
		print_text(cli, &facts);
	if (!status && !facts.events.perf_allowed)
		status = EXIT_CANNOT_MEASURE;
	return command_finish(cli, status);
}

const struct command command_doctor = {
	.name = "doctor",
	.run = command_doctor_run,
	.summary = "look for what keeps this machine from measuring well",
	.usage =
		"Usage: autoperf doctor [--json]\n"
		"\n"
		"Looks at this machine and user: what can be counted, and what makes\n"
		"measurements impossible or noisy. Each check says what it found; "
		"what\n"
		"that costs; and the exact command that mends it. Nothing is changed.\n"
		"\n"
		"  ok       fine, or of no importance here\n"
		"  note     worth knowing, or worth mending for quieter numbers\n"
		"  problem  something cannot be measured\n"
		"\n"
		"Exit status: 0 events can be counted; 1 the output could not be "
		"written;\n"
		"2 wrong usage; 4 perf_event_open is refused: wall time is all there "
		"is.\n",
};
