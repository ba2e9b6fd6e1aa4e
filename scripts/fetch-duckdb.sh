#!/usr/bin/env bash
# Fetches DuckDB's shared library for bench-compare into DIR (default: build/duckdb beside this
# script's repository) with npm: the package @duckdb/node-bindings-linux-x64 contains libduckdb.so.
# Nothing is installed and nothing is committed. Prints the path of the library.
set -euo pipefail

version=1.5.6-r.1
package=@duckdb/node-bindings-linux-x64
root=$(cd "$(dirname "$0")/.." && pwd)
dir=${1:-$root/build/duckdb}

if [ -e "$dir/libduckdb.so" ] && [ "$(cat "$dir/version" 2>/dev/null)" = "$version" ]; then
  echo "$dir/libduckdb.so"
  exit 0
fi
command -v npm >/dev/null || { echo "fetch-duckdb.sh: npm is not installed" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$scratch" && npm pack --silent "$package@$version" >/dev/null && tar xzf ./*.tgz package/libduckdb.so)
mkdir -p "$dir"
mv "$scratch/package/libduckdb.so" "$dir/libduckdb.so"
echo "$version" >"$dir/version"
echo "$dir/libduckdb.so"
