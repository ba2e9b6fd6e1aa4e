#!/usr/bin/env python3
"""tpch_answers_test.py SHELL: dbgen's files at scale 0.01 go in through COPY, and the 22 queries of the
specification give the published answers, all through the shell.

Needs tpch/ in the folder DRIFTDB_TEST_DATA (default: shared, beside the repository); without it the test is
skipped. Numbers are compared with a relative tolerance of 1e-6: averages print with different scales.
"""

import csv
import io
import math
import os
import subprocess
import sys
import tempfile

SKIPPED = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLES = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"]


def same_cell(got, want):
    if got.rstrip() == want.rstrip():
        return True
    try:
        return math.isclose(float(got), float(want), rel_tol=1e-6)
    except ValueError:
        return False


def same_rows(got, want):
    return len(got) == len(want) and all(
        len(a) == len(b) and all(map(same_cell, a, b)) for a, b in zip(got, want)
    )


def main():
    shell = os.path.abspath(sys.argv[1])
    data = os.path.join(os.environ.get("DRIFTDB_TEST_DATA", os.path.join(ROOT, "..", "shared")), "tpch")
    if not os.path.isdir(data):
        print(f"skipped: no folder {data}")
        return SKIPPED
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "db")
        load = ["-c", open(os.path.join(ROOT, "scripts", "quickstart", "schema.sql")).read()]
        for table in TABLES:
            path = os.path.join(data, "data-sf0.01", table + ".tbl")
            load += ["-c", f"COPY {table} FROM '{path}' (FORMAT csv, DELIMITER '|')"]
        subprocess.run([shell, "-bail", *load, database], check=True)
        for number in range(1, 23):
            name = f"q{number:02}"
            query = os.path.join(data, "queries", name + ".sql")
            run = subprocess.run([shell, "-csv", "-noheader", "-f", query, database], capture_output=True, text=True)
            got = list(csv.reader(io.StringIO(run.stdout)))
            with open(os.path.join(data, "answers-sf0.01", name + ".csv"), newline="") as answers:
                want = list(csv.reader(answers, delimiter="|"))[1:]
            if run.returncode != 0 or not same_rows(got, want):
                failed += 1
                print(f"{name}: exit status {run.returncode} {run.stderr[:300]}\n got {got[:3]}\n want {want[:3]}")
    print(f"{22 - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
