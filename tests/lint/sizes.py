"""Sizes: a file has at most 600 lines (with an exception 1,000), a function 70 lines and 5 parameters."""

from typing import List

from exceptions import Exceptions
from source import Finding, cxx_files, parameter_list, read, scopes, tree_files

FILE_LINES = 600
FILE_LINES_HARD = 1000
FUNCTION_LINES = 70
PARAMETERS = 5
FUNCTION_TOPS = ("lib", "include", "examples", "bench")  # tests may be long: a scenario is one story
RULES = {"file-lines", "function-lines", "parameters"}


def check(root: str) -> List[Finding]:
    allowed = Exceptions(root, RULES)
    found = []
    files = cxx_files(root, "lib", "include", "examples", "bench", "tests")
    files += [f for f in tree_files(root) if f.endswith((".py", ".sh")) and "/" in f]
    for file in files:
        lines = read(root, file).count("\n")
        if lines > FILE_LINES_HARD:
            found.append(Finding(file, 1, f"{lines} lines; {FILE_LINES_HARD} is the end: split it"))
        elif lines > FILE_LINES and not allowed.allows("file-lines", file, "-", lines):
            found.append(Finding(file, 1, f"{lines} lines, more than {FILE_LINES}: split it or justify it"))
    for file in cxx_files(root, *FUNCTION_TOPS):
        for scope in scopes(read(root, file)):
            if scope.kind != "function":
                continue
            lines = scope.close_line - scope.open_line + 1
            if lines > FUNCTION_LINES and not allowed.allows("function-lines", file, scope.name, lines):
                found.append(Finding(file, scope.head_line,
                                     f"{scope.name} has {lines} lines, more than {FUNCTION_LINES}"))
            count = len(parameter_list(scope.head)[1])
            if count > PARAMETERS and not allowed.allows("parameters", file, scope.name, count):
                found.append(Finding(file, scope.head_line,
                                     f"{scope.name} has {count} parameters, more than {PARAMETERS}"))
    return found + allowed.stale()
