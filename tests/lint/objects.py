"""Objects of the library, by nm: no file-local name in two of them, which one translation unit would merge
into overloads without a word (two Clamp, one for int and one for long)."""

import re
import subprocess
from collections import defaultdict
from typing import Dict, List, Set

from source import Finding

ANONYMOUS = re.compile(r"((?:\w+::)*\(anonymous namespace\)::[A-Za-z_]\w*)")


def local_names(symbols: str) -> Set[str]:
    names = set()
    for symbol in symbols.splitlines():
        names.update(ANONYMOUS.findall(symbol))
    return names


def archive_names(nm: str, archive: str) -> Dict[str, Set[str]]:
    listing = subprocess.run([nm, "-C", "--defined-only", archive], capture_output=True, text=True, check=True)
    objects: Dict[str, Set[str]] = {}
    for block in re.split(r"\n\n+", listing.stdout):
        head, _, symbols = block.strip("\n").partition("\n")
        if head.endswith(":"):
            objects[head[:-1]] = local_names(symbols)
    return objects


def check_archive(nm: str, archive: str) -> List[Finding]:
    objects = archive_names(nm, archive)
    places: Dict[str, List[str]] = defaultdict(list)
    for name, symbols in objects.items():
        for symbol in symbols:
            places[symbol].append(name)
    if not objects:
        return [Finding(archive, 1, "no objects")]
    return [Finding(archive, 1, f"{symbol} is in {', '.join(sorted(files))}: give it the file's noun")
            for symbol, files in sorted(places.items()) if len(files) > 1]
