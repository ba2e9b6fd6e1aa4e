"""Includes: a folder includes only what its row of lib/README.md lists; own header first; rooted at lib/."""

import os
import re
from typing import Dict, List, Optional

from source import Finding, cxx_files, includes, read, tree_files

TABLE = "lib/README.md"
# Headers that are not in a layer: generated, and readable only above all core folders.
GENERATED = {"driftdb_config.h": {"api", "features"}}
PUBLIC_USERS = {"api", "optional/server", "optional/replication", "features"}


def rows(text: str, title: str) -> List[List[str]]:
    part = re.split(r"^## ", text, flags=re.M)
    section = next((p for p in part if p.startswith(title)), "")
    cells = [[c.strip() for c in line.strip().strip("|").split("|")]
             for line in section.splitlines() if line.startswith("|")]
    return [r for r in cells[2:]]  # without the heading and the rule


def layer_table(text: str) -> Dict[str, set]:
    table = {}
    for row in rows(text, "Layers"):
        allowed = row[2].split()
        table[row[0].strip("`").rstrip("/")] = set() if allowed == ["-"] else set(allowed)
    return table


def tier_table(text: str) -> Dict[str, Dict[str, int]]:
    return {row[0].strip("`").rstrip("/"): {name.strip(): tier
                                            for tier, names in enumerate(row[1].split("<"))
                                            for name in names.split(",")}
            for row in rows(text, "Order inside a folder")}


def folder_of(path: str) -> Optional[str]:
    """Layer of a path relative to lib/: its first folder, or two for optional/."""
    parts = path.split("/")
    if len(parts) == 1:
        return "features" if path == "features.cc" else None
    return "/".join(parts[:2]) if parts[0] == "optional" and len(parts) > 2 else parts[0]


def tier_error(tiers: Dict[str, Dict[str, int]], user: str, used: str) -> Optional[str]:
    folder = user.split("/")[0]
    order = tiers.get(folder)
    if order is None:
        return None
    sub = {p: p.split("/")[1] if p.count("/") >= 2 else None for p in (user, used)}
    for path, name in sub.items():
        if name is not None and name not in order:
            return f"{folder}/{name}/ is not in the order of {TABLE}"
    from_sub, to_sub = sub[user], sub[used]
    if from_sub is None or to_sub is None or from_sub == to_sub or order[to_sub] < order[from_sub]:
        return None
    return f"{folder}/{from_sub} must not include {folder}/{to_sub} ({used})"


def include_error(layers, tiers, present, path: str, name: str) -> Optional[str]:
    """`path` relative to lib/ includes "`name`"."""
    layer = folder_of(path)
    if ".." in name.split("/"):
        return f'"{name}": write the path from lib/'
    if name in GENERATED:
        return None if layer in GENERATED[name] else f"{layer} must not include {name}"
    if name.startswith("driftdb/"):
        return None if layer in PUBLIC_USERS else f"{layer} must not include the public header {name}"
    if name not in present:
        return f'"{name}": no such file under lib/'
    used = folder_of(name)
    if layer == used:
        return tier_error(tiers, path, name)
    if layer == "features" or used in layers[layer]:
        return None
    return f"{layer} must not include {used} ({name})"


def check(root: str) -> List[Finding]:
    page = read(root, TABLE)
    layers, tiers = layer_table(page), tier_table(page)
    found = []
    for layer, allowed in layers.items():
        for name in allowed - set(layers):
            found.append(Finding(TABLE, 1, f"row {layer}: unknown folder {name}"))
    present = {f[4:] for f in tree_files(root) if f.startswith("lib/")}
    for file in cxx_files(root, "lib"):
        path = file[4:]
        layer = folder_of(path)
        if layer != "features" and layer not in layers:
            found.append(Finding(file, 1, f"no row for {layer or path} in {TABLE}"))
            continue
        text = read(root, file)
        lines = includes(text)
        own = os.path.splitext(path)[0] + ".h"
        if file.endswith(".cc") and own in present and (not lines or lines[0].name != own):
            found.append(Finding(file, lines[0].line if lines else 1, f'include "{own}" first'))
        for line, quoted, name in lines:
            if not quoted:
                if name in present or name.split("/")[0] in layers:
                    found.append(Finding(file, line, f'write "{name}", not <{name}>'))
                continue
            error = include_error(layers, tiers, present, path, name)
            if error:
                found.append(Finding(file, line, error))
    return found
