/* Statements: compiling, parameters, stepping, values, errors. */
#include <math.h>
#include <stdint.h>

#include "check.h"

static driftdb_statement* Prepare(driftdb_connection* connection, const char* sql) {
  driftdb_statement* statement = NULL;
  if (!CHECK_INT(driftdb_prepare(connection, sql, -1, &statement, NULL), DRIFTDB_OK)) {
    printf("%s: %s\n", sql, driftdb_errmsg(connection));
  }
  CHECK(statement != NULL);
  return statement;
}

static void TailPointsBehindEachStatement(void) {
  Fixture f = OpenFixture();
  const char* sql = "SELECT 1; SELECT 2 ; -- the end\n /* nothing */ ";
  const char* tail = sql;
  driftdb_statement* statement = NULL;
  CHECK_INT(driftdb_prepare(f.connection, tail, -1, &statement, &tail), DRIFTDB_OK);
  CHECK(statement != NULL && tail > sql && strncmp(tail, " SELECT 2", 9) == 0);
  driftdb_finalize(statement);
  CHECK_INT(driftdb_prepare(f.connection, tail, -1, &statement, &tail), DRIFTDB_OK);
  CHECK_INT(driftdb_step(statement), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_int64(statement, 0), 2);
  driftdb_finalize(statement);
  statement = NULL;
  CHECK_INT(driftdb_prepare(f.connection, tail, -1, &statement, &tail), DRIFTDB_OK);
  CHECK(statement == NULL);
  CHECK_TEXT(tail, "");
  CloseFixture(&f);
}

static void LengthEndsTheText(void) {
  Fixture f = OpenFixture();
  driftdb_statement* statement = NULL;
  CHECK_INT(driftdb_prepare(f.connection, "SELECT 1garbage", 8, &statement, NULL), DRIFTDB_OK);
  CHECK_INT(driftdb_step(statement), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_int64(statement, 0), 1);
  driftdb_finalize(statement);
  statement = NULL;
  CHECK_INT(driftdb_prepare(f.connection, "SELECT 1", 0, &statement, NULL), DRIFTDB_OK);
  CHECK(statement == NULL);
  CloseFixture(&f);
}

static int CountRow(void* context, int columns, const char* const* values,
                    const char* const* names) {
  CHECK_INT(columns, 2);
  CHECK_TEXT(names[0], "a");
  CHECK_TEXT(values[0], "1");
  CHECK(values[1] == NULL);
  ++*(int*)context;
  return 0;
}

static int StopAtOnce(void* context, int columns, const char* const* values,
                      const char* const* names) {
  (void)columns, (void)values, (void)names;
  ++*(int*)context;
  return 1;
}

static void ExecRunsEveryStatement(void) {
  Fixture f = OpenFixture();
  int rows = 0;
  CHECK_INT(driftdb_exec(f.connection,
                         "CREATE TABLE t (a int); INSERT INTO t VALUES (1); SELECT a, NULL AS b "
                         "FROM t; SELECT a, NULL AS b FROM t",
                         CountRow, &rows),
            DRIFTDB_OK);
  CHECK_INT(rows, 2);
  CHECK_INT(Exec(f.connection, ""), DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, " ; ; "), DRIFTDB_OK);
  rows = 0;
  CHECK_INT(driftdb_exec(f.connection, "SELECT * FROM generate_series(1, 10)", StopAtOnce, &rows),
            DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "57014");
  CHECK_INT(rows, 1);
  /* The first error ends it; what ran before stays. */
  CHECK_INT(
      driftdb_exec(f.connection, "INSERT INTO t VALUES (2); SELECT nope; INSERT INTO t VALUES (3)",
                   NULL, NULL),
      DRIFTDB_ERROR);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 2);
  CloseFixture(&f);
}

