/* DriftDB: an embeddable SQL database. This is its C interface, and its only ABI.
**
** What is not in this header is not interface. Everything here starts with driftdb_ or DRIFTDB_.
**
** A database is a directory (or ":memory:"). A program opens it once (driftdb_open), makes any number of
** connections (driftdb_connect) and runs SQL on them (driftdb_exec, or driftdb_prepare and driftdb_step).
**
** Threads: a driftdb_database may be used from any thread at any time. A connection and the statements made
** on it may be used from any thread, but calls on one connection are serialised inside; use one connection
** per thread for parallel work. driftdb_interrupt may be called from any thread, also while another
** call on the connection runs.
**
** Errors: functions that can fail return a code (DRIFTDB_OK is 0). The details of the last failure on
** a connection are in driftdb_errmsg and its relatives until the next call on the connection. The library
** never prints, never aborts, installs no signal handler and lets no C++ exception out.
**
** Strings are UTF-8. Lengths are bytes. Unless said otherwise a returned pointer belongs to the library and stays
** valid until the next call on the same object; a pointer that was passed in may be reused after the call.
*/
#ifndef DRIFTDB_DRIFTDB_H_
#define DRIFTDB_DRIFTDB_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef DRIFTDB_API
#if defined(__GNUC__)
#define DRIFTDB_API __attribute__((visibility("default")))
#else
#define DRIFTDB_API
#endif
#endif

/* Result codes. */
#define DRIFTDB_OK 0      /* success */
#define DRIFTDB_ERROR 1   /* failure; see driftdb_errmsg, driftdb_sqlstate */
#define DRIFTDB_MISUSE 2  /* a null handle, an index out of range, a statement that is not prepared ... */
#define DRIFTDB_ROW 100   /* driftdb_step: a row is ready */
#define DRIFTDB_DONE 101  /* driftdb_step: the statement has finished */

/* Types of result columns and values. */
typedef enum driftdb_type {
  DRIFTDB_TYPE_UNKNOWN = 0,
  DRIFTDB_TYPE_BOOLEAN = 1,
  DRIFTDB_TYPE_INT16 = 2,
  DRIFTDB_TYPE_INT32 = 3,
  DRIFTDB_TYPE_INT64 = 4,
  DRIFTDB_TYPE_INT128 = 5,
  DRIFTDB_TYPE_REAL = 6,
  DRIFTDB_TYPE_DOUBLE = 7,
  DRIFTDB_TYPE_DECIMAL = 8,
  DRIFTDB_TYPE_TEXT = 9,
  DRIFTDB_TYPE_VARCHAR = 10,
  DRIFTDB_TYPE_CHAR = 11,
  DRIFTDB_TYPE_BYTEA = 12,
  DRIFTDB_TYPE_DATE = 13,        /* int64: days since 1970-01-01 */
  DRIFTDB_TYPE_TIME = 14,        /* int64: microseconds since midnight */
  DRIFTDB_TYPE_TIMESTAMP = 15,   /* int64: microseconds since 1970-01-01 00:00 */
  DRIFTDB_TYPE_TIMESTAMPTZ = 16, /* int64: the same, in UTC */
  DRIFTDB_TYPE_INTERVAL = 17,
  DRIFTDB_TYPE_UUID = 18
} driftdb_type;

typedef struct driftdb_database driftdb_database;
typedef struct driftdb_connection driftdb_connection;
typedef struct driftdb_statement driftdb_statement;
typedef struct driftdb_options driftdb_options;
typedef struct driftdb_error driftdb_error;

/* Version of the library that runs: "0.1.0". */
DRIFTDB_API const char* driftdb_version(void);
/* 1: all functions may be called from any thread. */
DRIFTDB_API int driftdb_threadsafe(void);

