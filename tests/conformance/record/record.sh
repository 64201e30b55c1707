#!/usr/bin/env bash
# Records src/sandbox/schema/kubernetes.json.gz anew from the API server of $KUBECONFIG (1.36; tests/cluster/up.sh starts one).
# It is built with the modules of tests/cluster/hyper, so that server and types are of one version.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root"/tests/cluster/hyper/go.{mod,sum} "$here/main.go" "$work"
(cd "$work" && go run -mod=mod .) | gzip -9n > "$root/src/sandbox/schema/kubernetes.json.gz"
