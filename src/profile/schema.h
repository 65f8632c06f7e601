/* SPDX-License-Identifier: MIT */
/*
 * The tables of schema version PROFILE_SCHEMA_VERSION; doc/formats/profile.md says what the
 * columns mean. A change here needs a new version and a way to read the old one.
 */
#ifndef AUTOPERF_PROFILE_SCHEMA_H
#define AUTOPERF_PROFILE_SCHEMA_H

/* clang-format off: SQL is laid out as SQL. */
#define PROFILE_SCHEMA                                      \
	"CREATE TABLE fact ("                               \
	" key TEXT PRIMARY KEY,"                            \
	" value TEXT NOT NULL"                              \
	") STRICT, WITHOUT ROWID;"                          \
	"CREATE TABLE machine ("                            \
	" key TEXT PRIMARY KEY,"                            \
	" value ANY NOT NULL"                               \
	") STRICT, WITHOUT ROWID;"                          \
	"CREATE TABLE event ("                              \
	" id INTEGER PRIMARY KEY,"                          \
	" name TEXT NOT NULL UNIQUE,"                       \
	" role TEXT NOT NULL,"                              \
	" unit TEXT NOT NULL,"                              \
	" description TEXT"                                 \
	") STRICT;"                                         \
	"CREATE TABLE pass ("                               \
	" id INTEGER PRIMARY KEY"                           \
	") STRICT;"                                         \
	"CREATE TABLE pass_event ("                         \
	" pass INTEGER NOT NULL REFERENCES pass,"           \
	" position INTEGER NOT NULL,"                       \
	" event INTEGER NOT NULL REFERENCES event,"         \
	" PRIMARY KEY (pass, position)"                     \
	") STRICT, WITHOUT ROWID;"                          \
	"CREATE TABLE region ("                             \
	" id INTEGER PRIMARY KEY,"                          \
	" name TEXT NOT NULL UNIQUE"                        \
	") STRICT;"                                         \
	"CREATE TABLE run ("                                \
	" id INTEGER PRIMARY KEY,"                          \
	" ordinal INTEGER NOT NULL UNIQUE,"                 \
	" pass INTEGER NOT NULL REFERENCES pass,"           \
	" status TEXT NOT NULL,"                            \
	" exit_code INTEGER NOT NULL,"                      \
	" started_utc_ns INTEGER NOT NULL,"                 \
	" wall_ns INTEGER NOT NULL,"                        \
	" user_ns INTEGER NOT NULL,"                        \
	" system_ns INTEGER NOT NULL,"                      \
	" max_rss_bytes INTEGER NOT NULL,"                  \
	" seed INTEGER NOT NULL,"                           \
	" samples INTEGER NOT NULL,"                        \
	" lost INTEGER NOT NULL"                            \
	") STRICT;"                                         \
	"CREATE TABLE process ("                            \
	" id INTEGER PRIMARY KEY,"                          \
	" run INTEGER NOT NULL REFERENCES run,"             \
	" pid INTEGER NOT NULL,"                            \
	" parent_pid INTEGER NOT NULL,"                     \
	" executable TEXT NOT NULL,"                        \
	" source TEXT NOT NULL,"                            \
	" ended INTEGER NOT NULL,"                          \
	" truncated INTEGER NOT NULL,"                      \
	" start_utc_ns INTEGER NOT NULL,"                   \
	" first_thread INTEGER NOT NULL,"                   \
	" threads INTEGER NOT NULL,"                        \
	" recording_bytes INTEGER NOT NULL,"                \
	" samples INTEGER NOT NULL,"                        \
	" torn INTEGER NOT NULL,"                           \
	" failure_code INTEGER NOT NULL,"                   \
	" failure TEXT NOT NULL,"                           \
	" executions INTEGER NOT NULL DEFAULT 0,"           \
	" measured INTEGER NOT NULL DEFAULT 0,"             \
	" marker_ns INTEGER NOT NULL DEFAULT 0"             \
	") STRICT;"                                         \
	"CREATE INDEX process_run ON process (run);"        \
	"CREATE TABLE loss ("                               \
	" process INTEGER NOT NULL REFERENCES process,"     \
	" kind INTEGER NOT NULL,"                           \
	" count INTEGER NOT NULL,"                          \
	" PRIMARY KEY (process, kind)"                      \
	") STRICT, WITHOUT ROWID;"                          \
	"CREATE TABLE chunk ("                              \
	" id INTEGER PRIMARY KEY,"                          \
	" run INTEGER NOT NULL REFERENCES run,"             \
	" region INTEGER NOT NULL REFERENCES region,"       \
	" process INTEGER REFERENCES process,"              \
	" rows INTEGER NOT NULL,"                           \
	" wall_total_ns REAL NOT NULL"                      \
	") STRICT;"                                         \
	"CREATE INDEX chunk_region ON chunk (region, run);" \
	"CREATE TABLE block ("                              \
	" id INTEGER PRIMARY KEY,"                          \
	" chunk INTEGER NOT NULL REFERENCES chunk,"         \
	" column INTEGER NOT NULL,"                         \
	" data BLOB NOT NULL,"                              \
	" UNIQUE (chunk, column)"                           \
	") STRICT;"

