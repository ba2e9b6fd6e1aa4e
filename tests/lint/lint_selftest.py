"""The lint's own test: each rule finds its bad input and leaves the good tree alone."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))

import count_tests  # noqa: E402
import exceptions  # noqa: E402
import lint  # noqa: E402
import objects  # noqa: E402
import source  # noqa: E402
import symbols  # noqa: E402

TABLE = """# lib

## Layers

| folder | purpose | may include |
|---|---|---|
| `base/` | words | - |
| `platform/` | system | base |
| `storage/` | pages | platform base |
| `api/` | all | storage platform base |
| `optional/server/` | wire | api base |

## Order inside a folder

| folder | tiers |
|---|---|
| `storage/` | page < column, btree < table |
"""


def header(path: str, body: str = "") -> str:
    guard = "DRIFTDB_" + path.upper().replace("/", "_").replace(".", "_") + "_"
    return f"// What it is for.\n#ifndef {guard}\n#define {guard}\n{body}\n#endif  // {guard}\n"


def good_tree() -> dict:
    return {
        "lib/README.md": TABLE,
        "lib/base/a.h": header("base/a.h", "struct A {};"),
        "lib/base/a.cc": '#include "base/a.h"\n\n#include <vector>\nnamespace driftdb {\nnamespace {\nint ASum() { return 1; }\n}\n}\n',
        "lib/base/meson.build": "s += files('a.cc')\n",
        "lib/platform/p.h": header("platform/p.h", '#include <mutex>\n#include "base/a.h"\nstruct P { std::mutex m; };'),
        "lib/storage/page/g.h": header("storage/page/g.h", '#include "platform/p.h"'),
        "lib/storage/table/t.h": header("storage/table/t.h", '#include "storage/page/g.h"'),
        "README.md": "See [lib](lib/README.md) and `lib/base/a.h`.\n",
    }


class Lint(unittest.TestCase):
    def findings(self, rule: str, changed: dict) -> list:
        root = tempfile.mkdtemp()
        try:
            for path, text in {**good_tree(), **changed}.items():
                if text is None:
                    continue
                os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return [str(f) for f in lint.RULES[rule](root)]
        finally:
            shutil.rmtree(root)

    def expect(self, rule: str, changed: dict, *texts: str) -> None:
        found = self.findings(rule, changed)
        self.assertEqual(len(found), len(texts), found)
        for text, finding in zip(texts, found):
            self.assertIn(text, finding)

    def test_good_tree_has_no_finding(self):
        for rule in lint.RULES:
            self.assertEqual(self.findings(rule, {}), [], rule)

    # layers

    def test_upward_include(self):
        self.expect("layers", {"lib/base/b.h": header("base/b.h", '#include "storage/page/g.h"')},
                    "base must not include storage")

    def test_row_decides_not_the_order(self):
        self.expect("layers", {"lib/optional/server/s.h": header("optional/server/s.h", '#include "platform/p.h"')},
                    "optional/server must not include platform")

    def test_nobody_includes_an_optional_module_but_features(self):
        module = {"lib/optional/server/s.h": header("optional/server/s.h")}
        self.expect("layers", {**module, "lib/api/x.h": header("api/x.h", '#include "optional/server/s.h"')},
                    "api must not include optional/server")
        self.expect("layers", {**module, "lib/features.cc": '#include "optional/server/s.h"\n'})

    def test_tiers_of_a_folder(self):
        lower = {"lib/storage/page/h.h": header("storage/page/h.h", '#include "storage/table/t.h"')}
        self.expect("layers", lower, "storage/page must not include storage/table")
        sibling = {"lib/storage/column/c.h": header("storage/column/c.h", '#include "storage/btree/b.h"'),
                   "lib/storage/btree/b.h": header("storage/btree/b.h")}
        self.expect("layers", sibling, "storage/column must not include storage/btree")
        unknown = {"lib/storage/heap/h.h": header("storage/heap/h.h", '#include "storage/page/g.h"')}
        self.expect("layers", unknown, "storage/heap/ is not in the order")

    def test_include_paths(self):
        self.expect("layers", {"lib/base/b.h": header("base/b.h", '#include "../base/a.h"')}, "write the path from lib/")
        self.expect("layers", {"lib/base/b.h": header("base/b.h", '#include "base/gone.h"')}, "no such file")
        self.expect("layers", {"lib/base/b.h": header("base/b.h", "#include <base/a.h>")}, 'write "base/a.h"')
        self.expect("layers", {"lib/base/a.cc": '#include <vector>\n#include "base/a.h"\n'}, 'include "base/a.h" first')
        self.expect("layers", {"lib/base/b.h": header("base/b.h", '#include "driftdb/driftdb.h"')}, "public header")
        self.expect("layers", {"lib/base/b.h": header("base/b.h", '// #include "storage/page/g.h"')})

    def test_folder_without_a_row(self):
        self.expect("layers", {"lib/extra/e.h": header("extra/e.h")}, "no row for extra")

    # sizes

    def test_file_sizes(self):
        long_file = "int x;\n" * 700
        entry = "file-lines lib/base/a.cc - 800 one table\n"
        self.expect("sizes", {"lib/base/a.cc": long_file}, "700 lines, more than 600")
        self.expect("sizes", {"lib/base/a.cc": long_file, exceptions.PATH: entry})
        self.expect("sizes", {"lib/base/a.cc": "int x;\n" * 900, exceptions.PATH: entry}, "900 lines")
        self.expect("sizes", {"lib/base/a.cc": "int x;\n" * 1001, exceptions.PATH: entry}, "1000 is the end", "no longer needed")
        self.expect("sizes", {exceptions.PATH: entry}, "no longer needed")

    def test_function_lines(self):
        body = "  f();\n" * 70
        long_function = f"namespace driftdb {{\nclass C {{\n  void Run() {{\n{body}  }}\n}};\n}}\n"
        self.expect("sizes", {"lib/base/a.cc": long_function}, "C::Run has 72 lines")
        self.expect("sizes", {"lib/base/a.cc": long_function, exceptions.PATH: "function-lines lib/base/a.cc C::Run 80 why\n"})
        self.expect("sizes", {"tests/unit/a_test.cc": long_function})

    def test_parameters(self):
        six = "int a, int b, int c, std::map<int, int> d, int e = g(1, 2), int f"
        self.expect("sizes", {"lib/base/a.cc": f"int F({six}) {{ return 1; }}\n"}, "F has 6 parameters")
        self.expect("sizes", {"lib/base/a.cc": "int F(int a, std::map<int, int> b, int c, int d, int e) {\n}\n"})
        self.expect("sizes", {"lib/base/a.cc": f"struct S {{ S({six}) : a_{{1}}, b_(2) {{}} }};\n"}, "S::S has 6")

    # words

    def test_banned_code(self):
        for code, text in {
                "void f() { throw 1; }": "throw",
                "using namespace std;": "using namespace",
                'void f() { std::printf("x"); }': "printf",
                "void f() { std::abort(); }": "abort",
                "#include <iostream>": "iostream",
                "std::mutex m;": "std::mutex",
                "#include <thread>": "thread",
                "auto t = std::chrono::steady_clock::now();": "steady_clock",
                "#include <sys/mman.h>": "system",
                "void f() { std::atomic_thread_fence(x); }": "atomic_thread_fence",
                "#include <regex>": "regex",
                "std::mt19937 r;": "mt19937",
                "void f() { signal(1, g); }": "signal"}.items():
            with self.subTest(code):
                self.expect("words", {"lib/storage/b.cc": code + "\n"}, text)

    def test_words_in_comments_strings_and_platform_are_fine(self):
        self.expect("words", {"lib/base/b.cc": '// never throw\nconst char* kBText = "throw std::mutex";\n'
                                               'const char* kBRaw = R"(abort())";\nint big = 1\'000\'000;  // throw\n'})
        self.expect("words", {"lib/platform/b.cc": "#include <thread>\nstd::thread t;\n"})
        self.expect("words", {"lib/base/b.cc": "static_assert(sizeof(int) == 4);\nvoid f() { x.abort(); snprintf(b, 1, c); }\n"})

    def test_word_exception_is_a_ratchet(self):
        entry = {exceptions.PATH: "printing lib/base/b.cc abort - why not\n"}
        self.expect("words", {"lib/base/b.cc": "void f() { std::abort(); }\n", **entry})
        self.expect("words", {"lib/base/b.cc": "int x;\n", **entry}, "no longer needed")
        self.expect("words", {exceptions.PATH: "printing lib/base/b.cc\n"}, "want: RULE")

    def test_unfinished_marks(self):
        mark = "FIX" + "ME"
        self.expect("words", {"lib/base/b.cc": f"// {mark}: later\n"}, "unfinished mark")
        self.expect("words", {"docs/a.md": mark + "\n"}, "unfinished mark")

    def test_empty_names(self):
        self.expect("words", {"lib/base/string_utils.h": header("base/string_utils.h")}, 'contains "utils"')
        self.expect("words", {"lib/base/b.cc": "class PageHelper {};\n"}, "PageHelper")
        self.expect("words", {"lib/base/b.cc": "Status EnhancedScan() { return x; }\n"}, "EnhancedScan")
        self.expect("words", {"lib/base/b.cc": "struct Renewal {};\nvoid NewestRow() {}\nvoid* operator new(size_t n) { return p; }\n"})

    # guards, local names

    def test_guards(self):
        wrong = header("base/c.h")
        self.expect("guards", {"lib/base/b.h": wrong}, "guard with", "end with")
        self.expect("guards", {"lib/base/b.h": header("base/b.h").split("\n", 1)[1]}, "begin with a comment")
        self.expect("guards", {"include/driftdb/driftdb.h": "/* C API */\n#ifndef DRIFTDB_DRIFTDB_H_\n#define DRIFTDB_DRIFTDB_H_\n"
                                                            "#endif  /* DRIFTDB_DRIFTDB_H_ */\n"})

    def test_local_names(self):
        def unit(body: str, space: str = "driftdb::storage") -> str:
            return f"namespace {space} {{\nnamespace {{\n{body}\n}}\n}}\n"

        pairs = ["int Clamp(int v) { return v; }", "struct Clamp {};", "constexpr int kClamp = 4;"]
        for body in pairs:
            with self.subTest(body):
                two = {"lib/storage/x.cc": unit(body), "lib/storage/y.cc": unit(body.replace("int v", "long v"))}
                self.expect("local_names", two, "is local to lib/storage/x.cc too")
                self.expect("local_names", {**two, "lib/storage/y.cc": unit(body, "driftdb::api")})
        static = "namespace driftdb {{\nstatic int Clamp({} v) {{ return v; }}\n}}\n"
        self.expect("local_names", {"lib/base/x.cc": static.format("int"), "lib/base/y.cc": static.format("long")}, "is local to")
        self.expect("local_names", {"lib/base/x.h": header("base/x.h", unit("struct X {};"))}, "no anonymous namespace")
        self.expect("local_names", {"lib/base/x.cc": "using std::vector;\n"}, "no using")
        self.expect("local_names", {"lib/base/x.cc": "namespace driftdb {\nusing X = int;\n}\n"}, "no alias")
        alias = {"lib/base/x.cc": unit("using XBytes = int;")}
        self.expect("local_names", alias)
        self.expect("local_names", {**alias, "lib/storage/y.cc": unit("using XBytes = long;")}, "XBytes is local to")

    def test_macros(self):
        self.expect("local_names", {"lib/storage/x.cc": "#define TWICE(a) a a\nint TWICE(x);\n"}, "#undef TWICE")
        self.expect("local_names", {"lib/storage/x.cc": "#define TWICE(a) a a\n#undef TWICE\n"})
        self.expect("local_names", {"lib/storage/x.h": header("storage/x.h", "#define DRIFTDB_X 1")}, "#undef DRIFTDB_X")
        self.expect("local_names", {"lib/base/x.h": header("base/x.h", "#define DRIFTDB_X 1")})
        twice = {"lib/base/x.cc": "#define XXH_INLINE_ALL\n", "lib/base/y.cc": "#define XXH_INLINE_ALL\n"}
        self.expect("local_names", twice, "is defined in lib/base/x.cc too")

    # reached, docs, machine

    def test_reached(self):
        long_file = "int x;\n" * 50
        self.expect("reached", {"lib/base/b.cc": "int x;\n"}, "not in any meson.build")
        two = {"lib/base/meson.build": "s += files('a.cc', 'b.cc')\n", "lib/base/b.cc": long_file}
        self.expect("reached", two, "no tests/unit/base/b_test.cc")
        self.expect("reached", {**two, "tests/unit/base/b_test.cc": "", "tests/unit/base/meson.build": "files('b_test.cc')"})
        self.expect("reached", {**two, "tests/slt/b.slt": "# Covers: lib/base/b.cc\n"})
        self.expect("reached", {"tests/slt/b.slt": "# Covers: lib/base/gone.cc\n"}, "does not exist")
        self.expect("reached", {**two, exceptions.PATH: "test lib/base/b.cc - - plain data\n"})

    def test_docs_links(self):
        self.expect("docs_links", {"docs/a.md": "[x](b.md)\n"}, "broken link b.md")
        self.expect("docs_links", {"docs/a.md": "[x](../README.md#part)\n"}, "no heading")
        self.expect("docs_links", {"docs/a.md": "`lib/base/gone.h` and `gone.py`\n"}, "lib/base/gone.h", "gone.py")
        self.expect("docs_links", {"docs/a.md": "`lib/base/a.h` `base/a.h` `a.cc` `SELECT a/b` `build/x.h` [w](https://x.y)\n"})

    def test_quoted_code(self):
        quote = "`lib/base/a.cc`:\n\n```cpp\n{}\n```\n"
        self.expect("docs_links", {"docs/a.md": quote.format("int ASum() { return 2; }")}, "the code is not in lib/base/a.cc")
        self.expect("docs_links", {"docs/a.md": quote.format("int ASum() { return 1; }")})

    def test_machine(self):
        for text in ("/wo" + "rk/x", "see https://py" + "pi.org/x", "cd /ho" + "me/me/src"):
            self.expect("machine", {"docs/a.md": text + "\n"}, "docs/a.md:1")
        self.expect("machine", {"docs/a.md": "framework/work/x `/usr/lib` ~/root/x\n"})

    # objects and symbols

    @unittest.skipUnless(shutil.which("c++") and shutil.which("ar") and shutil.which("nm"), "needs a compiler")
    def test_objects(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, kind in (("x", "int"), ("y", "long")):
                with open(os.path.join(folder, name + ".cc"), "w", encoding="utf-8") as file:
                    file.write(f"namespace driftdb {{ namespace {{ int Clamp({kind} v) {{ return v < 0 ? 0 : 1; }} }}\n"
                               f"int Use{name}({kind} v) {{ return Clamp(v); }} }}\n")
                subprocess.run(["c++", "-O0", "-c", name + ".cc"], cwd=folder, check=True)
            subprocess.run(["ar", "rc", "both.a", "x.o", "y.o"], cwd=folder, check=True)
            subprocess.run(["ar", "rc", "one.a", "x.o"], cwd=folder, check=True)
            found = objects.check_archive("nm", os.path.join(folder, "both.a"))
            self.assertEqual(len(found), 1)
            self.assertIn("driftdb::(anonymous namespace)::Clamp is in x.o, y.o", found[0].text)
            self.assertEqual(objects.check_archive("nm", os.path.join(folder, "one.a")), [])

    def test_symbols(self):
        listing = "0001 T driftdb_open\n0002 W _ZNSt6vectorIiE4pushEv\n0000 A DRIFTDB_0\n0003 T driftdb_close@@DRIFTDB_0\n"
        self.assertEqual(symbols.foreign(listing), ["_ZNSt6vectorIiE4pushEv"])
        listing = "                 U driftdb::storage::Table::schema() const\n   U memcpy@GLIBC_2.14\n   w __gmon_start__\n"
        self.assertEqual(symbols.undefined(listing), ["driftdb::storage::Table::schema() const"])

    # the scope walker

    def test_scopes(self):
        text = """
