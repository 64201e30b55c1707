{{/* PostgreSQL's major version, from the value or the tag. */}}
{{- define "database.major" -}}
{{- $major := .Values.postgres.majorVersion | toString | default (regexFind "^[0-9]+" (toString .Values.postgres.image.tag)) -}}
{{- if not (regexMatch "^1[1-8]$" $major) -}}
{{- fail (printf "database.postgres: PostgreSQL 11 to 18 is supported, got %q: set image.tag, or majorVersion when the tag does not begin with it" $major) -}}
{{- end -}}
{{- $major -}}
{{- end -}}

{{/* The claim that the master runs on, or nothing. The value is a name or a list of one. */}}
{{- define "database.existingClaim" -}}
{{- $claims := .Values.postgres.master.existingClaims -}}
{{- if kindIs "string" $claims -}}
{{- $claims -}}
{{- else if gt (len $claims) 1 -}}
{{- fail (printf "database.postgres.master.existingClaims: there is one master, so at most one claim; got %s" (join ", " $claims)) -}}
{{- else -}}
{{- first $claims | default "" -}}
{{- end -}}
{{- end -}}

{{/* A value in postgresql.conf: quoted, quotes doubled. */}}
{{- define "database.setting" -}}
'{{ toString . | replace "'" "''" }}'
{{- end -}}

{{- define "database.mount" -}}
/var/lib/postgresql/data
{{- end -}}

