/* SPDX-License-Identifier: MIT */
/*
 * Descendants, by the parents that /proc/PID/stat tells: see tree.h.
 *
 * The picture is a snapshot: processes that fork while it is taken can be missed, so whoever
 * wants everybody dead repeats until nobody is left. A pid is not reused between the look and
 * the kill(2) unless the parent waits for it in that moment and the kernel's pids wrap
 * around; that is accepted.
 */
#include "workload/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

struct process {
	pid_t pid;
	pid_t parent;
	bool dead; /* ended, not waited for */
	bool ours;
};

struct process_list {
	struct process *items;
	size_t count;
	size_t capacity;
};

/* Whether /proc numbers processes as we do. */
static bool proc_is_ours(void)
{
	char link[32];
	ssize_t length = readlink("/proc/self", link, sizeof(link) - 1);

	if (length <= 0)
		return false;
	link[length] = '\0';
	return strtol(link, NULL, 10) == getpid();
}

/* Reads "pid (name) state ppid ..."; the name may hold spaces and parentheses. */
static bool read_process(int proc, const char *name, struct process *process)
{
	char path[64];
	char line[512];
	int written = snprintf(path, sizeof(path), "%s/stat", name);
	int fd = written > 0 && (size_t)written < sizeof(path)
			 ? openat(proc, path, O_RDONLY | O_CLOEXEC)
			 : -1;

	if (fd < 0)
		return false;

	ssize_t length = read(fd, line, sizeof(line) - 1);

	close(fd);
	if (length <= 0)
		return false;
	line[length] = '\0';

	const char *end = strrchr(line, ')');

	if (!end || strlen(end) < 5)
		return false;
	process->pid = (pid_t)strtol(name, NULL, 10);
	process->dead = end[2] == 'Z' || end[2] == 'X';
	process->parent = (pid_t)strtol(end + 3, NULL, 10);
	process->ours = false;
	return true;
}

static void read_processes(struct process_list *list)
{
	DIR *directory = proc_is_ours() ? opendir("/proc") : NULL;

	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    array_reserve(&list->items, &list->capacity, list->count + 1,
				  sizeof(*list->items)))
			continue;
		if (read_process(dirfd(directory), entry->d_name,
				 &list->items[list->count]))
			list->count++;
	}
	closedir(directory);
}

static int by_pid(const void *left, const void *right)
{
	pid_t a = ((const struct process *)left)->pid;
	pid_t b = ((const struct process *)right)->pid;

	return (a > b) - (a < b);
}

/* Whether the chain of parents leads to us. A chain cannot be longer than the list. */
static bool descends(const struct process_list *list, const struct process *process)
{
	pid_t self = getpid();

	for (size_t steps = 0; process && steps < list->count; steps++) {
		struct process parent = {.pid = process->parent};

		if (process->pid == self)
			return false;
		if (process->parent == self)
			return true;
		process = bsearch(&parent, list->items, list->count, sizeof(parent),
				  by_pid);
	}
	return false;
}

static void read_descendants(struct process_list *list)
{
	size_t kept = 0;

	read_processes(list);
	if (!list->count)
		return;
	qsort(list->items, list->count, sizeof(*list->items), by_pid);
	for (size_t i = 0; i < list->count; i++)
		list->items[i].ours = descends(list, &list->items[i]);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].ours)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

size_t tree_descendants(pid_t **pids)
{
	struct process_list list = {0};
	size_t count = 0;

	read_descendants(&list);
	*pids = list.count ? calloc(list.count, sizeof(**pids)) : NULL;
	for (size_t i = 0; *pids && i < list.count; i++)
		if (!list.items[i].dead)
			(*pids)[count++] = list.items[i].pid;
	free(list.items);
	if (!count) {
		free(*pids);
		*pids = NULL;
	}
	return count;
}

size_t tree_signal(int number)
{
	pid_t *pids;
	size_t count = tree_descendants(&pids);

	for (size_t i = 0; i < count; i++)
		kill(pids[i], number);
	free(pids);
	return count;
}

bool tree_has(pid_t pid)
{
	struct process_list list = {0};
	bool found = false;

	read_descendants(&list);
	for (size_t i = 0; i < list.count; i++)
		found |= list.items[i].pid == pid;
	free(list.items);
	return found;
}
