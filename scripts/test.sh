#!/usr/bin/env bash
# test.sh [--full]: installs what is missing, builds everything and runs the test suites; the last line is
# `N passed, N failed` and the exit status says whether all passed. Build folders stay, so a second run is short.
#   default: g++, optimised, assertions on; suites lint unit slt isolation differential api crash-short fuzz amalgamation
#   --full:  also clang with assertions off, address and undefined-behaviour sanitizers, thread sanitizer,
#            clang-tidy, every header alone, the long crash and slt suites and longer fuzzing
# Environment: JOBS (default: all cores), DRIFTDB_TEST_DATA (larger inputs, used when present; default ../shared).
set -u
cd "$(dirname "$0")/.." || exit 1
full=no
case "${1:-}" in
  --full) full=yes ;;
  '') ;;
  *) sed -n '2,7s/^# //p' "$0"; exit 2 ;;
esac
jobs=${JOBS:-$(nproc)}
export DRIFTDB_TEST_DATA=${DRIFTDB_TEST_DATA:-$PWD/../shared}
suites=(lint unit slt isolation differential api crash-short)
logs=()
broken=0  # steps that failed outside any test

step() { printf '\n== %s\n' "$*"; }

finish() {
  step "result ($SECONDS s)"
  local counted passed=0 failed=0
  if [ ${#logs[@]} -gt 0 ]; then
    counted=$(python3 scripts/count_tests.py "${logs[@]}")
    sed '$d' <<<"$counted"
    passed=$(sed -n '$s/ passed.*//p' <<<"$counted")
    failed=$(sed -n '$s/.* passed, \([0-9]*\) failed/\1/p' <<<"$counted")
  fi
  failed=$((${failed:-1} + broken))
  echo "${passed:-0} passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

# check NAME COMMAND...: a step that counts as one failure.
check() {
  step "$1"
  shift
  "$@" || { broken=$((broken + 1)); echo "FAILED: $*"; return 1; }
}

# configure DIR COMPILER OPTION...
configure() {
  local dir=$1 compiler=$2 linker=() cache=
  shift 2
  command -v ld.lld >/dev/null && linker=(CXX_LD=lld CC_LD=lld)
  # Meson looks for ccache only where it chooses the compiler itself.
  command -v ccache >/dev/null && cache='ccache '
  if [ "$compiler" = clang++ ]; then
    linker+=(CXX="${cache}clang++" CC="${cache}clang")
  else
    linker+=(CXX="${cache}g++" CC="${cache}gcc")
  fi
  local setup=(meson setup "$dir" "$@")
  [ -f "$dir/build.ninja" ] && setup=(meson setup --reconfigure "$dir" "$@")
  local log
  log=$(env "${linker[@]}" "${setup[@]}" 2>&1) || { echo "$log"; return 1; }
}

# build DIR COMPILER OPTION...: configures and compiles.
build() {
  configure "$@" || return 1
  # -k 0: report every error, and let the tests run that could be built.
  ninja -C "$1" -j "$jobs" -k 0 --quiet
}

# run DIR MULTIPLIER SUITE...: runs suites; count_tests.py reads the log.
run() {
  local dir=$1 multiplier=$2 args=()
  shift 2
  step "suites in $dir: $*"
  local suite
  for suite in "$@"; do args+=(--suite "$suite"); done
  rm -f "$dir/meson-logs/testlog-$1.json"
  meson test -C "$dir" --no-rebuild --num-processes "$jobs" --timeout-multiplier "$multiplier" --quiet \
    --logbase "testlog-$1" "${args[@]}"
  local status=$?
  if [ -s "$dir/meson-logs/testlog-$1.json" ]; then
    logs+=("$dir/meson-logs/testlog-$1.json")
  elif [ "$status" -ne 0 ]; then
    broken=$((broken + 1))
  fi
}

if [ "$full" = yes ]; then scripts/install-packages.sh --full; else scripts/install-packages.sh; fi ||
  { broken=1; finish; }

# Not --buildtype=plain: a folder configured again would lose its optimisation by it.
common=(-Doptimization=1 -Ddebug=false)
# Many sources in one translation unit, where the same headers cost most of the time. The first build has each apart.
unity=(--unity on -Dunity_size=12)
check 'build-test: g++ -O1, assertions' build build-test g++ "${common[@]}" -Damalgamation=true
run build-test 1 "${suites[@]}" fuzz
run build-test 1 amalgamation  # apart: meson runs nothing of a selection in which one program is missing
[ "$full" = yes ] || finish

check 'build-clang: clang++ -O3, no assertions' build build-clang clang++ --buildtype=release -Dassertions=false "${unity[@]}"
run build-clang 1 "${suites[@]}"
check 'headers alone' python3 tests/lint/headers_alone.py --root . --jobs "$jobs" -- \
  clang++ -std=c++20 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Werror -I build-clang/lib
tidy() {
  configure build-tidy clang++ --buildtype=release -Dassertions=false "${unity[@]}" || return 1
  run-clang-tidy -quiet -p build-tidy -j "$jobs" "^$PWD/build-tidy/(lib|examples)/" >build-tidy/clang-tidy.log 2>&1 && return
  grep -E '(warning|error):' build-tidy/clang-tidy.log | sort -u
  return 1
}
check 'clang-tidy' tidy

export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
check 'build-asan: clang++, address and undefined behaviour' build build-asan clang++ "${common[@]}" "${unity[@]}" \
  -Db_sanitize=address,undefined -Db_lundef=false -Dcpp_args='-g1 -fno-omit-frame-pointer -fno-sanitize-recover=all' \
  -Dfuzz=true -Dfuzz_seconds=120
run build-asan 5 "${suites[@]}" fuzz
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
check 'build-tsan: clang++, threads' build build-tsan clang++ "${common[@]}" "${unity[@]}" \
  -Db_sanitize=thread -Db_lundef=false -Dcpp_args='-g1 -fno-omit-frame-pointer'
# Races do not depend on where the power fails: half of the crash points.
DRIFTDB_CRASH_SEEDS=1 DRIFTDB_DAMAGE_ROUNDS=100 run build-tsan 10 "${suites[@]}"

run build-test 1 crash-long slt-slow
DRIFTDB_FUZZ_RUNS=1000000 run build-test 20 fuzz
finish
