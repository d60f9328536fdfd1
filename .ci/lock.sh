#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml: every package with its hashes, for every platform and Python.
#
#   run.txt    what the operator needs (the image installs this)
#   build.txt  what builds the package
#   demo.txt   and the playground, and what builds the package
#   dev.txt    and the tools of `make check` and `make test`
#   tools.txt     the programs that deeper tests start (.ci/tools.sh)
#   pictures.txt  what `make pictures` draws with
#
# Pins that stand in the files are kept while they fit; `make lock UPGRADE=1` takes the newest of everything.
# The first line of each file carries a fingerprint of pyproject.toml's dependencies, so that a test can
# tell without a network when the lock is older than the list it locks.
set -euo pipefail

readonly uv=".venv/bin/uv"
fingerprint=$(.venv/bin/python .ci/fingerprint.py)
readonly fingerprint

compile() {
  local out="requirements/$1.txt" body
  shift
  body=$(mktemp)
  [ -n "${UPGRADE:-}" ] || [ ! -f "$out" ] || cp "$out" "$body"
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    ${UPGRADE:+--upgrade} --output-file "$body" "$@"
  {
    printf '# Locked by `make lock` from pyproject.toml %s. Do not edit.\n' "$fingerprint"
    grep -v '^# Locked by' "$body"
  } >"$out"
  rm -f "$body"
  printf '==> wrote %s\n' "$out"
}

mkdir -p requirements
compile dev --all-extras --group dev pyproject.toml
compile demo --constraints requirements/dev.txt --all-extras --group build pyproject.toml
compile build --constraints requirements/dev.txt --group build
compile run --constraints requirements/dev.txt --extra fast pyproject.toml
compile tools --no-deps --group tools
compile pictures --group pictures
