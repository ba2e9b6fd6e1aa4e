/* Every function with null handles, indexes out of range, and calls out of order: a code, never a
 * crash. */
#include "check.h"

static void NullDatabase(void) {
  driftdb_database* database = (driftdb_database*)1;
  driftdb_connection* connection = (driftdb_connection*)1;
  driftdb_error* error = NULL;
  CHECK(driftdb_open(NULL, NULL, &database, &error) != DRIFTDB_OK);
  CHECK(database == NULL);
  driftdb_error_destroy(error);
  error = NULL;
  CHECK(driftdb_open(":memory:", NULL, NULL, &error) != DRIFTDB_OK);
  driftdb_error_destroy(error);
  CHECK(driftdb_open(":memory:", NULL, NULL, NULL) != DRIFTDB_OK);
  CHECK_INT(driftdb_close(NULL, NULL), DRIFTDB_OK);
  error = NULL;
  CHECK(driftdb_connect(NULL, &connection, &error) != DRIFTDB_OK);
  CHECK(connection == NULL);
  driftdb_error_destroy(error);
  driftdb_error_destroy(NULL);
  CHECK_INT(driftdb_metric(NULL, "wal.syncs"), -1);
  CHECK_INT(driftdb_options_set(NULL, "threads", "1", NULL), DRIFTDB_MISUSE);
  driftdb_options_destroy(NULL);
  CHECK(driftdb_error_sqlstate(NULL) != NULL);
  CHECK(driftdb_error_message(NULL) != NULL);
  CHECK(driftdb_error_detail(NULL) != NULL);
  CHECK(driftdb_error_hint(NULL) != NULL);
}

static int Row(void* context, int columns, const char* const* values, const char* const* names) {
  (void)context, (void)columns, (void)values, (void)names;
  return 0;
}

