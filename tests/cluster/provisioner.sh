#!/usr/bin/env bash
# Plays a storage provisioner with folders of this machine: for each pending claim of class "hostpath" a folder that everybody may write to,
# of class "hostpath-root" one that is root's alone (mode 0755), as a fresh ext4 volume is where fsGroup is not honoured.
# A released volume of policy Delete is deleted, folder and all.
set -u
: "${KUBECTL:?}" "${PV:?}"

# watch KIND JSONPATH: a line for each object, and again whenever one changes.
watch() {
  while :; do
    $KUBECTL get "$1" -A --watch -o "jsonpath=$2{\"\\n\"}" 2>/dev/null
    sleep 0.5
  done
}

provide() {
  local namespace name uid phase mode size class volume
  while read -r namespace name uid phase mode size class volume; do
    [ "$phase" = Pending ] && [ "$volume" = "[]" ] || continue
    case $class in
      hostpath) mkdir -p "$PV/$uid" && chmod 0777 "$PV/$uid" ;;
      hostpath-root) mkdir -p -m 0755 "$PV/$uid" ;;
      *) continue ;;
    esac
    # A claim may be told of twice; its second volume is then refused.
    $KUBECTL create -f - >/dev/null 2>&1 <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: {name: pvc-$uid}
spec:
  capacity: {storage: $size}
  accessModes: [$mode]
  storageClassName: $class
  persistentVolumeReclaimPolicy: ${RECLAIM:-Delete}
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: $namespace, name: $name, uid: $uid}
  hostPath: {path: $PV/$uid, type: Directory}
YAML
  done
}

reclaim() {
  local name phase policy path
  while read -r name phase policy path; do
    { [ "$phase" = Released ] || [ "$phase" = Failed ]; } && [ "$policy" = Delete ] || continue
    case $path in "$PV"/*) rm -rf "$path"; $KUBECTL delete pv "$name" --wait=false >/dev/null 2>&1 ;; esac
  done
}

# Its children end with it.
trap 'trap - TERM; kill 0' TERM
watch pvc '{.metadata.namespace} {.metadata.name} {.metadata.uid} {.status.phase} {.spec.accessModes[0]} {.spec.resources.requests.storage} {.spec.storageClassName} [{.spec.volumeName}]' | provide &
watch pv '{.metadata.name} {.status.phase} {.spec.persistentVolumeReclaimPolicy} {.spec.hostPath.path}' | reclaim &
wait