/* What version 2 added; a profile of version 1 gets it when it is opened for writing. */
#define PROFILE_SCHEMA_LINES                          \
	"CREATE TABLE region_run ("                   \
	" run INTEGER NOT NULL REFERENCES run,"       \
	" region INTEGER NOT NULL REFERENCES region," \
	" executions INTEGER NOT NULL,"               \
	" cycles INTEGER NOT NULL,"                   \
	" instructions INTEGER NOT NULL,"             \
	" PRIMARY KEY (run, region)"                  \
	") STRICT, WITHOUT ROWID;"                    \
	"CREATE TABLE line ("                         \
	" id INTEGER PRIMARY KEY,"                    \
	" identity TEXT NOT NULL UNIQUE,"             \
	" cycles INTEGER NOT NULL,"                   \
	" detail TEXT NOT NULL"                       \
	") STRICT;"                                   \
	"CREATE TABLE line_run ("                     \
	" line INTEGER NOT NULL REFERENCES line,"     \
	" run INTEGER NOT NULL REFERENCES run,"       \
	" lines INTEGER NOT NULL,"                    \
	" hitm_local INTEGER NOT NULL,"               \
	" hitm_remote INTEGER NOT NULL,"              \
	" hitm_false INTEGER NOT NULL,"               \
	" hitm_true INTEGER NOT NULL,"                \
	" upgrades INTEGER NOT NULL,"                 \
	" cycles INTEGER NOT NULL,"                   \
	" PRIMARY KEY (line, run)"                    \
	") STRICT, WITHOUT ROWID;"                    \
	"CREATE TABLE line_region ("                  \
	" line INTEGER NOT NULL REFERENCES line,"     \
	" run INTEGER NOT NULL REFERENCES run,"       \
	" region INTEGER NOT NULL REFERENCES region," \
	" hitm INTEGER NOT NULL,"                     \
	" cycles INTEGER NOT NULL,"                   \
	" PRIMARY KEY (line, run, region)"            \
	") STRICT, WITHOUT ROWID;"

/* What version 3 added to older ones: what markers took; 0 where it is not known. */
#define PROFILE_SCHEMA_MARKERS                                                  \
	"ALTER TABLE process ADD COLUMN executions INTEGER NOT NULL DEFAULT 0;" \
	"ALTER TABLE process ADD COLUMN measured INTEGER NOT NULL DEFAULT 0;"   \
	"ALTER TABLE process ADD COLUMN marker_ns INTEGER NOT NULL DEFAULT 0;"
/* clang-format on */

#define PROFILE_TABLES       11 /* how many tables version 1 has, and so every other */
#define PROFILE_LINES_TABLES 4  /* more in version 2 */
#define PROFILE_TABLE_NAMES                                                            \
	"'fact','machine','event','pass','pass_event','region','run','process','loss'" \
	","                                                                            \
	"'chunk','block'"

#define PROFILE_LINES_TABLE_NAMES "'region_run','line','line_run','line_region'"

#endif
