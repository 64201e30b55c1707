{{- define "frontendbugs.env" -}}
- name: BACKEND_URL
  value: http://{{ .Release.Name }}-restbackend:8091/backend
{{- end -}}
