#!/usr/bin/env bash
# Builds deploy/Dockerfile where there is no Docker engine and no registry for images, and runs the result restricted.
#
#   .ci/image.sh [FOLDER]     needs root and Debian; leaves image.tar (docker-archive) in FOLDER when one is given
#
# What this proves: that each step of the Dockerfile works, by hash and without a network; that the result runs as any
# user without a name, with a read-only root, without capabilities and without new privileges. What it does not: the
# base is a stand-in made from Debian's packages, so that the real base image, and what is wrong in it, stays unseen.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly CACHE="${PROBEWATCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/probewatch}"
readonly base_tar="$CACHE/image/base.tar"
readonly stand_in="localhost/python-stand-in:latest"
readonly image="localhost/probewatch:ci"
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

say() { printf '==> %s\n' "$*" >&2; }

. .ci/debian.sh

install_programs() {
  command -v buildah >/dev/null && command -v mmdebstrap >/dev/null && return
  say "installing buildah and mmdebstrap"
  apt-get update --quiet=2 >&2
  apt-get install --quiet=2 --yes --no-install-recommends buildah mmdebstrap >/dev/null 2>&1
}

# A file system with Python in it; the apt sources are those of this machine.
make_base() {
  [ ! -e "$base_tar" ] || return 0
  say "a stand-in for the base image"
  debian_update >&2
  mmdebstrap --quiet --variant=essential \
    --include=python3,python3-venv,python-is-python3,ca-certificates "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
    "$base_tar.new" "$CACHE"/apt/sources/* >&2
  mv "$base_tar.new" "$base_tar"
}

buildah() {
  BUILDAH_ISOLATION=chroot command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

import_base() {
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$base_tar" / >/dev/null
  buildah commit --quiet "$container" "$stand_in" >/dev/null
  buildah rm "$container" >/dev/null
}

build() {
  say "deploy/Dockerfile"
  python3 -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
    -r requirements/build.txt -r requirements/run.txt --dest "$work/wheels" >&2
  printf '[global]\nno-index = true\nfind-links = /wheels\n' >"$work/pip.conf"
  buildah build --quiet --iidfile "$work/id" --pull-never --network none --file deploy/Dockerfile --tag "$image" \
    \
    --volume "$work/wheels:/wheels:ro" --volume "$work/pip.conf:/etc/pip.conf:ro" \
    --build-arg BASE="$stand_in" --build-arg BASE_DIGEST= --build-arg VERSION="$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
    --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" . >&2
}

# run UID WORDS…: in the image's file system, read-only, as that user, with no capability and no way to one.
run() {
  local uid=$1
  shift
  unshare --mount --pid --fork sh -euc '
    root=$1 uid=$2
    shift 2
    mount --bind "$root" "$root"
    mount -t tmpfs -o size=16m tmpfs "$root/tmp"
    mount -t proc proc "$root/proc"
    mount -o remount,bind,ro "$root"
    exec chroot "$root" /usr/bin/setpriv --reuid="$uid" --regid="$uid" --clear-groups --no-new-privs \
      --bounding-set=-all --inh-caps=-all /usr/bin/env -i PATH=/app/bin:/usr/bin HOME=/ "$@"' \
    sh "$root" "$uid" "$@"
}

# expect UID STATUS TEXT WORDS…: run, and see that it ends with that status and says that text.
expect() {
  local uid=$1 status=$2 text=$3 said code=0
  shift 3
  said=$(run "$uid" "$@" 2>&1) || code=$?
  if [ "$code" != "$status" ] || [[ "$said" != *"$text"* ]]; then
    printf 'error: %s (as %s) ended with %s and said:\n%s\n' "$*" "$uid" "$code" "$said" >&2
    exit 1
  fi
  say "as $uid: $* (status $code, as expected)"
}

run_restricted() {
  local uid version
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
  for uid in 65532 1234567890; do
    expect "$uid" 0 "$version" probewatch version
  done
  expect 65532 1 "no such file" probewatch run --kubeconfig /nowhere
  expect 65532 1 "Read-only file system" python -c 'open("/app/x", "w")'
  expect 65532 0 "" python -c 'open("/tmp/x", "w").write("fine")'
}

install_programs
make_base
import_base
build
if [ -n "${1:-}" ]; then
  mkdir -p "$1"
  buildah push --quiet "$image" "docker-archive:$1/image.tar:probewatch:ci"
  say "wrote $1/image.tar ($(du -m "$1/image.tar" | cut -f1) MB)"
fi
container=$(buildah from --pull-never "$image")
root=$(buildah mount "$container")
run_restricted
say "it runs as $(buildah inspect --type image --format '{{.OCIv1.Config.User}}: {{.OCIv1.Config.Entrypoint}}' "$image")"
buildah umount "$container" >/dev/null