static void ErrorsCarryStateAndPosition(void) {
  Fixture f = OpenFixture();
  driftdb_statement* statement = (driftdb_statement*)&f;
  CHECK_INT(driftdb_prepare(f.connection, "SELECT\n  nope", -1, &statement, NULL), DRIFTDB_ERROR);
  CHECK(statement == NULL);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "42703");
  CHECK_INT(driftdb_errposition(f.connection), 10);
  CHECK(strstr(driftdb_errmsg(f.connection), "nope") != NULL);
  CHECK_INT(driftdb_prepare(f.connection, "SELECT 1 +", -1, &statement, NULL), DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "42601");
  /* Within exec positions count from the start of the whole text. */
  CHECK_INT(driftdb_exec(f.connection, "SELECT 1; SELECT nope", NULL, NULL), DRIFTDB_ERROR);
  CHECK_INT(driftdb_errposition(f.connection), 18);
  CHECK_INT(Exec(f.connection, "SELECT 1"), DRIFTDB_OK);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "00000");
  CHECK_TEXT(driftdb_errmsg(f.connection), "");
  CHECK_INT(driftdb_errposition(f.connection), 0);
  CHECK_INT(Exec(f.connection,
                 "CREATE TABLE t (id int PRIMARY KEY, v int CONSTRAINT positive CHECK (v > 0))"),
            DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, "INSERT INTO t VALUES (1, 1)"), DRIFTDB_OK);
  CHECK_TEXT(StateOf(f.connection, "INSERT INTO t VALUES (1, 2)"), "23505");
  CHECK_TEXT(driftdb_errobject(f.connection, 'k'), "t_pkey");
  CHECK_TEXT(driftdb_errobject(f.connection, 't'), "t");
  CHECK(strstr(driftdb_errdetail(f.connection), "(id)=(1)") != NULL);
  CHECK_TEXT(StateOf(f.connection, "INSERT INTO t VALUES (2, 0)"), "23514");
  CHECK_TEXT(driftdb_errobject(f.connection, 'k'), "positive");
  CHECK_TEXT(driftdb_errobject(f.connection, '?'), "");
  CHECK_TEXT(StateOf(f.connection, "SELECT 1/0"), "22012");
  CloseFixture(&f);
}

