#!/usr/bin/env bash
# Ends the cluster that up.sh started in $D, by the process ids that it recorded. DELETE=1 removes the folder as well.
set -u
D=$(realpath -m "${D:?folder of the cluster}")
cd "$D" 2>/dev/null || exit 0

stop() {
  local name
  for name; do [ ! -f "$name.pid" ] || kill "$(cat "$name.pid")" 2>/dev/null; done
}

stop provisioner kwok kubelet kube-proxy coredns
sleep 0.5
if [ -S cd/sock ]; then
  ctr -a cd/sock -n k8s.io tasks ls -q 2>/dev/null | while read -r task; do ctr -a cd/sock -n k8s.io tasks kill -s 9 "$task" 2>/dev/null; done
  sleep 1
fi
stop containerd kube-scheduler kube-controller-manager kube-apiserver
# The API server hangs when etcd goes first.
for _ in $(seq 50); do kill -0 "$(cat kube-apiserver.pid 2>/dev/null)" 2>/dev/null || break; sleep 0.1; done
[ ! -f kube-apiserver.pid ] || kill -9 "$(cat kube-apiserver.pid)" 2>/dev/null
stop etcd
sleep 0.3
grep " $D/" /proc/mounts | awk '{print $2}' | sort -r | xargs -r umount -l
rm -f -- *.pid
[ -z "${DELETE:-}" ] || { cd / && rm -rf "$D"; }
true