namespace driftdb {
template <typename T, typename U = std::pair<int, int>>
class Box : public Base<T> {
 public:
  explicit Box(int a = {}) : a_{a}, b_{1, 2} { Fill(); }
  bool operator()(int x, int y) const { return x < y; }
  static constexpr int kTable[] = {1, 2, 3};
  int size() const noexcept { return a_; }
 private:
  int a_{0};
};
struct DRIFTDB_CAPABILITY("mutex") M { void Lock() DRIFTDB_ACQUIRE(x, y) { l(); } };
enum class Kind : uint8_t { kA, kB };
const auto kLambda = [](int a) { return a; };
Box<int> Make(int a, int b) requires(sizeof(int) == 4) { return Box<int>{a}; }
auto Trailing(int a) -> std::vector<int> { return {a}; }
Status Box<int>::Run(std::function<void(int, int)> f) { return f; }
}
"""
        names = [(s.kind, s.name) for s in source.scopes(text) if s.kind in ("type", "function")]
        self.assertEqual(names, [
            ("type", "Box"), ("function", "Box::Box"), ("function", "Box::operator()"), ("function", "Box::size"),
            ("type", "M"), ("function", "M::Lock"), ("type", "Kind"), ("function", "Make"), ("function", "Trailing"),
            ("function", "Run")])
        heads = {s.name: source.parameter_list(s.head)[1] for s in source.scopes(text) if s.kind == "function"}
        self.assertEqual(len(heads["Box::operator()"]), 2)
        self.assertEqual(len(heads["Run"]), 1)
        self.assertEqual(len(heads["M::Lock"]), 0)


class CountTests(unittest.TestCase):
    """scripts/count_tests.py reads what the test programs print."""

    def test_cases(self):
        catch = "===\ntest cases: 3 | 1 passed | 1 failed | 1 failed as expected\nassertions: 3 | 2 failed\n"
        for output, good, expected in [
                ("All tests passed (9 assertions in 4 test cases)\n", True, (4, 0)),
                ("All tests passed (1 assertion in 1 test case)\n", True, (1, 0)),
                (catch, False, (2, 1)),
                ("All tests passed (9 assertions in 4 test cases)\nLeakSanitizer\n", False, (4, 1)),
                ("Ran 24 tests in 0.1s\n\nOK\n", True, (24, 0)),
                ("Ran 24 tests in 0.1s\n\nFAILED (failures=2)\n", False, (22, 2)),
                ("x.slt:3: mismatch\n10 passed, 1 failed\n", False, (10, 1)),
                ("anything\n", True, (1, 0)),
                ("Segmentation fault\n", False, (0, 1))]:
            self.assertEqual(count_tests.cases(output, good), expected, output)


if __name__ == "__main__":
    unittest.main()
