"""Writes DriftDB as three files: driftdb.h, driftdb.hpp and driftdb.cc, one translation unit.

driftdb.cc holds the sources in layer order (the order of their meson.build lists). Every header is pasted
once, where it is first used; includes of other libraries stay and appear once, at first use. An .inc file
is pasted wherever it is included. Fails when a file of lib/ was not reached.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
from typing import Dict, List, Set

INCLUDE = re.compile(r'^([ \t]*)#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)')
CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|endif)\b")
OPTIONAL = re.compile(r"^lib/optional/(\w+)/")

PROLOGUE = """\
// fmt and xxHash are used header-only, so that no library is needed for them.
#ifndef FMT_HEADER_ONLY
#define FMT_HEADER_ONLY
#endif
#define XXH_INLINE_ALL
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
"""


class Amalgamation:
    def __init__(self, root: str, generated: Dict[str, str]):
        self.root = root
        self.generated = generated  # include name -> path, of headers the build writes
        self.out: List[str] = []
        self.pasted: Set[str] = set()    # in-tree headers pasted unconditionally
        self.external: Set[str] = set()  # other includes that are unconditional above
        self.reached: Set[str] = set()
        self.inputs = hashlib.sha256()

    def read(self, path: str) -> List[str]:
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            text = file.read()
        if os.path.isabs(path):
            path = os.path.basename(path)
        self.inputs.update(f"{path}\0{len(text)}\0{text}".encode())
        return text.splitlines()

    def resolve(self, name: str) -> str:
        """Path of an in-tree include relative to the root, or '' for another library's."""
        if name in self.generated:
            return self.generated[name]
        for top in ("lib", "include"):
            if os.path.isfile(os.path.join(self.root, top, name)):
                return f"{top}/{name}"
        return ""

    def paste(self, path: str, conditional: bool) -> None:
        """Appends a file; `conditional`: the place is inside an #if of the including file."""
        self.reached.add(path)
        lines = self.read(path)
        shown = os.path.basename(path) if os.path.isabs(path) else path
        guard = header_guard(lines) if path.endswith((".h", ".hpp")) else None
        self.out.append(f"// ---- Begin file {shown} ----")
        depth = 0
        for line in lines:
            condition = CONDITION.match(line)
            if condition and not (guard and line == f"#ifndef {guard}"):
                depth += -1 if condition.group(1) == "endif" else 1
            include = INCLUDE.match(line)
            if include:
                self.include(line, include.group(2), include.group(3), conditional or depth > 0)
            else:
                self.out.append(line)
        self.out.append(f"// ---- End of {shown} ----")

    def include(self, line: str, quoted: str, angled: str, conditional: bool) -> None:
        name = quoted or angled
        if name.startswith("driftdb/"):  # the public headers are files of their own
            name = name[len("driftdb/"):]
            self.reached.add(f"include/driftdb/{name}")
            line, path = f'#include "{name}"', ""
        else:
            path = self.resolve(name) if quoted else ""
            if quoted and not path:
                raise SystemExit(f'amalgamate: "{name}" is not in the tree')
        if path.endswith(".inc"):
            self.paste(path, conditional)
        elif path and path not in self.pasted:
            if not conditional:
                self.pasted.add(path)
            self.paste(path, conditional)
        elif not path and name not in self.external:
            if not conditional:
                self.external.add(name)
            self.out.append(line)

    def add_source(self, path: str) -> None:
        module = OPTIONAL.match(path)
        if module:
            self.out.append(f"#if DRIFTDB_WITH_{module.group(1).upper()}")
        self.paste(path, conditional=bool(module))
        if module:
            self.out.append("#endif")


def header_guard(lines: List[str]) -> str:
    for line in lines:
        if line.startswith("#"):
            match = re.match(r"#ifndef (\w+)$", line)
            return match.group(1) if match else ""
    return ""


def commit(root: str) -> str:
    def git(*args: str) -> str:
        run = subprocess.run(["git", "-C", root, *args], capture_output=True, text=True, check=False)
        return run.stdout.strip() if run.returncode == 0 else ""

    try:
        identity = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "lib", "include")
    except FileNotFoundError:
        return "unknown"
    return (identity or "unknown") + (" with changes" if identity and changed else "")


