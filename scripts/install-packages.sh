#!/usr/bin/env bash
# install-packages.sh [--full]: the Debian packages DriftDB is built from. Installs the missing ones only;
# with all present it does nothing and needs no rights. --full adds what `test.sh --full` uses.
set -eu

packages=(g++ meson ninja-build pkg-config python3 git
  libabsl-dev libfmt-dev libre2-dev libxxhash-dev libzstd-dev
  libedit-dev
  catch2 libbenchmark-dev libsqlite3-dev
  ccache lld)
[ "${1:-}" != --full ] || packages+=(clang clang-tidy libclang-rt-dev)

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing: ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "install-packages.sh: no apt-get here; install the equivalents of: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install-packages.sh: run as root, or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
