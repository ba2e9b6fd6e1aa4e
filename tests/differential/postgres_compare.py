#!/usr/bin/env python3
"""Runs files of SQL statements in DriftDB's shell and in PostgreSQL (psql) and shows where the answers differ.

    postgres_compare.py --shell build/examples/shell/driftdb --psql "psql -h /run/pg -U postgres" FILE...

A file is a list of statements, each ended by a semicolon at the end of a line (a COPY FROM STDIN is followed by its data and a line
`\\.`); all statements of a file share one session in an empty schema. Rows are compared in order when the statement has an ORDER BY,
else sorted; errors by SQLSTATE. A line `-- differs: reason` before a statement says that it may differ. With --scale the trailing
zeros of numbers count. Without psql or a server the exit status is 77 (skipped).
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys

MARK = '@@@ statement '
SKIPPED = 77


def split_statements(text):
    """Yields (statement with its data, allowed difference or None)."""
    lines, allowed, data = [], None, False
    for line in text.split('\n'):
        if data:
            lines.append(line)
            data = line != '\\.'
            if not data:
                yield '\n'.join(lines), allowed
                lines, allowed = [], None
            continue
        if not lines and line.startswith('-- differs:'):
            allowed = line[len('-- differs:'):].strip()
            continue
        if not lines and (not line.strip() or line.startswith('--')):
            continue
        lines.append(line)
        if line.rstrip().endswith(';'):
            if re.match(r'\s*copy\b.*\bfrom\s+stdin\b', ' '.join(lines), re.I | re.S):
                data = True
                continue
            yield '\n'.join(lines), allowed
            lines, allowed = [], None
    if lines:
        yield '\n'.join(lines), allowed


def answers(output, count):
    found = [[] for _ in range(count + 1)]
    at = 0
    for line in output.split('\n'):
        if line.startswith(MARK):
            at = int(line[len(MARK):])
        else:
            found[at].append(line)
    return found[1:]


def run(command, script):
    result = subprocess.run(command, input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return result.stdout.decode('utf-8', 'replace'), result.returncode


def marked(statements, mark):
    parts = []
    for i, (statement, _) in enumerate(statements):
        parts.append(f'{mark} {MARK}{i + 1}\n{statement}\n')
    return ''.join(parts)


def clean(lines, ordered, scale):
    kept = []
    for line in lines:
        error = re.match(r'.*(?:ERROR|FATAL|PANIC):  ([0-9A-Z]{5})', line)
        if error:
            return ['ERROR ' + error.group(1)]
        if re.match(r'(LINE \d+:|\s*\^|DETAIL:|HINT:|CONTEXT:|NOTICE:|WARNING:|psql:.*(NOTICE|WARNING))', line) or not line:
            continue
        if not scale:
            line = re.sub(r'(?<![\d.:-])(-?\d+)\.(\d*?)0+(?=$|[|,\s])',
                          lambda m: m.group(1) + ('.' + m.group(2) if m.group(2) else ''), line)
        kept.append(line)
    return kept if ordered else sorted(kept)


def compare(path, options):
    with open(path, encoding='utf-8') as file:
        statements = list(split_statements(file.read()))
    schema = 'drift_compare'
    before = (f'\\set VERBOSITY sqlstate\n\\pset null NULL\nSET client_min_messages = warning;\nSET timezone = \'UTC\';\n'
              f'DROP SCHEMA IF EXISTS {schema} CASCADE;\nCREATE SCHEMA {schema};\nSET search_path = {schema};\n')
    command = shlex.split(options.psql) + ['-X', '-q', '-A', '-t', '-F', '|']
    theirs, status = run(command, (before + marked(statements, '\\echo')).encode())
    if MARK not in theirs:
        print(theirs)
        return None
    ours, status = run([options.shell, '-list', '-nullvalue', 'NULL', '-batch', ':memory:'],
                       marked(statements, '.print').encode())
    if status < 0:
        print(f'{path}: the shell ended by signal {-status}')
    theirs, ours = answers(theirs, len(statements)), answers(ours, len(statements))
    different = 0
    for (statement, allowed), we, they in zip(statements, ours, theirs):
        ordered = re.search(r'order\s+by', statement, re.I) is not None
        if clean(we, ordered, options.scale) == clean(they, ordered, options.scale) or (allowed and not options.all):
            continue
        different += 1
        print(f'--- {path}\n{statement}\n  driftdb:  ' + '\n            '.join(x for x in we if x))
        print('  postgres: ' + '\n            '.join(x for x in they if x))
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--shell', required=True)
    parser.add_argument('--psql', default=os.environ.get('DRIFTDB_TEST_PSQL', ''))
    parser.add_argument('--scale', action='store_true', help='trailing zeros count')
    parser.add_argument('--all', action='store_true', help='also show allowed differences')
    parser.add_argument('files', nargs='+')
    options = parser.parse_args()
    if not options.psql or shutil.which(shlex.split(options.psql)[0]) is None:
        print('no psql: set DRIFTDB_TEST_PSQL to a command that connects to a PostgreSQL server')
        return SKIPPED
    total = 0
    for path in options.files:
        different = compare(path, options)
        if different is None:
            return SKIPPED
        total += different
    print(f'{total} statements differ')
    return 1 if total else 0


if __name__ == '__main__':
    sys.exit(main())
