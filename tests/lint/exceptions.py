"""exceptions.txt: one entry per line, `RULE PATH SUBJECT LIMIT reason`; SUBJECT and LIMIT may be `-`.

A ratchet: an entry that allows more than the file needs is an error, so exceptions disappear with their cause.
"""

import os
from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from source import Finding

PATH = "tests/lint/exceptions.txt"


class Entry(NamedTuple):
    line: int
    limit: Optional[int]
    reason: str


class Exceptions:
    def __init__(self, root: str, rules: Set[str]):
        """Reads the entries of `rules`; the others belong to other checks."""
        self.entries: Dict[Tuple[str, str, str], Entry] = {}
        self.used: Set[Tuple[str, str, str]] = set()
        self.findings: List[Finding] = []
        path = os.path.join(root, PATH)
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                fields = line.split(None, 4)
                if not fields or fields[0].startswith("#") or fields[0] not in rules:
                    continue
                if len(fields) < 5:
                    self.findings.append(Finding(PATH, number, "want: RULE PATH SUBJECT LIMIT reason"))
                    continue
                rule, where, subject, limit, reason = fields
                self.entries[(rule, where, subject)] = Entry(
                    number, None if limit == "-" else int(limit), reason.strip())

    def allows(self, rule: str, path: str, subject: str, amount: Optional[int] = None) -> bool:
        """Whether an entry covers this violation; marks the entry as needed."""
        key = (rule, path, subject)
        entry = self.entries.get(key)
        if entry is None:
            return False
        self.used.add(key)
        return amount is None or (entry.limit is not None and amount <= entry.limit)

    def stale(self) -> List[Finding]:
        return self.findings + [
            Finding(PATH, entry.line, f"{' '.join(key)}: no longer needed, delete the line")
            for key, entry in self.entries.items() if key not in self.used]
