/* SPDX-License-Identifier: MIT */
/*
 * src/workload/simulate.c, simulate_log.c and simulated_machine.c: the command that is made, the
 * machine's digest, and what is told of Valgrind's logs. Nothing is simulated here.
 */
#include "workload/simulate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "support/scratch.h"

static struct scratch scratch;
static struct simulation simulation;
static struct record_options options;
static struct error failure;
static struct console console;
static char *told;
static size_t told_bytes;

static const char *const functions[] = {"work", "ns::f(int)", NULL};
static enum simulated_function states[2];

static int start(void **state)
{
	(void)state;
	scratch_open(&scratch);
	failure = (struct error){0};
	options = (struct record_options){.output = "x.apdb"};
	simulation = (struct simulation){0};
	console = (struct console){.messages = open_memstream(&told, &told_bytes)};
	assert_non_null(console.messages);
	memset(states, 0, sizeof(states));
	return 0;
}

static int finish(void **state)
{
	(void)state;
	fclose(console.messages);
	free(told);
	if (simulation.functions == states)
		simulation.functions = NULL;
	simulation_free(&simulation);
	scratch_close(&scratch);
	return 0;
}

static uint32_t digest(const char *description)
{
	struct simulated_machine machine;
	uint32_t found;

	assert_int_equal(
		simulated_machine_read(&machine, description, "here", &failure), 0);
	found = machine.digest;
	simulated_machine_free(&machine);
	return found;
}

/* Writes a log and has it read. */
static const char *read_log(const char *chars)
{
	options.simulation.region_functions = functions;
	simulation.functions = states;
	scratch_write(&scratch, "valgrind-12.log", chars, strlen(chars));
	simulation_read_logs(&simulation, &options, scratch.directory, &console);
	fflush(console.messages);
	return told;
}

/* ---- machines ---- */

static void comments_and_blanks_do_not_change_the_digest(void **state)
{
	uint32_t plain = digest("name = a\nl1d_ways = 4\n");

	(void)state;
	assert_int_equal(digest("# a\n\n name=a # b\r\n\tl1d_ways  = 4"), plain);
	assert_int_not_equal(digest("name = a\nl1d_ways = 8\n"), plain);
	assert_int_not_equal(digest("name = b\nl1d_ways = 4\n"), plain);
}

static void name_and_size_are_read(void **state)
{
	struct simulated_machine machine;

	(void)state;
	assert_int_equal(simulated_machine_read(&machine,
						"name = duo\nsockets = 2\n"
						"cores_per_socket = 12\n",
						"here", &failure),
			 0);
	assert_string_equal(machine.name, "duo");
	assert_int_equal(machine.cores, 24);
	assert_int_equal(machine.sockets, 2);
	simulated_machine_free(&machine);
}

static void an_impossible_machine_is_refused_with_its_origin(void **state)
{
	struct simulated_machine machine = {0};

	(void)state;
	assert_int_equal(simulated_machine_read(&machine, "l1d_bytes = 30 KiB\n",
						"old.apdb", &failure),
			 -EINVAL);
	assert_non_null(strstr(failure.text, "old.apdb"));
}

static void the_fingerprint_is_that_of_the_simulated_machine(void **state)
{
	struct machine machine = {.cpu_model = "Babbage Engine",
				  .kernel = "6.18",
				  .cores = 2,
				  .turbo = 1,
				  .smt = 1};

	(void)state;
	assert_int_equal(simulated_machine_read(&simulation.machine,
						"name = one\ncores_per_socket = 8\n",
						"here", &failure),
			 0);
	options.simulation.cold = true;
	simulation_fingerprint(&simulation, &options, &machine);
	assert_int_equal(strncmp(machine.cpu_model, "simulated machine one (", 23), 0);
	assert_non_null(strstr(machine.cpu_model, "), cold outside regions"));
	assert_int_equal(machine.cores, 8);
	assert_int_equal(machine.cores_allowed, 8);
	assert_int_equal(machine.numa_nodes, 1);
	assert_int_equal(machine.turbo, -1);
	assert_int_equal(machine.smt, -1);
	assert_string_equal(machine.kernel, "");
}

