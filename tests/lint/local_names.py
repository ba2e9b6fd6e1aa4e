"""One translation unit: no file-local name twice in a namespace, no file-scope using, no macro left defined."""

import re
from collections import defaultdict
from typing import Dict, Iterator, List, Tuple

from exceptions import Exceptions
from source import Finding, cxx_files, line_of, read, scopes, strip

# Switches of other libraries' headers, each allowed in one file.
FEATURE_MACRO = re.compile(r"(?:XXH|ZSTD|FMT|CATCH|_GNU|_POSIX|_FILE_OFFSET)")
CONSTANT = re.compile(r"^[ \t]*(?:static[ \t]+|inline[ \t]+)*(?:constexpr|constinit|const)\b[^;={(]*?\b(k[A-Z]\w*)[ \t]*(?:\[[^\]]*\][ \t]*)*[={(]", re.M)
ALIAS = re.compile(r"^using\s+(\w+)\s*=", re.M)
USING = re.compile(r"^using\s+(?!namespace)([^;=]*)[;=]", re.M)
RULES = {"local-name", "macro"}


def anonymous_names(text: str) -> Iterator[Tuple[str, int]]:
    """(name qualified by the file's namespace, line) of what the file defines for itself."""
    code = strip(text)
    spans, stack = [], []
    for scope in scopes(text):
        while stack and scope.open_line > stack[-1][1]:
            stack.pop()
        if scope.kind in ("namespace", "anonymous"):
            stack.append((scope.name, scope.close_line))
        where = "::".join(n for n, _ in stack if n)
        if scope.kind == "anonymous":
            spans.append((scope.open_line, scope.close_line, where))
        in_anonymous = "anonymous" in scope.parents and "type" not in scope.parents
        is_static = scope.kind == "function" and "type" not in scope.parents and re.match(r"static\b", scope.head)
        if scope.kind in ("function", "type") and scope.name and (in_anonymous or is_static):
            if "::" not in scope.name:  # a member defined out of line belongs to its type
                yield f"{where}::{scope.name}", scope.head_line
    for pattern in (CONSTANT, ALIAS):
        for match in pattern.finditer(code):
            line = line_of(code, match.start(1))
            for first, last, where in spans:
                if first < line < last and not match.group(0).startswith((" ", "\t")):
                    yield f"{where}::{match.group(1)}", line


def check_names(root: str, allowed: Exceptions) -> List[Finding]:
    places: Dict[str, Dict[str, int]] = defaultdict(dict)
    found = []
    for file in cxx_files(root, "lib"):
        text = read(root, file)
        for name, line in anonymous_names(text):
            if file.endswith(".h"):
                found.append(Finding(file, line, f"{name}: a header has no anonymous namespace"))
            places[name].setdefault(file, line)
        code = strip(text)
        if file.endswith((".cc", ".inc")):
            local = {name.split("::")[-1] for name, _ in anonymous_names(text)}
            for match in USING.finditer(code):
                if match.group(1).strip() not in local:
                    found.append(Finding(file, line_of(code, match.start()),
                                         "no using and no alias at file scope, but as a file-local name"))
    for name, files in sorted(places.items()):
        if len(files) > 1:
            (first, _), *others = sorted(files.items())
            for file, line in others:
                if not allowed.allows("local-name", file, name):
                    found.append(Finding(file, line, f"{name} is local to {first} too: give it the file's noun"))
    return found


def check_macros(root: str, allowed: Exceptions) -> List[Finding]:
    found, features = [], {}
    for file in cxx_files(root, "lib"):
        code = strip(read(root, file))
        shared = file.endswith(".h") and file.startswith(("lib/base/", "lib/platform/"))
        for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", code, flags=re.M):
            macro, line = match.group(1), line_of(code, match.start(1))
            if file.endswith(".h") and re.match(rf"#ifndef {macro}\n", code[code.find("#ifndef"):]):
                continue  # the guard
            if FEATURE_MACRO.match(macro):
                if features.setdefault(macro, file) != file:
                    found.append(Finding(file, line, f"{macro} is defined in {features[macro]} too"))
            elif shared and macro.startswith("DRIFTDB_"):
                continue
            elif not re.search(rf"^[ \t]*#[ \t]*undef[ \t]+{macro}\b", code[match.end():], flags=re.M):
                if not allowed.allows("macro", file, macro):
                    found.append(Finding(file, line, f"#undef {macro} at the end of the file"))
    return found


def check(root: str) -> List[Finding]:
    allowed = Exceptions(root, RULES)
    return check_names(root, allowed) + check_macros(root, allowed) + allowed.stale()
