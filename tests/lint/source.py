"""Shared by the lint rules: the tree's files, C++ text without comments and strings, and a scope walker."""

import os
import re
import subprocess
from typing import Iterator, List, NamedTuple, Optional

CXX_SUFFIXES = (".h", ".hpp", ".cc", ".inc")
SKIPPED_DIRS = {".git", "subprojects", "__pycache__", ".cache"}


class Finding(NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def is_build_dir(path: str) -> bool:
    return os.path.isdir(os.path.join(path, "meson-private"))


def tree_files(root: str) -> List[str]:
    """Paths relative to root: what git tracks or would track; outside git, everything but build folders."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=False)
        if listed.returncode == 0:
            names = [os.fsdecode(n) for n in listed.stdout.split(b"\0") if n]
            return sorted({n for n in names if os.path.isfile(os.path.join(root, n))})
    found = []
    for folder, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs
                   if d not in SKIPPED_DIRS and not is_build_dir(os.path.join(folder, d))]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(found)


def cxx_files(root: str, *tops: str) -> List[str]:
    return [f for f in tree_files(root)
            if f.endswith(CXX_SUFFIXES) and f.split("/")[0] in tops]


def read(root: str, path: str) -> str:
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


_TOKEN = re.compile(
    r'//[^\n]*(?:\\\n[^\n]*)*'            # line comment
    r'|/\*.*?\*/'                          # block comment
    r'|(?:u8|[uUL])?R"([^()\\\s]{0,16})\(.*?\)\1"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'                # string
    r"|(?<![0-9A-Za-z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'",  # character, not a digit separator
    re.S)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def strip(text: str, keep_strings: bool = False) -> str:
    """C++ text with comments (and strings' contents) blanked; offsets and lines stay."""

    def replace(match: "re.Match[str]") -> str:
        token = match.group(0)
        if token.startswith(("//", "/*")):
            return _blank(token)
        if keep_strings:
            return token
        return '"' + _blank(token[1:-1]) + '"' if token[-1] == '"' else "'" + _blank(token[1:-1]) + "'"

    return _TOKEN.sub(replace, text)


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


class Include(NamedTuple):
    line: int
    quoted: bool
    name: str


def includes(text: str) -> List[Include]:
    code = strip(text, keep_strings=True)
    return [Include(line_of(code, m.start(1)), m.group(1) == '"', m.group(2))
            for m in _INCLUDE.finditer(code)]


class Scope(NamedTuple):
    kind: str           # "namespace", "anonymous", "type", "function", "other"
    name: str           # qualified inside the file for functions and types
    head: str           # text from the end of the previous declaration to the brace
    head_line: int
    open_line: int
    close_line: int
    parents: tuple      # kinds of the enclosing scopes, outermost first


_NOT_A_NAME = {"if", "for", "while", "switch", "catch", "noexcept", "decltype", "alignas", "requires",
               "return", "sizeof", "static_assert", "explicit", "__attribute__", "throw", "alignof"}


def _matching(code: str, start: int, opening: str, closing: str) -> int:
    depth = 0
    for i in range(start, len(code)):
        if code[i] == opening:
            depth += 1
        elif code[i] == closing:
            depth -= 1
            if depth == 0:
                return i
    return len(code) - 1


def parameter_list(head: str) -> Optional[tuple]:
    """(function name, parameter texts) of a function's head, or None when it is no function."""
    for match in re.finditer(r"\(", head):
        before = head[:match.start()].rstrip()
        operator = re.search(r"operator\s*(\(\s*\)|[^\w\s(]+|[\w:<>&* ]+|\"\"\s*\w+)$", before)
        name = re.search(r"([~\w]+(?:\s*::\s*~?\w+)*)\s*(?:<[^<>]*>)?$", before)
        if before.endswith("operator"):
            continue  # the first pair of operator()()
        if operator:
            found = "operator" + re.sub(r"\s+", "", operator.group(1))
        elif name:
            found = re.sub(r"\s+", "", name.group(1))
            last = found.split("::")[-1]
            if last in _NOT_A_NAME or re.fullmatch(r"DRIFTDB_[A-Z_0-9]+", last):
                continue
        else:
            continue
        inner = head[match.start() + 1:_matching(head, match.start(), "(", ")")]
        return found, split_commas(inner)
    return None


def split_commas(text: str) -> List[str]:
    parts, depth, last = [], 0, 0
    for i, c in enumerate(text):
        if c in "([{<":
            depth += 1
        elif c in ")]}" or (c == ">" and text[i - 1] != "-"):
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[last:i])
            last = i + 1
    parts.append(text[last:])
    return [p.strip() for p in parts if p.strip() and p.strip() != "void"]


_TYPE_HEAD = re.compile(r"(?:^|[\s;>])(class|struct|union|enum(?:\s+(?:class|struct))?)\b([^()]*|.*\balignas\s*\([^)]*\)[^()]*"
                        r"|\s*(?:DRIFTDB_\w+\s*(?:\([^)]*\))?|\[\[.*?\]\])[^()]*)$", re.S)


def _classify(head: str) -> tuple:
    flat = head.strip()
    namespace = re.search(r"(?:^|\s)(?:inline\s+)?namespace\b\s*([\w:]*)\s*$", flat)
    if namespace:
        return ("namespace", namespace.group(1)) if namespace.group(1) else ("anonymous", "")
    if re.search(r'extern\s+"[^"]*"$', flat):
        return "namespace", ""
    plain = re.sub(r"^\s*template\s*<.*?>\s*(?=class|struct|union)", "", flat, flags=re.S)
    kind = _TYPE_HEAD.search(plain)
    if kind and not re.search(r"[^=<>!]=[^=]", plain):
        rest = re.sub(r"DRIFTDB_\w+\s*(\([^)]*\))?|\[\[.*?\]\]|alignas\s*\([^)]*\)", " ", kind.group(2))
        name = re.match(r"\s*([\w:]+)", rest)
        return "type", name.group(1) if name else ""
    if "(" in flat and not re.search(r"(?:^|[^=<>!+\-*/|&^%])=\s*(?:\w+\s*)?$", flat):
        if re.search(r"(?<![=<>!])=(?!=)\s*\[", flat.split("(")[0]):
            return "other", ""  # a lambda as initialiser
        parsed = parameter_list(flat)
        if parsed:
            return "function", parsed[0]
    return "other", ""


def _is_member_initializer(head: str) -> bool:
    """Whether a brace after `head` initialises a member in a constructor's list."""
    colon = re.search(r"\)\s*(?:noexcept(?:\s*\([^)]*\))?\s*)?:(?!:)", head)
    if not colon:
        return False
    return re.search(r"(?:[:,]|^)\s*[\w:]+(?:\s*<[^{}]*>)?\s*$", head[colon.end() - 1:]) is not None


def scopes(text: str) -> Iterator[Scope]:
    """Namespaces, types and function definitions of a file; function bodies are not entered."""
    code = strip(text)
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\[^\n]|\\\n)*", lambda m: _blank(m.group(0)), code, flags=re.M)
    yield from _walk(code, 0, len(code), (), ())