{{/* The pod of a master or slave. Arguments: context, role, values (of the role), claim. */}}
{{- define "database.postgresPod" -}}
{{- $context := .context -}}
{{- $postgres := .context.Values.postgres -}}
{{- $name := include "common.fullname" .context -}}
{{- $image := include "common.image" (dict "context" .context "image" $postgres.image) -}}
{{- $folder := ternary (.values.dataFolder | default "pgdata") "pgdata" (eq .role "master") -}}
{{- if and (eq $folder ".") (not .claim) -}}
{{- fail "database.postgres.master.dataFolder: the volume's root can be used with existingClaims only" -}}
{{- end -}}
metadata:
  labels:
    {{- include "common.podLabels" (dict "context" .context "component" .role "values" .values) | nindent 4 }}
    vulas-native/postgresql: "true"
  annotations:
    checksum/config: {{ printf "%s%s" (include "database.postgresql.conf" .context) (include "database.pg_hba.conf" .context) | sha256sum }}
    checksum/scripts: {{ ($context.Files.Glob "files/*.sh").AsConfig | sha256sum }}
    {{- with .values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- $shared := dict "serviceAccount" $postgres.serviceAccount "podSecurityContext" $postgres.podSecurityContext }}
  {{- $pod := omit .values "affinity" | merge $shared }}
  {{- include "common.podSpec" (dict "context" .context "values" $pod "name" $name) | nindent 2 }}
  affinity:
    {{- if .values.affinity }}
    {{- toYaml .values.affinity | nindent 4 }}
    {{- else }}
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                app.kubernetes.io/instance: {{ $context.Release.Name }}
                vulas-native/postgresql: "true"
    {{- end }}
  initContainers:
    {{- if $postgres.volumePermissions.enabled }}
    - name: volume-permissions
      image: {{ $image }}
      imagePullPolicy: {{ $postgres.image.pullPolicy }}
      command:
        - chown
        - {{ printf "%v:%v" $postgres.podSecurityContext.runAsUser $postgres.podSecurityContext.runAsGroup | quote }}
        - {{ include "database.mount" . }}
      securityContext:
        {{- toYaml $postgres.volumePermissions.securityContext | nindent 8 }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: {{ include "database.mount" . }}
    {{- end }}
    - name: prepare
      image: {{ $image }}
      imagePullPolicy: {{ $postgres.image.pullPolicy }}
      command:
        - sh
        - /scripts/prepare.sh
      terminationMessagePolicy: FallbackToLogsOnError
      securityContext:
        {{- toYaml $postgres.securityContext | nindent 8 }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      env:
        {{- include "database.postgresEnv" (dict "context" .context "role" .role "folder" $folder "claim" .claim) | nindent 8 }}
        - name: CONFIG
          value: /config
        - name: PG_MAJOR_EXPECTED
          value: {{ include "database.major" .context | quote }}
        {{- include "common.databaseEnv" (dict "context" .context "name" "REPLICATION_USERNAME" "key" "replication-username") | nindent 8 }}
        {{- include "common.databaseEnv" (dict "context" .context "name" "REPLICATION_PASSWORD" "key" "replication-password") | nindent 8 }}
        {{- if eq .role "master" }}
        {{- include "common.databaseEnv" (dict "context" .context "name" "SUPERUSER_PASSWORD" "key" "superuser-password") | nindent 8 }}
        {{- include "common.databaseEnv" (dict "context" .context "name" "DB_USERNAME" "key" "username") | nindent 8 }}
        {{- include "common.databaseEnv" (dict "context" .context "name" "DB_PASSWORD" "key" "password") | nindent 8 }}
        {{- include "common.databaseEnv" (dict "context" .context "name" "DB_NAME" "key" "database") | nindent 8 }}
        - name: AUTH_METHOD
          value: {{ $postgres.authMethod | quote }}
        - name: INITDB_ARGS
          value: {{ $postgres.initdbArgs | quote }}
        {{- else }}
        - name: MASTER_HOST
          value: {{ $name }}-master
        - name: MASTER_PORT
          value: {{ $context.Values.service.port | quote }}
        - name: CLONE_WAIT
          value: {{ .values.cloneWaitSeconds | quote }}
        - name: COMPARE_WAIT
          value: {{ .values.compareWaitSeconds | quote }}
        {{- end }}
      volumeMounts:
        {{- include "database.postgresMounts" . | nindent 8 }}
        - name: config
          mountPath: /config
        {{- if and (eq .role "master") $postgres.initScripts }}
        - name: initdb
          mountPath: /initdb
        {{- end }}
  containers:
    - name: postgres
      image: {{ $image }}
      imagePullPolicy: {{ $postgres.image.pullPolicy }}
      command:
        - sh
        - /scripts/run.sh
      lifecycle:
        preStop:
          exec:
            # A fast shutdown. The kubelet's SIGTERM alone would be a smart one, which waits for every client.
            command:
              - sh
              - -c
              - kill -INT 1
      securityContext:
        {{- toYaml $postgres.securityContext | nindent 8 }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      ports:
        - name: postgres
          containerPort: 5432
      env:
        {{- include "database.postgresEnv" (dict "context" .context "role" .role "folder" $folder "claim" .claim) | nindent 8 }}
        {{- if eq .role "slave" }}
        - name: READY_WITHOUT_STREAM
          value: {{ .values.readyWithoutStreamSeconds | quote }}
        {{- end }}
      startupProbe:
        exec:
          command:
            - sh
            - -c
            - pg_isready -q -h "$RUN"
        {{- toYaml .values.probes.startup | nindent 8 }}
      readinessProbe:
        exec:
          command:
            - sh
            - /scripts/ready.sh
        {{- toYaml .values.probes.readiness | nindent 8 }}
      livenessProbe:
        exec:
          # 1 is "starting up or shutting down", which no restart would hasten.
          command:
            - sh
            - -c
            - pg_isready -q -h "$RUN" || [ $? -eq 1 ]
        {{- toYaml .values.probes.liveness | nindent 8 }}
      volumeMounts:
        {{- include "database.postgresMounts" . | nindent 8 }}
        - name: shm
          mountPath: /dev/shm
  volumes:
    - name: scripts
      configMap:
        name: {{ $name }}-scripts
    - name: config
      configMap:
        name: {{ $name }}-config
    {{- if and (eq .role "master") $postgres.initScripts }}
    - name: initdb
      configMap:
        name: {{ $name }}-initdb
    {{- end }}
    - name: run
      emptyDir:
        medium: Memory
        sizeLimit: 16Mi
    - name: socket
      emptyDir: {}
    - name: tmp
      emptyDir: {}
    - name: shm
      emptyDir:
        medium: Memory
        sizeLimit: {{ $postgres.shmSize }}
    {{- with .claim }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ . }}
    {{- end }}
{{- end -}}

{{/* Environment of both containers. Arguments: context, role, folder, claim. */}}
{{- define "database.postgresEnv" -}}
- name: ROLE
  value: {{ .role }}
- name: RELEASE
  value: {{ .context.Release.Name }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: MOUNT
  value: {{ include "database.mount" . }}
- name: PGDATA
  value: {{ include "database.mount" . }}{{ if ne .folder "." }}/{{ .folder }}{{ end }}
- name: RUN
  value: /run/vulas
- name: CLAIM
  value: {{ .claim | quote }}
{{ include "common.databaseEnv" (dict "context" .context "name" "SUPERUSER" "key" "superuser") }}
{{- end -}}

{{- define "database.postgresMounts" -}}
- name: data
  mountPath: {{ include "database.mount" . }}
- name: scripts
  mountPath: /scripts
- name: run
  mountPath: /run/vulas
- name: socket
  mountPath: /var/run/postgresql
- name: tmp
  mountPath: /tmp
{{- end -}}

{{/* Template of the volumes' claims. Arguments: context, role, values (of the role). */}}
{{- define "database.claimTemplates" -}}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata:
    name: data
    labels:
      {{- include "common.selectorLabels" (dict "context" .context "component" .role) | nindent 6 }}
    {{- with .values.persistence.annotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    accessModes:
      {{- toYaml .values.persistence.accessModes | nindent 6 }}
    {{- with .values.persistence.storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .values.persistence.size }}
{{- end -}}