static void NullConnection(void) {
  driftdb_statement* statement = (driftdb_statement*)1;
  int64_t problems = 0;
  driftdb_disconnect(NULL);
  CHECK(driftdb_sqlstate(NULL) != NULL);
  CHECK(driftdb_errmsg(NULL) != NULL);
  CHECK(driftdb_errdetail(NULL) != NULL);
  CHECK(driftdb_errhint(NULL) != NULL);
  CHECK_INT(driftdb_errposition(NULL), 0);
  CHECK(driftdb_errobject(NULL, 't') != NULL);
  driftdb_interrupt(NULL);
  CHECK(driftdb_progress(NULL) == -1);
  CHECK_INT(driftdb_transaction_state(NULL), 0);
  CHECK_INT(driftdb_changes(NULL), 0);
  CHECK_INT(driftdb_exec(NULL, "SELECT 1", Row, NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_prepare(NULL, "SELECT 1", -1, &statement, NULL), DRIFTDB_MISUSE);
  CHECK(statement == NULL);
  CHECK_INT(driftdb_check(NULL, NULL, NULL, &problems), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_set_copy_reader(NULL, NULL, NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_set_copy_writer(NULL, NULL, NULL), DRIFTDB_MISUSE);
}

static void NullStatement(void) {
  size_t length = 5;
  driftdb_finalize(NULL);
  CHECK_INT(driftdb_parameter_count(NULL), 0);
  CHECK(driftdb_parameter_name(NULL, 1) == NULL);
  CHECK_INT(driftdb_parameter_index(NULL, ":a"), 0);
  CHECK_INT(driftdb_parameter_type(NULL, 1), DRIFTDB_TYPE_UNKNOWN);
  CHECK_INT(driftdb_bind_null(NULL, 1), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_bind_bool(NULL, 1, 1), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_bind_int32(NULL, 1, 1), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_bind_int64(NULL, 1, 1), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_bind_double(NULL, 1, 1), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_bind_text(NULL, 1, "x", -1), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_bind_blob(NULL, 1, "x", 1), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_clear_bindings(NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_step(NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_reset(NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_statement_changes(NULL), 0);
  driftdb_statement_tag(NULL);
  driftdb_statement_readonly(NULL);
  CHECK_INT(driftdb_column_count(NULL), 0);
  driftdb_column_name(NULL, 0);
  CHECK_INT(driftdb_column_type(NULL, 0), DRIFTDB_TYPE_UNKNOWN);
  driftdb_column_type_name(NULL, 0);
  CHECK_INT(driftdb_column_type_oid(NULL, 0), 0);
  driftdb_column_typmod(NULL, 0);
  CHECK_INT(driftdb_column_table_oid(NULL, 0), 0);
  CHECK_INT(driftdb_column_number(NULL, 0), 0);
  CHECK_INT(driftdb_value_is_null(NULL, 0), 1);
  CHECK_INT(driftdb_value_bool(NULL, 0), 0);
  CHECK_INT(driftdb_value_int64(NULL, 0), 0);
  CHECK(driftdb_value_double(NULL, 0) == 0);
  CHECK(driftdb_value_text(NULL, 0, &length) == NULL);
  CHECK_INT(length, 0);
  CHECK(driftdb_value_blob(NULL, 0, NULL) == NULL);
  CHECK_INT(driftdb_complete(NULL), 0);
}

static void NullArguments(void) {
  Fixture f = OpenFixture();
  driftdb_statement* statement = NULL;
  CHECK_INT(driftdb_exec(f.connection, NULL, NULL, NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_prepare(f.connection, NULL, -1, &statement, NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_prepare(f.connection, "SELECT 1", -1, NULL, NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_metric(f.database, NULL), -1);
  CHECK_INT(driftdb_metric(f.database, "no.such.counter"), -1);
  CHECK_INT(driftdb_prepare(f.connection, "SELECT $1::text", -1, &statement, NULL), DRIFTDB_OK);
  CHECK_INT(driftdb_parameter_index(statement, NULL), 0);
  /* A null pointer is NULL. */
  CHECK_INT(driftdb_bind_text(statement, 1, NULL, -1), DRIFTDB_OK);
  CHECK_INT(driftdb_step(statement), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_is_null(statement, 0), 1);
  driftdb_finalize(statement);
  CHECK(driftdb_connect(f.database, NULL, NULL) != DRIFTDB_OK);
  CHECK_INT(driftdb_check(f.connection, NULL, NULL, NULL), DRIFTDB_OK);
  CloseFixture(&f);
}

static void IndexesOutOfRange(void) {
  Fixture f = OpenFixture();
  driftdb_statement* s = NULL;
  size_t length = 3;
  CHECK_INT(driftdb_prepare(f.connection, "SELECT $1::int, 2", -1, &s, NULL), DRIFTDB_OK);
  for (int index = -1; index <= 3; index++) {
    if (index == 1) continue;
    CHECK_INT(driftdb_bind_null(s, index), DRIFTDB_MISUSE);
    CHECK_INT(driftdb_bind_int64(s, index, 1), DRIFTDB_MISUSE);
    CHECK_INT(driftdb_bind_text(s, index, "x", -1), DRIFTDB_MISUSE);
    CHECK_INT(driftdb_bind_blob(s, index, "x", 1), DRIFTDB_MISUSE);
    CHECK_INT(driftdb_bind_double(s, index, 1), DRIFTDB_MISUSE);
    CHECK(driftdb_parameter_name(s, index) == NULL);
    CHECK_INT(driftdb_parameter_type(s, index), DRIFTDB_TYPE_UNKNOWN);
  }
  /* Before the first step there is no row. */
  CHECK_INT(driftdb_value_is_null(s, 0), 1);
  CHECK(driftdb_value_text(s, 0, NULL) == NULL);
  CHECK_INT(driftdb_bind_int32(s, 1, 1), DRIFTDB_OK);
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  const int outside[] = {-1, 2, 1000000};
  for (int i = 0; i < 3; i++) {
    const int column = outside[i];
    CHECK_INT(driftdb_value_is_null(s, column), 1);
    CHECK_INT(driftdb_value_int64(s, column), 0);
    CHECK(driftdb_value_double(s, column) == 0);
    CHECK(driftdb_value_text(s, column, &length) == NULL);
    CHECK(driftdb_value_blob(s, column, &length) == NULL);
    CHECK_INT(driftdb_column_type(s, column), DRIFTDB_TYPE_UNKNOWN);
    CHECK_INT(driftdb_column_type_oid(s, column), 0);
    driftdb_column_name(s, column);
    driftdb_column_type_name(s, column);
    driftdb_column_typmod(s, column);
    driftdb_column_number(s, column);
  }
  CHECK_INT(driftdb_value_int64(s, 1), 2);
  CHECK_INT(driftdb_step(s), DRIFTDB_DONE);
  CHECK(driftdb_value_text(s, 0, NULL) == NULL);
  CHECK_INT(driftdb_reset(s), DRIFTDB_OK);
  CHECK_INT(driftdb_reset(s), DRIFTDB_OK);
  driftdb_finalize(s);
  CloseFixture(&f);
}

static void DisconnectFinalizesStatements(void) {
  Fixture f = OpenFixture();
  driftdb_statement* s = NULL;
  CHECK_INT(
      driftdb_prepare(f.connection, "SELECT n FROM generate_series(1, 1000000) n", -1, &s, NULL),
      DRIFTDB_OK);
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(Exec(f.connection, "BEGIN; CREATE TABLE t (a int)"), DRIFTDB_OK);
  /* The statement, the transaction and the connection go with the database. */
  CHECK_INT(driftdb_close(f.database, NULL), DRIFTDB_OK);
  driftdb_finalize(s);
  driftdb_disconnect(f.connection);
}

/* Handles may be let go of in any order; what they stood for is gone when its owner is. */
static void HandlesOutliveTheirOwners(void) {
  driftdb_connection* closed = NULL;
  driftdb_statement *first = NULL, *second = NULL;
  Fixture f = OpenFixture();
  CHECK_INT(driftdb_connect(f.database, &closed, NULL), DRIFTDB_OK);
  CHECK_INT(driftdb_prepare(f.connection, "SELECT 1", -1, &first, NULL), DRIFTDB_OK);
  CHECK_INT(driftdb_prepare(closed, "SELECT 2", -1, &second, NULL), DRIFTDB_OK);
  CHECK_INT(driftdb_step(first), DRIFTDB_ROW);
  driftdb_disconnect(f.connection);
  CHECK_INT(driftdb_step(first), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_reset(first), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_close(f.database, NULL), DRIFTDB_OK);
  CHECK_INT(driftdb_exec(closed, "SELECT 1", NULL, NULL), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_step(second), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_transaction_state(closed), 0);
  CHECK_TEXT(driftdb_sqlstate(closed), "08003");
  driftdb_interrupt(closed);
  driftdb_disconnect(closed);
  CHECK_INT(driftdb_column_count(second), 0);
  driftdb_finalize(second);
  driftdb_finalize(first);
}

int main(void) {
  CHECK_TEXT(driftdb_version(), driftdb_version());
  CHECK(strchr(driftdb_version(), '.') != NULL);
  CHECK_INT(driftdb_threadsafe(), 1);
  RUN(NullDatabase);
  RUN(NullConnection);
  RUN(NullStatement);
  RUN(NullArguments);
  RUN(IndexesOutOfRange);
  RUN(DisconnectFinalizesStatements);
  RUN(HandlesOutliveTheirOwners);
  return Finish();
}
