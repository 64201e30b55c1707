#!/usr/bin/env bash
# Starts a real Kubernetes on this machine in seconds. Prints the path of its kubeconfig; all talk is on stderr.
#
#   D=run tests/cluster/up.sh              etcd, kube-apiserver, controller-manager, scheduler, and three nodes that kwok plays: every pod
#                                          becomes ready at once, and nothing runs
#   PROFILE=node D=run tests/cluster/up.sh containerd, kubelet, kube-proxy, cluster DNS and volumes: pods really run (needs root)
#
# D (a folder, emptied first) holds everything: kubeconfig, bin/kubectl, logs, volumes. down.sh ends it.
# PORT, ETCD_PORT and ADV (an address put on lo) let several control planes run side by side; only one may have a node.
# RECLAIM=Retain: reclaim policy of the volumes. KWOK_NODES: how many nodes kwok plays (3).
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=${XDG_CACHE_HOME:-$HOME/.cache}/vulas-native/bin
IMAGES=${IMAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/vulas-native/images/images.tar}
D=$(realpath -m "${D:?folder of the cluster}")
PROFILE=${PROFILE:-kwok} ADV=${ADV:-10.98.0.1} DNS=${DNS:-169.254.20.10} PORT=${PORT:-6443} ETCD_PORT=${ETCD_PORT:-2379} KWOK_NODES=${KWOK_NODES:-3}

die() { echo "up: $*" >&2; exit 1; }

case $PROFILE in
  kwok) needed=("$BIN/hyper" "$BIN/kwok") ;;
  node) needed=("$BIN/hyper" "$BIN/coredns" "$IMAGES") ;;
  *) die "PROFILE is kwok or node" ;;
esac
for file in "${needed[@]}"; do [ -s "$file" ] || die "$file is missing: run $HERE/install.sh"; done
[ "$(id -u)" = 0 ] || die "only root may put the address $ADV on lo${PROFILE:+ (profile $PROFILE)}"
[ ! -e "$D/etcd.pid" ] || D=$D "$HERE/down.sh"

# start NAME COMMAND...: in the background; log/NAME.log, NAME.pid.
start() {
  local name=$1
  shift
  setsid nohup "$@" >"log/$name.log" 2>&1 </dev/null &
  echo $! >"$name.pid"
}

# until_true SECONDS WHAT COMMAND...
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || die "$what did not come; see $D/log"
    sleep 0.2
  done
}

api() { curl -sf --cacert pki/ca.crt -H 'Authorization: Bearer tok-admin' "https://$ADV:$PORT$1"; }

folder() {
  rm -rf "$D"
  mkdir -p "$D"/{pki,log,bin,etcd,cni,kubelet,cd,pv}
  cd "$D"
  local name
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do ln -s "$BIN/hyper" "bin/$name"; done
}