static void ParametersOfEveryType(void) {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection,
                 "CREATE TABLE p (b boolean, i2 smallint, i4 int, i8 bigint, f4 real, f8 double "
                 "precision, d numeric(10,2),"
                 " t text, v varchar(5), y bytea, da date, ts timestamp, u uuid)"),
            DRIFTDB_OK);
  driftdb_statement* insert =
      Prepare(f.connection, "INSERT INTO p VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)");
  CHECK_INT(driftdb_parameter_count(insert), 13);
  CHECK_INT(driftdb_bind_bool(insert, 1, 1), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_int32(insert, 2, -5), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_int32(insert, 3, INT32_MIN), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_int64(insert, 4, INT64_MAX), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_double(insert, 5, 0.5), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_double(insert, 6, 1e300), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_text(insert, 7, "12.345", -1), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_text(insert, 8, "textXX", 4), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_text(insert, 9, "", 0), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_blob(insert, 10, "a\0b", 3), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_text(insert, 11, "2024-02-29", -1), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_text(insert, 12, "2024-02-29 12:30:00.5", -1), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_text(insert, 13, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", -1), DRIFTDB_OK);
  CHECK_INT(driftdb_step(insert), DRIFTDB_DONE);
  CHECK_INT(driftdb_statement_changes(insert), 1);
  /* All NULL: bindings are cleared, unbound parameters are NULL. */
  CHECK_INT(driftdb_clear_bindings(insert), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_null(insert, 1), DRIFTDB_OK);
  CHECK_INT(driftdb_step(insert), DRIFTDB_DONE);
  driftdb_finalize(insert);

  driftdb_statement* select = Prepare(f.connection, "SELECT * FROM p WHERE i4 IS NOT NULL");
  CHECK_INT(driftdb_step(select), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_bool(select, 0), 1);
  CHECK_TEXT(driftdb_value_text(select, 0, NULL), "t");
  CHECK_INT(driftdb_value_int64(select, 1), -5);
  CHECK_INT(driftdb_value_int64(select, 2), INT32_MIN);
  CHECK_INT(driftdb_value_int64(select, 3), INT64_MAX);
  CHECK(driftdb_value_double(select, 4) == 0.5);
  CHECK(driftdb_value_double(select, 5) == 1e300);
  CHECK_TEXT(driftdb_value_text(select, 6, NULL), "12.35");
  CHECK(fabs(driftdb_value_double(select, 6) - 12.35) < 1e-12);
  CHECK_INT(driftdb_value_int64(select, 6), 12);
  size_t length = 99;
  CHECK_TEXT(driftdb_value_text(select, 7, &length), "text");
  CHECK_INT(length, 4);
  CHECK_TEXT(driftdb_value_text(select, 8, &length), "");
  CHECK_INT(length, 0);
  CHECK_INT(driftdb_value_is_null(select, 8), 0);
  const char* blob = (const char*)driftdb_value_blob(select, 9, &length);
  CHECK_INT(length, 3);
  CHECK(blob != NULL && memcmp(blob, "a\0b", 3) == 0);
  CHECK_TEXT(driftdb_value_text(select, 9, NULL), "\\x610062");
  CHECK_TEXT(driftdb_value_text(select, 10, NULL), "2024-02-29");
  CHECK_INT(driftdb_value_int64(select, 10), 19782);
  CHECK_TEXT(driftdb_value_text(select, 11, NULL), "2024-02-29 12:30:00.5");
  CHECK_INT(driftdb_value_int64(select, 11), INT64_C(1709209800500000));
  CHECK_TEXT(driftdb_value_text(select, 12, NULL), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  CHECK_INT(driftdb_step(select), DRIFTDB_DONE);
  driftdb_finalize(select);

  select = Prepare(f.connection, "SELECT * FROM p WHERE i4 IS NULL");
  CHECK_INT(driftdb_step(select), DRIFTDB_ROW);
  for (int i = 0; i < 13; i++) {
    length = 7;
    CHECK_INT(driftdb_value_is_null(select, i), 1);
    CHECK_INT(driftdb_value_bool(select, i), 0);
    CHECK_INT(driftdb_value_int64(select, i), 0);
    CHECK(driftdb_value_double(select, i) == 0.0);
    CHECK(driftdb_value_text(select, i, &length) == NULL);
    CHECK_INT(length, 0);
    CHECK(driftdb_value_blob(select, i, &length) == NULL);
  }
  driftdb_finalize(select);
  CloseFixture(&f);
}

static void ValuesThatDoNotFitAreReported(void) {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (i smallint, d date, n numeric(4,2))"), DRIFTDB_OK);
  driftdb_statement* insert = Prepare(f.connection, "INSERT INTO t VALUES ($1, $2, $3)");
  CHECK_INT(driftdb_bind_int64(insert, 1, 100000), DRIFTDB_OK);
  CHECK_INT(driftdb_step(insert), DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "22003");
  CHECK_INT(driftdb_reset(insert), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_text(insert, 1, "x", -1), DRIFTDB_OK);
  CHECK_INT(driftdb_step(insert), DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "22P02");
  CHECK_INT(driftdb_reset(insert), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_int32(insert, 1, 7), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_double(insert, 3, 123.5), DRIFTDB_OK);
  CHECK_INT(driftdb_step(insert), DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "22003");
  CHECK_INT(driftdb_reset(insert), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_double(insert, 3, 23.456), DRIFTDB_OK);
  CHECK_INT(driftdb_step(insert), DRIFTDB_DONE);
  driftdb_finalize(insert);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t WHERE i = 7 AND n = 23.46"), 1);
  CloseFixture(&f);
}

static void NumbersConvertByTruncationAndSaturation(void) {
  Fixture f = OpenFixture();
  driftdb_statement* s = Prepare(
      f.connection,
      "SELECT 2.9::float8, -2.9::float8, 1e30::float8, 'NaN'::float8, 2.99::numeric(5,2), true,"
      " 99999999999999999999999999999::numeric(38,0), 5::smallint, '41'::text");
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_int64(s, 0), 2);
  CHECK_INT(driftdb_value_int64(s, 1), -2);
  CHECK_INT(driftdb_value_int64(s, 2), INT64_MAX);
  CHECK_INT(driftdb_value_int64(s, 3), 0);
  CHECK_INT(driftdb_value_int64(s, 4), 2);
  CHECK_INT(driftdb_value_int64(s, 5), 1);
  CHECK_INT(driftdb_value_int64(s, 6), INT64_MAX);
  CHECK(driftdb_value_double(s, 7) == 5.0);
  CHECK_TEXT(driftdb_value_text(s, 7, NULL), "5");
  CHECK_TEXT(driftdb_value_text(s, 8, NULL), "41");
  driftdb_finalize(s);
  CloseFixture(&f);
}

static void NamedAndNumberedParameters(void) {
  Fixture f = OpenFixture();
  driftdb_statement* s = Prepare(f.connection, "SELECT :a::int + :b::int + :a::int");
  CHECK_INT(driftdb_parameter_count(s), 2);
  CHECK_TEXT(driftdb_parameter_name(s, 1), ":a");
  CHECK_INT(driftdb_parameter_index(s, ":b"), 2);
  CHECK_INT(driftdb_parameter_index(s, ":nope"), 0);
  CHECK(driftdb_parameter_name(s, 0) == NULL && driftdb_parameter_name(s, 3) == NULL);
  driftdb_bind_int32(s, driftdb_parameter_index(s, ":a"), 10);
  driftdb_bind_int32(s, driftdb_parameter_index(s, ":b"), 1);
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_int64(s, 0), 21);
  driftdb_finalize(s);
  s = Prepare(f.connection, "SELECT ?::int - ?::int");
  CHECK_INT(driftdb_parameter_count(s), 2);
  CHECK_TEXT(driftdb_parameter_name(s, 1), "");
  driftdb_bind_int32(s, 1, 10);
  driftdb_bind_int32(s, 2, 3);
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_int64(s, 0), 7);
  driftdb_finalize(s);
  s = Prepare(f.connection, "SELECT ?2::int - ?1::int, @x::text");
  CHECK_INT(driftdb_parameter_count(s), 3);
  CHECK(driftdb_parameter_index(s, "@x") > 0);
  driftdb_finalize(s);
  s = Prepare(f.connection, "SELECT $2::text, $1::int");
  CHECK_INT(driftdb_parameter_count(s), 2);
  CHECK_INT(driftdb_parameter_type(s, 1), DRIFTDB_TYPE_INT32);
  CHECK_INT(driftdb_parameter_type(s, 2), DRIFTDB_TYPE_TEXT);
  driftdb_finalize(s);
  CloseFixture(&f);
}

