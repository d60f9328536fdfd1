#!/usr/bin/env bash
# A real kube-apiserver and etcd for tests/contract, built from Debian's own source package into the cache.
#
#   .ci/apiserver.sh        builds what is not there yet (about ten minutes of CPU) and prints the folder
#
# The field's conventions come first: with KUBECONFIG_CONTRACT (any cluster) or KUBEBUILDER_ASSETS (a folder with both
# programs, as setup-envtest lays it out) nothing is built. Release 12 of Debian has the source of Kubernetes 1.20; it
# knows neither CEL rules nor Pod Security admission. Words go to standard error; the folder alone to standard output.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly CACHE="${PROBEWATCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/probewatch}"
readonly recipe=2  # raised when what is built changes, so that nobody keeps the one before
readonly assets="$CACHE/apiserver-$recipe"
readonly work="$CACHE/apiserver-build"
readonly root="$work/root"

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

fetch() {
  . .ci/debian.sh
  debian_update >&2
  debian_unpack "$root" golang-1.19-go rsync jq etcd-server golang-github-modern-go-reflect2-dev >&2
  (cd "$work" && apt_private --download-only source kubernetes >&2)
  # The signature is apt's business, which has checked it.
  dpkg-source --no-check --extract "$work"/kubernetes_*.dsc "$work/source" >&2
}

# The vendored reflect2 crashes with this Go at the first custom object; Debian's package of it does not.
mend() {
  local reflect2="$work/source/vendor/github.com/modern-go/reflect2"
  rm -f "$reflect2"/*.{go,s}
  cp "$root"/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$reflect2/"
  mkdir -p "$work/source/.go/src/k8s.io"
  ln -sfn "$work/source" "$work/source/.go/src/k8s.io/kubernetes"
}

# Without a first try's leftovers: tools that were built without rsync stay empty.
build() {
  rm -rf "$work/source/_output" "$work/source/.make"
  (
    export PATH="$root/usr/lib/go-1.19/bin:$root/usr/bin:$PATH" GOROOT="$root/usr/lib/go-1.19"
    export LD_LIBRARY_PATH="$root/usr/lib/$(uname -m)-linux-gnu"
    export GOPATH="$work/source/.go" GOCACHE="$work/gocache" GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0
    cd "$work/source/.go/src/k8s.io/kubernetes"
    nice -n 19 make WHAT="cmd/kube-apiserver cmd/kube-controller-manager" >&2
  )
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  printf '%s\n' "$KUBEBUILDER_ASSETS"
  exit
fi
if [ ! -x "$assets/kube-apiserver" ]; then
  command -v dpkg-source >/dev/null || die "building an API server needs Debian with the package dpkg-dev."
  say "building kube-apiserver from Debian's source (about ten minutes, once)"
  rm -rf "$work"
  mkdir -p "$work"
  fetch
  mend
  build
  mkdir -p "$assets.new"
  # What is installed on the machine already is not unpacked once more.
  etcd="$(PATH="$root/usr/bin:$PATH" type -P etcd)" || die "the package etcd-server has no program etcd."
  cp "$work"/source/_output/local/bin/linux/*/kube-{apiserver,controller-manager} "$etcd" "$assets.new/"
  rm -rf "$assets" "$work"
  mv "$assets.new" "$assets"
fi
printf '%s\n' "$assets"
