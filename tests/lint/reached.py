"""Every .cc is in a meson file list, and every non-trivial .cc of lib/ has a test.

The test of lib/a/b.cc is tests/unit/a/b_test.cc, or any file of tests/ with a line `Covers: lib/a/b.cc`.
"""

import os
import re
from typing import List, Set

from exceptions import Exceptions
from source import Finding, cxx_files, read, strip, tree_files

TRIVIAL_LINES = 40  # of code
COVERS = re.compile(r"Covers:((?:[\s,#/]+lib/[\w./]+)+)")
RULES = {"test"}


def listed(root: str) -> Set[str]:
    names = set()
    for file in tree_files(root):
        if os.path.basename(file) == "meson.build":
            text = re.sub(r"#.*", "", read(root, file))
            for name in re.findall(r"'([\w./-]+\.(?:cc|c))'", text):
                names.add(os.path.normpath(os.path.join(os.path.dirname(file), name)))
    return names


def covered(root: str) -> Set[str]:
    paths = set()
    for file in tree_files(root):
        if file.startswith("tests/") and not file.startswith("tests/lint/") and file.endswith((".cc", ".h", ".slt", ".sh", ".py")):
            for group in COVERS.findall(read(root, file)):
                paths.update(re.findall(r"lib/[\w./]+", group))
    return paths


def code_lines(text: str) -> int:
    return sum(1 for line in strip(text).splitlines() if line.strip() and not line.startswith("#"))


def check(root: str) -> List[Finding]:
    allowed = Exceptions(root, RULES)
    files, known, claims = set(tree_files(root)), listed(root), covered(root)
    found = [Finding(file, 1, "not in any meson.build") for file in cxx_files(root, "lib", "tests", "bench", "examples")
             if file.endswith(".cc") and file not in known and not file.startswith("tests/fuzz/")]
    for file in cxx_files(root, "lib"):
        if not file.endswith(".cc") or code_lines(read(root, file)) <= TRIVIAL_LINES:
            continue
        stem = os.path.splitext(file[4:])[0]
        flat = stem.split("/")[0] + "/" + os.path.basename(stem)
        if any(f"tests/unit/{s}_test.cc" in files for s in (stem, flat)) or file in claims:
            continue
        if not allowed.allows("test", file, "-"):
            found.append(Finding(file, 1, f"no tests/unit/{stem}_test.cc and no test says `Covers: {file}`"))
    for path in sorted(claims - files):
        found.append(Finding(path, 1, "a test says that it covers this file, which does not exist"))
    return found + allowed.stale()
