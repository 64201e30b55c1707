{{/* Name of a component: <release>-<component>. Arguments: context, component. */}}
{{- define "monitoring.name" -}}
{{- printf "%s-%s" .context.Release.Name .component -}}
{{- end -}}

{{/* Claims of a StatefulSet, or nothing. Arguments: context, component, values. */}}
{{- define "monitoring.storage" -}}
{{- if .values.persistence.enabled -}}
volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: data
      labels:
        {{- include "common.selectorLabels" . | nindent 8 }}
    spec:
      accessModes:
        {{- toYaml .values.persistence.accessModes | nindent 8 }}
      {{- with .values.persistence.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests:
          storage: {{ .values.persistence.size }}
{{- end -}}
{{- end -}}

{{- define "monitoring.grafanaSecret" -}}
{{- .Values.grafana.admin.existingSecret | default (printf "%s-grafana" .Release.Name) -}}
{{- end -}}