static void StatementsRunAgain(void) {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (id int PRIMARY KEY, v int)"), DRIFTDB_OK);
  driftdb_statement* insert = Prepare(f.connection, "INSERT INTO t VALUES ($1, $1 * 10)");
  for (int i = 1; i <= 100; i++) {
    CHECK_INT(driftdb_bind_int32(insert, 1, i), DRIFTDB_OK);
    CHECK_INT(driftdb_step(insert), DRIFTDB_DONE);
    CHECK_INT(driftdb_reset(insert), DRIFTDB_OK);
  }
  /* Bindings outlive reset; an error leaves the statement usable. */
  CHECK_INT(driftdb_step(insert), DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "23505");
  CHECK_INT(driftdb_reset(insert), DRIFTDB_OK);
  CHECK_INT(driftdb_bind_int32(insert, 1, 101), DRIFTDB_OK);
  CHECK_INT(driftdb_step(insert), DRIFTDB_DONE);
  driftdb_finalize(insert);
  driftdb_statement* select = Prepare(f.connection, "SELECT v FROM t WHERE id = $1");
  for (int i = 1; i <= 101; i++) {
    driftdb_bind_int32(select, 1, i);
    CHECK_INT(driftdb_step(select), DRIFTDB_ROW);
    CHECK_INT(driftdb_value_int64(select, 0), i * 10);
    CHECK_INT(driftdb_step(select), DRIFTDB_DONE);
    CHECK_INT(driftdb_reset(select), DRIFTDB_OK);
  }
  /* Parameters cannot change under rows that are being stepped. */
  CHECK_INT(driftdb_bind_int32(select, 1, 1), DRIFTDB_OK);
  CHECK_INT(driftdb_step(select), DRIFTDB_ROW);
  CHECK_INT(driftdb_bind_int32(select, 1, 2), DRIFTDB_MISUSE);
  CHECK_INT(driftdb_reset(select), DRIFTDB_OK);
  /* After the end the next step starts afresh. */
  CHECK_INT(driftdb_step(select), DRIFTDB_ROW);
  CHECK_INT(driftdb_step(select), DRIFTDB_DONE);
  CHECK_INT(driftdb_step(select), DRIFTDB_ROW);
  driftdb_finalize(select);
  CloseFixture(&f);
}

