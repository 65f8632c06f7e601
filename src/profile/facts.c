/* SPDX-License-Identifier: MIT */
/* What is said once about the whole profile: facts, and the machine it was measured on. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "profile/store.h"

int profile_set_fact(struct profile *profile, const char *key, const char *value,
		     struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int status = store_check_writable(profile, error);

	if (!status)
		status = store_prepare(
			profile, &statement,
			value ? "INSERT OR REPLACE INTO fact(key, value) VALUES(?1, ?2)"
			      : "DELETE FROM fact WHERE key = ?1",
			error);
	if (status)
		return status;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (value)
		sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC);
	status = store_run(profile, statement, "storing a fact", error);
	sqlite3_finalize(statement);
	return status;
}

char *profile_get_fact(struct profile *profile, const char *key)
{
	sqlite3_stmt *statement = NULL;
	char *value = NULL;

	if (store_prepare(profile, &statement, "SELECT value FROM fact WHERE key = ?1",
			  NULL))
		return NULL;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (store_step(profile, statement, "reading a fact", NULL) == 1) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		value = text ? strdup(text) : NULL;
	}
	sqlite3_finalize(statement);
	return value;
}

/* ---- machine: one row a field of struct machine ---- */

enum machine_kind { MACHINE_TEXT, MACHINE_INT, MACHINE_BYTES };

struct machine_field {
	const char *key;
	enum machine_kind kind;
	size_t offset;
	size_t size;
};

#define TEXT_FIELD(name)                                             \
	{                                                            \
#name, MACHINE_TEXT, offsetof(struct machine, name), \
			sizeof(((struct machine *)0)->name)          \
	}
#define INT_FIELD(name)                                                         \
	{                                                                       \
#name, MACHINE_INT, offsetof(struct machine, name), sizeof(int) \
	}

static const struct machine_field machine_fields[] = {
	TEXT_FIELD(cpu_model),
	TEXT_FIELD(architecture),
	INT_FIELD(cores),
	INT_FIELD(cores_allowed),
	INT_FIELD(numa_nodes),
	INT_FIELD(smt),
	TEXT_FIELD(governor),
	INT_FIELD(turbo),
	TEXT_FIELD(kernel),
	TEXT_FIELD(hypervisor),
	TEXT_FIELD(container),
	TEXT_FIELD(hostname),
	{"memory_bytes", MACHINE_BYTES, offsetof(struct machine, memory_bytes),
	 sizeof(unsigned long)},
};

#define MACHINE_FIELDS (sizeof(machine_fields) / sizeof(machine_fields[0]))

static int bind_field(sqlite3_stmt *statement, const struct machine *machine,
		      const struct machine_field *field)
{
	const char *at = (const char *)machine + field->offset;
	unsigned long bytes;
	char *text;
	int number;

	sqlite3_bind_text(statement, 1, field->key, -1, SQLITE_STATIC);
	switch (field->kind) {
	case MACHINE_TEXT:
		text = profile_clean_text(at, strnlen(at, field->size));
		if (!text)
			return -ENOMEM;
		sqlite3_bind_text(statement, 2, text, -1, free);
		break;
	case MACHINE_INT:
		memcpy(&number, at, sizeof(number));
		sqlite3_bind_int64(statement, 2, number);
		break;
	case MACHINE_BYTES:
		memcpy(&bytes, at, sizeof(bytes));
		store_bind_u64(statement, 2, bytes);
		break;
	}
	return 0;
}

int profile_set_machine(struct profile *profile, const struct machine *machine,
			struct error *error)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO machine(key, value) VALUES(?1, ?2)";
	sqlite3_stmt *statement = NULL;
	int status = store_check_writable(profile, error);

	if (!status)
		status = store_begin(profile, error);
	if (status)
		return status;
	status = store_prepare(profile, &statement, sql, error);
	for (size_t i = 0; i < MACHINE_FIELDS && !status; i++) {
		if (bind_field(statement, machine, &machine_fields[i]))
			status = error_no_memory(error, "storing the machine");
		else
			status = store_run(profile, statement, "storing the machine",
					   error);
	}
	sqlite3_finalize(statement);
	return store_end(profile, status, error);
}

static void read_field(sqlite3_stmt *statement, struct machine *machine,
		       const struct machine_field *field)
{
	char *at = (char *)machine + field->offset;
	const char *text;
	unsigned long bytes;
	int number;

	switch (field->kind) {
	case MACHINE_TEXT:
		text = (const char *)sqlite3_column_text(statement, 1);
		if (text && store_is_clean(text))
			store_copy_text(at, field->size, text);
		break;
	case MACHINE_INT:
		number = sqlite3_column_int(statement, 1);
		memcpy(at, &number, sizeof(number));
		break;
	case MACHINE_BYTES:
		bytes = (unsigned long)sqlite3_column_int64(statement, 1);
		memcpy(at, &bytes, sizeof(bytes));
		break;
	}
}

int profile_get_machine(struct profile *profile, struct machine *machine,
			struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int status;

	*machine = (struct machine){.smt = -1, .turbo = -1};
	status = store_prepare(profile, &statement, "SELECT key, value FROM machine",
			       error);
	if (status)
		return status;
	while ((status = store_step(profile, statement, "reading the machine", error)) >
	       0) {
		const char *key = (const char *)sqlite3_column_text(statement, 0);

		for (size_t i = 0; key && i < MACHINE_FIELDS; i++)
			if (!strcmp(machine_fields[i].key, key))
				read_field(statement, machine, &machine_fields[i]);
	}
	sqlite3_finalize(statement);
	return status;
}
