{{/* Where the database is, in the words of Spring (and of Flyway, which needs the master) and in plain ones. */}}
{{- define "restbackend.env" -}}
- name: DB_HOST
  value: {{ .Release.Name }}-database-master
- name: DB_PORT
  value: {{ .Values.database.port | quote }}
{{ include "common.databaseEnv" (dict "context" . "name" "DB_NAME" "key" "database") }}
{{ include "common.databaseEnv" (dict "context" . "name" "DB_USER" "key" "username") }}
{{ include "common.databaseEnv" (dict "context" . "name" "DB_PASSWORD" "key" "password") }}
- name: SCHEMA_VERSION
  value: {{ .Values.schemaVersion | quote }}
- name: SPRING_DATASOURCE_URL
  value: jdbc:postgresql://{{ include "restbackend.databaseHost" . }}:{{ .Values.database.port }}/$(DB_NAME)
- name: SPRING_DATASOURCE_USERNAME
  value: $(DB_USER)
- name: SPRING_DATASOURCE_PASSWORD
  value: $(DB_PASSWORD)
- name: SPRING_FLYWAY_URL
  value: jdbc:postgresql://$(DB_HOST):$(DB_PORT)/$(DB_NAME)
- name: SPRING_FLYWAY_USER
  value: $(DB_USER)
- name: SPRING_FLYWAY_PASSWORD
  value: $(DB_PASSWORD)
- name: vulas.shared.cia.serviceUrl
  value: http://{{ .Release.Name }}-restlibutils:8092/cia
{{- end -}}

{{- define "restbackend.databaseHost" -}}
{{- printf "%s-database-%s" .Release.Name (ternary "pgpool" "master" .Values.database.usePgpool) -}}
{{- end -}}