/* ---- the command ---- */

static const char *argument(const struct simulated_command *command, const char *start)
{
	for (char **word = command->argv; *word; word++)
		if (!strncmp(*word, start, strlen(start)))
			return *word + strlen(start);
	return NULL;
}

static void the_command_is_valgrinds_with_the_program_behind_it(void **state)
{
	char *argv[] = {(char[]){"prog"}, (char[]){"--tool=x"}, NULL};
	char *environment[] = {(char[]){"A=b"}, NULL};
	struct simulated_command command;
	char *written;
	size_t length;

	(void)state;
	assert_int_equal(simulated_machine_read(&simulation.machine, "name = one\n",
						"here", &failure),
			 0);
	simulation.simulator.valgrind = strdup("/bin/valgrind");
	simulation.simulator.directory = strdup("/lib/tool");
	options.argv = argv;
	options.environment = environment;
	options.simulation.cold = true;
	options.simulation.follow_children = true;
	options.simulation.region_functions = functions;
	assert_int_equal(simulation_command(&simulation, &options, scratch.directory,
					    &command, &failure),
			 0);
	assert_string_equal(command.argv[0], "/bin/valgrind");
	assert_string_equal(argument(&command, "--tool="), "autoperf-sim");
	assert_string_equal(argument(&command, "--session="), scratch.directory);
	assert_string_equal(argument(&command, "--warm="), "off");
	assert_string_equal(argument(&command, "--trace-children="), "yes");
	assert_string_equal(argument(&command, "--region-function="), "work");
	assert_string_equal(argument(&command, "prog"), "");
	assert_string_equal(command.environment[0], "A=b");
	assert_string_equal(command.environment[1], "VALGRIND_LIB=/lib/tool");
	assert_null(command.environment[2]);
	assert_int_equal(file_read(argument(&command, "--machine="), 100, &written,
				   &length, &failure),
			 0);
	assert_string_equal(written, "name = one\n");
	free(written);
	simulated_command_free(&command);
}

static void percent_signs_of_the_directory_are_no_patterns_of_valgrinds(void **state)
{
	char *argv[] = {(char[]){"prog"}, NULL};
	struct simulated_command command;
	const char *directory = scratch_path(&scratch, "100%p");
	const char *log;

	(void)state;
	assert_int_equal(mkdir(directory, 0700), 0);
	simulation.machine.text = strdup("");
	simulation.simulator.valgrind = strdup("v");
	simulation.simulator.directory = strdup("d");
	options.argv = argv;
	assert_int_equal(simulation_command(&simulation, &options, directory, &command,
					    &failure),
			 0);
	log = argument(&command, "--log-file=");
	assert_non_null(strstr(log, "/100%%p/"));
	assert_non_null(strstr(log, "-%p.log"));
	assert_string_equal(argument(&command, "--session="), directory);
	simulated_command_free(&command);
}

static void a_directory_that_cannot_be_written_is_named(void **state)
{
	struct simulated_command command;

	(void)state;
	simulation.machine.text = strdup("");
	assert_true(simulation_command(&simulation, &options, "/nowhere", &command,
				       &failure) < 0);
	assert_non_null(strstr(failure.text, "/nowhere/machine"));
	simulated_command_free(&command);
}

/* ---- logs ---- */

static void what_valgrind_says_to_its_developers_is_not_told(void **state)
{
	(void)state;
	assert_string_equal(
		read_log("==12== autoperf-sim, counters of a simulated machine\n"
			 "==12== Command: ./x\n"
			 "==12== Warning: set address range perms\n"
			 "==12== Process terminating with default action of signal 11\n"
			 "\n==\n== 12\n==12==\n==99999999999999999999999== \n"),
		"");
	assert_string_equal(simulation.unknown_instruction, "");
}