static void StatementsSurviveChangesOfTheSchema(void) {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)"), DRIFTDB_OK);
  driftdb_statement* select = Prepare(f.connection, "SELECT * FROM t");
  CHECK_INT(driftdb_column_count(select), 1);
  CHECK_INT(Exec(f.connection, "ALTER TABLE t ADD COLUMN b int DEFAULT 5"), DRIFTDB_OK);
  CHECK_INT(driftdb_step(select), DRIFTDB_ROW);
  CHECK_INT(driftdb_column_count(select), 2);
  CHECK_INT(driftdb_value_int64(select, 1), 5);
  CHECK_INT(driftdb_reset(select), DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, "DROP TABLE t"), DRIFTDB_OK);
  CHECK_INT(driftdb_step(select), DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_sqlstate(f.connection), "42P01");
  driftdb_finalize(select);
  CloseFixture(&f);
}

static void ColumnsDescribeThemselves(void) {
  Fixture f = OpenFixture();
  CHECK_INT(
      Exec(f.connection, "CREATE TABLE t (a int, b numeric(15,2), c varchar(30), d timestamptz)"),
      DRIFTDB_OK);
  driftdb_statement* s = Prepare(f.connection, "SELECT a, b, c AS \"See\", d, a + 1 FROM t");
  CHECK_INT(driftdb_column_count(s), 5);
  CHECK_TEXT(driftdb_column_name(s, 0), "a");
  CHECK_TEXT(driftdb_column_name(s, 2), "See");
  CHECK_TEXT(driftdb_column_name(s, 4), "?column?");
  CHECK_INT(driftdb_column_type(s, 0), DRIFTDB_TYPE_INT32);
  CHECK_INT(driftdb_column_type(s, 1), DRIFTDB_TYPE_DECIMAL);
  CHECK_INT(driftdb_column_type(s, 2), DRIFTDB_TYPE_VARCHAR);
  CHECK_INT(driftdb_column_type(s, 3), DRIFTDB_TYPE_TIMESTAMPTZ);
  CHECK_TEXT(driftdb_column_type_name(s, 1), "numeric(15,2)");
  CHECK_TEXT(driftdb_column_type_name(s, 2), "character varying(30)");
  CHECK_TEXT(driftdb_column_type_name(s, 3), "timestamp with time zone");
  CHECK_INT(driftdb_column_type_oid(s, 0), 23);
  CHECK_INT(driftdb_column_type_oid(s, 1), 1700);
  CHECK_INT(driftdb_column_typmod(s, 1), (15 << 16 | 2) + 4);
  CHECK_INT(driftdb_column_typmod(s, 0), -1);
  CHECK(driftdb_column_table_oid(s, 0) != 0);
  CHECK_INT(driftdb_column_table_oid(s, 0), driftdb_column_table_oid(s, 1));
  CHECK_INT(driftdb_column_number(s, 1), 2);
  CHECK_INT(driftdb_column_table_oid(s, 4), 0);
  CHECK_INT(driftdb_column_number(s, 4), 0);
  CHECK_INT(driftdb_statement_readonly(s), 1);
  CHECK_TEXT(driftdb_statement_tag(s), "SELECT");
  driftdb_finalize(s);
  s = Prepare(f.connection, "INSERT INTO t (a) VALUES (1)");
  CHECK_INT(driftdb_column_count(s), 0);
  CHECK_INT(driftdb_statement_readonly(s), 0);
  CHECK_TEXT(driftdb_statement_tag(s), "INSERT");
  driftdb_finalize(s);
  s = Prepare(f.connection, "INSERT INTO t (a) VALUES (1) RETURNING a");
  CHECK_INT(driftdb_column_count(s), 1);
  driftdb_finalize(s);
  s = Prepare(f.connection, "CREATE TABLE u (a int)");
  CHECK_TEXT(driftdb_statement_tag(s), "CREATE TABLE");
  driftdb_finalize(s);
  CloseFixture(&f);
}

