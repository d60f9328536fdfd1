#!/usr/bin/env bash
# The quick tests on the Python that the image has (deploy/Dockerfile), beside the one that everything else runs on.
#
#   .ci/image-python.sh
#
# It has to be there: as python3.x on PATH, or as a version of pyenv's. Where it is not, that is said and nothing fails:
# neither PyPI nor a Debian release of another age has it.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=$(sed -nE 's|^ARG BASE=.*/python:([0-9]+\.[0-9]+)-.*|\1|p' deploy/Dockerfile)
[ -n "$wanted" ] || {
  echo "error: deploy/Dockerfile names no Python" >&2
  exit 1
}

find_wanted() {
  local candidate
  for candidate in "python$wanted" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$wanted".*/bin/"python$wanted"; do
    if "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
      printf '%s\n' "$candidate"
      return
    fi
  done
}

python=$(find_wanted)
if [ -z "$python" ]; then
  echo "==> not run: there is no Python $wanted here, which the image has"
  exit
fi
export VENV="build/python-$wanted"
PYTHON="$python" .ci/venv.sh dev
"$VENV/bin/python" -m pytest -n auto --dist loadgroup -m "not slow"