def unreached(root: str, reached: Set[str], alternatives: Set[str]) -> List[str]:
    """Files of lib/ that no source pasted; `alternatives` are listed in a meson.build but not selected."""
    missing = []
    for folder, dirs, files in os.walk(os.path.join(root, "lib")):
        dirs.sort()
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith((".h", ".hpp", ".inc", ".cc")) and path not in reached | alternatives:
                missing.append(path)
    return missing


def alternatives_of(root: str, sources: List[str]) -> Set[str]:
    """What is reached only from .cc files that a meson.build lists and this configuration left out."""
    listed = set()
    for folder, _, files in os.walk(os.path.join(root, "lib")):
        if "meson.build" in files:
            with open(os.path.join(folder, "meson.build"), encoding="utf-8") as file:
                text = re.sub(r"#.*", "", file.read())
            listed |= {os.path.relpath(os.path.normpath(os.path.join(folder, n)), root)
                       for n in re.findall(r"'([\w./-]+\.cc)'", text)}
    other = Amalgamation(root, {})
    for path in sorted(listed - set(sources)):
        for line in other.read(path):
            include = INCLUDE.match(line)
            if include and include.group(2) and other.resolve(include.group(2)):
                other.reached.add(other.resolve(include.group(2)))
        other.reached.add(path)
    return other.reached


def banner(what: str, version: str, identity: str, digest: str) -> str:
    return (f"// DriftDB {version}, amalgamation: {what}\n"
            f"// commit {identity}\n// sha256 of the inputs {digest}\n"
            "// Written by amalgamation/amalgamate.py; edit the files named by the markers instead.\n")


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, help="the repository")
    parser.add_argument("--out", required=True, help="folder for the three files")
    parser.add_argument("--config", required=True, help="driftdb_config.h of the build")
    parser.add_argument("--version", required=True)
    parser.add_argument("--depfile")
    parser.add_argument("sources", nargs="+", help=".cc files in layer order")
    options = parser.parse_args()
    root = os.path.abspath(options.root)
    config = os.path.abspath(options.config)
    sources = [os.path.relpath(os.path.abspath(s), root) for s in options.sources]

    unit = Amalgamation(root, {"driftdb_config.h": config})
    unit.include("", "driftdb_config.h", "", conditional=False)
    for path in sources:
        unit.add_source(path)
    missing = unreached(root, unit.reached, alternatives_of(root, sources))
    if missing:
        print("amalgamate: not reached from any source:\n  " + "\n  ".join(missing), file=sys.stderr)
        return 1

    identity = commit(root)
    for name in ("driftdb.h", "driftdb.hpp"):
        public = os.path.join(root, "include/driftdb", name)
        if os.path.isfile(public):
            unit.reached.add(f"include/driftdb/{name}")
            lines = unit.read(f"include/driftdb/{name}")
            text = "\n".join(lines).replace('#include "driftdb/', '#include "').replace("#include <driftdb/driftdb.h>", '#include "driftdb.h"')
            digest = hashlib.sha256(text.encode()).hexdigest()
            head = banner(name, options.version, identity, digest)
            if name.endswith(".h"):  # C before C99 has no // comments
                head = "".join(f"/* {line[3:]} */\n" for line in head.splitlines())
            write(os.path.join(options.out, name), head + text + "\n")
        else:
            write(os.path.join(options.out, name), f"/* DriftDB {options.version}: this version has no {name}. */\n")
    head = banner("driftdb.cc", options.version, identity, unit.inputs.hexdigest())
    write(os.path.join(options.out, "driftdb.cc"), head + PROLOGUE + "\n".join(unit.out) + "\n")
    if options.depfile:
        inputs = [p if os.path.isabs(p) else os.path.join(root, p) for p in sorted(unit.reached)]
        escaped = " ".join(p.replace(" ", "\\ ") for p in inputs if os.path.exists(p))
        write(options.depfile, f"{os.path.join(options.out, 'driftdb.cc')}: {escaped}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