/* Opening -------------------------------------------------------------------------------------------
**
** Options are settings by name, given before the open: "readonly" (on/off), "create" (on/off, default on),
** "memory_limit" ("4GB"), "threads" ("8"), "wal_dir" (a path), "synchronous_commit" (on/off). An unknown
** name or a bad value is DRIFTDB_ERROR with SQLSTATE 42704 or 22023 in *error.
*/
DRIFTDB_API driftdb_options* driftdb_options_create(void);
DRIFTDB_API int driftdb_options_set(driftdb_options* options, const char* name, const char* value,
                                    driftdb_error** error);
DRIFTDB_API void driftdb_options_destroy(driftdb_options* options);

/* Opens the data directory `path`, made when missing, or ":memory:" for a database that lives and dies with
** the handle. `options` and `error` may be null. On failure *database is null and *error, if asked for, must be
** freed with driftdb_error_destroy. Only one process (and one handle in it) may have a directory open for
** writing: 55006 names the process that has. Recovery after a crash happens here.
** Errors: 55006, 58P01 (missing and "create" is off), 42501, XX001 (damaged), 0A000 (made by a newer
** version), 53100.
*/
DRIFTDB_API int driftdb_open(const char* path, const driftdb_options* options,
                             driftdb_database** database, driftdb_error** error);
/* Closes the database: open connections and statements of it are closed too, running ones interrupted, open
** transactions rolled back; then everything is checkpointed. Null is ignored. On DRIFTDB_ERROR (the final
** checkpoint failed) the handle is gone all the same and every acknowledged commit is still in the log. The
** handles of its connections and statements are good for nothing any more (DRIFTDB_MISUSE) but
** driftdb_disconnect and driftdb_finalize, which free them. No call may begin while this one runs. */
DRIFTDB_API int driftdb_close(driftdb_database* database, driftdb_error** error);

/* An error that belongs to no connection. */
DRIFTDB_API const char* driftdb_error_sqlstate(const driftdb_error* error);
DRIFTDB_API const char* driftdb_error_message(const driftdb_error* error);
DRIFTDB_API const char* driftdb_error_detail(const driftdb_error* error);
DRIFTDB_API const char* driftdb_error_hint(const driftdb_error* error);
DRIFTDB_API void driftdb_error_destroy(driftdb_error* error);

/* Connections -----------------------------------------------------------------------------------------
**
** A connection is one session: its transaction, settings and prepared statements.
*/
DRIFTDB_API int driftdb_connect(driftdb_database* database, driftdb_connection** connection,
                                driftdb_error** error);
/* Ends the connection's statements (their handles still want driftdb_finalize), rolls back an open
** transaction. Null is ignored. */
DRIFTDB_API void driftdb_disconnect(driftdb_connection* connection);

/* The last failure on the connection; "00000" and "" when the last call succeeded. */
DRIFTDB_API const char* driftdb_sqlstate(driftdb_connection* connection);
DRIFTDB_API const char* driftdb_errmsg(driftdb_connection* connection);
DRIFTDB_API const char* driftdb_errdetail(driftdb_connection* connection);
DRIFTDB_API const char* driftdb_errhint(driftdb_connection* connection);
/* 1-based byte offset into the statement's text, 0 when not known. */
DRIFTDB_API int64_t driftdb_errposition(driftdb_connection* connection);
/* Names of the objects an error concerns, "" when none: what is 's' schema, 't' table, 'c' column, 'k' constraint. */
DRIFTDB_API const char* driftdb_errobject(driftdb_connection* connection, char what);

/* Makes the running statement of the connection (if any) stop soon with 57014. */
DRIFTDB_API void driftdb_interrupt(driftdb_connection* connection);
/* Progress of the running statement in percent, -1 when unknown or none runs. May be called from any thread. */
DRIFTDB_API double driftdb_progress(driftdb_connection* connection);
/* 1 inside a transaction block, 0 in autocommit mode, 2 in a failed transaction block. */
DRIFTDB_API int driftdb_transaction_state(driftdb_connection* connection);
/* Rows inserted, updated or deleted by the last finished statement. */
DRIFTDB_API int64_t driftdb_changes(driftdb_connection* connection);

