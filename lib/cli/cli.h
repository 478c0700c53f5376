/* SPDX-License-Identifier: MIT */
/*
 * What the subcommands of zinc(1) share.
 */
#ifndef ZINC_CLI_H
#define ZINC_CLI_H

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <zinc.h>

#define __printf(text, first) __attribute__((format(printf, text, first)))

/* Exit statuses, the same for every subcommand */
enum cli_exit {
	CLI_RUN = -1,		/* cli_options(): none yet, go on */
	CLI_OK = 0,
	CLI_NO = 1,		/* wait: timed out; doctor: something fails */
	CLI_USAGE = 2,
	CLI_FAILED = 3,
	CLI_REFUSED = 75,	/* lock: held by another; EX_TEMPFAIL */
	CLI_NOT_RUN = 126,	/* lock: as env(1) has it */
	CLI_NOT_FOUND = 127
};

/*
 * Subcommands. argv[0] is "zinc NAME", so that getopt's messages are right.
 * Each returns an exit status; main() flushes and checks stdout afterwards.
 */
int cmd_create(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_lock(int argc, char **argv);
int cmd_locks(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_notify(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_write(int argc, char **argv);

/* ---- message.c: errors ------------------------------------------------- */

/*
 * cli_usage() - a usage error of @command (an argv[0])
 * @format: what is wrong, or NULL where getopt has said it
 * Return: CLI_USAGE
 */
__printf(2, 3)
int cli_usage(const char *command, const char *format, ...);

/* cli_error() - print "zinc: ..."; Return: CLI_FAILED */
__printf(1, 2)
int cli_error(const char *format, ...);

/* xrealloc() - realloc() of @count * @size bytes, or a message and exit */
void *xrealloc(void *old, size_t count, size_t size);

/* ---- options.c: options, and the help text ------------------------------ */

/*
 * struct cli_option - an option, for the parser and for the help text
 * @key: its letter
 * @name: its long form
 * @argument: the help's word for its argument; NULL: it has none
 * @help: what it does, in one or more lines
 * @at: offset in the settings of the member that it sets: a bool; with an
 *	argument, what @parse fills, else a const char *
 * @parse: reads the argument. Return: 0; a negative errno: the caller says
 *	what is wrong; CLI_USAGE: that has been said
 * @expected: what @parse accepts, for the message
 * @noun: the argument, for the message; NULL: @name
 */
struct cli_option {
	int key;
	const char *name;
	const char *argument;
	const char *help;
	size_t at;
	int (*parse)(const char *text, void *member);
	const char *expected;
	const char *noun;
};

/*
 * struct cli_syntax - a subcommand's command line
 * @usage: its synopsis
 * @about: what it does, before the options
 * @end: after them, with the exit statuses
 * @options: all but --help
 * @count: of them
 * @stop_at_operand: options behind the first operand are another command's
 * @no_operands: operands are an error
 */
struct cli_syntax {
	const char *usage;
	const char *about;
	const char *end;
	const struct cli_option *options;
	size_t count;
	bool stop_at_operand;
	bool no_operands;
};

/*
 * cli_options() - read the options into @settings; optind is the first operand
 * Return: CLI_RUN, or the status to exit with
 */
int cli_options(int argc, char **argv, const struct cli_syntax *syntax,
		void *settings);

/* For cli_option.parse; numbers are uint64_t, but that option_mode() */
int option_size(const char *text, void *member);
int option_seconds(const char *text, void *member);
int option_mode(const char *text, void *member);	/* uint32_t */
int option_u32(const char *text, void *member);
int option_count(const char *text, void *member);	/* 1 to 2^32 - 1 */

/* ---- near.c: typing errors ------------------------------------------------ */

/* near_word() - the one of @words that @word was to be; NULL: none resembles it */
const char *near_word(const char *word, const char *const *words, size_t count);

/* ---- fail.c: errors of the library -------------------------------------- */

/*
 * cli_fail() - say that an operation on a region failed, why, and what to do
 * @action: "open", "remove", ...
 * @name: the region's
 * @error: what the library returned
 * Return: CLI_FAILED
 */
int cli_fail(const char *action, const char *name, int32_t error);
/* cli_fail_create() - likewise, of a region of @bytes; Return: CLI_FAILED */
int cli_fail_create(const char *name, int32_t error, uint64_t bytes);

/* ---- output.c: standard output ------------------------------------------ */

/* cli_flush() - stdout; Return: 0, or -1: end, main() will say why */
int cli_flush(void);
/* cli_finish() - @status or, where output is lost, a message and CLI_FAILED */
int cli_finish(int status);

/* ---- signals.c: those that end a subcommand ------------------------------ */

/*
 * cli_block_signals() - hold back SIGINT, SIGTERM and SIGHUP
 * @old: the mask before, to be given to cli_restore_signals()
 *
 * A process that dies with a writable handle leaves it counted on POSIX shared
 * memory, so no subcommand dies while it has one. A signal that the caller
 * ignores (nohup, a shell's background jobs) stays ignored.
 */
void cli_block_signals(sigset_t *old);
void cli_restore_signals(const sigset_t *old);

/* cli_ending_signals() - those three, without the ignored ones */
void cli_ending_signals(sigset_t *set);

/*
 * cli_end_by_signals() - have them set cli_ended(), and end the input or output @fd
 *
 * For a subcommand that has a handle while it reads or writes: from then on @fd is
 * /dev/null, so that no read or write blocks.
 * Return: 0; -1 and errno
 */
int cli_end_by_signals(int fd);
bool cli_ended(void);

/* ---- pause.c: time between one look and the next ----------------------- */

/* cli_now() - CLOCK_MONOTONIC in ns */
uint64_t cli_now(void);
/*
 * cli_pause_until() - sleep until cli_now() is @until
 * @ends: signals that end it, all blocked
 * Return: whether the time passed without one
 */
bool cli_pause_until(uint64_t until, const sigset_t *ends);

/* ---- run.c: a command that runs while we hold something ---------------- */

/*
 * struct run_how - for run_command()
 * @cpus: it runs on these processors; NULL: on any
 * @cpus_size: bytes of @cpus
 */
struct run_how {
	const cpu_set_t *cpus;
	size_t cpus_size;
};

/*
 * run_command() - run @command, forward signals to it, and end as it ends
 *
 * If this process is killed, so is all that @command has started, before what is
 * held here ends.
 *
 * Return: its exit status, 126 or 127 if it cannot be run; if a signal
 * kills it, that kills this process, too
 */
int run_command(char **command, const struct run_how *how);
/* run_instead() - become @command; Return: 126 or 127, after a message */
int run_instead(char **command);

/* ---- cleaner.c: what takes files of /tmp away -------------------------- */

/*
 * find_cleaner() - would one remove lock files of @folder while they are held?
 * @what: out, which, and where that is said
 */
bool find_cleaner(const char *folder, char *what, size_t size);
/* is_private_tmp() - is @folder in a /tmp that systemd has made for a service? */
bool is_private_tmp(const char *folder);

/* ---- lookup.c: a region by its name ----------------------------------- */

/* cli_name() - is @name a region's name? If not, say so as a usage error. */
bool cli_name(const char *command, const char *name);

/*
 * cli_one_name() - the single operand of a subcommand, checked
 * Return: the name; NULL after a message: return CLI_USAGE
 */
const char *cli_one_name(int argc, char **argv);

/* cli_list() - zinc_list(), or an error message and CLI_FAILED */
int cli_list(struct zinc_region_info **list, size_t *count);

/* cli_open() - zinc_open_with(), in whichever backend knows the name */
int32_t cli_open(const char *name, uint32_t flags, zinc_handle *out);
/*
 * cli_unlink_stale() - remove a POSIX region that was listed as stale
 *
 * Sets ZINC_BACKEND=shm for the rest of the process.
 * Return: 0; -ENOENT it is gone, or is stale no more; or another error
 */
int32_t cli_unlink_stale(const struct zinc_region_info *info);

/* ---- io.c: whole reads and writes ------------------------------------- */

/* read_full() - Return: bytes read, fewer than @size at the end; -1, errno */
ssize_t read_full(int fd, void *data, size_t size);
/* write_full() - Return: 0; -1 and errno */
int write_full(int fd, const void *data, size_t size);
/* read_line() - the first line of a small file, "" if it cannot be read */
bool read_line(const char *path, char *line, size_t size);

/* ---- size.c: numbers -------------------------------------------------- */

/*
 * parse_size() - decimal bytes with an optional suffix K, M, G or T
 * Return: 0; -EINVAL no such number; -ERANGE past 64 bits
 */
int parse_size(const char *text, uint64_t *size);
/* parse_number() - plain decimal, at most @max; Return: as parse_size() */
int parse_number(const char *text, uint64_t max, uint64_t *number);
/* parse_seconds() - "0.5"; from 1 ms to a day, in ns; Return: 0; -EINVAL */
int parse_seconds(const char *text, uint64_t *ns);
/* parse_mode() - octal within 0666, not 0; Return: 0; -EINVAL */
int parse_mode(const char *text, uint32_t *mode);

#define SIZE_TEXT 24
/* format_size() - "4K", "1.5M": exact or with one decimal */
const char *format_size(uint64_t size, char text[SIZE_TEXT]);

/* ---- proc.c: processes ------------------------------------------------ */

/*
 * proc_command() - a process's command line, words apart by spaces
 * @text: any bytes but NUL; cut to fit
 * Return: whether there is one to be seen
 */
bool proc_command(pid_t pid, char *text, size_t size);

/*
 * proc_program() - the first word of a process's command line, without its folders
 * @text: any bytes but NUL; cut to fit
 * Return: whether there is one to be seen
 */
bool proc_program(pid_t pid, char *text, size_t size);

/* ---- describe.c: words for what a region is --------------------------- */

const char *backend_name(uint32_t backend);
const char *lifetime_name(uint32_t lifetime);
/* region_state() - "live", "creator-gone", "unknown", "STALE" or "INVALID" */
const char *region_state(const struct zinc_region_info *info);

/* region_reason() - why it is in that state, as a sentence */
#define REASON_TEXT 160
const char *region_reason(const struct zinc_region_info *info,
			  char text[REASON_TEXT]);

/* layout_name() - of a POSIX object: "header" or "page"; NULL for none */
const char *layout_name(const struct zinc_region_info *info);
/* region_command() - of its owner, where that is alive */
bool region_command(const struct zinc_region_info *info, char *text,
		    size_t size);

/* age_seconds() - since CLOCK_REALTIME ns @created_at */
uint64_t age_seconds(uint64_t created_at);
#define AGE_TEXT 24
/* format_age() - "12s", "3m05s", "2h10m", "4d06h" */
const char *format_age(uint64_t created_at, char text[AGE_TEXT]);
#define TIME_TEXT 48
/* format_time() - RFC 3339, UTC, nanoseconds */
const char *format_time(uint64_t ns, char text[TIME_TEXT]);
#define USER_TEXT 64
/* format_user() - the user's name, else the number */
const char *format_user(uint32_t uid, char text[USER_TEXT]);
const char *format_group(uint32_t gid, char text[USER_TEXT]);

/* ---- json.c: JSON output ---------------------------------------------- */

#define JSON_DEPTH 16

/*
 * struct json - a document being written, in one line
 *
 * Keys are for members of objects, NULL in arrays. Strings may have any bytes:
 * bytes that are not UTF-8 become U+FFFD.
 */
struct json {
	FILE *out;
	unsigned int depth;
	bool comma[JSON_DEPTH];
	char close[JSON_DEPTH];
};

void json_start(struct json *json, FILE *out);
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end(struct json *json);	/* the innermost; outermost: newline */
void json_string(struct json *json, const char *key, const char *value);
void json_uint(struct json *json, const char *key, uint64_t value);
void json_int(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/* json_number() - with three decimals */
void json_number(struct json *json, const char *key, double value);

struct stream_info;
/* json_region() - an object with all of @info; @stream is NULL if it is none */
void json_region(struct json *json, const struct zinc_region_info *info,
		 const struct stream_info *stream);

/* ---- prometheus.c: metrics ------------------------------------------------- */

/* print_prometheus() - @list in Prometheus' text format, version 0.0.4 */
void print_prometheus(const struct zinc_region_info *list, size_t count, FILE *out);

/* ---- text.c: safe text ------------------------------------------------- */

/*
 * printable() - @text in a form that is safe to show
 * @columns: how many columns it takes; may be NULL
 *
 * Control characters and bytes that are no characters become \xNN, so that
 * no command line can drive the terminal.
 * Return: to be freed
 */
char *printable(const char *text, size_t *columns);

/* ---- table.c: aligned columns, colour ---------------------------------- */

enum colour { PLAIN, BOLD, RED, GREEN, YELLOW };

/* use_colour() - is @out a terminal that shows it, and NO_COLOR unset? */
bool use_colour(FILE *out);
/* put_colour() - @text in @colour where use_colour(), else as it is */
void put_colour(FILE *out, enum colour colour, const char *text);

/* terminal_size() - of @out; false if it is not a terminal */
bool terminal_size(FILE *out, unsigned int *columns, unsigned int *rows);

struct column {
	const char *title;
	bool right;
};

struct cell {
	char *text;
	size_t columns;
	enum colour colour;
};

struct table {
	const struct column *columns;
	size_t count;
	struct cell *cells;
	size_t used;
	size_t room;
};

void table_start(struct table *table, const struct column *columns,
		 size_t count);
/* table_cell() - the next cell, row by row */
__printf(3, 4)
void table_cell(struct table *table, enum colour colour, const char *format,
		...);
/*
 * table_print() - heading and rows; frees the cells
 * @max_rows: most rows to print, 0 for all
 *
 * On a terminal, lines are cut to its width.
 */
void table_print(struct table *table, FILE *out, size_t max_rows);

/* ---- columns.c: which columns --------------------------------------------- */

#define COLUMNS_MAX 32

/*
 * struct choice - columns to print, in this order
 * @columns: copies of them
 * @at: where they are among all
 */
struct choice {
	struct column columns[COLUMNS_MAX];
	size_t at[COLUMNS_MAX];
	size_t count;
};

/*
 * choose_columns() - read a list of titles, separated by commas, in any case
 * Return: CLI_RUN; after a message, the status to exit with
 */
int choose_columns(const char *command, const char *text,
		   const struct column *columns, size_t count,
		   struct choice *choice);
/* all_columns() - the first @count of @columns */
void all_columns(const struct column *columns, size_t count, struct choice *choice);

/* ---- region_cells.c: a region in a table --------------------------------- */

enum region_cell {
	CELL_NAME, CELL_CAPACITY, CELL_BYTES, CELL_USER, CELL_MODE,
	CELL_HANDLES, CELL_SEQUENCE, CELL_WAITERS, CELL_AGE, CELL_BACKEND,
	CELL_STATE, CELL_PID, CELL_COMMAND, CELL_RESIDENT, CELL_RESIDENT_BYTES,
	CELL_LIFETIME, CELL_GROUP, CELL_ID, CELL_CREATED
};

/* region_cells() - the next @count cells of @table */
void region_cells(struct table *table, const struct zinc_region_info *info,
		  const enum region_cell *cells, size_t count);

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif /* ZINC_CLI_H */
