#!/usr/bin/env bash
# Plays a storage provisioner with folders of this machine: for each pending claim of class "hostpath" a folder that everybody may write to,
# of class "hostpath-root" one that is root's alone (mode 0755), as a fresh ext4 volume is where fsGroup is not honoured.
# A released volume of policy Delete is deleted, folder and all.
set -u
: "${KUBECTL:?}" "${PV:?}"

claims() {
  $KUBECTL get pvc -A -o 'jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name} {.metadata.uid} {.status.phase} {.spec.accessModes[0]} {.spec.resources.requests.storage} {.spec.storageClassName} [{.spec.volumeName}]{"\n"}{end}' 2>/dev/null
}

volumes() {
  $KUBECTL get pv -o 'jsonpath={range .items[*]}{.metadata.name} {.status.phase} {.spec.persistentVolumeReclaimPolicy} {.spec.hostPath.path}{"\n"}{end}' 2>/dev/null
}

while :; do
  claims | while read -r namespace name uid phase mode size class volume; do
    [ "$phase" = Pending ] && [ "$volume" = "[]" ] || continue
    case $class in
      hostpath) mkdir -p "$PV/$uid" && chmod 0777 "$PV/$uid" ;;
      hostpath-root) mkdir -p -m 0755 "$PV/$uid" ;;
      *) continue ;;
    esac
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
  volumes | while read -r name phase policy path; do
    { [ "$phase" = Released ] || [ "$phase" = Failed ]; } && [ "$policy" = Delete ] || continue
    case $path in "$PV"/*) rm -rf "$path"; $KUBECTL delete pv "$name" --wait=false >/dev/null 2>&1 ;; esac
  done
  sleep "${POLL:-0.5}"
done
