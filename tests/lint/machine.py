"""Nothing of one machine: no absolute paths of a developer's folders, no names of package registries."""

import os
import re
from typing import List

from source import Finding, line_of, tree_files

PATHS = re.compile(r"(?<![\w.~$}/-])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers", "workspace"]) + r")/[\w.]")
# Hosts are written apart so that this file does not name them.
HOSTS = re.compile(r"\b(?:" + "|".join([
    "py" + r"pi\.org", "files\\.python" + "hosted", "registry\\.npm" + "js", "registry\\.yarn" + "pkg", "crates" + r"\.io",
    "deb" + r"\.debian\.org", "security" + r"\.debian\.org", "archive" + r"\.ubuntu\.com", "proxy" + r"\.golang\.org",
    "docker" + r"\.io", "gh" + r"cr\.io", "repo1?" + r"\.maven\.", "conda" + r"\.anaconda\.", "art" + "ifactory", "wrap" + "db"]) + ")", re.I)


def check(root: str) -> List[Finding]:
    found = []
    for file in tree_files(root):
        with open(os.path.join(root, file), "rb") as handle:
            data = handle.read()
        if b"\0" in data[:4096]:
            continue
        text = data.decode("utf-8", errors="replace")
        for pattern, what in ((PATHS, "path of one machine"), (HOSTS, "package registry")):
            for match in pattern.finditer(text):
                found.append(Finding(file, line_of(text, match.start()), f"{what}: {match.group(0)}"))
    return found