def _walk(code: str, start: int, end: int, parents: tuple, names: tuple) -> Iterator[Scope]:
    i = head_start = start
    while i < end:
        c = code[i]
        if c == "(":
            i = _matching(code, i, "(", ")")
        elif c == ";" or (c == ":" and re.search(r"(?:^|\W)(?:public|private|protected)\s*$", code[head_start:i])):
            head_start = i + 1
        elif c == "{":
            close = _matching(code, i, "{", "}")
            head = code[head_start:i]
            if _is_member_initializer(head):
                i = close + 1
                continue
            kind, name = _classify(head)
            lead = len(head) - len(head.lstrip())
            inner_names = names + ((name,) if name and kind in ("type", "namespace") else ())
            types = tuple(n for n in names if n) if kind in ("function", "type") else ()
            qualified = "::".join([n for n in _type_names(parents, types)] + [name]) if name else ""
            yield Scope(kind, qualified, head.strip(), line_of(code, head_start + lead),
                        line_of(code, i), line_of(code, close), parents)
            if kind in ("namespace", "anonymous", "type"):
                yield from _walk(code, i + 1, close, parents + (kind,), inner_names)
            i = close
            if kind != "other":
                head_start = close + 1
        i += 1


def _type_names(parents: tuple, names: tuple) -> tuple:
    count = sum(1 for p in parents if p == "type")
    return names[len(names) - count:] if count else ()