/* Runs every statement in `sql` in order and drops result rows, or hands them to `callback`
** as text (null pointers for NULL). A nonzero return of the callback stops with 57014. Stops at the first error,
** whose position counts from the start of `sql`. `callback` may be null. */
typedef int (*driftdb_row_callback)(void* context, int column_count, const char* const* values,
                                    const char* const* names);
DRIFTDB_API int driftdb_exec(driftdb_connection* connection, const char* sql,
                             driftdb_row_callback callback, void* context);

/* Statements ------------------------------------------------------------------------------------------
**
** Compiles the first statement of `sql`. `length` bytes are read, or up to the NUL when it is negative. *tail (may
** be null) points behind the statement. *statement is null with DRIFTDB_OK when the text holds only white space
** and comments. A statement stays valid when the schema changes: it is compiled again at its next step.
** Parameters are written $1, ?, ?1, :name or @name.
*/
DRIFTDB_API int driftdb_prepare(driftdb_connection* connection, const char* sql, ptrdiff_t length,
                                driftdb_statement** statement, const char** tail);
/* Ends a running execution and frees the statement. Null is ignored. In autocommit mode the end of a data change
** whose rows were not all stepped is its commit, and a failure of that is not told here: step to DRIFTDB_DONE, or
** call driftdb_reset first. */
DRIFTDB_API void driftdb_finalize(driftdb_statement* statement);

DRIFTDB_API int driftdb_parameter_count(driftdb_statement* statement);
/* Name with its prefix (":a", "@a", "$1"), "" for a plain ?, null when out of range; first index is 1. */
DRIFTDB_API const char* driftdb_parameter_name(driftdb_statement* statement, int index);
/* Index of a named parameter, 0 when there is none of that name. */
DRIFTDB_API int driftdb_parameter_index(driftdb_statement* statement, const char* name);
/* The type the statement wants, DRIFTDB_TYPE_UNKNOWN when any will do. */
DRIFTDB_API driftdb_type driftdb_parameter_type(driftdb_statement* statement, int index);

/* Values for parameters; the first is number 1. They stay bound over driftdb_reset. A value is converted to
** the parameter's type at the next step, where a value that does not fit is reported (22003, 22P02). Text
** converts to every type, so decimals, dates and so on may be bound as text. `length` -1: up to the NUL.
** Not allowed while rows are being stepped (DRIFTDB_MISUSE): call driftdb_reset first. */
DRIFTDB_API int driftdb_bind_null(driftdb_statement* statement, int index);
DRIFTDB_API int driftdb_bind_bool(driftdb_statement* statement, int index, int value);
DRIFTDB_API int driftdb_bind_int32(driftdb_statement* statement, int index, int32_t value);
DRIFTDB_API int driftdb_bind_int64(driftdb_statement* statement, int index, int64_t value);
DRIFTDB_API int driftdb_bind_double(driftdb_statement* statement, int index, double value);
DRIFTDB_API int driftdb_bind_text(driftdb_statement* statement, int index, const char* value,
                                  ptrdiff_t length);
DRIFTDB_API int driftdb_bind_blob(driftdb_statement* statement, int index, const void* value,
                                  size_t length);
DRIFTDB_API int driftdb_clear_bindings(driftdb_statement* statement);

/* Runs to the next row: DRIFTDB_ROW, DRIFTDB_DONE, or DRIFTDB_ERROR. After DRIFTDB_DONE or an error the next call
** starts the statement afresh. Several statements of a connection may be in progress at once. In autocommit
** mode a statement that changes data is durable when step returns DRIFTDB_DONE, and already at its first
** DRIFTDB_ROW. A query that was begun in a transaction block after changes of it, and is not read to its end when
** the block ends or rolls them back, fails with 24000. */
DRIFTDB_API int driftdb_step(driftdb_statement* statement);
/* Ends the execution in progress; bindings stay. Returns what committing it returned, where it was a data change in
** autocommit mode whose rows were not all stepped; else DRIFTDB_OK. */
DRIFTDB_API int driftdb_reset(driftdb_statement* statement);
/* Rows changed by this statement's last finished execution. */
DRIFTDB_API int64_t driftdb_statement_changes(driftdb_statement* statement);
/* The command's tag as PostgreSQL spells it: "SELECT", "INSERT", "CREATE TABLE", "BEGIN" ... */
DRIFTDB_API const char* driftdb_statement_tag(driftdb_statement* statement);
/* 1 when the statement can change nothing in the database. */
DRIFTDB_API int driftdb_statement_readonly(driftdb_statement* statement);

