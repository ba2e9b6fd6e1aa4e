"""Banned words in code, and banned words in names of files, types and functions."""

import os
import re
from typing import List

from exceptions import Exceptions
from source import Finding, cxx_files, line_of, read, scopes, strip, tree_files

# (exception rule, pattern, why, paths it applies to, paths it does not)
PLATFORM = "lib/platform/"
CODE_RULES = [
    ("throw", r"\bthrow\b", "return a Status", "lib/", None),
    ("using", r"\busing\s+namespace\b", "breaks the amalgamation", ("lib/", "include/"), None),
    ("printing", r"\bstd::(?:cout|cerr|clog)\b|#\s*include\s*<iostream>|(?<![\w.>])(?:std::)?"
                 r"(?:printf|fprintf|puts|fputs|putchar|vprintf|vfprintf|perror|abort|exit|_exit|quick_exit|assert)\s*\("
                 r"|\bstd::terminate\b", "a library neither prints nor ends its host", ("lib/", "include/"), None),
    ("signals", r"(?<![\w.>])(?:signal|sigaction|pthread_sigmask)\s*\(", "a library installs no signal handler", "lib/", None),
    ("threads", r"\bstd::(?:mutex|recursive_mutex|timed_mutex|shared_mutex|shared_timed_mutex|condition_variable(?:_any)?|thread|jthread"
                r"|async|future|promise|call_once|once_flag|lock_guard|unique_lock|scoped_lock|shared_lock|this_thread)\b"
                r"|\babsl::(?:Mutex|CondVar|Notification)\b|\bpthread_\w+|\bnotify_(?:one|all)\s*\("
                r"|#\s*include\s*<(?:mutex|shared_mutex|condition_variable|thread|future|pthread\.h)>",
     "only platform/ has locks and threads (C28)", "lib/", PLATFORM),
    ("clocks", r"\bstd::chrono::\w*clock\b|#\s*include\s*<chrono>|\babsl::(?:Now|GetCurrentTimeNanos)\b"
               r"|(?<![\w.>])(?:clock_gettime|gettimeofday|nanosleep|usleep)\s*\(|(?<![\w.>:])time\s*\(\s*(?:NULL|nullptr|0|&)",
     "only platform/ has clocks (C28)", "lib/", PLATFORM),
    ("system", r"#\s*include\s*<(?:unistd|fcntl|sys/[\w/]+|dirent|poll|netdb|netinet/\w+|arpa/\w+|linux/\w+|windows)\.h>",
     "only platform/ calls the system", "lib/", PLATFORM),
    ("fence", r"\batomic_(?:thread|signal)_fence\b", "invisible to TSan (C28)", "lib/", None),
    ("regex", r"#\s*include\s*<regex>", "use RE2: linear time", ("lib/", "include/"), None),
    ("random", r"\bstd::(?:random_device|mt19937(?:_64)?|default_random_engine)\b|(?<![\w.>])s?rand\s*\(",
     "use platform::Rng, so that runs repeat from a seed", "lib/", None),
]
# Also in comments and documentation. Written apart so that this file does not name them.
MARKS = re.compile(r"\b(?:" + "|".join(["FIX" + "ME", "TO" + "DO", "HA" + "CK"]) + r")\b")
MARK_SUFFIXES = (".h", ".hpp", ".cc", ".inc", ".c", ".py", ".sh", ".md", ".build", ".slt")
NAME_WORDS = {"enhanced", "advanced", "new", "v2", "manager2", "util", "utils", "misc", "helper", "helpers"}
RULES = {rule[0] for rule in CODE_RULES} | {"name"}


def name_parts(name: str) -> List[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [p.lower() for p in re.split(r"[^A-Za-z0-9]+", spaced) if p]


def banned_part(name: str) -> List[str]:
    return [p for p in name_parts(name) if p in NAME_WORDS]


def check(root: str) -> List[Finding]:
    allowed = Exceptions(root, RULES)
    found = []
    for file in cxx_files(root, "lib", "include"):
        code = strip(read(root, file))
        for rule, pattern, why, where, but in CODE_RULES:
            if not file.startswith(where) or (but and file.startswith(but)):
                continue
            for match in re.finditer(pattern, code):
                word = re.sub(r"\s+|\($", "", match.group(0)).replace("std::", "").rstrip("(")
                if not allowed.allows(rule, file, word):
                    found.append(Finding(file, line_of(code, match.start()), f"{match.group(0).strip()}: {why}"))
    for file in tree_files(root):
        if file.endswith(MARK_SUFFIXES):
            text = read(root, file)
            for match in MARKS.finditer(text):
                found.append(Finding(file, line_of(text, match.start()), f"unfinished mark {match.group(0)}"))
    found += check_names(root, allowed)
    return found + allowed.stale()


def check_names(root: str, allowed: Exceptions) -> List[Finding]:
    found = []
    for file in cxx_files(root, "lib", "include", "examples", "bench", "tests"):
        for part in banned_part(os.path.splitext(os.path.basename(file))[0]):
            if not allowed.allows("name", file, "-"):
                found.append(Finding(file, 1, f'file name contains "{part}": say what it holds'))
        if not file.startswith(("lib/", "include/")):
            continue
        for scope in scopes(read(root, file)):
            name = scope.name.split("::")[-1]
            if scope.kind not in ("type", "function") or name.startswith("operator"):
                continue
            for part in banned_part(name):
                if not allowed.allows("name", file, name):
                    found.append(Finding(file, scope.head_line, f'{name} contains "{part}": say what it is'))
    return found
