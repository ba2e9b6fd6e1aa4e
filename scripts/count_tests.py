"""count_tests.py LOG...: adds up meson's testlog.json files, prints every failing test's output, then `N passed, N failed`.

A test program counts as its test cases where its output tells them: Catch2, unittest, or a last line
`N passed, N failed`. A program that fails without naming a failed case counts as one failure.
"""

import json
import re
import sys
from typing import Tuple

PATTERNS = [
    (re.compile(r"^(\d+) passed, (\d+) failed\s*\Z", re.M), lambda m: (int(m[1]), int(m[2]))),
    (re.compile(r"^All tests passed \(.* in (\d+) test cases?\)", re.M), lambda m: (int(m[1]), 0)),
    (re.compile(r"^Ran (\d+) tests? in [^\n]*\n\nOK", re.M), lambda m: (int(m[1]), 0)),
    (re.compile(r"^Ran (\d+) tests? in [^\n]*\n\nFAILED \(.*?(\d+)\)", re.M), lambda m: (int(m[1]) - int(m[2]), int(m[2]))),
]
CATCH_FAILED = re.compile(r"^test cases: *(\d+)(.*)$", re.M)


def cases(output: str, passed: bool) -> Tuple[int, int]:
    """(passed, failed) test cases of one program."""
    count = None
    failed = CATCH_FAILED.search(output)
    if failed:
        bad = sum(int(n) for n in re.findall(r"(\d+) failed(?! as expected)", failed.group(2)))
        count = (int(failed.group(1)) - bad, bad)
    for pattern, read in PATTERNS:
        match = pattern.search(output)
        if match and count is None:
            count = read(match)
    if count is None:
        return (1, 0) if passed else (0, 1)
    if not passed and count[1] == 0:
        return count[0], 1
    return count


def main() -> int:
    passed = failed = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as log:
            entries = [json.loads(line) for line in log if line.strip()]
        for entry in entries:
            if entry["result"] in ("SKIP", "EXPECTEDFAIL"):
                continue
            good = entry["result"] == "OK"
            output = (entry.get("stdout") or "") + "\n" + (entry.get("stderr") or "")
            more = cases(output, good)
            passed, failed = passed + more[0], failed + more[1]
            if not good:
                lines = output.strip().splitlines()
                print(f"\n==== {entry['name']}: {entry['result']}, exit status {entry['returncode']}")
                print(f"     {' '.join(entry['command'])}")
                if len(lines) > 600:
                    lines = lines[:200] + [f"... {len(lines) - 600} lines ..."] + lines[-400:]
                print("\n".join(lines))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
