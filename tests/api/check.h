/* Checks for the programs of this suite, in C and C++. A program runs its cases with RUN and
 *returns Finish(), which
 ** prints `N passed, N failed`. A failed CHECK prints its place and the rest of its case still
 *runs.
 */
#ifndef DRIFTDB_TESTS_API_CHECK_H_
#define DRIFTDB_TESTS_API_CHECK_H_

#include <stdio.h>
#include <string.h>

#include "driftdb/driftdb.h"

static int g_case_failed, g_cases_passed, g_cases_failed;

#define CHECK(condition) CheckAt((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected) \
  CheckIntAt((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) CheckTextAt((actual), (expected), #actual, __FILE__, __LINE__)
#define RUN(function) RunCase(function, #function)

static inline int CheckAt(int good, const char* text, const char* file, int line) {
  if (!good) {
    g_case_failed = 1;
    printf("%s:%d: %s\n", file, line, text);
  }
  return good;
}

static inline int CheckIntAt(long long actual, long long expected, const char* text,
                             const char* file, int line) {
  if (actual == expected) return 1;
  g_case_failed = 1;
  printf("%s:%d: %s is %lld, expected %lld\n", file, line, text, actual, expected);
  return 0;
}

static inline int CheckTextAt(const char* actual, const char* expected, const char* text,
                              const char* file, int line) {
  if (actual != NULL && strcmp(actual, expected) == 0) return 1;
  g_case_failed = 1;
  printf("%s:%d: %s is \"%s\", expected \"%s\"\n", file, line, text,
         actual == NULL ? "(null)" : actual, expected);
  return 0;
}

static inline void RunCase(void (*function)(void), const char* name) {
  g_case_failed = 0;
  function();
  if (g_case_failed) printf("case %s failed\n", name);
  if (g_case_failed)
    g_cases_failed++;
  else
    g_cases_passed++;
  fflush(stdout);
}

static inline int Finish(void) {
  printf("%d passed, %d failed\n", g_cases_passed, g_cases_failed);
  return g_cases_failed != 0;
}

/* A database in memory with one connection. */
typedef struct Fixture {
  driftdb_database* database;
  driftdb_connection* connection;
} Fixture;

static inline Fixture OpenFixture(void) {
  Fixture fixture;
  fixture.database = NULL;
  fixture.connection = NULL;
  CHECK_INT(driftdb_open(":memory:", NULL, &fixture.database, NULL), DRIFTDB_OK);
  CHECK_INT(driftdb_connect(fixture.database, &fixture.connection, NULL), DRIFTDB_OK);
  return fixture;
}

static inline void CloseFixture(Fixture* fixture) {
  driftdb_disconnect(fixture->connection);
  CHECK_INT(driftdb_close(fixture->database, NULL), DRIFTDB_OK);
}

static inline int Exec(driftdb_connection* connection, const char* sql) {
  const int result = driftdb_exec(connection, sql, NULL, NULL);
  if (result != DRIFTDB_OK)
    printf("%s: %s: %s\n", sql, driftdb_sqlstate(connection), driftdb_errmsg(connection));
  return result;
}

/* The SQLSTATE that `sql` fails with, "00000" when it succeeds. */
static inline const char* StateOf(driftdb_connection* connection, const char* sql) {
  driftdb_exec(connection, sql, NULL, NULL);
  return driftdb_sqlstate(connection);
}

/* The first value of a query as a number, -999 when it fails or has no row. */
static inline long long IntOf(driftdb_connection* connection, const char* sql) {
  driftdb_statement* statement = NULL;
  long long value = -999;
  if (driftdb_prepare(connection, sql, -1, &statement, NULL) == DRIFTDB_OK && statement != NULL &&
      driftdb_step(statement) == DRIFTDB_ROW) {
    value = driftdb_value_int64(statement, 0);
  }
  driftdb_finalize(statement);
  return value;
}

#endif /* DRIFTDB_TESTS_API_CHECK_H_ */
