"""shell_test.py DRIFTDB: the contract of the shell that scripts rely on (examples/shell/README.md)."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

SHELL = ""


def run(*arguments, stdin="", folder=None):
    # A home of its own: nobody's ~/.driftdbrc or history.
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run([SHELL, *arguments], input=stdin, capture_output=True, text=True, timeout=120,
                              check=False, cwd=folder, env={**os.environ, "HOME": home})


class ShellTest(unittest.TestCase):
    def output(self, *arguments, stdin=""):
        done = run(*arguments, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_sql_arguments_run_in_order(self):
        self.assertEqual(self.output(":memory:", "SELECT 1; SELECT 2", "SELECT 3"), "1\n2\n3\n")
        self.assertEqual(self.output("-c", "SELECT 1", "-c", "SELECT 2"), "1\n2\n")
        self.assertEqual(self.output(stdin="SELECT 1\n;\nSELECT 2"), "1\n2\n")

    def test_options_stand_anywhere(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "db")
            self.output(path, "-c", "CREATE TABLE t (a int); INSERT INTO t VALUES (5)")
            self.assertEqual(self.output("-list", path, "SELECT a FROM t", "-header"), "a\n5\n")

    def test_exit_status_and_bail(self):
        done = run("-c", "SELECT 1/0", "-c", "SELECT 2")
        self.assertEqual((done.returncode, done.stdout), (1, "2\n"))
        done = run("-bail", "-c", "SELECT 1/0", "-c", "SELECT 2")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        done = run(stdin=".bail on\nSELECT nope;\nSELECT 2;\n")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(run("-nosuch").returncode, 2)
        self.assertEqual(run(":memory:", ".nosuch").returncode, 1)
        self.assertEqual(run(":memory:", ".exit 7").returncode, 7)

    def test_errors_name_state_and_place(self):
        done = run(":memory:", "SELECT 1,\n       nope")
        self.assertEqual(done.stderr, 'ERROR:  42703: column "nope" does not exist\n'
                                      "LINE 2:        nope\n               ^\n")
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write("SELECT 1;\n-- remark\nSELECT 1/0;\n")
            file.flush()
            done = run("-f", file.name)
            self.assertIn("ERROR:  22012: division by zero\n", done.stderr)
            self.assertIn(f"CONTEXT:  {file.name}:3\n", done.stderr)

    SQL = "SELECT * FROM (VALUES (1, 'a,\"b\"', true), (2, NULL, false)) v(n, t, b) ORDER BY n"

    def test_csv(self):
        rows = list(csv.reader(io.StringIO(self.output("-csv", ":memory:", self.SQL))))
        self.assertEqual(rows, [["n", "t", "b"], ["1", 'a,"b"', "t"], ["2", "", "f"]])
        self.assertEqual(self.output("-csv", "-noheader", "-nullvalue", "-", "-separator", ";", ":memory:", "SELECT 1, NULL"), "1;-\n")

    def test_json(self):
        expected = [{"n": 1, "t": 'a,"b"', "b": True}, {"n": 2, "t": None, "b": False}]
        self.assertEqual(json.loads(self.output("-json", ":memory:", self.SQL)), expected)
        lines = self.output("-jsonlines", ":memory:", self.SQL).splitlines()
        self.assertEqual([json.loads(line) for line in lines], expected)
        self.assertEqual(self.output("-json", ":memory:", "SELECT 1 WHERE false"), "[]\n")

    def test_other_modes(self):
        sql = "SELECT 1 AS a, 'x' AS b"
        expected = {
            "-list": "1|x\n", "-tabs": "1\tx\n", "-quote": "1,'x'\n", "-line": "    a = 1\n    b = x\n",
            "-markdown": "| a | b |\n|--:|---|\n| 1 | x |\n",
            "-table": "+---+---+\n| a | b |\n+---+---+\n| 1 | x |\n+---+---+\n",
            "-box": "┌───┬───┐\n│ a │ b │\n├───┼───┤\n│ 1 │ x │\n└───┴───┘\n",
            "-html": "<TR><TH>a</TH>\n<TH>b</TH>\n</TR>\n<TR><TD>1</TD>\n<TD>x</TD>\n</TR>\n",
            "-aligned": " a | b \n---+---\n 1 | x\n(1 row)\n",
        }
        for option, text in expected.items():
            self.assertEqual(self.output(option, ":memory:", sql), text, option)

    def test_timer(self):
        text = self.output(stdin=".timer on\nSELECT 1;\n")
        self.assertRegex(text, r"^1\nRun Time \(s\): real \d+\.\d{6} user \d+\.\d{6} sys \d+\.\d{6}\n$")

    def test_copy_data_follows_inline(self):
        text = self.output(stdin="CREATE TABLE t (a int, b text);\nCOPY t FROM STDIN;\n1\tone\n2\t\\N\n\\.\nSELECT * FROM t ORDER BY a;\n"
                                 "COPY t TO STDOUT (FORMAT csv);\n")
        self.assertEqual(text, "1|one\n2|\n1,one\n2,\n")
        # The data of a failed COPY is not run as SQL.
        done = run(stdin="CREATE TABLE t (a int);\nCOPY t FROM STDIN;\nx\nSELECT 99;\n\\.\nSELECT 5;\n")
        self.assertEqual((done.returncode, done.stdout), (1, "5\n"))
        self.assertIn("22P02", done.stderr)
        text = self.output("-c", "CREATE TABLE t (a int)", "-c", "COPY t FROM STDIN", "-c", "SELECT sum(a) FROM t", stdin="1\n2\n")
        self.assertEqual(text, "3\n")

    def test_import_and_backslash_copy(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "in.csv")
            with open(path, "w", encoding="utf-8") as file:
                file.write('id,"full name"\n1,"A, B"\n2,C\n')
            text = self.output(stdin=f".import --csv {path} made\nSELECT \"full name\" FROM made ORDER BY id;\n"
                                     f"CREATE TABLE t (id int, n text);\n\\copy t from '{path}' with (format csv, header)\n"
                                     f".import --csv --skip 1 {path} t\nSELECT count(*), sum(id) FROM t;\n"
                                     f"\\copy (select n from t where id = 1) to '{folder}/out.csv' csv\n")
            self.assertEqual(text, "A, B\nC\n4|6\n")
            with open(f"{folder}/out.csv", encoding="utf-8") as file:
                self.assertEqual(file.read(), '"A, B"\n"A, B"\n')

    def test_schema_commands(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "db")
            self.output(path, "CREATE TABLE t (id int PRIMARY KEY, name varchar(10) NOT NULL DEFAULT 'x', CONSTRAINT positive CHECK (id > 0));"
                              "CREATE INDEX t_name ON t (name DESC, id); CREATE VIEW v AS SELECT id FROM t; INSERT INTO t VALUES (1, 'it''s')")
            self.assertEqual(self.output(path, ".tables"), "t\nv\n")
            self.assertEqual(sorted(self.output(path, ".indexes t").split()), ["t_name", "t_pkey"])
            described = self.output(path, "\\d t")
            for piece in ('Table "public.t"', "character varying(10)", "not null", '"t_pkey" PRIMARY KEY, btree (id)',
                          '"t_name" btree (name DESC, id)', '"positive" CHECK ('):
                self.assertIn(piece, described)
            self.assertIn("t", self.output(path, "\\dt"))
            self.assertIn("v", self.output(path, "\\dv"))
            # A dump makes the same database again.
            dump = self.output(path, ".dump")
            copy = os.path.join(folder, "copy")
            self.output(copy, stdin=dump)
            self.assertEqual(self.output(copy, ".dump"), dump)
            self.assertEqual(self.output(copy, "SELECT * FROM t; SELECT * FROM v"), "1|it's\n1\n")

    def test_check(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "db")
            self.output(path, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT n FROM generate_series(1, 1000) n")
            self.assertEqual(self.output("check", path), f"{path}: ok\n")
            self.assertEqual(run("check", os.path.join(folder, "none")).returncode, 1)
            self.assertEqual(run("check").returncode, 2)
        self.assertEqual(run("backup").returncode, 2)

    def test_readonly(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "db")
            self.output(path, "CREATE TABLE t (a int)")
            done = run("-readonly", path, "INSERT INTO t VALUES (1)")
            self.assertEqual(done.returncode, 1)
            self.assertIn("25006", done.stderr)

    def test_parameters_and_settings(self):
        self.assertEqual(self.output(stdin=".parameter set :a 20\nSELECT :a::int * 2;\n"), "40\n")
        self.assertEqual(self.output(stdin=".print a 'b c'\n.mode csv\n.headers off\nSELECT 1, 2;\n"), "a b c\n1,2\n")
        self.assertEqual(self.output(stdin=".changes on\nCREATE TABLE t (a int);\nINSERT INTO t VALUES (1), (2);\n").splitlines()[-1], "changes: 2")

    def test_output_goes_to_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out")
            self.assertEqual(self.output(stdin=f".once {path}\nSELECT 1;\nSELECT 2;\n"), "2\n")
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), "1\n")

    def test_version_and_help(self):
        self.assertRegex(self.output("-version"), re.compile(r"^\d+\.\d+\.\d+"))
        self.assertIn("-jsonlines", self.output("--help"))


if __name__ == "__main__":
    SHELL = os.path.abspath(sys.argv.pop(1))
    unittest.main()
