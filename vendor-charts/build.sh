#!/usr/bin/env bash
# Packs the charts: core-X.tgz, admin-X.tgz and monitoring-X.tgz beside their sources, and SHA256SUMS. Same sources, same bytes.
#   build.sh          copies common/ into the charts that use it, packs, rewrites SHA256SUMS
#   build.sh --check  changes nothing; tells which archive or sum does not come from these sources (exit 1)
set -euo pipefail
cd "$(dirname "$0")"
export LC_ALL=C
CHARTS=(core admin monitoring)

version() { sed -n 's/^version: *//p' "$1/Chart.yaml"; }

# The chart as a tar: files only, in order of their names, without dot files, owners, times.
pack() {
  find "$1" -type f -not -path '*/.*' -print0 | sort -z |
    tar --null --no-recursion -T - --format=ustar --owner=0 --group=0 --numeric-owner --mode=0644 --mtime=@0 -cf -
}

build() {
  local chart archive
  for chart in "${CHARTS[@]}"; do
    rm -rf "$chart/charts/common"
    cp -r common "$chart/charts/common"
    rm -f "$chart"-*.tgz
    archive=$chart-$(version "$chart").tgz
    pack "$chart" | gzip -n -9 >"$archive"
  done
  sha256sum -- *.tgz >SHA256SUMS
  cat SHA256SUMS
}

check() {
  local chart archive bad=0
  for chart in "${CHARTS[@]}"; do
    archive=$chart-$(version "$chart").tgz
    diff -r common "$chart/charts/common" || { echo "$chart/charts/common is not a copy of common" >&2; bad=1; }
    # What is packed is compared, not how gzip packed it.
    cmp -s <(pack "$chart") <(gzip -dc "$archive") || { echo "$archive is not what the sources in $chart make" >&2; bad=1; }
  done
  sha256sum --quiet --strict -c SHA256SUMS || bad=1
  diff <(cut -d' ' -f3 SHA256SUMS) <(ls -- *.tgz) || { echo "SHA256SUMS does not name just the archives" >&2; bad=1; }
  [ $bad = 0 ] || { echo "run vendor-charts/build.sh" >&2; exit 1; }
  echo "the archives are what the sources make"
}

case ${1:-} in
  "") build ;;
  --check) check ;;
  *) echo "usage: $0 [--check]" >&2; exit 2 ;;
esac
