#!/bin/sh
# Mutation testing of the core: changes the code in small ways and counts what the tests notice.
# mutmut wants the sources under src/ and writes beside them, so it works on a copy.
# usage: .ci/mutants.sh FOLDER [MUTANT…]   needs `mutmut` (3.8) beside the project's own tools
set -eu
folder=$1
shift
mkdir -p "$folder/src"
rm -rf "$folder/src/probewatch" "$folder/tests"
cp -r operator/probewatch "$folder/src/"
cp -r tests README.md docs "$folder/"
sed -e 's|^pythonpath = .*|pythonpath = ["src", "."]|' \
    -e 's|^addopts = .*|addopts = ["--import-mode=importlib", "-q", "-p", "no:randomly"]|' \
    pyproject.toml > "$folder/pyproject.toml"
cd "$folder"
exec nice -n 15 mutmut run --max-children "${CHILDREN:-1}" "$@"
