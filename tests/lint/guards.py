"""Headers: an include guard named after the path, and a doc comment as the first line."""

import os
import re
from typing import List

from source import Finding, cxx_files, read

TOPS = ("lib", "include", "tests", "bench", "examples")


def guard_of(path: str) -> str:
    rooted = re.sub(r"^(?:lib|include)/", "", path)
    name = re.sub(r"[^A-Za-z0-9]", "_", rooted).upper() + "_"
    return name if name.startswith("DRIFTDB_") else "DRIFTDB_" + name


def check(root: str) -> List[Finding]:
    found = []
    for file in cxx_files(root, *TOPS):
        if os.path.splitext(file)[1] not in (".h", ".hpp"):
            continue
        text, guard = read(root, file), guard_of(file)
        if not text.startswith(("//", "/*")):
            found.append(Finding(file, 1, "begin with a comment that says what the header is for"))
        first = re.search(r"^#.*$", text, flags=re.M)
        opening = rf"#ifndef {guard}\n#define {guard}\n"
        if not first or not text[first.start():].startswith(opening.replace("\\n", "\n")):
            found.append(Finding(file, 1, f"guard with #ifndef {guard} and #define {guard}"))
        if not re.search(rf"^#endif (?: // {guard}| ?/\* {guard} \*/)\n*\Z", text, flags=re.M):
            found.append(Finding(file, text.count("\n"), f"end with #endif  // {guard}"))
    return found