certificates() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout pki/ca.key -out pki/ca.crt -days 30 -subj /CN=ca 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -keyout pki/api.key -out pki/api.csr -subj /CN=kube-apiserver 2>/dev/null
  openssl x509 -req -in pki/api.csr -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -out pki/api.crt -days 30 -extfile <(
    echo "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1,IP:$ADV"
  ) 2>/dev/null
  openssl genrsa -out pki/sa.key 2048 2>/dev/null
  echo 'tok-admin,admin,admin,"system:masters"' >pki/tokens.csv
  cat >kubeconfig <<YAML
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://$ADV:$PORT", certificate-authority: $D/pki/ca.crt}}]
users: [{name: u, user: {token: tok-admin}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
YAML
}

control_plane() {
  local peer=http://127.0.0.1:$((ETCD_PORT + 1)) etcd=http://127.0.0.1:$ETCD_PORT address
  for address in "$ADV" "$DNS"; do
    ip addr replace "$address/32" dev lo
  done
  start etcd bin/etcd --data-dir etcd --unsafe-no-fsync --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
  start kube-apiserver bin/kube-apiserver --etcd-servers="$etcd" --secure-port="$PORT" --bind-address="$ADV" --advertise-address="$ADV" \
    --tls-cert-file=pki/api.crt --tls-private-key-file=pki/api.key --client-ca-file=pki/ca.crt --token-auth-file=pki/tokens.csv \
    --authorization-mode=Node,RBAC --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=pki/sa.key \
    --service-account-signing-key-file=pki/sa.key --service-cluster-ip-range=10.96.0.0/16 --allow-privileged=true \
    --kubelet-preferred-address-types=InternalIP
  until_true 60 kube-apiserver api /readyz
  # On a machine that is short of CPU a node may be late to say that it is there; it has not gone for that.
  start kube-controller-manager bin/kube-controller-manager --kubeconfig=kubeconfig --service-account-private-key-file=pki/sa.key \
    --root-ca-file=pki/ca.crt --use-service-account-credentials=true --leader-elect=false --allocate-node-cidrs=true \
    --cluster-cidr=10.244.0.0/16 --secure-port=0 --node-monitor-grace-period=10m
  start kube-scheduler bin/kube-scheduler --kubeconfig=kubeconfig --leader-elect=false --secure-port=0
  export KUBECONFIG=$D/kubeconfig KUBECTL=$D/bin/kubectl
  until_true 30 "service account" api /api/v1/namespaces/default/serviceaccounts/default
}

kwok_nodes() {
  start kwok "$BIN/kwok" --kubeconfig=kubeconfig --manage-all-nodes=true
  local i
  for ((i = 1; i <= KWOK_NODES; i++)); do
    cat <<YAML
---
apiVersion: v1
kind: Node
metadata:
  name: kwok-$i
  annotations: {kwok.x-k8s.io/node: fake}
  labels: {kubernetes.io/hostname: kwok-$i, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
status:
  allocatable: {cpu: "64", memory: 256Gi, pods: "500"}
  capacity: {cpu: "64", memory: 256Gi, pods: "500"}
YAML
  done | $KUBECTL create -f - >/dev/null
  $KUBECTL wait --for=condition=Ready node --all --timeout=60s >/dev/null
}

container_runtime() {
  sysctl -qw net.ipv4.ip_forward=1
  cat >cni/10.conflist <<'JSON'
{"cniVersion":"0.4.0","name":"b","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
JSON
  cat >containerd.toml <<TOML
version = 2
root = "$D/cd/root"
state = "$D/cd/state"
[grpc]
  address = "$D/cd/sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "local/pause:1"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$D/cni"
TOML
  start containerd containerd -c containerd.toml
  until_true 30 containerd ctr -a cd/sock version
  ctr -a cd/sock -n k8s.io images import "$IMAGES" >/dev/null
}

# The settings are for machines without systemd and without CAP_SYS_RESOURCE, as containers in CI are; a whole machine takes them as well.
real_node() {
  cat >kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
maxOpenFiles: 20000
containerRuntimeEndpoint: unix://$D/cd/sock
clusterDNS: [$DNS]
clusterDomain: cluster.local
resolvConf: /dev/null
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
evictionHard: {nodefs.available: "1%", imagefs.available: "1%", memory.available: "100Mi"}
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
volumePluginDir: $D/kubelet/plugins
YAML
  start kubelet bin/kubelet --kubeconfig=kubeconfig --config=kubelet.yaml --root-dir="$D/kubelet" --cert-dir="$D/kubelet/pki" \
    --hostname-override=node1 --node-ip="${NODE_IP:-$(hostname -I | awk '{print $1}')}"
  cat >proxy.yaml <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: node1
clusterCIDR: 10.244.0.0/16
clientConnection: {kubeconfig: $D/kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpCloseWaitTimeout: 0s, tcpEstablishedTimeout: 0s}
YAML
  start kube-proxy bin/kube-proxy --config=proxy.yaml
  printf '.:53 {\n  bind %s\n  errors\n  kubernetes cluster.local in-addr.arpa {\n    kubeconfig %s\n    ttl 2\n  }\n}\n' "$DNS" "$D/kubeconfig" >Corefile
  start coredns "$BIN/coredns" -conf Corefile
  until_true 60 "node node1" $KUBECTL get node node1
  $KUBECTL wait --for=condition=Ready node/node1 --timeout=90s >/dev/null
}

volumes() {
  $KUBECTL apply -f - >/dev/null <<YAML
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: hostpath, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: test/hostpath
reclaimPolicy: ${RECLAIM:-Delete}
volumeBindingMode: Immediate
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: hostpath-root}
provisioner: test/hostpath
reclaimPolicy: ${RECLAIM:-Delete}
volumeBindingMode: Immediate
YAML
  PV=$D/pv start provisioner "$HERE/provisioner.sh"
}

folder
certificates
control_plane
if [ "$PROFILE" = kwok ]; then
  kwok_nodes
else
  container_runtime
  real_node
fi
volumes
echo "up: export KUBECONFIG=$D/kubeconfig; kubectl is $D/bin/kubectl" >&2
echo "$D/kubeconfig"
