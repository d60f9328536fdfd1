# Debian packages without touching the system: sourced by .ci/tools.sh and .ci/apiserver.sh.
#
# Needs $CACHE, the folder for everything that is fetched. The lists of packages are kept there too, so that neither
# root nor the system's own state is needed; the mirrors are the system's.

apt_private() {
  mkdir -p "$CACHE/apt/lists/partial" "$CACHE/apt/archives/partial" "$CACHE/apt/sources"
  apt-get --quiet=2 --yes -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::State::lists="$CACHE/apt/lists" -o Dir::Cache="$CACHE/apt" -o Dir::Cache::archives="$CACHE/apt/archives" \
    -o Dir::Etc::sourceparts="$CACHE/apt/sources" -o Dir::Etc::sourcelist=/dev/null "$@"
}

# debian_update: the lists of Debian's own archive (the system's sources that name its keyring), binaries and sources.
debian_update() {
  local file name
  mkdir -p "$CACHE/apt/sources"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -f "$file" ] || continue
    name=$(basename "$file")
    case "$name" in
      *.sources) grep -q '/debian-archive-keyring' "$file" && sed 's/^Types: *deb$/Types: deb deb-src/' "$file" ;;
      *.list) sed -nE 's/^deb(( \[[^]]*\])? [^ ]*debian.*)$/deb\1\ndeb-src\1/p' "$file" ;;
    esac >"$CACHE/apt/sources/$name" || true
    [ -s "$CACHE/apt/sources/$name" ] || rm -f "$CACHE/apt/sources/$name"
  done
  apt_private update
}

# debian_unpack FOLDER PACKAGE…: unpacks the packages, and those that they need and the system lacks, into FOLDER.
debian_unpack() {
  local folder=$1 deb
  shift
  mkdir -p "$folder"
  rm -f "$CACHE"/apt/archives/*.deb
  apt_private --download-only --no-install-recommends install "$@" >/dev/null
  for deb in "$CACHE"/apt/archives/*.deb; do
    [ -f "$deb" ] && dpkg -x "$deb" "$folder"
  done
}
