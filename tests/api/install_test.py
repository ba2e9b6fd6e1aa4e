"""install_test.py BUILDDIR EXAMPLE...: installs into an empty prefix and builds the examples against the installed files only, with
the flags that pkg-config gives: with every compiler that is there, each with the shared and with the static library."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

COMPILERS = {".c": (["gcc"], ["clang"]), ".cc": (["g++", "-std=c++20"], ["clang++", "-std=c++20"])}


def run(command, **keywords):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **keywords)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def main() -> int:
    build, examples = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder])
        (pc,) = glob.glob(f"{folder}/**/driftdb.pc", recursive=True)
        lib = os.path.dirname(os.path.dirname(pc))
        (header,) = glob.glob(f"{folder}/**/driftdb/driftdb.h", recursive=True)
        # The prefix the .pc file names is not where DESTDIR put the files.
        places = [f"--define-variable=libdir={lib}",
                  f"--define-variable=includedir={os.path.dirname(os.path.dirname(header))}"]
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(pc), "LD_LIBRARY_PATH": lib}

        def flags(*options):
            return run(["pkg-config", *places, *options, "driftdb"], env=environment).split()

        version = run(["pkg-config", "--modversion", "driftdb"], env=environment).strip()
        kinds = {"shared": flags("--cflags", "--libs")}
        static = flags("--cflags", "--libs", "--static")
        kinds["static"] = [os.path.join(lib, "libdriftdb.a") if f == "-ldriftdb" else f for f in static]
        built = {}
        for kind, arguments in kinds.items():
            for example in examples:
                stem, suffix = os.path.splitext(os.path.basename(example))
                for compiler in COMPILERS[suffix]:
                    if shutil.which(compiler[0]) is None:
                        continue
                    program = os.path.join(folder, f"{stem}_{compiler[0]}_{kind}")
                    run(compiler + ["-O1", "-Wall", "-Wextra", "-o", program, example] + arguments)
                    built.setdefault(kind, []).append(program)
        for kind in kinds:
            if kind == "static":
                shutil.move(lib, lib + "_gone")  # they must not need the shared library
            for program in built[kind]:
                printed = run([program], env=environment)
                if not printed.strip():
                    raise SystemExit(f"{program} prints nothing")
                print(f"{os.path.basename(program)}: {printed.splitlines()[0]}")
        print(f"version {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
