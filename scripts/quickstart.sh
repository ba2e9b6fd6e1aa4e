#!/usr/bin/env bash
# quickstart.sh [SCALE]: installs what is missing, builds the shell, generates TPC-H data (scale 0.01 unless
# given), loads it into build-release/quickstart-db and runs the queries of scripts/quickstart/queries.sql.
set -eu
cd "$(dirname "$0")/.."
scale=${1:-0.01}
build=build-release
shell=examples/shell/driftdb
generator=bench/driftdb-tpchgen
database=$build/quickstart-db
data=$build/quickstart-data

fail() { echo "quickstart.sh: $*" >&2; exit 1; }

scripts/install-packages.sh
[ -f $build/build.ninja ] || {
  if command -v ld.lld >/dev/null; then export CXX_LD=lld CC_LD=lld; fi
  # A warning of some other compiler must not stand between a user and the first query.
  meson setup $build --buildtype=release -Dassertions=false -Dtests=false -Dcpp_args=-Wno-error >$build.log 2>&1 ||
    { cat $build.log >&2; fail "could not configure"; }
  mv $build.log $build/
}
for program in $shell $generator; do
  ninja -C $build -t targets all | grep -q "^$program:" || fail "this version of the source has no $program; nothing to show"
done
echo "building (minutes the first time)"
ninja -C $build --quiet $shell $generator || fail "the build failed"

rm -rf "$database" "$data"
mkdir -p "$data"
echo "generating TPC-H data, scale $scale"
$build/$generator --scale "$scale" "$data"

echo "loading"
{
  cat scripts/quickstart/schema.sql
  for table in region nation supplier customer part partsupp orders lineitem; do
    echo "COPY $table FROM '$PWD/$data/$table.tbl' (FORMAT csv, DELIMITER '|');"
  done
} >"$data/load.sql"
$build/$shell -bail -f "$data/load.sql" "$database"
rm -rf "$data"

$build/$shell -bail -box -f scripts/quickstart/queries.sql "$database"
echo
echo "the database is in $database; go on with: $build/$shell $database"
