"""amalgamate.py pastes each header once, an .inc at every include, keeps conditional includes, and misses no file."""

import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../amalgamation/amalgamate.py")

TREE = {
    "lib/base/a.h": '// A.\n#ifndef DRIFTDB_BASE_A_H_\n#define DRIFTDB_BASE_A_H_\n#include <vector>\nint A();\n#endif  // DRIFTDB_BASE_A_H_\n',
    "lib/base/a.cc": '#include "base/a.h"\n\n#include <vector>\n#include "base/k.inc"\n#include "base/k.inc"\nint A() { return 1; }\n',
    "lib/base/k.inc": "// kernel\n",
    "lib/base/b.cc": '#if defined(__x86_64__)\n#include <immintrin.h>\n#endif\n#include "base/a.h"\n#include <immintrin.h>\n',
    "lib/base/meson.build": "files('a.cc', 'b.cc')\n",
    "lib/optional/net/n.cc": '#include "base/a.h"\nint Net();\n',
    "lib/optional/net/meson.build": "files('n.cc')\n",
    "include/driftdb/driftdb.h": "/* C */\n",
    "include/driftdb/driftdb.hpp": '#include "driftdb/driftdb.h"\n',
    "config.h": "#define DRIFTDB_WITH_NET 1\n",
}
SOURCES = ["lib/base/a.cc", "lib/base/b.cc", "lib/optional/net/n.cc"]


class Amalgamate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def run_script(self, changed=None, sources=None):
        root = self.folder.name
        for path, text in {**TREE, **(changed or {})}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        os.makedirs(os.path.join(root, "out"), exist_ok=True)
        return subprocess.run(
            [sys.executable, SCRIPT, "--root", root, "--out", os.path.join(root, "out"), "--config",
             os.path.join(root, "config.h"), "--version", "1.2.3", "--depfile", os.path.join(root, "out/d")]
            + [os.path.join(root, s) for s in sources or SOURCES], capture_output=True, text=True, check=False)

    def output(self, name):
        with open(os.path.join(self.folder.name, "out", name), encoding="utf-8") as file:
            return file.read()

    def test_contents(self):
        run = self.run_script()
        self.assertEqual(run.returncode, 0, run.stderr)
        text = self.output("driftdb.cc")
        self.assertEqual(text.count("int A();"), 1)
        self.assertEqual(text.count("// kernel"), 2)
        self.assertEqual(text.count("#include <vector>"), 1)
        # The first immintrin.h is under an #if that may be false, so the second stays.
        self.assertEqual(text.count("#include <immintrin.h>"), 2)
        self.assertIn("#if DRIFTDB_WITH_NET\n// ---- Begin file lib/optional/net/n.cc ----", text)
        self.assertLess(text.index("Begin file lib/base/a.cc"), text.index("Begin file lib/base/b.cc"))
        self.assertIn('#include "driftdb.h"', self.output("driftdb.hpp"))
        self.assertTrue(self.output("driftdb.h").startswith("/* DriftDB 1.2.3"))
        self.assertIn("lib/base/k.inc", self.output("d"))

    def test_same_inputs_same_bytes(self):
        self.run_script()
        first = self.output("driftdb.cc")
        self.run_script()
        self.assertEqual(first, self.output("driftdb.cc"))
        self.run_script({"lib/base/k.inc": "// other kernel\n"})
        self.assertNotEqual(first.splitlines()[2], self.output("driftdb.cc").splitlines()[2])

    def test_unreached_files_fail(self):
        for path in ("lib/base/lost.h", "lib/base/lost.cc", "lib/base/lost.inc"):
            run = self.run_script({path: "// lost\n"})
            self.assertEqual(run.returncode, 1)
            self.assertIn(path, run.stderr)
            os.remove(os.path.join(self.folder.name, path))

    def test_a_listed_source_that_is_not_selected_is_not_lost(self):
        self.assertEqual(self.run_script(sources=SOURCES[:2]).returncode, 0)

    def test_unknown_include_fails(self):
        run = self.run_script({"lib/base/b.cc": '#include "base/gone.h"\n'})
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("base/gone.h", run.stderr)


if __name__ == "__main__":
    unittest.main()
