"""lint.py RULE --root DIR: runs one rule over a tree, prints its findings, exits 1 when there are any."""

import argparse
import sys

import docs_links
import guards
import layers
import local_names
import machine
import objects
import reached
import sizes
import words

RULES = {
    "layers": layers.check,
    "sizes": sizes.check,
    "words": words.check,
    "guards": guards.check,
    "local_names": local_names.check,
    "reached": reached.check,
    "docs_links": docs_links.check,
    "machine": machine.check,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rule", choices=sorted(RULES) + ["objects", "all"])
    parser.add_argument("--root", required=True)
    parser.add_argument("--archive", help="static library, for the rule objects")
    parser.add_argument("--nm", default="nm")
    options = parser.parse_args()
    if options.rule == "objects":
        findings = objects.check_archive(options.nm, options.archive)
    else:
        rules = RULES if options.rule == "all" else {options.rule: RULES[options.rule]}
        findings = [f for check in rules.values() for f in check(options.root)]
    for finding in findings:
        print(finding)
    print(f"{options.rule}: {len(findings)} finding(s)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
