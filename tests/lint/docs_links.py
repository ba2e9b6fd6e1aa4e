"""Documentation: relative links resolve, paths in backticks exist, and code quoted from a file is still in it.

A fenced block of C or C++ quotes the file whose path stands in backticks in the three lines above it.
"""

import os
import re
from typing import List, Set

from source import Finding, line_of, read, tree_files

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
TICKED = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```(?:c|cpp)\n(.*?)^```", re.M | re.S)
FILE_NAME = re.compile(r"^[\w.-]+(?:/[\w.-]+)*\.(?:h|hpp|cc|inc|py|sh|md|build)$")
# Written by the build or by the amalgamation.
GENERATED = {"driftdb.h", "driftdb.hpp", "driftdb.cc", "driftdb_config.h", "driftdb.pc", "app.cc", "app.c"}


def anchors(text: str) -> Set[str]:
    titles = re.findall(r"^#+\s+(.*)$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", t.strip().lower()).replace(" ", "-") for t in titles}


def check_quotes(root: str, file: str, text: str, present: Set[str]) -> List[Finding]:
    found = []
    for match in FENCE.finditer(text):
        above = "\n".join(text[:match.start()].splitlines()[-3:])
        for path in TICKED.findall(above):
            if path in present and os.path.splitext(path)[1] and match.group(1) not in read(root, path):
                found.append(Finding(file, line_of(text, match.start()), f"the code is not in {path}"))
    return found


def check(root: str) -> List[Finding]:
    files = tree_files(root)
    present = set(files) | {os.path.dirname(f) for f in files}
    for f in list(present):
        while f:
            present.add(f)
            f = os.path.dirname(f)
    tops = {f.split("/")[0] for f in files if "/" in f}
    names = {os.path.basename(f) for f in files} | GENERATED
    found = []
    for file in files:
        if not file.endswith(".md"):
            continue
        text, here = read(root, file), os.path.dirname(file)
        prose = re.sub(r"```.*?```", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
        found += check_quotes(root, file, text, present)
        for match in LINK.finditer(prose):
            target, _, anchor = match.group(1).partition("#")
            if re.match(r"[a-z]+:", match.group(1)):
                continue
            path = os.path.normpath(os.path.join(here, target)) if target else file
            if path not in present and path != ".":
                found.append(Finding(file, line_of(prose, match.start()), f"broken link {match.group(1)}"))
            elif anchor and path.endswith(".md") and anchor not in anchors(read(root, path)):
                found.append(Finding(file, line_of(prose, match.start()), f"no heading for {match.group(1)}"))
        for match in TICKED.finditer(prose):
            token = match.group(1).strip().rstrip("/")
            if re.search(r"[<>*{}$ (]", token) or token.startswith(("/", "-", "build")):
                continue
            rooted = token.split("/")[0] in tops and "/" in token
            if not rooted and not FILE_NAME.match(token):
                continue
            places = {os.path.normpath(os.path.join(p, token)) for p in ("", here, "lib", "include", "tests")}
            known = places & present or ("/" not in token and token in names)
            if not known:
                found.append(Finding(file, line_of(prose, match.start()), f"`{token}` does not exist"))
    return found
