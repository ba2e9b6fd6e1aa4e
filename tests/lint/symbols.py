"""symbols.py NM LIBRARY: the shared library exports `driftdb_*` and nothing else (C31), and defines all of driftdb::."""

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


def undefined(listing: str) -> List[str]:
    """Names of `nm -D -C --undefined-only` lines that no other library can define."""
    names = [line.strip().split(None, 1)[1] for line in listing.splitlines() if " " in line.strip()]
    return [name for name in names if re.search(r"\bdriftdb(?:::|_)", name)]


def main() -> int:
    nm, library = sys.argv[1:3]

    def run(*options: str) -> str:
        return subprocess.run([nm, "-D", *options, library], capture_output=True, text=True, check=True).stdout

    listing = run("--defined-only")
    bad, missing = foreign(listing), undefined(run("-C", "--undefined-only"))
    for name in bad:
        print(f"{library}: exports {name}")
    for name in missing:
        print(f"{library}: nothing defines {name}")
    print(f"{len(listing.splitlines())} exported symbols, {len(bad)} foreign, {len(missing)} undefined")
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
