"""memory_limit_test.py DRIFTDB [--rows N] [--limit MB] [--show]: the memory limit is exact.

A table of about four times memory_limit is loaded, scanned, read by key, indexed and changed, each in a process of its own, whose
peak memory (of the whole process, as the system counts it) must stay within the limit plus 10 %. What needs more than the limit must
fail with 53200 and leave the database as it was. --show prints the peaks."""

import base64
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SHELL = ""
ROWS = 1_250_000
LIMIT_MB = 64
SHOW = False
FILLER_BYTES = 200
SLACK = 1.10
# What is refused half way gives its memory back to the heap, which keeps some of it.
SLACK_REFUSED = 1.3


def write_rows(path, rows):
    """rows of (id, random bigint, text of 200 random characters, which no encoding makes shorter by much)."""
    rng = random.Random(4711)
    with open(path, "wb") as out:
        for first in range(0, rows, 10_000):
            count = min(10_000, rows - first)
            text = base64.b64encode(rng.randbytes(count * FILLER_BYTES * 3 // 4))
            keys = [rng.getrandbits(62) for _ in range(count)]
            out.write(b"".join(b"%d,%d,%s\n" % (first + i, keys[i], text[i * FILLER_BYTES:(i + 1) * FILLER_BYTES])
                               for i in range(count)))


class MemoryLimit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="driftdb-memory-")
        cls.database = os.path.join(cls.folder, "db")
        cls.csv = os.path.join(cls.folder, "rows.csv")
        write_rows(cls.csv, ROWS)
        cls.sql("CREATE TABLE t (id bigint, k bigint, filler text)")
        cls.loaded = cls.within(f"COPY t FROM '{cls.csv}' (FORMAT csv)", "COPY")
        os.unlink(cls.csv)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def sql(cls, text, expect=0):
        """Runs statements in a new process; returns its output and its peak memory in bytes."""
        command = [SHELL, "-csv", "-noheader", "-batch", cls.database]
        started = time.monotonic()
        with tempfile.TemporaryFile() as script, tempfile.TemporaryFile() as output:
            script.write(f"SET memory_limit = '{LIMIT_MB}MB';\n{text};\n".encode())
            script.seek(0)
            process = subprocess.Popen(command, stdin=script, stdout=output, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            answer = output.read().decode()
        if process.returncode != expect and expect is not None:
            raise AssertionError(f"{text[:200]}\nexit status {process.returncode}: {answer[-2000:]}")
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if SHOW:
            print(f"{peak / 2**20:7.1f} MB {time.monotonic() - started:6.1f} s  {text[:90]!r}", file=sys.stderr)
        return answer.strip(), peak, process.returncode

    @classmethod
    def within(cls, text, what):
        answer, peak, _ = cls.sql(text)
        cls.check_peak(peak, what)
        return answer

    @classmethod
    def check_peak(cls, peak, what, slack=SLACK):
        if peak > LIMIT_MB * 2**20 * slack:
            raise AssertionError(f"{what}: peak memory {peak / 2**20:.1f} MB, limit {LIMIT_MB} MB")

    def works_or_refused(self, text, what):
        """True when it worked; false when it was refused with 53200. Anything else fails."""
        answer, peak, status = self.sql(text, expect=None)
        self.check_peak(peak, what, SLACK_REFUSED)
        if status == 0:
            return True
        self.assertIn("53200", answer)
        return False

    def rows(self):
        return self.within("SELECT count(*), min(id), max(id) FROM t", "count")

    def test_1_scan(self):
        size = sum(os.path.getsize(os.path.join(self.database, f)) for f in os.listdir(self.database) if f == "main.drift")
        self.assertGreater(size, 3.9 * LIMIT_MB * 2**20)
        answer = self.within("SELECT count(*), count(DISTINCT id % 10), sum(length(filler)) FROM t WHERE filler <> 'x'", "scan")
        self.assertEqual(answer, f"{ROWS},10,{ROWS * FILLER_BYTES}")

    def test_2_index_on_bigint(self):
        self.within("CREATE INDEX t_k ON t (k)", "CREATE INDEX on a bigint")
        self.within("CREATE UNIQUE INDEX t_id ON t (id)", "CREATE UNIQUE INDEX on a bigint")

    def test_3_point_reads(self):
        rng = random.Random(1)
        ids = [rng.randrange(ROWS) for _ in range(1000)]
        reads = ";\n".join(f"SELECT length(filler) FROM t WHERE id = {i}" for i in ids)
        answer = self.within(reads, "point reads")
        self.assertEqual(answer.split("\n"), [str(FILLER_BYTES)] * len(ids))

    def test_4_index_on_text(self):
        self.within("CREATE INDEX t_filler ON t (filler)", "CREATE INDEX on a text")
        key = self.within("SELECT filler FROM t WHERE id = 77", "point read")
        self.assertEqual(self.within(f"SELECT id FROM t WHERE filler = '{key}'", "point read by text"), "77")
        self.within("DROP INDEX t_filler", "DROP INDEX")

    def test_5_small_transactions(self):
        rng = random.Random(2)
        inserts = ";\n".join(f"INSERT INTO t VALUES ({ROWS + i}, {rng.getrandbits(60)}, 'small {i}')" for i in range(3000))
        self.within("SET synchronous_commit = off;\n" + inserts, "small transactions")
        self.within(f"DELETE FROM t WHERE id >= {ROWS}", "DELETE of few rows")
        self.assertEqual(self.rows(), f"{ROWS},0,{ROWS - 1}")

    def test_6_queries_that_need_more(self):
        self.works_or_refused("SELECT count(*) FROM (SELECT filler FROM t ORDER BY filler OFFSET 10) s", "sort")
        self.works_or_refused("SELECT count(*) FROM t a JOIN t b ON a.filler = b.filler", "join")
        self.works_or_refused("SELECT count(*) FROM (SELECT filler, count(*) FROM t GROUP BY filler) s", "aggregate")
        self.assertEqual(self.rows(), f"{ROWS},0,{ROWS - 1}")

    def test_7_changes_that_need_more(self):
        for text in ["UPDATE t SET k = k + 1", "UPDATE t SET filler = filler || 'x'", "DELETE FROM t",
                     f"INSERT INTO t SELECT id + {ROWS}, k, filler FROM t"]:
            worked = self.works_or_refused(f"BEGIN;\n{text};\nROLLBACK", text)
            self.assertEqual(self.rows(), f"{ROWS},0,{ROWS - 1}", f"{text} worked: {worked}")
        self.within("INSERT INTO t VALUES (-1, 0, 'still writable');\nDELETE FROM t WHERE id = -1", "after refusals")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    SHELL = os.path.abspath(arguments.pop(0))
    while arguments:
        option = arguments.pop(0)
        if option == "--rows":
            ROWS = int(arguments.pop(0))
        elif option == "--limit":
            LIMIT_MB = int(arguments.pop(0))
        elif option == "--show":
            SHOW = True
        else:
            sys.exit(f"unknown option {option}")
    unittest.main(argv=[sys.argv[0]])
