{{- define "patchlibanalyzer.env" -}}
- name: vulas.shared.backend.serviceUrl
  value: http://{{ .Release.Name }}-restbackend:8091/backend
- name: vulas.shared.cia.serviceUrl
  value: http://{{ .Release.Name }}-restlibutils:8092/cia
{{- end -}}
