"""symbols.py NM LIBRARY: the shared library exports `driftdb_*` and nothing else (C31)."""

import re
import subprocess
import sys
from typing import List

ALLOWED = re.compile(r"^driftdb_[a-z0-9_]+$")


def foreign(listing: str) -> List[str]:
    """Names of `nm -D --defined-only` lines that a host program could collide with; version nodes (type A) are none."""
    rows = [line.split() for line in listing.splitlines()]
    names = [row[-1].split("@")[0] for row in rows if len(row) >= 2 and row[-2] != "A"]
    return [name for name in names if not ALLOWED.match(name)]


def main() -> int:
    nm, library = sys.argv[1:3]
    listing = subprocess.run([nm, "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    bad = foreign(listing)
    for name in bad:
        print(f"{library}: exports {name}")
    print(f"{len(listing.splitlines())} exported symbols, {len(bad)} foreign")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
