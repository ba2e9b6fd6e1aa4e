"""install_test.py BUILDDIR COMPILER...: installs into an empty prefix and builds a C program against the installed files only,
once with the shared and once with the static library, with the flags that pkg-config gives."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

PROGRAM = r"""
#include <driftdb/driftdb.h>
#include <stdio.h>
int main(void) {
  driftdb_database* database = NULL;
  if (driftdb_open(":memory:", NULL, &database, NULL) != DRIFTDB_OK) return 1;
  if (driftdb_close(database, NULL) != DRIFTDB_OK) return 1;
  printf("%s\n", driftdb_version());
  return 0;
}
"""


def run(command, **keywords):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **keywords)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def main() -> int:
    build, compiler = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder])
        (pc,) = glob.glob(f"{folder}/**/driftdb.pc", recursive=True)
        lib = os.path.dirname(os.path.dirname(pc))
        (header,) = glob.glob(f"{folder}/**/driftdb/driftdb.h", recursive=True)
        # The prefix the .pc file names is not where DESTDIR put the files.
        places = [f"--define-variable=libdir={lib}",
                  f"--define-variable=includedir={os.path.dirname(os.path.dirname(header))}"]
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(pc), "LD_LIBRARY_PATH": lib}
        version = run(["pkg-config", "--modversion", "driftdb"], env=environment).strip()
        source = os.path.join(folder, "app.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(PROGRAM)

        def flags(*options):
            return run(["pkg-config", *places, *options, "driftdb"], env=environment).split()

        kinds = {"shared": flags("--cflags", "--libs")}
        static = flags("--cflags", "--libs", "--static")
        kinds["static"] = [os.path.join(lib, "libdriftdb.a") if f == "-ldriftdb" else f for f in static]
        for kind, arguments in kinds.items():
            program = os.path.join(folder, "app_" + kind)
            run(compiler + ["-o", program, source] + arguments)
            if kind == "static":
                shutil.move(lib, lib + "_gone")  # it must not need the shared library
            printed = run([program], env=environment).strip()
            if printed != version:
                raise SystemExit(f"{kind}: driftdb_version() is {printed}, driftdb.pc says {version}")
            print(f"{kind}: {printed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
