/* A program with a database in it: cc hello.c $(pkg-config --cflags --libs driftdb) */
#include <driftdb/driftdb.h>
#include <stdio.h>

static int print_row(void* context, int columns, const char* const* values,
                     const char* const* names) {
  (void)context;
  for (int i = 0; i < columns; i++)
    printf("%s=%s ", names[i], values[i] != NULL ? values[i] : "NULL");
  putchar('\n');
  return 0;
}

int main(void) {
  driftdb_database* database = NULL;
  driftdb_connection* connection = NULL;
  driftdb_error* error = NULL;
  int result = driftdb_open(":memory:", NULL, &database, &error);
  if (result == DRIFTDB_OK) result = driftdb_connect(database, &connection, &error);
  if (result != DRIFTDB_OK) {
    fprintf(stderr, "%s: %s\n", driftdb_error_sqlstate(error), driftdb_error_message(error));
    driftdb_error_destroy(error);
    driftdb_close(database, NULL);
    return 1;
  }
  result =
      driftdb_exec(connection,
                   "CREATE TABLE account (id integer PRIMARY KEY, balance decimal(12,2) NOT NULL);"
                   "INSERT INTO account VALUES (1, 10.50), (2, 99.99);"
                   "SELECT count(*) AS accounts, sum(balance) AS total FROM account",
                   print_row, NULL);
  if (result != DRIFTDB_OK) {
    fprintf(stderr, "%s: %s\n", driftdb_sqlstate(connection), driftdb_errmsg(connection));
  }
  driftdb_disconnect(connection);
  return driftdb_close(database, NULL) != DRIFTDB_OK || result != DRIFTDB_OK;
}
