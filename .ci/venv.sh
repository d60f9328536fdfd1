#!/usr/bin/env bash
# Makes the virtual environment .venv ($VENV names another), or brings it up to date, from a lock file.
#
#   .ci/venv.sh LOCK    installs exactly what requirements/LOCK.txt names, then probewatch itself (editable)
#
# PYTHON=… names the interpreter to use; without it the first usable one on PATH is taken.
# Says what it does, one line a step; pip speaks only when it fails.
set -euo pipefail

readonly lock="requirements/$1.txt"
readonly venv="${VENV:-.venv}"

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# A Python is usable if it is 3.11 or newer and can make a virtual environment with pip in it.
is_usable() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  if [ -n "${PYTHON:-}" ]; then
    is_usable "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.11 or newer with the modules venv and ensurepip."
    printf '%s\n' "$PYTHON"
    return
  fi
  local candidate
  for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do
    if is_usable "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "no Python 3.11 or newer with the modules venv and ensurepip was found on PATH.
       Debian and Ubuntu: apt-get install python3 python3-venv. Another place: make PYTHON=/path/to/python3.12 …"
}

# A virtual environment breaks when its Python goes away, or when it was made in another folder and moved here.
is_sound() {
  [ "$(cat "$venv/.made-in" 2>/dev/null)" = "$PWD" ] && "$venv/bin/python" -c 'import pip' 2>/dev/null
}

pip_install() {
  local log
  log=$(mktemp)
  if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "pip could not install. Its words stand above; without network access nothing can be installed."
  fi
  rm -f "$log"
}

if ! is_sound; then
  python=$(find_python)
  say "creating $venv with $("$python" -c 'import sys; print("Python", sys.version.split()[0], "at", sys.executable)')"
  "$python" -m venv --clear "$venv"
  printf '%s\n' "$PWD" >"$venv/.made-in"
fi
say "installing what $lock locks (checked by hash; a minute or two the first time)"
# The lock is complete, so pip has nothing to resolve; older ones stumble over extras in hash mode.
pip_install --require-hashes --no-deps -r "$lock"
say "installing probewatch from this folder (editable)"
pip_install --no-build-isolation --no-deps --editable .
