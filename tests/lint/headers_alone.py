"""headers_alone.py --root DIR -- COMPILER FLAGS...: every header of lib/ and include/ compiles by itself."""

import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

from source import cxx_files


def compile_one(root: str, command: list, header: str) -> str:
    name = header.split("/", 1)[1]
    with tempfile.NamedTemporaryFile("w", suffix=".cc") as unit:
        unit.write(f'#include "{name}"\n#include "{name}"\n')  # twice: the guard works
        unit.flush()
        run = subprocess.run(command + ["-fsyntax-only", "-I", os.path.join(root, "lib"), "-I",
                                        os.path.join(root, "include"), unit.name],
                             capture_output=True, text=True, check=False)
    return f"{header} does not compile alone:\n{run.stderr}" if run.returncode else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    headers = [f for f in cxx_files(options.root, "lib", "include") if f.endswith((".h", ".hpp"))]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        errors = [e for e in pool.map(lambda h: compile_one(options.root, options.command, h), headers) if e]
    print("".join(errors), end="")
    print(f"{len(headers)} headers, {len(errors)} failed")
    return 1 if errors or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
