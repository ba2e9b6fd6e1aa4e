"""bad_inputs_test.py DRIFTDB [--show]: what wrong input gets: one SQLSTATE, one message that says what and where, and no change.

Each case runs in the shell on one database; afterwards its contents must be what they were. --show prints every case with the
error it gets, as a page to read."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SHELL = ""

SETUP = """
CREATE TABLE acct (id integer PRIMARY KEY, name varchar(10) NOT NULL UNIQUE, bal decimal(8,2) CHECK (bal >= 0), s smallint);
INSERT INTO acct VALUES (1, 'ann', 10, 1), (2, 'bob', 20, 2);
CREATE VIEW v AS SELECT id, name FROM acct;
CREATE SEQUENCE sq MAXVALUE 3;
CREATE TABLE few (a int, b text);
"""
CONTENTS = "SELECT * FROM acct ORDER BY id; SELECT count(*) FROM few; SELECT * FROM v ORDER BY id"

# (statement, SQLSTATE, text that the message contains)
SQL = [
    # Not SQL.
    ("SELEC 1", "42601", 'syntax error at or near "SELEC"'),
    ("SELECT 'abc", "42601", "unterminated quoted string"),
    ('SELECT "abc', "42601", "unterminated quoted identifier"),
    ("SELECT /* abc", "42601", "unterminated /* comment"),
    ("SELECT (1", "42601", "syntax error at end of input"),
    (b"SELECT '\xff\xfe'", "22021", 'invalid byte sequence for encoding "UTF8": 0xff'),
    # Names.
    ("SELECT nope FROM acct", "42703", 'column "nope" does not exist'),
    ("SELECT * FROM nope", "42P01", 'relation "nope" does not exist'),
    ("SELECT 1 FROM acct, acct", "42712", 'table name "acct" specified more than once'),
    ("SELECT x.* FROM few b", "42P01", 'missing FROM-clause entry for table "x"'),
    ("SELECT nosuch(1)", "42883", "function nosuch(integer) does not exist"),
    ("CREATE TABLE t (a nosuchtype)", "42704", 'type "nosuchtype" does not exist'),
    ("CREATE TABLE acct (a int)", "42P07", 'relation "acct" already exists'),
    ("DROP SCHEMA nope", "3F000", 'schema "nope" does not exist'),
    ("SET nosuch = 1", "42704", 'unrecognized configuration parameter "nosuch"'),
    ("EXECUTE nope", "26000", 'prepared statement "nope" does not exist'),
    # Types and values.
    ("SELECT 'abc'::integer", "22P02", 'invalid input syntax for type integer: "abc"'),
    ("SELECT '2020-02-30'::date", "22008", 'date/time field value out of range: "2020-02-30"'),
    ("SELECT 'zz'::uuid", "22P02", 'invalid input syntax for type uuid: "zz"'),
    ("SELECT 2147483647 + 1", "22003", "integer out of range"),
    ("SELECT 32768::smallint", "22003", "smallint out of range"),
    ("SELECT 1e400::double precision", "22003", "out of range for type double precision"),
    ("SELECT 1/0", "22012", "division by zero"),
    ("SELECT s % 0 FROM acct", "22012", "division by zero"),
    ("SELECT sqrt(-1)", "2201F", "cannot take square root of a negative number"),
    ("SELECT ln(0)", "2201E", "cannot take logarithm of zero"),
    ("SELECT CASE WHEN 1 THEN 2 END", "42804", "argument of CASE/WHEN must be type boolean"),
    ("SELECT substring('abc', 1, -1)", "22011", "negative substring length not allowed"),
    ("SELECT 'a' LIKE 'a\\'", "22025", "LIKE pattern must not end with escape character"),
    ("SELECT id FROM acct LIMIT -1", "2201W", "LIMIT must not be negative"),
    ("SELECT extract(foo FROM date '2020-01-01')", "22023", 'unit "foo" not recognized for type date'),
    ("SET memory_limit = 'lots'", "22023", 'invalid value for parameter "memory_limit": "lots"'),
    ("SELECT repeat('x', 2000000000)", "54000", "requested length too large"),
    # Queries that mean nothing.
    ("SELECT name, sum(bal) FROM acct", "42803", 'column "acct.name" must appear in the GROUP BY clause'),
    ("SELECT id FROM acct WHERE sum(bal) > 1", "42803", "aggregate functions are not allowed in WHERE"),
    ("SELECT id FROM acct ORDER BY 3", "42P10", "ORDER BY position 3 is not in select list"),
    ("SELECT 1 UNION SELECT 1, 2", "42601", "each UNION query must have the same number of columns"),
    ("SELECT (SELECT id FROM acct)", "21000", "more than one row returned by a subquery used as an expression"),
    # Rows that break a rule.
    ("INSERT INTO acct VALUES (9, 'new', 0), (1, 'x', 0)", "23505", 'unique constraint "acct_pkey"'),
    ("INSERT INTO acct VALUES (3, NULL, 0)", "23502", 'null value in column "name" of relation "acct"'),
    ("INSERT INTO acct VALUES (3, 'abcdefghijkl', 0)", "22001", "value too long for type character varying(10)"),
    ("INSERT INTO acct VALUES (3, 'c', -1)", "23514", 'check constraint "acct_bal_check"'),
    ("INSERT INTO acct VALUES (3, 'c', 1234567)", "22003", "numeric field overflow"),
    ("INSERT INTO acct (id, name) VALUES (3)", "42601", "INSERT has more target columns than expressions"),
    ("INSERT INTO v VALUES (1, 'q')", "55000", 'cannot insert into view "v"'),
    ("UPDATE acct SET id = 1", "23505", 'unique constraint "acct_pkey"'),
    ("UPDATE acct SET s = 40000", "22003", "smallint out of range"),
    ("DROP TABLE acct", "2BP01", "cannot drop table acct because other objects depend on it"),
    ("SELECT setval('sq', 99)", "22003", "is out of bounds for sequence"),
    # Transactions and statements.
    ("COMMIT", "25P01", "there is no transaction in progress"),
    ("SAVEPOINT a", "25P01", "SAVEPOINT can only be used in transaction blocks"),
    ("BEGIN; SELECT 1/0; SELECT 1", "25P02", "current transaction is aborted"),
    ("PREPARE p AS SELECT $1 + 1; EXECUTE p", "42601", 'wrong number of parameters for prepared statement "p"'),
    # Files named in SQL.
    ("COPY few FROM '/nonexistent/file'", "58P01", "No such file or directory"),
    ("COPY few TO '/nonexistent/file'", "58P01", "No such file or directory"),
    ("COPY few FROM 'x' (FORMAT parquet)", "22023", 'COPY format "parquet" not recognized'),
]

# (CSV bytes, SQLSTATE, message, place)
CSV = [
    (b"1,a\n2,b,c\n", "22P04", "extra data after last expected column", "COPY few, line 2"),
    (b"1,a\n2\n", "22P04", 'missing data for column "b"', "COPY few, line 2"),
    (b"1,a\nx,b\n", "22P02", 'invalid input syntax for type integer: "x"', 'COPY few, line 2, column a: "x"'),
    (b"1,a\n2,\xff\n", "22021", "invalid byte sequence", "COPY few, line 2"),
    (b'1,"abc\n', "22P04", "unterminated CSV quoted field", "COPY few, line 1"),
    (b"99999999999,a\n", "22003", "out of range for type integer", "COPY few, line 1, column a"),
]


def shell(*arguments, **keywords):
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run([SHELL, *arguments], capture_output=True, timeout=120, check=False,
                              env={**os.environ, "HOME": home}, **keywords)
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")


class BadInputs(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.db = os.path.join(self.folder, "db")
        self.assertEqual(shell(self.db, SETUP)[::2], (0, ""))
        self.before = self.contents()

    def contents(self):
        status, out, error = shell(self.db, CONTENTS)
        self.assertEqual((status, error), (0, ""))
        return out

    def expect(self, what, done, state, text, place=""):
        status, _, error = done
        SHOWN.append((what, error))
        self.assertNotEqual(status, 0, what)
        last = re.findall(r"^ERROR:  (\w{5}): (.*)$", error, re.M)
        self.assertTrue(last, f"{what}: {error}")
        self.assertEqual(last[-1][0], state, f"{what}: {error}")
        self.assertIn(text, last[-1][1], what)
        self.assertIn(place, error, what)

    def test_sql(self):
        for sql, state, text in SQL:
            with self.subTest(sql=sql):
                self.expect(sql, shell(self.db, input=sql if isinstance(sql, bytes) else sql.encode()), state, text)
        self.assertEqual(self.contents(), self.before)

    def test_csv_names_line_and_column(self):
        path = os.path.join(self.folder, "rows.csv")
        for data, state, text, place in CSV:
            with self.subTest(data=data):
                with open(path, "wb") as file:
                    file.write(data)
                self.expect(data, shell(self.db, f"COPY few FROM '{path}' (FORMAT csv)"), state, text, place)
        self.assertEqual(self.contents(), self.before)

    def test_directories(self):
        place = os.path.join(self.folder, "plain")
        with open(place, "w", encoding="ascii"):
            pass
        self.expect("a file as directory", shell(place, "SELECT 1"), "42809", "is not a directory")
        self.expect("no parent", shell(os.path.join(self.folder, "no", "db"), "SELECT 1"), "58P01", "No such file or directory")
        self.expect("read-only, missing", shell("-readonly", os.path.join(self.folder, "none"), "SELECT 1"), "58P01",
                    "does not exist")
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        with open(os.path.join(other, "letter.txt"), "w", encoding="ascii"):
            pass
        self.expect("somebody's directory", shell(other, "SELECT 1"), "55000", "holds no DriftDB database", "letter.txt")
        self.assertEqual(os.listdir(other), ["letter.txt"])

    def test_second_opener(self):
        with subprocess.Popen([SHELL, self.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
            first.stdin.write(b"SELECT 'ready';\n")
            first.stdin.flush()
            self.assertEqual(first.stdout.readline(), b"ready\n")
            self.expect("a second opener", shell(self.db, "SELECT 1"), "55006", "database is in use", f"process {first.pid}")
            first.communicate()
        self.assertEqual(self.contents(), self.before)

    def damaged(self, change):
        copy = os.path.join(self.folder, "copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.db, copy)
        change(copy)
        return shell(copy, CONTENTS)

    def test_damaged_files(self):
        def cut(folder):
            os.truncate(os.path.join(folder, "main.drift"), 5000)

        def text(folder):
            with open(os.path.join(folder, "main.drift"), "wb") as file:
                file.write(b"hello\n")

        self.expect("main.drift cut", self.damaged(cut), "XX001", "main.drift", "is truncated")
        self.expect("main.drift is something else", self.damaged(text), "XX001", "main.drift", "has no valid superblock")

    def test_readonly_refuses_writes(self):
        self.expect("write to a read-only database", shell("-readonly", self.db, "DELETE FROM acct"), "25006", "read-only")
        self.assertEqual(self.contents(), self.before)

    @unittest.skipIf(os.geteuid() == 0, "root may do everything")
    def test_lost_permission(self):
        os.chmod(os.path.join(self.db, "main.drift"), 0)
        self.expect("no permission", shell(self.db, "SELECT 1"), "42501", "Permission denied")

    def test_copy_round_trip(self):
        path = os.path.join(self.folder, "rows.csv")
        sql = """
          CREATE TABLE src (i int, t text, d decimal(20,5), f double precision, day date, at timestamp, x bytea, u uuid, k boolean);
          INSERT INTO src SELECT g, CASE g % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'a,"b"' || chr(10) || 'c'
            ELSE 'row ' || g END, g / 7.0, g * 1e-3, date '2020-01-01' + g, timestamp '2020-01-01' + g * interval '1 minute',
            (CASE WHEN g % 2 = 0 THEN chr(92) || 'x00ff' END)::bytea, '00000000-0000-0000-0000-0000000000aa', g % 3 = 0
            FROM generate_series(1, 5000) AS s(g);
          CREATE TABLE dst AS SELECT * FROM src WHERE false;
          COPY src TO '{0}' (FORMAT csv, HEADER);
          COPY dst FROM '{0}' (FORMAT csv, HEADER);
          SELECT count(*) FROM dst;
          SELECT count(*) FROM (SELECT * FROM src EXCEPT ALL SELECT * FROM dst) AS a;
          SELECT count(*) FROM (SELECT * FROM dst EXCEPT ALL SELECT * FROM src) AS b;
          """.format(path)
        self.assertEqual(shell(self.db, sql), (0, "5000\n0\n0\n", ""))


SHOWN = []

if __name__ == "__main__":
    SHELL = os.path.abspath(sys.argv[1])
    show = "--show" in sys.argv
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    if show:
        for asked, answer in SHOWN:
            print(f"--- {asked}\n{answer.rstrip()}")
    sys.exit(0 if result.wasSuccessful() else 1)
