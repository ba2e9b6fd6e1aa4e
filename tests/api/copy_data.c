/* COPY FROM STDIN and TO STDOUT through the callbacks. */
#include <stdlib.h>

#include "check.h"

typedef struct Source {
  const char* text;
  size_t at, piece;
  int calls, fail_at;
} Source;

static ptrdiff_t ReadSource(void* context, char* buffer, size_t capacity) {
  Source* source = (Source*)context;
  size_t left = strlen(source->text) - source->at;
  if (++source->calls == source->fail_at) return -1;
  if (left > source->piece) left = source->piece;
  if (left > capacity) left = capacity;
  memcpy(buffer, source->text + source->at, left);
  source->at += left;
  return (ptrdiff_t)left;
}

typedef struct Sink {
  char text[4096];
  size_t length;
  int calls, fail_at;
} Sink;

static int WriteSink(void* context, const char* data, size_t length) {
  Sink* sink = (Sink*)context;
  if (++sink->calls == sink->fail_at) return 1;
  if (sink->length + length < sizeof(sink->text)) {
    memcpy(sink->text + sink->length, data, length);
    sink->length += length;
  }
  return 0;
}

static void DataComesInAnyPieces(void) {
  const size_t pieces[] = {1, 2, 7, 4096};
  for (int i = 0; i < 4; i++) {
    Fixture f = OpenFixture();
    Source source = {"1\tone\n2\t\\N\n3\tth\\tree\n", 0, pieces[i], 0, 0};
    CHECK_INT(Exec(f.connection, "CREATE TABLE t (a int, b text)"), DRIFTDB_OK);
    CHECK_INT(driftdb_set_copy_reader(f.connection, ReadSource, &source), DRIFTDB_OK);
    CHECK_INT(Exec(f.connection, "COPY t FROM STDIN"), DRIFTDB_OK);
    CHECK_INT(driftdb_changes(f.connection), 3);
    CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t WHERE b IS NULL AND a = 2"), 1);
    CHECK_INT(IntOf(f.connection, "SELECT length(b) FROM t WHERE a = 3"), 6);
    CloseFixture(&f);
  }
}

static void CsvGoesInAndOut(void) {
  Fixture f = OpenFixture();
  Source source = {"id,name\n1,\"a,b\"\n2,\"say \"\"hi\"\"\"\n3,\n4,\"\"\n", 0, 5, 0, 0};
  static Sink sink;
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (id int PRIMARY KEY, name text)"), DRIFTDB_OK);
  CHECK_INT(driftdb_set_copy_reader(f.connection, ReadSource, &source), DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, "COPY t FROM STDIN (FORMAT csv, HEADER)"), DRIFTDB_OK);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t WHERE name IS NULL"), 1);
  CHECK_INT(driftdb_set_copy_writer(f.connection, WriteSink, &sink), DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, "COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"),
            DRIFTDB_OK);
  sink.text[sink.length] = '\0';
  CHECK_TEXT(sink.text, source.text);
  CloseFixture(&f);
}

static void RowsMeetTheTablesChecks(void) {
  Fixture f = OpenFixture();
  Source good = {"1\t5\n2\t\\N\n3\t9\n", 0, 4, 0, 0};
  Source bad = {"4\t5\n5\t0\n", 0, 4, 0, 0};
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (a int, b int DEFAULT 7 CHECK (b > 0))"),
            DRIFTDB_OK);
  driftdb_set_copy_reader(f.connection, ReadSource, &good);
  CHECK_INT(Exec(f.connection, "COPY t FROM STDIN WHERE a <> 3 AND b IS DISTINCT FROM 6"),
            DRIFTDB_OK);
  CHECK_INT(driftdb_changes(f.connection), 2);
  driftdb_set_copy_reader(f.connection, ReadSource, &bad);
  CHECK_TEXT(StateOf(f.connection, "COPY t FROM STDIN"), "23514");
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 2);
  CHECK_INT(IntOf(f.connection, "SELECT max(b) FROM t"), 5);
  CloseFixture(&f);
}

static void ErrorsUndoTheWholeCopy(void) {
  Fixture f = OpenFixture();
  Source bad = {"1\n2\nx\n4\n", 0, 3, 0, 0};
  Source duplicate = {"5\n6\n5\n", 0, 100, 0, 0};
  Source stopped = {"7\n8\n9\n", 0, 2, 0, 2};
  static Sink sink;
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (a int PRIMARY KEY)"), DRIFTDB_OK);
  driftdb_set_copy_reader(f.connection, ReadSource, &bad);
  CHECK_TEXT(StateOf(f.connection, "COPY t FROM STDIN"), "22P02");
  driftdb_set_copy_reader(f.connection, ReadSource, &duplicate);
  CHECK_TEXT(StateOf(f.connection, "COPY t FROM STDIN"), "23505");
  driftdb_set_copy_reader(f.connection, ReadSource, &stopped);
  CHECK_TEXT(StateOf(f.connection, "COPY t FROM STDIN"), "57014");
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 0);
  CHECK_INT(Exec(f.connection, "INSERT INTO t SELECT n FROM generate_series(1, 100000) n"),
            DRIFTDB_OK);
  sink.fail_at = 1;
  driftdb_set_copy_writer(f.connection, WriteSink, &sink);
  CHECK_TEXT(StateOf(f.connection, "COPY t TO STDOUT"), "57014");
  /* Without callbacks there is nothing to read from or write to. */
  driftdb_set_copy_reader(f.connection, NULL, NULL);
  driftdb_set_copy_writer(f.connection, NULL, NULL);
  CHECK(strcmp(StateOf(f.connection, "COPY t FROM STDIN"), "00000") != 0);
  CHECK(strcmp(StateOf(f.connection, "COPY t TO STDOUT"), "00000") != 0);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 100000);
  CloseFixture(&f);
}

int main(void) {
  RUN(DataComesInAnyPieces);
  RUN(CsvGoesInAndOut);
  RUN(RowsMeetTheTablesChecks);
  RUN(ErrorsUndoTheWholeCopy);
  return Finish();
}