static void ChangesAreCounted(void) {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (a int)"), DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, "INSERT INTO t SELECT n FROM generate_series(1, 10) n"), DRIFTDB_OK);
  CHECK_INT(driftdb_changes(f.connection), 10);
  CHECK_INT(Exec(f.connection, "UPDATE t SET a = a + 1 WHERE a > 7"), DRIFTDB_OK);
  CHECK_INT(driftdb_changes(f.connection), 3);
  driftdb_statement* s = Prepare(f.connection, "DELETE FROM t WHERE a < 3 RETURNING a");
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(driftdb_step(s), DRIFTDB_DONE);
  CHECK_INT(driftdb_statement_changes(s), 2);
  driftdb_finalize(s);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 8);
  CloseFixture(&f);
}

static void TransactionStateFollowsTheBlock(void) {
  Fixture f = OpenFixture();
  CHECK_INT(driftdb_transaction_state(f.connection), 0);
  CHECK_INT(Exec(f.connection, "BEGIN"), DRIFTDB_OK);
  CHECK_INT(driftdb_transaction_state(f.connection), 1);
  CHECK_TEXT(StateOf(f.connection, "SELECT 1/0"), "22012");
  CHECK_INT(driftdb_transaction_state(f.connection), 2);
  CHECK_TEXT(StateOf(f.connection, "SELECT 1"), "25P02");
  CHECK_INT(Exec(f.connection, "ROLLBACK"), DRIFTDB_OK);
  CHECK_INT(driftdb_transaction_state(f.connection), 0);
  CloseFixture(&f);
}

static void CompleteKnowsQuotesAndComments(void) {
  CHECK_INT(driftdb_complete("SELECT 1;"), 1);
  CHECK_INT(driftdb_complete("SELECT 1; -- done"), 1);
  CHECK_INT(driftdb_complete("SELECT 1"), 0);
  CHECK_INT(driftdb_complete("SELECT ';"), 0);
  CHECK_INT(driftdb_complete("SELECT ';';"), 1);
  CHECK_INT(driftdb_complete("SELECT (1;"), 0);
  CHECK_INT(driftdb_complete("SELECT /* ;"), 0);
  CHECK_INT(driftdb_complete("SELECT $$;$$;"), 1);
  CHECK_INT(driftdb_complete("SELECT $$;"), 0);
  CHECK_INT(driftdb_complete(""), 0);
}

static void LargeResultsAreStepped(void) {
  Fixture f = OpenFixture();
  driftdb_statement* s =
      Prepare(f.connection, "SELECT n, 'row ' || n FROM generate_series(1, 100000) n");
  long long rows = 0, sum = 0;
  int result;
  while ((result = driftdb_step(s)) == DRIFTDB_ROW) {
    rows++;
    sum += driftdb_value_int64(s, 0);
  }
  CHECK_INT(result, DRIFTDB_DONE);
  CHECK_INT(rows, 100000);
  CHECK_INT(sum, 5000050000LL);
  /* Abandoned in the middle. */
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(driftdb_reset(s), DRIFTDB_OK);
  CHECK_INT(driftdb_step(s), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_int64(s, 0), 1);
  driftdb_finalize(s);
  CloseFixture(&f);
}

int main(void) {
  RUN(TailPointsBehindEachStatement);
  RUN(LengthEndsTheText);
  RUN(ExecRunsEveryStatement);
  RUN(ErrorsCarryStateAndPosition);
  RUN(ParametersOfEveryType);
  RUN(ValuesThatDoNotFitAreReported);
  RUN(NumbersConvertByTruncationAndSaturation);
  RUN(NamedAndNumberedParameters);
  RUN(StatementsRunAgain);
  RUN(StatementsSurviveChangesOfTheSchema);
  RUN(ColumnsDescribeThemselves);
  RUN(ChangesAreCounted);
  RUN(TransactionStateFollowsTheBlock);
  RUN(CompleteKnowsQuotesAndComments);
  RUN(LargeResultsAreStepped);
  return Finish();
}
