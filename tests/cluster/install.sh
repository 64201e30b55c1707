#!/usr/bin/env bash
# Installs or builds what the cluster tests need and this machine lacks: Debian packages, Go, the reference Helm, Kubernetes, kwok, CoreDNS and
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
GO_VERSION=1.26.0
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

# A Go that can build all this: the machine's when it is new enough, else one taken from Go's module mirror.
need_go() {
  local have
  packages curl=curl unzip=unzip gcc=gcc /etc/ssl/certs/ca-certificates.crt=ca-certificates git=git
  export PATH=$PATH:/usr/local/go/bin GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
  have=$(go env GOVERSION 2>/dev/null | sed 's/^go//') || have=
  if [ -n "$have" ] && printf '%s\n' "$GO_VERSION" "$have" | sort -V -C; then return; fi
  export PATH=$CACHE/go/bin:$PATH
  [ -x "$CACHE/go/bin/go" ] && return
  say "Go $GO_VERSION"
  local name=golang.org/toolchain@v0.0.1-go$GO_VERSION.linux-amd64
  curl -fsSL -o "$CACHE/go.zip" "${GOPROXY_URL:-https://proxy.golang.org}/golang.org/toolchain/@v/${name#*@}.zip"
  rm -rf "$CACHE/go.new" && mkdir "$CACHE/go.new"
  unzip -q "$CACHE/go.zip" -d "$CACHE/go.new"
  chmod -R u+x "$CACHE/go.new/$name/bin" "$CACHE/go.new/$name/pkg/tool"
  rm -rf "$CACHE/go" && mv "$CACHE/go.new/$name" "$CACHE/go"
  rm -rf "$CACHE/go.new" "$CACHE/go.zip"
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
  if [ ! -s "$CACHE/images/images.tar" ]; then
    packages mmdebstrap=mmdebstrap busybox=busybox-static gcc=gcc /usr/include/stdlib.h=libc6-dev unzip=unzip xz=xz-utils \
      mvn=maven python3=python3 pip=python3-pip
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