static void an_unknown_instruction_is_told_with_its_place(void **state)
{
	(void)state;
	read_log("vex amd64->IR: unhandled instruction bytes: 0x62 0xF1 0x75\n"
		 "==12== valgrind: Unrecognised instruction at address 0x1149.\n"
		 "==12==    at 0x1149: work (avx.c:2)\n"
		 "==12==    by 0x1170: main (avx.c:3)\n");
	assert_non_null(
		strstr(simulation.unknown_instruction, "0x1149: work (avx.c:2)"));
	assert_non_null(strstr(simulation.unknown_instruction, "-mno-avx512f"));
	assert_null(strstr(simulation.unknown_instruction, "main"));
}

static void an_instruction_that_is_not_avx_512_is_not_called_that(void **state)
{
	(void)state;
	read_log("vex amd64->IR: unhandled instruction bytes: 0xC5 0xF1 0x75\n"
		 "==12== valgrind: Unrecognised instruction at address 0x1149.\n"
		 "==12==    at 0x1149: ??? (in /bin/x)\n");
	assert_non_null(strstr(simulation.unknown_instruction, "-march=native"));
	assert_null(strstr(simulation.unknown_instruction, "AVX-512"));
}

static void the_tools_messages_are_told_once(void **state)
{
	(void)state;
	assert_string_equal(read_log("==1== autoperf-sim: no space; not recording\n"
				     "==1== autoperf-sim: no space; not recording\n"),
			    "autoperf: warning: autoperf-sim: no space; not "
			    "recording\n");
	assert_string_equal(read_log("==2== autoperf-sim: no space; not recording\n"),
			    "autoperf: warning: autoperf-sim: no space; not "
			    "recording\n");
}

static void a_failure_of_valgrinds_own_is_told(void **state)
{
	(void)state;
	assert_non_null(strstr(read_log("valgrind: mmap(0x1) failed in UME\n"),
			       "valgrind: mmap(0x1) failed in UME"));
}

static void functions_are_what_any_process_says_of_them(void **state)
{
	(void)state;
	read_log("==1== autoperf-sim: function work: absent\n"
		 "==1== autoperf-sim: function ns::f(int): idle\n"
		 "==1== autoperf-sim: function other: called\n"
		 "==1== autoperf-sim: function work: nonsense\n"
		 "==1== autoperf-sim: function work\n"
		 "==1== autoperf-sim: function \n"
		 "==1== autoperf-sim: function work:\n");
	assert_int_equal(states[0], SIMULATED_FUNCTION_ABSENT);
	assert_int_equal(states[1], SIMULATED_FUNCTION_IDLE);
	simulation_warn_functions(&simulation, &options, &console);
	fflush(console.messages);
	assert_non_null(strstr(told, "--region-function work: no program"));
	assert_non_null(strstr(told, "--region-function ns::f(int): the function was"));
	read_log("==2== autoperf-sim: function work: called\n"
		 "==2== autoperf-sim: function ns::f(int): absent\n");
	assert_int_equal(states[0], SIMULATED_FUNCTION_CALLED);
	assert_int_equal(states[1], SIMULATED_FUNCTION_IDLE);
}

#define SIMULATED(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIMULATED(comments_and_blanks_do_not_change_the_digest),
		SIMULATED(name_and_size_are_read),
		SIMULATED(an_impossible_machine_is_refused_with_its_origin),
		SIMULATED(the_fingerprint_is_that_of_the_simulated_machine),
		SIMULATED(the_command_is_valgrinds_with_the_program_behind_it),
		SIMULATED(percent_signs_of_the_directory_are_no_patterns_of_valgrinds),
		SIMULATED(a_directory_that_cannot_be_written_is_named),
		SIMULATED(what_valgrind_says_to_its_developers_is_not_told),
		SIMULATED(an_unknown_instruction_is_told_with_its_place),
		SIMULATED(an_instruction_that_is_not_avx_512_is_not_called_that),
		SIMULATED(the_tools_messages_are_told_once),
		SIMULATED(a_failure_of_valgrinds_own_is_told),
		SIMULATED(functions_are_what_any_process_says_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
