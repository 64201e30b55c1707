#!/usr/bin/env bash
# Installs or builds what the cluster tests need and this machine lacks: Debian packages, the reference Helm, Kubernetes, kwok, CoreDNS and
# the images of a node. What is there is left alone, so a second run takes a second. Cold it takes 20 to 25 minutes on two cores.
#
#   install.sh [helm] [control-plane] [node]     default: all. control-plane includes kwok's nodes; node includes the images
#
# Everything goes to ${XDG_CACHE_HOME:-$HOME/.cache}/vulas-native/{bin,images}; packages need root.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vulas-native
BIN=$CACHE/bin
HELM_VERSION=v4.2.4
KUBERNETES_VERSION=v1.36.3
KWOK_VERSION=v0.7.0
GO_VERSION=1.21
mkdir -p "$BIN" "$CACHE/images"

say() { echo "install: $*" >&2; }

# packages PROGRAM=PACKAGE...: installs the packages whose program is missing.
packages() {
  local pair missing=()
  for pair; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || [ -e "${pair%%=*}" ] || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || { say "these packages are missing, and only root may install them: ${missing[*]}"; exit 1; }
  say "packages: ${missing[*]}"
  apt-get update -q >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# A Go that can build all this; with GOTOOLCHAIN=auto (Go's default) any Go from 1.21 on fetches the version that a module asks for.
need_go() {
  local have
  packages gcc=gcc git=git /etc/ssl/certs/ca-certificates.crt=ca-certificates
  export PATH=$PATH:/usr/local/go/bin GOFLAGS=-buildvcs=false
  have=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || have=
  printf '%s\n' "$GO_VERSION" "${have:-0}" | sort -V -C && return
  say "Go $GO_VERSION or later is needed, and this machine has ${have:-none}; install it first"
  exit 1
}

# go_install PROGRAM MODULE@VERSION [FLAG...]
go_install() {
  local program=$1 module=$2
  shift 2
  [ -x "$BIN/$program" ] && return
  need_go
  say "$program ($module)"
  GOBIN=$BIN go install "$@" "$module"
}

# go_build PROGRAM FOLDER [FLAG...]
go_build() {
  local program=$1 folder=$2
  shift 2
  [ -x "$BIN/$program" ] && return
  need_go
  say "$program"
  (cd "$folder" && go build "$@" -o "$BIN/$program.new" .)
  mv "$BIN/$program.new" "$BIN/$program"
}

helm() { # without the flag it calls itself v4.2
  go_install helm helm.sh/helm/v4/cmd/helm@$HELM_VERSION -ldflags "-X helm.sh/helm/v4/internal/version.version=$HELM_VERSION"
}

control_plane() { # without the flags it has no version that clients can read
  packages openssl=openssl ip=iproute2 curl=curl
  local v=k8s.io/component-base/version
  go_build hyper "$HERE/hyper" -ldflags "-s -w -X $v.gitVersion=$KUBERNETES_VERSION -X $v.gitMajor=1 -X $v.gitMinor=36"
  go_install kwok sigs.k8s.io/kwok/cmd/kwok@$KWOK_VERSION -ldflags "-s -w"
}

node() {
  control_plane
  packages containerd=containerd runc=runc /usr/lib/cni/bridge=containernetworking-plugins iptables=iptables conntrack=conntrack \
    ethtool=ethtool socat=socat mount=mount
  CGO_ENABLED=0 go_build coredns "$HERE/coredns" -ldflags "-s -w"
  if ! "$HERE/images/make.sh" --made "$CACHE/images"; then
    packages mmdebstrap=mmdebstrap busybox=busybox-static gcc=gcc /usr/include/stdlib.h=libc6-dev unzip=unzip xz=xz-utils \
      mvn=maven pip=python3-pip python3=python3
    say "images"
    "$HERE/images/make.sh" "$CACHE/images" >&2
  fi
}

[ $# -gt 0 ] || set -- helm control-plane node
for part; do
  case $part in
    helm) helm ;;
    control-plane) control_plane ;;
    node) node ;;
    *) echo "usage: $0 [helm] [control-plane] [node]" >&2; exit 2 ;;
  esac
done
echo "$BIN"