/* Columns of the result; the first is number 0. Zero columns: the statement returns no rows. */
DRIFTDB_API int driftdb_column_count(driftdb_statement* statement);
DRIFTDB_API const char* driftdb_column_name(driftdb_statement* statement, int column);
DRIFTDB_API driftdb_type driftdb_column_type(driftdb_statement* statement, int column);
/* The type as SQL writes it: "numeric(15,2)". */
DRIFTDB_API const char* driftdb_column_type_name(driftdb_statement* statement, int column);
/* PostgreSQL's type oid and typmod, and the table and column number a plain column comes from (0 otherwise). */
DRIFTDB_API uint32_t driftdb_column_type_oid(driftdb_statement* statement, int column);
DRIFTDB_API int32_t driftdb_column_typmod(driftdb_statement* statement, int column);
DRIFTDB_API uint32_t driftdb_column_table_oid(driftdb_statement* statement, int column);
DRIFTDB_API int driftdb_column_number(driftdb_statement* statement, int column);

/* The current row, valid after DRIFTDB_ROW until the next step, reset or finalize. Numbers convert among
** each other by truncation towards zero and saturation; text is the value as PostgreSQL prints it. NULL gives 0, 0.0 or a null
** pointer: ask driftdb_value_is_null. */
DRIFTDB_API int driftdb_value_is_null(driftdb_statement* statement, int column);
DRIFTDB_API int driftdb_value_bool(driftdb_statement* statement, int column);
DRIFTDB_API int64_t driftdb_value_int64(driftdb_statement* statement, int column);
DRIFTDB_API double driftdb_value_double(driftdb_statement* statement, int column);
/* NUL-terminated; *length (may be null) without the NUL. */
DRIFTDB_API const char* driftdb_value_text(driftdb_statement* statement, int column, size_t* length);
/* The bytes of a bytea, or of any string without conversion. */
DRIFTDB_API const void* driftdb_value_blob(driftdb_statement* statement, int column, size_t* length);

/* Helpers -----------------------------------------------------------------------------------------------
**
** 1 when `sql` ends with a complete statement (quotes, comments and parentheses closed, semicolon last); for shells. */
DRIFTDB_API int driftdb_complete(const char* sql);
/* A counter of the database by name ("wal.syncs", "wal.commits", "pool.hits", "memory.peak_bytes" ...); -1 when
** there is none. */
DRIFTDB_API int64_t driftdb_metric(driftdb_database* database, const char* name);
/* Checks the whole database: every checksum, every index against its table, both ways. Calls `callback` (may be
** null) with a line for each problem. *problems (may be null) receives their number. */
DRIFTDB_API int driftdb_check(driftdb_connection* connection,
                              void (*callback)(void* context, const char* line), void* context,
                              int64_t* problems);

/* COPY ... FROM STDIN and TO STDOUT: set before the statement runs. The reader returns the number of bytes put into
** `buffer` (0 at the end, negative to stop with 57014); the writer returns 0, or nonzero to stop. */
typedef ptrdiff_t (*driftdb_copy_reader)(void* context, char* buffer, size_t capacity);
typedef int (*driftdb_copy_writer)(void* context, const char* data, size_t length);
DRIFTDB_API int driftdb_set_copy_reader(driftdb_connection* connection, driftdb_copy_reader reader,
                                        void* context);
DRIFTDB_API int driftdb_set_copy_writer(driftdb_connection* connection, driftdb_copy_writer writer,
                                        void* context);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DRIFTDB_DRIFTDB_H_ */
