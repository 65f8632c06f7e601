/* SPDX-License-Identifier: MIT */
/*
 * The guest's first process: mounts what programs expect, runs the one program that the kernel's
 * command line names (program=NAME for /guest/NAME), says how it ended and powers off.
 *
 * The host waits for the line "guest: NAME ended with status N" (boot.sh).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_LINE_BYTES 4096
#define KEY                "program="

static void mount_all(void)
{
	static const struct {
		const char *type;
		const char *where;
	} file_systems[] = {
		{"proc", "/proc"},
		{"sysfs", "/sys"},
		{"devtmpfs", "/dev"},
		{"tmpfs", "/tmp"},
		{"tracefs", "/sys/kernel/tracing"},
	};

	for (size_t i = 0; i < sizeof(file_systems) / sizeof(*file_systems); i++)
		if (mount(file_systems[i].type, file_systems[i].where,
			  file_systems[i].type, 0, NULL))
			printf("guest: cannot mount %s: %s\n", file_systems[i].where,
			       strerror(errno));
	chmod("/tmp", 01777);
}

static void open_console(void)
{
	int console = open("/dev/console", O_RDWR);

	if (console < 0)
		return;
	for (int fd = 0; fd <= 2; fd++)
		dup2(console, fd);
	if (console > 2)
		close(console);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Cuts the program's name out of the command line; NULL when there is none. */
static char *program_name(char *line, size_t size)
{
	int fd = open("/proc/cmdline", O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, line, size - 1);
	char *name;

	if (length < 0)
		return NULL;
	close(fd);
	line[length] = '\0';
	name = strstr(line, KEY);
	if (!name)
		return NULL;
	name += strlen(KEY);
	name[strcspn(name, " \n")] = '\0';
	return name;
}

/* Exit status as a shell would give it. */
static int run(const char *name)
{
	char path[COMMAND_LINE_BYTES];
	int status;
	pid_t child;

	snprintf(path, sizeof(path), "/guest/%s", name);
	child = fork();
	if (!child) {
		setsid();
		setenv("PATH", "/guest", 1);
		setenv("HOME", "/tmp", 1);
		setenv("LD_LIBRARY_PATH", "/lib", 1);
		setenv("PERFPOINT_LIBRARY_DIR", "/guest", 1);
		setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 1);
		execl(path, name, (char *)NULL);
		printf("guest: cannot run %s: %s\n", path, strerror(errno));
		_exit(127);
	}
	/* Others that lost their parent are ours, too. */
	while (waitpid(-1, &status, 0) != child)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
	char line[COMMAND_LINE_BYTES];
	char *name;

	mount_all();
	open_console();
	name = program_name(line, sizeof(line));
	if (name)
		printf("guest: %s ended with status %d\n", name, run(name));
	else
		printf("guest: the kernel's command line names no program\n");
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
